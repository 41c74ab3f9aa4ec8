{{- define "hadyn.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* Of all objects; 50 characters leave room for "-announce". */ -}}
{{- define "hadyn.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "hadyn.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "hadyn.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- /* The ports of Services without HTTP, each once, as a list of text in JSON. */ -}}
{{- define "hadyn.tcpPorts" -}}
{{- $ports := keys .Values.tcp.services -}}
{{- range .Values.tcp.ports -}}
  {{- $ports = append $ports (toString (int .)) -}}
{{- end -}}
{{- $own := list .Values.ports.http .Values.ports.https .Values.ports.status (ternary .Values.peers.port 0 .Values.peers.create) -}}
{{- range concat $own (list .Values.service.ports.http .Values.service.ports.https) -}}
  {{- if has (toString (int .)) $ports -}}
    {{- fail (printf "tcp: %d is a port for HTTP, or hadyn's own" (int .)) -}}
  {{- end -}}
{{- end -}}
{{- $ports | uniq | sortAlpha | toJson -}}
{{- end -}}

{{- define "hadyn.account" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "hadyn.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "hadyn.selector" -}}
app.kubernetes.io/name: {{ include "hadyn.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "hadyn.podLabels" -}}
{{ include "hadyn.selector" . }}
app.kubernetes.io/component: ingress-controller
app.kubernetes.io/part-of: hadyn
{{- end -}}

{{- define "hadyn.labels" -}}
{{ include "hadyn.podLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- /* name, labels and namespace of an object of this release; takes (list $ "suffix" "namespace"). */ -}}
{{- define "hadyn.metadata" -}}
{{- $root := index . 0 -}}
name: {{ include "hadyn.fullname" $root }}{{ index . 1 }}
{{- with index . 2 }}
namespace: {{ . }}
{{- end }}
labels:
  {{- include "hadyn.labels" $root | nindent 2 }}
{{- end -}}
