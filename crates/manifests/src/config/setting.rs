//! The settings: their names, descriptions, defaults and rules.

use toml::Value;

use super::{Config, value};
use crate::yaml::comment;

/// One setting.
pub(super) struct Setting {
    /// Its key in the file, with a dot between table and name.
    pub(super) key: &'static str,
    /// Its description, in a sentence.
    description: &'static str,
    /// Its default; none if empty.
    pub(super) default: &'static str,
    /// What a valid value is.
    pub(super) rule: &'static str,
    /// Sets a value; false if it is invalid.
    pub(super) set: fn(&mut Config, &str) -> bool,
}

impl Setting {
    /// Its name in the environment.
    pub(super) fn variable(&self) -> String {
        format!(
            "MNSOSS_{}",
            self.key.replace(['.', '-'], "_").to_uppercase()
        )
    }

    /// The default, as the file has it.
    fn default_in_toml(&self) -> String {
        let number = self.default.parse().map(Value::Integer);
        let number_or_word = number.or_else(|_| self.default.parse().map(Value::Boolean));
        number_or_word
            .unwrap_or_else(|_| Value::String(self.default.to_owned()))
            .to_string()
    }
}

/// Takes a value if there is one.
fn put<T>(slot: &mut T, value: Option<T>) -> bool {
    let is_given = value.is_some();
    if let Some(value) = value {
        *slot = value;
    }
    is_given
}

/// Takes a value that may be absent.
fn put_some<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    put(slot, value.map(Some))
}

const IMAGE: &str = "an image such as `registry.example.com/photos/source:1.0`";
const NAMESPACE: &str = "the name of a namespace: up to 63 lower-case letters, digits and `-`";
const REGION: &str = "a region such as `cn-shanghai`";
const YES_OR_NO: &str = "`true` or `false`";
const URL: &str = "an http or https URL without a user, a query or a fragment";

