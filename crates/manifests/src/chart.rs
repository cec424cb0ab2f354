//! The Helm chart of the controller, made of the files of `deploy/controller/`.
//!
//! A template is such a file, rendered from a configuration whose settings are marks, with an
//! expression of Helm in the place of each mark. So the chart has every field of the objects, and
//! adds only the expressions. `cargo xtask ci chart` renders it with Helm and compares the result
//! with what `cargo xtask render` writes for the same settings.

mod about;
mod switch;
mod values;

use crate::config::{CONTROLLER_NAMESPACE, Config};
use crate::file::{File, ORIGIN};
use crate::observability;
use crate::rrsa::{Component, Rrsa};
use crate::yaml::RenderError;
use switch::marked_files;

const IMAGE: &str = "mark-image";
const NAMESPACE: &str = "mark-namespace";
const WATCHED: &str = "mark-watched";
const LOG_FILTER: &str = "mark-log-filter";
const PRIVATE_ENDPOINTS: &str = "mark-private-endpoints";
const OPEN_ENDPOINT: &str = "mark-open-endpoint";
const TRACES_ENDPOINT: &str = "mark-traces-endpoint";
const TRACES_SAMPLING_RATE: &str = "mark-traces-sampling-rate";
const ACCOUNT: &str = "mark-account";
const PROVIDER: &str = "mark-provider";
const STS_REGION: &str = "mark-sts-region";
const STS_ENDPOINT: &str = "mark-sts-endpoint";
const IDENTITY: &str = "mark-identity";
const KEDA_NAMESPACE: &str = "mark-keda";
const REPLICAS: i32 = 424_201;
const RESYNC_SECONDS: u32 = 424_202;
const PORT: u16 = 64_201;

const NOTES: &str = "\
The controller of MnsOssSource {{ .Chart.AppVersion }} runs in `{{ .Release.Namespace }}`.

Its pods pass the strictest Pod Security profile, which the namespace can enforce:

  kubectl label namespace {{ .Release.Namespace }} pod-security.kubernetes.io/enforce=restricted

`kubectl explain mnsosssource.spec` describes every field of a source.
";

/// All files of the chart, below `chart/`. Its images are those of `config`.
pub(crate) fn files(config: &Config) -> Result<Vec<File>, RenderError> {
    let mut files = vec![
        File::new("chart/Chart.yaml", "").with(&about::chart(config))?,
        values::defaults(config),
        values::schema(),
        file("chart/templates/NOTES.txt", NOTES.to_owned()),
        file("chart/templates/_names.tpl", names()),
    ];
    files.extend(templates()?);
    Ok(files)
}

/// A mark in every setting that is a value of the chart.
fn marked(namespaces: &[&str]) -> Config {
    Config {
        source_image: IMAGE.to_owned(),
        controller_namespace: NAMESPACE.to_owned(),
        controller_namespaces: namespaces.iter().map(|&name| name.to_owned()).collect(),
        controller_egress_ports: vec![PORT],
        controller_replicas: REPLICAS,
        controller_log_filter: LOG_FILTER.to_owned(),
        controller_resync_seconds: RESYNC_SECONDS,
        controller_private_endpoints: PRIVATE_ENDPOINTS.to_owned(),
        keda: true,
        keda_namespace: KEDA_NAMESPACE.to_owned(),
        // Its port is among the default ones.
        mns_endpoint: String::new(),
        ..Config::standard()
    }
}

/// The same with what only the Deployment has.
fn marked_deployment() -> Config {
    Config {
        mns_open_endpoint: Some(OPEN_ENDPOINT.to_owned()),
        traces_endpoint: Some(TRACES_ENDPOINT.to_owned()),
        traces_sampling_rate: Some(TRACES_SAMPLING_RATE.to_owned()),
        rrsa: Some(Rrsa {
            account_id: ACCOUNT.to_owned(),
            region: STS_REGION.to_owned(),
            provider: PROVIDER.to_owned(),
            issuer: String::new(),
            sts_endpoint: Some(STS_ENDPOINT.to_owned()),
        }),
        sample_namespace: IDENTITY.to_owned(),
        ..marked(&[WATCHED])
    }
}

