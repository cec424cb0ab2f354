//! The settings for the manifests: from a file, from the environment, and defaults.
//!
//! Every invalid value is reported, each with what it must be. Keys come from the environment
//! only, under the names of the official SDKs or the walkthrough's, and are never shown.

mod credentials;
mod error;
mod setting;
mod value;

use std::collections::BTreeMap;

use source_api::TemplateKeys;
use toml::{Table, Value};

use crate::console;

use credentials::ConsoleToken;
pub use credentials::Credentials;
pub(crate) use credentials::{PLACEHOLDER, console_token, document};
pub use error::ConfigError;
use setting::SETTINGS;
pub use setting::describe as describe_settings;
pub(crate) use setting::{CONTROLLER_NAMESPACE, SAMPLE_NAMESPACE};

use crate::rrsa::Rrsa;

/// Everything that differs from one deployment to another. Values are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Image with the controller and the adapter.
    pub source_image: String,
    /// Image with the face service; each profile has its own default.
    pub face_image: Option<String>,
    /// Namespace of the controller.
    pub controller_namespace: String,
    /// Namespaces whose sources the controller reconciles; those of the whole cluster if empty.
    pub controller_namespaces: Vec<String>,
    /// Ports that the controller's pods may connect to.
    pub controller_egress_ports: Vec<u16>,
    /// Replicas of the controller; one is the leader and the others stand by.
    pub controller_replicas: i32,
    /// What the controller logs (`RUST_LOG`).
    pub controller_log_filter: String,
    /// Resync interval in seconds.
    pub controller_resync_seconds: u32,
    /// Private networks in which MNS endpoints are allowed.
    pub controller_private_endpoints: String,
    /// Labels and annotations that sources may give their adapters, in addition to the default ones.
    pub controller_template_keys: TemplateKeys,
    /// Whether KEDA may scale adapters.
    pub keda: bool,
    /// Namespace of KEDA.
    pub keda_namespace: String,
    /// Namespace of the sample.
    pub sample_namespace: String,
    /// Endpoint of MNS.
    pub mns_endpoint: String,
    /// Number of the account, if the endpoint does not begin with it.
    pub mns_account_id: Option<String>,
    /// Region of MNS, if the endpoint does not name it.
    pub mns_region: Option<String>,
    /// Identity provider of the cluster in RAM; keys are used if there is none.
    pub(crate) rrsa_provider: Option<String>,
    /// The cluster's issuer of tokens.
    pub(crate) rrsa_issuer: Option<String>,
    /// STS, if it is not the region's.
    pub(crate) rrsa_sts_endpoint: Option<String>,
    /// The roles in place of keys (RRSA) that these settings result in.
    pub rrsa: Option<Rrsa>,
    /// Endpoint of the MNS OpenAPI, if it is not the region's.
    pub mns_open_endpoint: Option<String>,
    /// Topic of an event rule of the user's own; without it the controller creates a rule.
    pub mns_topic: Option<String>,
    /// Bucket that photos are uploaded to.
    pub oss_bucket: String,
    /// Region of the bucket.
    pub oss_region: String,
    /// Endpoint of OSS, if it is not the region's.
    pub oss_endpoint: Option<String>,
    /// How the bucket is put into the endpoint, if not the default.
    pub oss_addressing: Option<Addressing>,
    /// Folder in the bucket that results go to.
    pub oss_target_path: String,
    /// The back end that finds the faces.
    pub face_backend: Backend,
    /// Endpoint of the face API, if it is not the back end's own.
    pub face_endpoint: Option<String>,
    /// What is estimated of faces, if not the default (`FACE_ATTRIBUTES`).
    pub face_attributes: Option<String>,
    /// How faces are marked, if not the default (`FACE_MARK`).
    pub face_mark: Option<String>,
    /// When faces are counted in the picture, if not the default (`FACE_BANNER`).
    pub face_banner: Option<String>,
    /// Whether results have the metadata of their photos, if not the default (`FACE_METADATA`).
    pub face_metadata: Option<String>,
    /// Whether the analysis is stored beside each result, if not the default (`FACE_SIDECAR`).
    pub face_sidecar: Option<String>,
    /// Project of IMM whose role reads the bucket, for [`Backend::Imm`].
    pub face_imm_project: Option<String>,
    /// Photos that one pod of the face service works on at one time.
    pub face_concurrency: u32,
    /// Collector that traces are sent to, if they are (`OTEL_EXPORTER_OTLP_ENDPOINT`).
    pub traces_endpoint: Option<String>,
    /// Which part of all traces is recorded, if not all (`OTEL_TRACES_SAMPLER_ARG`).
    pub traces_sampling_rate: Option<String>,
    /// Whether the console is deployed.
    pub console: bool,
    /// Addresses at which browsers open the console's page, beside that of its Service.
    pub console_origins: Vec<String>,
    /// Whether people may sign in at the console over plain HTTP.
    pub console_plain_http: bool,
    /// Endpoint of OSS for browsers, if it is not that of the pods or the region's public one.
    pub console_oss_endpoint: Option<String>,
    /// Keys for MNS, OSS and the face API; placeholders are rendered if there are none.
    pub credentials: Option<Credentials>,
    /// What people sign in with at the console; a placeholder is rendered if there is none.
    pub(crate) console_token: Option<ConsoleToken>,
}

