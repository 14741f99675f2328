{{- define "solaster-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "solaster-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Objects of the cluster have the namespace in their names, so that two releases do not share them. */}}
{{- define "solaster-operator.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "solaster-operator.fullname" .) -}}
{{- end -}}

{{- define "solaster-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "solaster-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "solaster-operator.labels" -}}
{{ include "solaster-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- end -}}

{{- define "solaster-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.name -}}
{{- .Values.serviceAccount.name -}}
{{- else if .Values.serviceAccount.create -}}
{{- include "solaster-operator.fullname" . -}}
{{- else -}}
default
{{- end -}}
{{- end -}}

{{- define "solaster-operator.image" -}}
{{- $repository := required "image.repository is empty: build the image from operator/Dockerfile, push it to your registry, and set where it is, such as registry.example/solaster-operator" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "solaster-operator.podSecurityContext" -}}
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "solaster-operator.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* What plans are made from, and how nodes are marked: none of it lies in a namespace, but for the pods that take CPUs. */}}
{{- define "solaster-operator.clusterRules" -}}
- apiGroups: [""]
  resources: [nodes]
  verbs: {{ if eq .Values.nodes.access "Read" }}[list, watch]{{ else }}[list, watch, patch]{{ end }}
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
- apiGroups: [solaster.io]
  resources: [topologyprofiles]
  verbs: [list, watch]
- apiGroups: [solaster.io]
  resources: [topologyprofiles/status]
  verbs: [patch]
- apiGroups: [topology.node.k8s.io]
  resources: [noderesourcetopologies]
  verbs: [list, watch]
- apiGroups: [resource.k8s.io]
  resources: [resourceslices, resourceclaims]
  verbs: [list, watch]
{{- if .Values.watch.namespaceSelector }}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [list, watch]
{{- end }}
{{- end -}}

{{/* What it does for services, where they are. */}}
{{- define "solaster-operator.serviceRules" -}}
- apiGroups: [solaster.io]
  resources: [shardedservices]
  verbs: [list, watch]
- apiGroups: [solaster.io]
  resources: [shardedservices/status]
  verbs: [patch]
# Where clusters ask who may keep an owner from being deleted.
- apiGroups: [solaster.io]
  resources: [shardedservices/finalizers]
  verbs: [update]
- apiGroups: [""]
  resources: [configmaps, services]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [apps]
  resources: [statefulsets, deployments]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [monitoring.coreos.com]
  resources: [servicemonitors]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [resource.k8s.io]
  resources: [resourceclaimtemplates]
  verbs: [get, list, watch, create, patch, delete]
# Volumes that are to grow.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [list, patch]
# Pods that a kubelet refused.
- apiGroups: [""]
  resources: [pods]
  verbs: {{ if eq .Values.nodes.access "Declared" }}[list, watch, delete]{{ else }}[delete]{{ end }}
- apiGroups: [""]
  resources: [events]
  verbs: [get, create, patch]
{{- end -}}

{{/* The ConfigMap that says which nodes there are, where they are not read. */}}
{{- define "solaster-operator.profiles" -}}
{{- default (printf "%s-nodes" (include "solaster-operator.fullname" .)) .Values.nodes.configMap -}}
{{- end -}}
