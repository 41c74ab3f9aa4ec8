{{- define "hadyn.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- /* "true" or "": whether hadyn is an init container that goes on, and ends after HAProxy. */ -}}
{{- define "hadyn.isNativeSidecar" -}}
{{- if kindIs "bool" .Values.nativeSidecar -}}
{{- if .Values.nativeSidecar -}}true{{- end -}}
{{- else if semverCompare ">=1.29.0-0" .Capabilities.KubeVersion.Version -}}true{{- end -}}
{{- end -}}

{{- /* The lowest port that only root may use, if any. */ -}}
{{- define "hadyn.lowestPort" -}}
{{- $http := int .Values.ports.http -}}
{{- $lowest := min $http (int .Values.ports.https | default $http) -}}
{{- range include "hadyn.tcpPorts" . | fromJsonArray -}}
  {{- $lowest = min $lowest (int .) -}}
{{- end -}}
{{- if lt $lowest 1024 -}}{{ $lowest }}{{- end -}}
{{- end -}}

{{- define "hadyn.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "hadyn.folders" -}}
- name: hadyn
  mountPath: /hadyn
- name: flags
  mountPath: /etc/hadyn
  readOnly: true
{{- end -}}

{{- define "hadyn.environment" -}}
# for `kubectl exec … -c hadyn -- hadyn slots`, too
- name: HADYN_STATE_DIR
  value: /hadyn/state
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "hadyn.container" -}}
- name: hadyn
  image: {{ include "hadyn.image" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  {{- if include "hadyn.isNativeSidecar" . }}
  restartPolicy: Always
  {{- else }}
  lifecycle:
    preStop:
      # HAProxy gets endpoints as long as it takes requests.
      exec:
        command: [sleep, {{ .Values.drain.waitSeconds | quote }}]
  {{- end }}
  args: [run, --sidecar, --config, /etc/hadyn/hadyn.yaml]
  env:
    {{- include "hadyn.environment" . | nindent 4 }}
  securityContext:
    {{- include "hadyn.confined" . | nindent 4 }}
  # No startupProbe: HAProxy would wait for it, and need not.
  livenessProbe:
    httpGet:
      path: /healthz
      port: {{ .Values.ports.status }}
    failureThreshold: 6
  resources:
    {{- toYaml .Values.resources | nindent 4 }}
  volumeMounts:
    {{- include "hadyn.folders" . | nindent 4 }}
    - name: account
      mountPath: /var/run/secrets/kubernetes.io/serviceaccount
      readOnly: true
{{- end -}}

{{- define "hadyn.haproxy" -}}
- name: haproxy
  image: {{ .Values.haproxy.image.repository }}:{{ .Values.haproxy.image.tag }}
  imagePullPolicy: {{ .Values.haproxy.image.pullPolicy }}
  command:
    - haproxy
    - -W
    - -S
    - /hadyn/state/master/master.sock,mode,600
    - -f
    - /hadyn/state/haproxy.cfg
    - -f
    - /hadyn/state/backends
  securityContext:
    {{- include "hadyn.confined" . | nindent 4 }}
    {{- if include "hadyn.lowestPort" . }}
      add: [NET_BIND_SERVICE]
    {{- end }}
  ports:
    - name: http
      containerPort: {{ .Values.ports.http }}
      {{- with .Values.hostPorts.http }}
      hostPort: {{ . }}
      {{- end }}
    {{- if .Values.ports.https }}
    - name: https
      containerPort: {{ .Values.ports.https }}
      {{- with .Values.hostPorts.https }}
      hostPort: {{ . }}
      {{- end }}
    {{- end }}
    {{- range include "hadyn.tcpPorts" . | fromJsonArray }}
    - name: tcp-{{ . }}
      containerPort: {{ . }}
      {{- if $.Values.tcp.hostPorts }}
      hostPort: {{ . }}
      {{- end }}
    {{- end }}
    {{- if .Values.peers.create }}
    - name: peers
      containerPort: {{ .Values.peers.port }}
    {{- end }}
    # hadyn's; containers of a pod share its address
    - name: status
      containerPort: {{ .Values.ports.status }}
  # What hadyn says of HAProxy. It stands here so that a hadyn that comes back within a minute
  # costs HAProxy no traffic, and a HAProxy that comes back gets none before hadyn has looked at it.
  readinessProbe:
    httpGet:
      path: /readyz
      port: status
    periodSeconds: 2
    failureThreshold: 30
  lifecycle:
    preStop:
      # Endpoints and load balancers learn first that this pod goes; then HAProxy finishes what it has.
      exec:
        command: [sleep, {{ .Values.drain.waitSeconds | quote }}]
  resources:
    {{- toYaml .Values.haproxy.resources | nindent 4 }}
  volumeMounts:
    - name: hadyn
      mountPath: /hadyn
{{- end -}}

{{- define "hadyn.pod" -}}
metadata:
  labels:
    {{- include "hadyn.podLabels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # Other flags, other pods.
    checksum/flags: {{ include "hadyn.flags" . | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "hadyn.account" . }}
  # HAProxy has no token: only hadyn mounts it, by hand.
  automountServiceAccountToken: false
  # behind the requests that HAProxy has, 5 s for hadyn
  terminationGracePeriodSeconds: {{ add .Values.drain.waitSeconds .Values.drain.graceSeconds 5 }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if kindIs "invalid" .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "hadyn.selector" . | nindent 10 }}
  {{- else if .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml .Values.topologySpreadConstraints | nindent 4 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    {{- if not (kindIs "invalid" .Values.runAsUser) }}
    runAsUser: {{ .Values.runAsUser }}
    runAsGroup: {{ .Values.runAsUser }}
    fsGroup: {{ .Values.runAsUser }}
    {{- end }}
    seccompProfile:
      type: RuntimeDefault
    {{- with include "hadyn.lowestPort" . }}
    # A capability that is added does not reach a program that is not root: this does.
    sysctls:
      - name: net.ipv4.ip_unprivileged_port_start
        value: {{ . | quote }}
    {{- end }}
  volumes:
    - name: hadyn
      emptyDir:
        medium: Memory
        sizeLimit: {{ .Values.stateSizeLimit }}
    - name: flags
      configMap:
        name: {{ include "hadyn.fullname" . }}-flags
    - name: account
      projected:
        sources:
          - serviceAccountToken:
              path: token
              expirationSeconds: 3607
          - configMap:
              name: kube-root-ca.crt
              items:
                - key: ca.crt
                  path: ca.crt
          - downwardAPI:
              items:
                - path: namespace
                  fieldRef:
                    fieldPath: metadata.namespace
  initContainers:
    - name: bootstrap
      image: {{ include "hadyn.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [render, --bootstrap, --output, /hadyn/state, --config, /etc/hadyn/hadyn.yaml]
      env:
        {{- include "hadyn.environment" . | nindent 8 }}
      securityContext:
        {{- include "hadyn.confined" . | nindent 8 }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        {{- include "hadyn.folders" . | nindent 8 }}
    {{- if include "hadyn.isNativeSidecar" . }}
    # A native sidecar: it ends after HAProxy, which gets endpoints as long as it takes requests.
    {{- include "hadyn.container" . | nindent 4 }}
    {{- end }}
  containers:
    {{- include "hadyn.haproxy" . | nindent 4 }}
    {{- if not (include "hadyn.isNativeSidecar" .) }}
    {{- include "hadyn.container" . | nindent 4 }}
    {{- end }}
{{- end -}}
