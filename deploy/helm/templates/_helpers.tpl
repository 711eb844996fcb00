{{- /* What all objects are called: that of the release, if it says what it is. A release may have names that no Service can. */ -}}
{{- define "beamgate.fullname" -}}
{{- $name := .Values.fullnameOverride -}}
{{- if not $name -}}
{{- $name = contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) -}}
{{- end -}}
{{- $name = $name | replace "." "-" | trunc 50 | trimAll "-" -}}
{{- if not (regexMatch "^[a-z][-a-z0-9]*$" $name) -}}
{{- fail (printf "no Service can be called %q: give fullnameOverride" $name) -}}
{{- end -}}
{{- $name -}}
{{- end -}}

{{- /* By which the pods are found. They never change: a Deployment's selector cannot. */ -}}
{{- define "beamgate.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "beamgate.labels" -}}
{{ include "beamgate.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "beamgate.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* The folder's Secret; none where the webhook makes its own certificates. */ -}}
{{- define "beamgate.tlsSecret" -}}
{{- with .Values.certificates -}}
{{- if eq .mode "certManager" -}}
{{ include "beamgate.fullname" $ }}-tls
{{- else if eq .mode "secret" -}}
{{ required "certificates.secret.name must name the Secret with the certificate" .secret.name }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Whom the API server calls, at this path. Without a `caBundle` that is given there is none, not an empty one: what others
have written there stays. */ -}}
{{- define "beamgate.clientConfig" -}}
service:
  namespace: {{ .root.Release.Namespace }}
  name: {{ include "beamgate.fullname" .root }}
  path: {{ .path }}
  port: 443
{{- with .root.Values.certificates }}
{{- if and (eq .mode "secret") .secret.caBundle }}
caBundle: {{ .secret.caBundle | b64enc }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* Who writes `caBundle`. Replicas with certificates of their own making, as long as there are any, leave it to them. */ -}}
{{- define "beamgate.configurationAnnotations" -}}
{{- if eq .Values.certificates.mode "certManager" }}
annotations:
  cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/{{ include "beamgate.fullname" . }}
{{- else if eq .Values.certificates.mode "secret" }}
annotations:
  beamgate.dev/certificates: given
{{- end }}
{{- end -}}

{{- /* A webhook that had to admit its own pods could never come back. */ -}}
{{- define "beamgate.leftOut" -}}
- key: kubernetes.io/metadata.name
  operator: NotIn
  values: {{ concat (list .Release.Namespace "kube-system") .Values.excludedNamespaces | uniq | toJson }}
{{- end -}}