fn templates() -> Result<Vec<File>, RenderError> {
    let confined = marked_files(&marked(&[WATCHED]))?;
    let with_role = marked_files(&marked_deployment())?;
    let mut templates = Vec::new();
    for everywhere in marked_files(&marked(&[]))? {
        let Some(name) = everywhere.path.strip_prefix("controller/") else {
            continue;
        };
        let text = match name {
            // Helm creates the namespace, or the user does.
            "namespace.yaml" => continue,
            "rights.yaml" => format!(
                "{{{{- if .Values.watchNamespaces }}}}\n{}{{{{- else }}}}\n{}{{{{- end }}}}\n",
                repeated(body(&confined, &everywhere.path)),
                everywhere.body()
            ),
            "definition.yaml" => only_if("crds.install", &kept(everywhere.body())),
            // A cluster has one of each, as it has one definition.
            "rights-of-others.yaml" => only_if("crds.install", everywhere.body()),
            "service.yaml" => only_if("keda.enabled", everywhere.body()),
            "network.yaml" => only_if("networkPolicy.enabled", everywhere.body()),
            "disruption.yaml" => only_if("disruptionBudget.enabled", everywhere.body()),
            "account.yaml" => annotated(everywhere.body()),
            "deployment.yaml" => placed(&with_token(body(&with_role, &everywhere.path))),
            _ => everywhere.body().to_owned(),
        };
        templates.push(template(name, &text));
    }
    let monitor = File::new("", "").with(&observability::controller_monitor(&marked(&[])))?;
    let monitor = only_if("podMonitor.enabled", &labelled(monitor.body()));
    templates.push(template("monitor.yaml", &monitor));
    Ok(templates)
}

/// The content of the file at a path, without its comment.
fn body<'a>(files: &'a [File], path: &str) -> &'a str {
    let file = files.iter().find(|file| file.path == path);
    file.map_or("", File::body)
}

fn template(name: &str, text: &str) -> File {
    let text = format!("{{{{- /* {ORIGIN} */}}}}\n{}", filled_in(text));
    file(&format!("chart/templates/{name}"), text)
}

fn file(path: &str, text: String) -> File {
    File {
        path: path.to_owned(),
        text,
    }
}

/// Names that depend on values.
fn names() -> String {
    format!(
        r#"{{{{- /* {ORIGIN} */}}}}

{{{{- define "mnsoss-source.image" -}}}}
{{{{ .Values.image.repository }}}}:{{{{ .Values.image.tag | default .Chart.AppVersion }}}}{{{{ with .Values.image.digest }}}}@{{{{ . }}}}{{{{ end }}}}
{{{{- end }}}}

{{{{- /* Names of what belongs to the cluster have the namespace in them unless it is the default one. */}}}}
{{{{- define "mnsoss-source.suffix" -}}}}
{{{{ if ne .Release.Namespace "{CONTROLLER_NAMESPACE}" }}}}-{{{{ .Release.Namespace }}}}{{{{ end }}}}
{{{{- end }}}}
"#
    )
}

/// Puts an expression into the place of each mark.
fn filled_in(text: &str) -> String {
    let (replicas, resync, port) = (
        REPLICAS.to_string(),
        format!("\"{RESYNC_SECONDS}\""),
        format!("    - port: {PORT}\n      protocol: TCP\n"),
    );
    let optional = optional_variables();
    let replacements = [
        (
            port,
            "    {{- range .Values.networkPolicy.egressPorts }}\n    - port: {{ . }}\n      protocol: TCP\n    {{- end }}\n"
                .to_owned(),
        ),
        (
            format!("-{NAMESPACE}"),
            r#"{{ include "mnsoss-source.suffix" $ }}"#.to_owned(),
        ),
        (NAMESPACE.to_owned(), "{{ $.Release.Namespace }}".to_owned()),
        (WATCHED.to_owned(), "{{ . }}".to_owned()),
        (
            KEDA_NAMESPACE.to_owned(),
            "{{ .Values.keda.namespace | quote }}".to_owned(),
        ),
        (
            IMAGE.to_owned(),
            r#"{{ include "mnsoss-source.image" . }}"#.to_owned(),
        ),
        (LOG_FILTER.to_owned(), "{{ .Values.logFilter | quote }}".to_owned()),
        (replicas, "{{ .Values.replicas }}".to_owned()),
        (resync, "{{ .Values.resyncSeconds | quote }}".to_owned()),
    ];
    optional
        .iter()
        .chain(&replacements)
        .fold(text.to_owned(), |text, (mark, expression)| {
            text.replace(mark, expression)
        })
}

/// Variables that are there only if their value is set: what is rendered, and its template.
fn optional_variables() -> Vec<(String, String)> {
    let listed = r#"{{ join "," . | quote }}"#;
    let quoted = "{{ . | quote }}";
    let role = Component::Controller.role();
    let role = format!("acs:ram::{ACCOUNT}:role/{role}");
    let provider = format!("acs:ram::{ACCOUNT}:oidc-provider/{PROVIDER}");
    let optional = [
        ("WATCH_NAMESPACES", WATCHED, "watchNamespaces", listed),
        (
            "ALLOW_PRIVATE_ENDPOINTS",
            PRIVATE_ENDPOINTS,
            "privateEndpoints",
            listed,
        ),
        (
            "MNS_OPEN_ENDPOINT",
            OPEN_ENDPOINT,
            "mnsOpenEndpoint",
            quoted,
        ),
        (
            "ADAPTER_OTLP_ENDPOINT",
            TRACES_ENDPOINT,
            "traces.endpoint",
            quoted,
        ),
        (
            "ADAPTER_TRACES_SAMPLING_RATE",
            TRACES_SAMPLING_RATE,
            "traces.samplingRate",
            quoted,
        ),
        (
            "CLOUD_IDENTITY_NAMESPACES",
            IDENTITY,
            "rrsa.namespaces",
            listed,
        ),
        ("ALIBABA_CLOUD_ROLE_ARN", &role, "rrsa.roleArn", quoted),
        (
            "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
            &provider,
            "rrsa.providerArn",
            quoted,
        ),
        (
            "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
            source_api::STS_TOKEN_FILE,
            "rrsa.roleArn",
            source_api::STS_TOKEN_FILE,
        ),
        (
            "ALIBABA_CLOUD_STS_REGION",
            STS_REGION,
            "rrsa.stsRegion",
            quoted,
        ),
        (
            "ALIBABA_CLOUD_STS_ENDPOINT",
            STS_ENDPOINT,
            "rrsa.stsEndpoint",
            quoted,
        ),
    ];
    let optional = optional.map(|(name, mark, value, expression)| {
        let variable = |value: &str| format!("        - name: {name}\n          value: {value}\n");
        let present = variable(expression);
        let present =
            format!("        {{{{- with .Values.{value} }}}}\n{present}        {{{{- end }}}}\n");
        (variable(mark), present)
    });
    optional.into()
}