/// How a bucket is put into an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// `bucket.endpoint/key`.
    Virtual,
    /// `endpoint/bucket/key`.
    Path,
    /// `endpoint/key`.
    Cname,
}

/// The back end that finds the faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The face API of 2019.
    Dataplus,
    /// Today's face API.
    Facebody,
    /// The face API that reads buckets.
    Imm,
    /// The service itself, without a cloud.
    Local,
}

/// Where keys come from.
const KEYS: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET";
/// Where the console's token comes from.
const CONSOLE_TOKEN: &str = "CONSOLE_TOKEN";

const NO_PROJECT: &str = "`face.imm-project` is missing: the back end `imm` needs the name of a project of IMM in the region of the bucket";

const NO_ISSUER: &str = "`rrsa.issuer` is missing: with `rrsa.oidc-provider`, give the URL of the cluster's issuer of tokens, which trust policies name";
const NO_PROVIDER: &str = "`rrsa.oidc-provider` is missing: with `rrsa.issuer`, give the name of the cluster's identity provider in RAM, such as `ack-rrsa-c0ffee`";
const NO_ACCOUNT: &str = "with `rrsa.oidc-provider`, account and region must be known: give an `mns.endpoint` of the form `https://<account>.mns.<region>.aliyuncs.com`, or `mns.account-id` and `mns.region`";

