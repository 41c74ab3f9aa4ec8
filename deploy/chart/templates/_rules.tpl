{{- /* What hadyn may do: the rules of deploy/base/rbac.yaml, which says what for. integration/test_kubernetes_packaging.py
       proves the two equal, integration/test_kubernetes_access*.py take each right away to see that it is missed. */ -}}
{{- define "hadyn.rules.follow" -}}
- apiGroups: [""]
  resources: [services]
  verbs: [list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [list, watch]
{{- end -}}

{{- define "hadyn.rules.followClasses" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingressclasses]
  verbs: [list, watch]
{{- end -}}

{{- define "hadyn.rules.announce" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get]
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: [patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [get, create, patch]
- apiGroups: [""]
  resources: [services]
  verbs: [get]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get]
{{- end -}}

{{- define "hadyn.rules.announceClasses" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingressclasses]
  verbs: [get]
{{- end -}}

{{- define "hadyn.rules.lease" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "hadyn.fullname" . }}]
  verbs: [get, update]
{{- end -}}

{{- /* The Service that --publish-service names, where no other rule lets hadyn read it. */ -}}
{{- define "hadyn.rules.ownService" -}}
- apiGroups: [""]
  resources: [services]
  resourceNames: [{{ include "hadyn.fullname" . }}]
  verbs: [get]
{{- end -}}

{{- /* Secrets; takes their names, none for all. */ -}}
{{- define "hadyn.rules.secrets" -}}
- apiGroups: [""]
  resources: [secrets]
  {{- with . }}
  resourceNames: {{ toJson . }}
  {{- end }}
  verbs: [list, watch]
{{- end -}}

{{- define "hadyn.rules.podLabels" -}}
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
{{- end -}}

{{- define "hadyn.rules.nodePorts" -}}
- apiGroups: [""]
  resources: [nodes]
  verbs: [list, watch]
{{- end -}}

{{- define "hadyn.rules.configMap" -}}
- apiGroups: [""]
  resources: [configmaps]
  resourceNames:
    - {{ include "hadyn.fullname" . }}
    {{- if .Values.tcp.services }}
    - {{ include "hadyn.fullname" . }}-tcp
    {{- end }}
  verbs: [list, watch]
{{- end -}}

{{- define "hadyn.rules.pods" -}}
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
{{- end -}}

{{- define "hadyn.rules.nodes" -}}
- apiGroups: [""]
  resources: [nodes]
  verbs: [get]
{{- end -}}

{{- define "hadyn.rules.namespaces" -}}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [list, watch]
{{- end -}}

{{- /* A role and its binding; takes (list $ "suffix of the name" "namespace, empty for the whole cluster" "rules"…). */ -}}
{{- define "hadyn.grant" -}}
{{- $root := index . 0 -}}
{{- $suffix := index . 1 -}}
{{- $namespace := index . 2 -}}
{{- $prefix := ternary "" "Cluster" (ne $namespace "") }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $prefix }}Role
metadata:
  {{- include "hadyn.metadata" (list $root $suffix $namespace) | nindent 2 }}
rules:
  {{- range slice . 3 }}
  {{- . | nindent 2 }}
  {{- end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $prefix }}RoleBinding
metadata:
  {{- include "hadyn.metadata" (list $root $suffix $namespace) | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $prefix }}Role
  name: {{ include "hadyn.fullname" $root }}{{ $suffix }}
subjects:
  - kind: ServiceAccount
    name: {{ include "hadyn.account" $root }}
    namespace: {{ $root.Release.Namespace }}
{{- end -}}