/// Default namespace of the controller.
pub(crate) const CONTROLLER_NAMESPACE: &str = "mnsoss-system";
/// Default namespace of the sample.
pub(crate) const SAMPLE_NAMESPACE: &str = "default";

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "images.source",
        description: "Image with the controller and the adapter.",
        default: concat!("dev.local/mnsoss/source:", env!("CARGO_PKG_VERSION")),
        rule: IMAGE,
        set: |config, text| put(&mut config.source_image, value::image(text)),
    },
    Setting {
        key: "images.face",
        description: "Image with the face service; `dev.local/mnsoss/face-recognition` of this version if absent.",
        default: "",
        rule: IMAGE,
        set: |config, text| put_some(&mut config.face_image, value::image(text)),
    },
    Setting {
        key: "controller.namespace",
        description: "Namespace of the controller.",
        default: CONTROLLER_NAMESPACE,
        rule: NAMESPACE,
        set: |config, text| put(&mut config.controller_namespace, value::namespace(text)),
    },
    Setting {
        key: "controller.namespaces",
        description: "Namespaces whose sources the controller reconciles, separated by commas. It gets permissions\nthere and nowhere else; those of the whole cluster if absent.",
        default: "",
        rule: "names of namespaces, separated by commas",
        set: |config, text| put(&mut config.controller_namespaces, value::namespaces(text)),
    },
    Setting {
        key: "controller.egress-ports",
        description: "Ports that the controller's pods may connect to, by NetworkPolicy: those of API servers and of\nMNS. The ports of `mns.endpoint` and `mns.open-endpoint` and DNS are always among them.",
        default: "80,443,6443,8443",
        rule: "numbers from 1 to 65535, separated by commas",
        set: |config, text| put(&mut config.controller_egress_ports, value::ports(text)),
    },
    Setting {
        key: "controller.replicas",
        description: "Replicas of the controller; one is the leader and the others stand by.",
        default: "1",
        rule: "a number from 1 to 9",
        set: |config, text| put(&mut config.controller_replicas, value::number(text, 1..=9)),
    },
    Setting {
        key: "controller.log-filter",
        description: "What the controller logs: a level, or `target=level` pairs.",
        default: "info",
        rule: "one line of text",
        set: |config, text| put(&mut config.controller_log_filter, value::line(text)),
    },
    Setting {
        key: "controller.resync-seconds",
        description: "Resync interval in seconds. A change made directly in MNS is corrected at the next resync at\nthe latest.",
        default: "300",
        rule: "a number from 1 to 86400",
        set: |config, text| {
            let seconds = value::number(text, 1..=86_400);
            put(&mut config.controller_resync_seconds, seconds)
        },
    },
    Setting {
        key: "controller.private-endpoints",
        description: "Private networks in which MNS endpoints are allowed, with commas between them; Alibaba\nCloud's own endpoints are always allowed.",
        default: "",
        rule: "networks such as `10.0.0.0/8`, with commas between them",
        set: |config, text| {
            let networks = value::networks(text);
            put(&mut config.controller_private_endpoints, networks)
        },
    },
    Setting {
        key: "controller.template-keys",
        description: "Labels and annotations that sources may give their adapters beside plain words and those\nof `app.kubernetes.io` and `prometheus.io`: domains or single keys, with commas between them.",
        default: "",
        rule: "domains such as `example.com` or keys such as `example.com/team`, with commas between them",
        set: |config, text| put(&mut config.controller_template_keys, text.parse().ok()),
    },
    Setting {
        key: "keda.enabled",
        description: "Whether KEDA may scale the adapters of sources whose annotations request it: the controller gets\na port for KEDA's calls and the permission to create ScaledObjects.",
        default: "false",
        rule: YES_OR_NO,
        set: |config, text| put(&mut config.keda, text.parse().ok()),
    },
    Setting {
        key: "keda.namespace",
        description: "Namespace of KEDA's pods; no others reach that port.",
        default: "keda",
        rule: NAMESPACE,
        set: |config, text| put(&mut config.keda_namespace, value::namespace(text)),
    },
    Setting {
        key: "sample.namespace",
        description: "Namespace of the sample.",
        default: SAMPLE_NAMESPACE,
        rule: NAMESPACE,
        set: |config, text| put(&mut config.sample_namespace, value::namespace(text)),
    },
    Setting {
        key: "mns.endpoint",
        description: "Endpoint of MNS, with the number of the account.",
        default: "https://xxxx.mns.cn-shanghai.aliyuncs.com/",
        rule: URL,
        set: |config, text| put(&mut config.mns_endpoint, value::url(text)),
    },
    Setting {
        key: "mns.account-id",
        description: "Number of the account, for an endpoint that does not begin with it.",
        default: "",
        rule: "a number of up to 32 digits",
        set: |config, text| put_some(&mut config.mns_account_id, value::account_id(text)),
    },
    Setting {
        key: "mns.region",
        description: "Region of MNS, for an endpoint that does not name it.",
        default: "",
        rule: REGION,
        set: |config, text| put_some(&mut config.mns_region, value::region(text)),
    },
    Setting {
        key: "mns.open-endpoint",
        description: "Endpoint of the MNS OpenAPI, where event rules are; the region's if absent.",
        default: "",
        rule: URL,
        set: |config, text| put_some(&mut config.mns_open_endpoint, value::url(text)),
    },
    Setting {
        key: "mns.topic",
        description: "Topic that an event rule of your own publishes to; if absent, the controller creates a rule that\ndelivers straight into its queue.",
        default: "",
        rule: "the name of a topic: up to 120 letters, digits and `-`",
        set: |config, text| put_some(&mut config.mns_topic, value::topic(text)),
    },
    Setting {
        key: "rrsa.oidc-provider",
        description: "Name of the cluster's identity provider in RAM, for roles in place of keys (RRSA): nothing is\nrendered with a Secret then, and `ram/` holds the policies to paste.",
        default: "",
        rule: "the name of a provider such as `ack-rrsa-c0ffee`",
        set: |config, text| put_some(&mut config.rrsa_provider, value::provider(text)),
    },
    Setting {
        key: "rrsa.issuer",
        description: "URL of the cluster's issuer of tokens, as tokens have it in `iss`.",
        default: "",
        rule: URL,
        set: |config, text| put_some(&mut config.rrsa_issuer, value::url(text)),
    },
    Setting {
        key: "rrsa.sts-endpoint",
        description: "Endpoint of STS; the region's if absent.",
        default: "",
        rule: URL,
        set: |config, text| put_some(&mut config.rrsa_sts_endpoint, value::url(text)),
    },
    Setting {
        key: "oss.bucket",
        description: "Bucket that photos are uploaded to.",
        default: "face-image",
        rule: "the name of a bucket: 3 to 63 lower-case letters, digits and `-`",
        set: |config, text| put(&mut config.oss_bucket, value::bucket(text)),
    },
    Setting {
        key: "oss.region",
        description: "Region of the bucket.",
        default: "cn-shanghai",
        rule: REGION,
        set: |config, text| put(&mut config.oss_region, value::region(text)),
    },
    Setting {
        key: "oss.endpoint",
        description: "Endpoint of OSS; the region's if absent.",
        default: "",
        rule: URL,
        set: |config, text| put_some(&mut config.oss_endpoint, value::url(text)),
    },
    Setting {
        key: "oss.addressing",
        description: "How the bucket is put into the endpoint; `virtual` if absent.",
        default: "",
        rule: "`virtual`, `path` or `cname`",
        set: |config, text| put_some(&mut config.oss_addressing, value::addressing(text)),
    },
    Setting {
        key: "oss.target-path",
        description: "Folder in the bucket that results go to.",
        default: "face-image/target",
        rule: "a path such as `results/faces`, without `.` and `..`",
        set: |config, text| put(&mut config.oss_target_path, value::path(text)),
    },
    Setting {
        key: "face.backend",
        description: "What finds the faces: `facebody` (today's API), `imm` (which reads the bucket itself), `dataplus`\n(the API of 2019), or `local`, which needs no cloud.",
        default: "facebody",
        rule: "`facebody`, `imm`, `dataplus` or `local`",
        set: |config, text| put(&mut config.face_backend, value::backend(text)),
    },
    Setting {
        key: "face.endpoint",
        description: "Endpoint of the face API; the back end's own if absent.",
        default: "",
        rule: URL,
        set: |config, text| put_some(&mut config.face_endpoint, value::url(text)),
    },
    Setting {
        key: "face.attributes",
        description: "What is estimated of faces; `age,gender` if absent.",
        default: "",
        rule: "`age`, `gender`, both separated by a comma, or `none`",
        set: |config, text| {
            let word = value::word(text, &["age,gender", "gender,age", "age", "gender", "none"]);
            put_some(&mut config.face_attributes, word)
        },
    },
    Setting {
        key: "face.mark",
        description: "How faces are marked; `box` if absent.",
        default: "",
        rule: "`box`, `mosaic` or `blur`",
        set: |config, text| {
            let word = value::word(text, &["box", "mosaic", "blur"]);
            put_some(&mut config.face_mark, word)
        },
    },
    Setting {
        key: "face.banner",
        description: "When faces are counted in the picture; `faces` if absent.",
        default: "",
        rule: "`faces`, `always` or `never`",
        set: |config, text| {
            let word = value::word(text, &["faces", "always", "never"]);
            put_some(&mut config.face_banner, word)
        },
    },
    Setting {
        key: "face.metadata",
        description: "Whether results have the metadata of their photos; `keep` if absent and faces are boxed, else\n`strip`.",
        default: "",
        rule: "`keep` or `strip`",
        set: |config, text| {
            let word = value::word(text, &["keep", "strip"]);
            put_some(&mut config.face_metadata, word)
        },
    },
    Setting {
        key: "face.sidecar",
        description: "Whether the analysis is stored beside each result; `none` if absent.",
        default: "",
        rule: "`none` or `json`",
        set: |config, text| {
            let word = value::word(text, &["none", "json"]);
            put_some(&mut config.face_sidecar, word)
        },
    },
    Setting {
        key: "face.imm-project",
        description: "Project of IMM in the region of the bucket, whose role reads it; needed by `imm`.",
        default: "",
        rule: "the name of a project: up to 128 letters, digits, `-` and `_`",
        set: |config, text| put_some(&mut config.face_imm_project, value::imm_project(text)),
    },
    Setting {
        key: "face.concurrency",
        description: "Photos that one pod of the face service works on at one time.",
        default: "4",
        rule: "a number from 1 to 1000",
        set: |config, text| put(&mut config.face_concurrency, value::number(text, 1..=1000)),
    },
    Setting {
        key: "traces.endpoint",
        description: "Collector of OpenTelemetry that takes OTLP over HTTP, for traces of the face service and the\nadapters; none are recorded if absent.",
        default: "",
        rule: URL,
        set: |config, text| put_some(&mut config.traces_endpoint, value::url(text)),
    },
    Setting {
        key: "traces.sampling-rate",
        description: "Which part of all traces is recorded; all if absent.",
        default: "",
        rule: "a number from 0 to 1 such as `0.1`, in quotes",
        set: |config, text| put_some(&mut config.traces_sampling_rate, value::part(text)),
    },
    Setting {
        key: "console.enabled",
        description: "Whether the console is deployed: a page that shows photos on their way. It runs in the face\nservice's image. People sign in with the token in the variable CONSOLE_TOKEN.",
        default: "false",
        rule: YES_OR_NO,
        set: |config, text| put(&mut config.console, text.parse().ok()),
    },
    Setting {
        key: "console.origins",
        description: "Addresses at which browsers open the page, with commas between them, beside that which\nKnative gives its Service; the bucket lets pages of these upload.",
        default: "",
        rule: "addresses such as `https://photos.example.com`, with commas between them",
        set: |config, text| put(&mut config.console_origins, value::origins(text)),
    },
    Setting {
        key: "console.plain-http",
        description: "Whether people may sign in over plain HTTP, where others can read the token.",
        default: "false",
        rule: YES_OR_NO,
        set: |config, text| put(&mut config.console_plain_http, text.parse().ok()),
    },
    Setting {
        key: "console.oss-endpoint",
        description: "Endpoint of OSS for browsers; `oss.endpoint`, or the region's public one, if absent.",
        default: "",
        rule: URL,
        set: |config, text| put_some(&mut config.console_oss_endpoint, value::url(text)),
    },
];

/// A file with all settings, commented out, for users to copy.
#[must_use]
pub fn describe() -> String {
    let mut text = comment(
        "Settings for `cargo xtask render` and `cargo xtask deploy --config FILE`, with their\n\
         defaults. A variable of the environment takes precedence over the file. Keys are not\n\
         settings: they come from ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET\n\
         only, and the console's token from CONSOLE_TOKEN.",
    );
    let mut table = "";
    for setting in SETTINGS {
        let (its_table, name) = setting.key.split_once('.').unwrap_or_default();
        if its_table != table {
            text.extend(["\n[", its_table, "]\n"]);
            table = its_table;
        }
        text.push_str(&comment(setting.description));
        text.push_str(&comment(&format!("Variable: {}", setting.variable())));
        text.extend(["#", name, " = ", &setting.default_in_toml(), "\n"]);
    }
    text
}
