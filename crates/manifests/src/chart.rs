//! The Helm chart of the controller, made of the files of `deploy/controller/`.
//!
//! A template is such a file, rendered from a configuration whose settings are marks, with an
//! expression of Helm in the place of each mark. So the chart has every field that the objects
//! have, and says of its own only what a value does. `cargo xtask ci chart` renders it with Helm
//! and compares the result with what `cargo xtask render` writes for the same settings.

mod about;
mod values;

use crate::config::{CONTROLLER_NAMESPACE, Config};
use crate::controller;
use crate::file::{File, ORIGIN};
use crate::observability;
use crate::yaml::RenderError;

const IMAGE: &str = "mark-image";
const NAMESPACE: &str = "mark-namespace";
const WATCHED: &str = "mark-watched";
const LOG_FILTER: &str = "mark-log-filter";
const PRIVATE_ENDPOINTS: &str = "mark-private-endpoints";
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
        // Its port is among the usual ones.
        mns_endpoint: String::new(),
        ..Config::usual()
    }
}

fn templates() -> Result<Vec<File>, RenderError> {
    let confined = controller::files(&marked(&[WATCHED]))?;
    let mut templates = Vec::new();
    for everywhere in controller::files(&marked(&[]))? {
        let Some(name) = everywhere.path.strip_prefix("controller/") else {
            continue;
        };
        let twin = confined.iter().find(|file| file.path == everywhere.path);
        let twin = twin.map_or("", File::body);
        let text = match name {
            // Helm makes the namespace, or has it made.
            "namespace.yaml" => continue,
            "rights.yaml" => format!(
                "{{{{- if .Values.watchNamespaces }}}}\n{}{{{{- else }}}}\n{}{{{{- end }}}}\n",
                repeated(twin),
                everywhere.body()
            ),
            "definition.yaml" => only_if("crds.install", &kept(everywhere.body())),
            // A cluster has one of each, as it has one definition.
            "rights-of-others.yaml" => only_if("crds.install", everywhere.body()),
            "network.yaml" => only_if("networkPolicy.enabled", everywhere.body()),
            "disruption.yaml" => only_if("disruptionBudget.enabled", everywhere.body()),
            "account.yaml" => annotated(everywhere.body()),
            "deployment.yaml" => placed(twin),
            _ => everywhere.body().to_owned(),
        };
        templates.push(template(name, &text));
    }
    let monitor = File::new("", "").with(&observability::controller_monitor(&marked(&[])))?;
    let monitor = only_if("podMonitor.enabled", &labelled(monitor.body()));
    templates.push(template("monitor.yaml", &monitor));
    Ok(templates)
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

{{{{- /* Names of what belongs to the cluster have the namespace in them unless it is the usual one. */}}}}
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
    let variable =
        |name: &str, mark: &str| format!("        - name: {name}\n          value: {mark}\n");
    let optional = |name: &str, value: &str, expression: &str| {
        let variable = variable(name, expression);
        format!("        {{{{- with .Values.{value} }}}}\n{variable}        {{{{- end }}}}\n")
    };
    let replacements = [
        (
            variable("WATCH_NAMESPACES", WATCHED),
            optional(
                "WATCH_NAMESPACES",
                "watchNamespaces",
                r#"{{ join "," . | quote }}"#,
            ),
        ),
        (
            variable("ALLOW_PRIVATE_ENDPOINTS", PRIVATE_ENDPOINTS),
            optional(
                "ALLOW_PRIVATE_ENDPOINTS",
                "privateEndpoints",
                r#"{{ join "," . | quote }}"#,
            ),
        ),
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
            IMAGE.to_owned(),
            r#"{{ include "mnsoss-source.image" . }}"#.to_owned(),
        ),
        (LOG_FILTER.to_owned(), "{{ .Values.logFilter | quote }}".to_owned()),
        (replicas, "{{ .Values.replicas }}".to_owned()),
        (resync, "{{ .Values.resyncSeconds | quote }}".to_owned()),
    ];
    replacements
        .iter()
        .fold(text.to_owned(), |text, (mark, expression)| {
            text.replace(mark, expression)
        })
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

/// Many a Prometheus takes only monitors that have a label of its own.
fn labelled(body: &str) -> String {
    let labels = "  labels:\n    {{- with .Values.podMonitor.labels }}\n    {{- toYaml . | nindent 4 }}\n    {{- end }}\n";
    body.replacen("  labels:\n", labels, 1)
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
        for File { path, text } in files(&Config::usual()).unwrap() {
            for mark in ["mark-", "424201", "424202", "64201"] {
                assert!(!text.contains(mark), "{path}: {mark}");
            }
        }
    }

    /// A value that no template names would do nothing.
    #[test]
    fn every_value_is_named_by_a_template() {
        let files = files(&Config::usual()).unwrap();
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