/// Objects that a switch among the values turns on.
fn only_if(switch: &str, body: &str) -> String {
    format!("{{{{- if .Values.{switch} }}}}\n{body}{{{{- end }}}}\n")
}

/// Objects of a namespace that is watched, once for each.
fn repeated(body: &str) -> String {
    let mut text = String::new();
    let mut is_inside = false;
    for document in body.split_inclusive("---\n") {
        // A document ends with the line that starts the next one.
        let is_of_each = document.contains(&format!("namespace: {WATCHED}\n"));
        if is_of_each && !is_inside {
            text.truncate(text.len() - "---\n".len());
            text.push_str("{{- range .Values.watchNamespaces }}\n---\n");
        }
        if is_inside && !is_of_each {
            text.truncate(text.len() - "---\n".len());
            text.push_str("{{- end }}\n---\n");
        }
        is_inside = is_of_each;
        text.push_str(document);
    }
    text
}

/// Helm must not remove the definition, and every source with it, when the chart is removed.
fn kept(body: &str) -> String {
    let annotations = "metadata:\n  annotations:\n";
    body.replacen(
        annotations,
        &format!("{annotations}    helm.sh/resource-policy: keep\n"),
        1,
    )
}

fn annotated(body: &str) -> String {
    let annotations = "metadata:\n  {{- with .Values.serviceAccount.annotations }}\n  annotations: {{ toJson . }}\n  {{- end }}\n";
    body.replacen("metadata:\n", annotations, 1)
}

/// Many Prometheus instances select monitors by a label.
fn labelled(body: &str) -> String {
    let labels = "  labels:\n    {{- with .Values.podMonitor.labels }}\n    {{- toYaml . | nindent 4 }}\n    {{- end }}\n";
    body.replacen("  labels:\n", labels, 1)
}

/// The token of the pod's role is mounted if there is a role.
fn with_token(body: &str) -> String {
    let mut text = String::new();
    // The margin of the block that goes on.
    let mut open: Option<&str> = None;
    for line in body.split_inclusive('\n') {
        let margin = line
            .get(..line.len() - line.trim_start().len())
            .unwrap_or_default();
        let goes_on =
            |block: &str| margin.len() > block.len() || line.trim_start().starts_with("- ");
        if let Some(block) = open.filter(|block| !goes_on(block)) {
            text.extend([block, "{{- end }}\n"]);
            open = None;
        }
        if matches!(line.trim(), "volumeMounts:" | "volumes:") {
            text.extend([margin, "{{- if .Values.rrsa.roleArn }}\n"]);
            open = Some(margin);
        }
        text.push_str(line);
    }
    text.extend(open.map(|block| format!("{block}{{{{- end }}}}\n")));
    text
}

/// Where pods run.
fn placed(body: &str) -> String {
    let account = "      serviceAccountName:";
    let field = |name: &str| {
        format!(
            "      {{{{- with .Values.{name} }}}}\n      {name}: {{{{ toJson . }}}}\n      {{{{- end }}}}\n"
        )
    };
    let fields = format!("{}{}{account}", field("nodeSelector"), field("tolerations"));
    body.replacen(account, &fields, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_mark_is_left() {
        for File { path, text } in files(&Config::standard()).unwrap() {
            for mark in ["mark-", "424201", "424202", "64201"] {
                assert!(!text.contains(mark), "{path}: {mark}");
            }
        }
    }

    /// A value that no template names would have no effect.
    #[test]
    fn every_value_is_named_by_a_template() {
        let files = files(&Config::standard()).unwrap();
        let templates: String = files
            .iter()
            .filter(|file| file.path.starts_with("chart/templates/"))
            .map(|file| file.text.as_str())
            .collect();
        for path in values::paths() {
            assert!(templates.contains(&format!(".Values.{path}")), "{path}");
        }
    }
}