impl Config {
    /// Reads a configuration: `file` is TOML text, `lookup` returns variables of the environment,
    /// which take precedence. An empty value counts as absent.
    ///
    /// # Errors
    /// Permanent; names every invalid setting and what it must be.
    pub fn load(file: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let lookup = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let mut wrong = Vec::new();
        let mut given = texts(file, &mut wrong);
        let mut config = Self::blank();
        for setting in SETTINGS {
            let in_file = given
                .remove(setting.key)
                .filter(|text| !text.is_empty())
                .map(|text| (setting.key.to_owned(), text));
            let variable = setting.variable();
            let in_environment = lookup(&variable).map(|text| (variable, text));
            let default = (setting.key.to_owned(), setting.default.to_owned());
            let (name, text) = in_environment.or(in_file).unwrap_or(default);
            if !text.is_empty() && !(setting.set)(&mut config, text.trim()) {
                wrong.push(format!(
                    "`{name}` is {}: it must be {}",
                    value::shown(&text),
                    setting.rule
                ));
            }
        }
        if config.face_backend == Backend::Imm && config.face_imm_project.is_none() {
            wrong.push(NO_PROJECT.to_owned());
        }
        match config.roles() {
            Ok(rrsa) => config.rrsa = rrsa,
            Err(missing) => wrong.push(missing.to_owned()),
        }
        wrong.extend(given.keys().map(|key| unknown(key)));
        match Credentials::from_vars(lookup) {
            Ok(credentials) => config.credentials = credentials,
            Err(missing) => wrong.push(missing),
        }
        match ConsoleToken::from_vars(lookup) {
            Ok(token) => config.console_token = token,
            Err(short) => wrong.push(short),
        }
        if wrong.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(wrong))
        }
    }

    /// The roles, if the settings request them.
    fn roles(&self) -> Result<Option<Rrsa>, &'static str> {
        let (provider, issuer) = match (&self.rrsa_provider, &self.rrsa_issuer) {
            (None, None) => return Ok(None),
            (Some(provider), Some(issuer)) => (provider.clone(), issuer.clone()),
            (Some(_), None) => return Err(NO_ISSUER),
            (None, Some(_)) => return Err(NO_PROVIDER),
        };
        let endpoint: Option<mns::Endpoint> = self.mns_endpoint.parse().ok();
        let endpoint = endpoint.as_ref();
        let stated = |setting: &Option<String>, host: Option<&str>| {
            setting.clone().or_else(|| host.map(str::to_owned))
        };
        let account_id = stated(
            &self.mns_account_id,
            endpoint.and_then(|it| it.account_id()),
        );
        let region = stated(&self.mns_region, endpoint.and_then(|it| it.region()));
        let account_id = account_id.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
        Ok(Some(Rrsa {
            account_id: account_id.ok_or(NO_ACCOUNT)?,
            region: region.ok_or(NO_ACCOUNT)?,
            provider,
            issuer,
            sts_endpoint: self.rrsa_sts_endpoint.clone(),
        }))
    }

    /// The variables of OpenTelemetry by which a process sends traces.
    pub(crate) fn traces(&self) -> [(&'static str, Option<&str>); 2] {
        [
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                self.traces_endpoint.as_deref(),
            ),
            (
                "OTEL_TRACES_SAMPLER_ARG",
                self.traces_sampling_rate.as_deref(),
            ),
        ]
    }

    /// The default settings, and no keys: the checked-in files are rendered from them.
    #[must_use]
    pub fn standard() -> Self {
        // A test checks that the defaults are valid.
        Self::load("", |_| None).unwrap_or_else(|_| Self::blank())
    }

    /// The variables that would fill in the Secret of this name, if it is rendered with
    /// placeholders.
    #[must_use]
    pub fn missing_for(&self, secret: &str) -> Option<&'static str> {
        let (is_there, variables) = if secret == console::NAME {
            (self.console_token.is_some(), CONSOLE_TOKEN)
        } else {
            (self.credentials.is_some(), KEYS)
        };
        (!is_there).then_some(variables)
    }

    /// Every field is set by a setting, or optional.
    fn blank() -> Self {
        Self {
            source_image: String::new(),
            face_image: None,
            controller_namespace: String::new(),
            controller_namespaces: Vec::new(),
            controller_egress_ports: Vec::new(),
            controller_replicas: 1,
            controller_log_filter: String::new(),
            controller_resync_seconds: 1,
            controller_private_endpoints: String::new(),
            controller_template_keys: TemplateKeys::default(),
            keda: false,
            keda_namespace: String::new(),
            sample_namespace: String::new(),
            mns_endpoint: String::new(),
            mns_account_id: None,
            mns_region: None,
            rrsa_provider: None,
            rrsa_issuer: None,
            rrsa_sts_endpoint: None,
            rrsa: None,
            mns_open_endpoint: None,
            mns_topic: None,
            oss_bucket: String::new(),
            oss_region: String::new(),
            oss_endpoint: None,
            oss_addressing: None,
            oss_target_path: String::new(),
            face_backend: Backend::Facebody,
            face_endpoint: None,
            face_attributes: None,
            face_mark: None,
            face_banner: None,
            face_metadata: None,
            face_sidecar: None,
            face_imm_project: None,
            face_concurrency: 1,
            traces_endpoint: None,
            traces_sampling_rate: None,
            console: false,
            console_origins: Vec::new(),
            console_plain_http: false,
            console_oss_endpoint: None,
            credentials: None,
            console_token: None,
        }
    }
}

/// The values in a file by their full keys, as text.
fn texts(file: &str, wrong: &mut Vec<String>) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    match file.parse::<Table>() {
        Ok(table) => flatten("", table, &mut texts, wrong),
        Err(error) => wrong.push(format!("the file is not TOML: {}", error.message())),
    }
    texts
}

fn flatten(
    prefix: &str,
    table: Table,
    texts: &mut BTreeMap<String, String>,
    wrong: &mut Vec<String>,
) {
    for (key, value) in table {
        let key = format!("{prefix}{key}");
        match value {
            Value::Table(table) => flatten(&format!("{key}."), table, texts, wrong),
            Value::String(text) => drop(texts.insert(key, text)),
            Value::Integer(number) => drop(texts.insert(key, number.to_string())),
            Value::Boolean(is_so) => drop(texts.insert(key, is_so.to_string())),
            _ => wrong.push(format!(
                "`{key}` must be a text, a whole number, `true` or `false`"
            )),
        }
    }
}

fn unknown(key: &str) -> String {
    if ["credential", "secret", "accesskey", "access-key", "token"]
        .iter()
        .any(|word| key.to_lowercase().contains(word))
    {
        return format!(
            "`{key}` does not belong in a file: set {KEYS} in the environment, and {CONSOLE_TOKEN} for the console"
        );
    }
    let known: Vec<_> = SETTINGS.iter().map(|setting| setting.key).collect();
    format!(
        "`{key}` is not a setting; settings are {}",
        known.join(", ")
    )
}
