{{/*
The agent's container.  As a sidecar, in the chart of a gateway that has this
one as a dependency:

    initContainers:
      - {{- include "sidekey.container" (dict "root" .Subcharts.sidekey "sidecar" true) | nindent 8 }}
    volumes:
      {{- include "sidekey.volumes" .Subcharts.sidekey | nindent 6 }}
      - name: sidekey-socket
        emptyDir: {medium: Memory, sizeLimit: 1Mi}
*/}}
{{- define "sidekey.container" -}}
name: sidekeyd
image: "{{ .root.Values.image.repository }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}"
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
{{- if .sidecar }}
restartPolicy: Always
{{- end }}
args: ["--supervise"]
ports:
  - name: sidekey-metrics
    containerPort: 9464
startupProbe:
  exec:
    command: ["sidekey", "health"]
  periodSeconds: 1
  failureThreshold: 60
readinessProbe:
  exec:
    command: ["sidekey", "health"]
  periodSeconds: 5
livenessProbe:
  exec:
    command: ["sidekey", "health", "--live"]
  periodSeconds: 10
  failureThreshold: 3
resources:
  {{- toYaml .root.Values.resources | nindent 2 }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .root.Values.uid }}
  runAsGroup: {{ .root.Values.gid }}
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: ["ALL"]
  seccompProfile:
    {{- if .root.Values.seccompProfile }}
    type: Localhost
    localhostProfile: {{ .root.Values.seccompProfile | quote }}
    {{- else }}
    type: RuntimeDefault
    {{- end }}
volumeMounts:
  - name: sidekey-config
    mountPath: /opt/config
    readOnly: true
  - name: sidekey-secret
    mountPath: /opt/secret
    readOnly: true
  - name: sidekey-socket
    mountPath: /run/sidekey
{{- end }}

{{/* Its configuration; the socket's volume is the including chart's. */}}
{{- define "sidekey.volumes" -}}
- name: sidekey-config
  configMap:
    name: {{ .Release.Name }}-sidekey
- name: sidekey-secret
  secret:
    secretName: {{ .Values.secretName }}
    defaultMode: 0440
{{- end }}
