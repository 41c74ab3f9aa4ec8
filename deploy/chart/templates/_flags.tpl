{{- /* What hadyn's YAML file holds: flags that other values decide, and those of .Values.config. */ -}}
{{- define "hadyn.flags" -}}
{{- $own := dict "status-bind" (printf ":%d" (int .Values.ports.status)) -}}
{{- if ne (int .Values.ports.http) 8080 -}}
  {{- $_ := set $own "http-port" (int .Values.ports.http) -}}
{{- end -}}
{{- if ne (int .Values.ports.https) 8443 -}}
  {{- $_ := set $own "https-port" (int .Values.ports.https) -}}
{{- end -}}
{{- with .Values.namespaceSelector -}}
  {{- $_ := set $own "namespace-selector" . -}}
{{- end -}}
{{- if .Values.options -}}
  {{- $_ := set $own "config-map" (printf "%s/%s" .Release.Namespace (include "hadyn.fullname" .)) -}}
{{- end -}}
{{- if .Values.tcp.services -}}
  {{- $_ := set $own "tcp-services-configmap" (printf "%s/%s-tcp" .Release.Namespace (include "hadyn.fullname" .)) -}}
{{- end -}}
{{- if .Values.peers.create -}}
  {{- $_ := set $own "peers-service" (printf "%s/%s-peers" .Release.Namespace (include "hadyn.fullname" .)) -}}
  {{- $_ := set $own "peers-port" (int .Values.peers.port) -}}
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
  {{- $published := include "hadyn.published" . -}}
  {{- if eq $published "addresses" -}}
    {{- $_ := set $own "publish-address" .Values.publish.addresses -}}
  {{- else if eq $published "nodes" -}}
    {{- $_ := set $own "publish-nodes" (include "hadyn.selector" . | replace ": " "=" | replace "\n" ",") -}}
  {{- else if eq $published "service" -}}
    {{- $_ := set $own "publish-service" (printf "%s/%s" .Release.Namespace (include "hadyn.fullname" .)) -}}
  {{- end -}}
{{- end -}}
{{- $elsewhere := dict "http-port" "ports.http" "https-port" "ports.https" "status-bind" "ports.status" "namespace" "namespaces" "namespace-selector" "namespaceSelector" "config-map" "options" "tcp-services-configmap" "tcp.services" "peers-service" "peers.create" "peers-port" "peers.port" "read-only" "readOnly"
    "ingress-class" "ingressClass.name" "controller-class" "ingressClass.controller"
    "publish-address" "publish.addresses" "publish-service" "publish.service" "publish-nodes" "publish.nodes" "lease" "fullnameOverride" -}}
{{- range $flag, $_ := .Values.config -}}
  {{- with get $elsewhere $flag -}}
    {{- fail (printf "config.%s: say %s instead" $flag .) -}}
  {{- end -}}
{{- end -}}
{{- toYaml (merge (deepCopy .Values.config) $own) -}}
{{- end -}}

{{- /* Whence the addresses in the status of Ingresses are: "addresses", "nodes", "service" or nothing. */ -}}
{{- define "hadyn.published" -}}
{{- if .Values.readOnly -}}
{{- else if .Values.publish.addresses -}}addresses
{{- else if .Values.publish.nodes -}}nodes
{{- else if and .Values.publish.service .Values.service.create -}}service
{{- end -}}
{{- end -}}
