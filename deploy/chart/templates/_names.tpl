{{- /* Rendered by `cargo xtask render`, which overwrites what is changed here. */}}

{{- define "mnsoss-source.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- /* Names of what belongs to the cluster have the namespace in them unless it is the default one. */}}
{{- define "mnsoss-source.suffix" -}}
{{ if ne .Release.Namespace "mnsoss-system" }}-{{ .Release.Namespace }}{{ end }}
{{- end }}
