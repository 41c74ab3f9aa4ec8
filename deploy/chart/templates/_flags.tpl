{{- /* What hadyn's YAML file holds: flags that other values decide, and those of .Values.config. */ -}}
{{- define "hadyn.flags" -}}
{{- $own := dict "status-bind" (printf ":%d" (int .Values.ports.status)) -}}
{{- if ne (int .Values.ports.http) 8080 -}}
  {{- $_ := set $own "http-port" (int .Values.ports.http) -}}
{{- end -}}
{{- with .Values.namespaces -}}
  {{- $_ := set $own "namespace" . -}}
{{- end -}}
{{- if ne .Values.ingressClass.name "hadyn" -}}
  {{- $_ := set $own "ingress-class" .Values.ingressClass.name -}}
{{- end -}}
{{- if ne .Values.ingressClass.controller "hadyn.io/ingress" -}}
  {{- $_ := set $own "controller-class" .Values.ingressClass.controller -}}
{{- end -}}
{{- if .Values.readOnly -}}
  {{- $_ := set $own "read-only" true -}}
{{- else -}}
  {{- if ne (include "hadyn.fullname" .) "hadyn" -}}
    {{- $_ := set $own "lease" (printf "%s/%s" .Release.Namespace (include "hadyn.fullname" .)) -}}
  {{- end -}}
  {{- if .Values.publish.addresses -}}
    {{- $_ := set $own "publish-address" .Values.publish.addresses -}}
  {{- else if include "hadyn.publishesService" . -}}
    {{- $_ := set $own "publish-service" (printf "%s/%s" .Release.Namespace (include "hadyn.fullname" .)) -}}
  {{- end -}}
{{- end -}}
{{- $elsewhere := dict "http-port" "ports.http" "status-bind" "ports.status" "namespace" "namespaces" "read-only" "readOnly"
    "ingress-class" "ingressClass.name" "controller-class" "ingressClass.controller"
    "publish-address" "publish.addresses" "publish-service" "publish.service" "lease" "fullnameOverride" -}}
{{- range $flag, $_ := .Values.config -}}
  {{- with get $elsewhere $flag -}}
    {{- fail (printf "config.%s: say %s instead" $flag .) -}}
  {{- end -}}
{{- end -}}
{{- toYaml (merge (deepCopy .Values.config) $own) -}}
{{- end -}}

{{- /* "true" or "": whether the status of Ingresses follows the chart's own Service. */ -}}
{{- define "hadyn.publishesService" -}}
{{- if and .Values.publish.service .Values.service.create (not .Values.publish.addresses) (not .Values.readOnly) -}}true{{- end -}}
{{- end -}}
