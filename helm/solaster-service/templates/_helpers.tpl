{{/* Names. A ShardedService's may have 40 characters: pods' names and labels are made of it. */}}
{{- define "solaster-service.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "solaster-service.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "solaster-service.selectorLabels" -}}
app.kubernetes.io/name: {{ include "solaster-service.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "solaster-service.labels" -}}
{{ include "solaster-service.selectorLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- end -}}

{{- define "solaster-service.serviceAccountName" -}}
{{- if .Values.serviceAccount.name -}}
{{- .Values.serviceAccount.name -}}
{{- else if .Values.serviceAccount.create -}}
{{- include "solaster-service.fullname" . -}}
{{- else -}}
default
{{- end -}}
{{- end -}}

{{- define "solaster-service.image" -}}
{{- $repository := required "image.repository is empty: set it to where your service's image is, such as registry.example/team/kv" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (required "image.tag is empty: set it, or image.digest, so that it is known what runs" .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* MiB of an amount such as 2Gi. */}}
{{- define "solaster-service.mib" -}}
{{- $number := regexFind "^[0-9]+" . | int64 -}}
{{- $unit := regexFind "[MGT]i$" . -}}
{{- if eq $unit "Ti" -}}{{ mul $number 1048576 }}
{{- else if eq $unit "Gi" -}}{{ mul $number 1024 }}
{{- else -}}{{ $number }}
{{- end -}}
{{- end -}}

{{/* Seconds of solaster.engine.shutdown-timeout, rounded up. */}}
{{- define "solaster-service.drainSeconds" -}}
{{- $engine := (.Values.solaster | default dict).engine | default dict -}}
{{- $written := dig "shutdown-timeout" "20s" $engine | toString -}}
{{- $number := regexFind "^[0-9]+" $written | int64 -}}
{{- if regexMatch "^[0-9]+s$" $written -}}{{ $number }}
{{- else if regexMatch "^[0-9]+m$" $written -}}{{ mul $number 60 }}
{{- else if regexMatch "^[0-9]+(ms)?$" $written -}}{{ div (add $number 999) 1000 }}
{{- else -}}
{{- fail (printf "solaster.engine.shutdown-timeout: the pods' grace period follows from it, and '%s' cannot be read here; write seconds, such as 20s" $written) -}}
{{- end -}}
{{- end -}}

{{- define "solaster-service.graceSeconds" -}}
{{- add .Values.termination.secondsBeforeDrain (include "solaster-service.drainSeconds" .) .Values.termination.secondsAfterDrain -}}
{{- end -}}

{{/* What application.yml says. */}}
{{- define "solaster-service.application" -}}
{{- if hasKey .Values.application "solaster" -}}
{{- fail "application.solaster: this configuration belongs below 'solaster' at the top of the values, where it is checked" -}}
{{- end -}}
{{- toYaml (merge (dict "solaster" (.Values.solaster | default dict)) .Values.application) -}}
{{- end -}}

{{/* The container's ports: those that are written, else those of solaster.servers; as {"ports": [...]}. */}}
{{- define "solaster-service.ports" -}}
{{- $ports := list -}}
{{- if .Values.ports -}}
{{- range .Values.ports -}}
{{- if ne .name "management" -}}
{{- $ports = append $ports (dict "name" .name "containerPort" .containerPort "protocol" (default "TCP" .protocol)) -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- range $name, $server := (.Values.solaster | default dict).servers | default dict -}}
{{- if not (kindIs "invalid" $server) -}}
{{- $port := dig "port" 0 $server -}}
{{- if not (regexMatch "^[1-9][0-9]*$" ($port | toString)) -}}
{{- fail (printf "solaster.servers.%s.port: '%v' is no number that a Service can name; write one, or list 'ports'" $name $port) -}}
{{- end -}}
{{- $ports = append $ports (dict "name" (regexReplaceAll "[^a-z0-9]+" ($name | lower) "-" | trunc 15 | trimSuffix "-") "containerPort" ($port | int) "protocol" "TCP") -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $ports -}}
{{- if eq (int .containerPort) (int $.Values.managementPort) -}}
{{- fail (printf "managementPort: %v is the port of '%s', too; Actuator needs one of its own" $.Values.managementPort .name) -}}
{{- end -}}
{{- end -}}
{{- toYaml (dict "ports" $ports) -}}
{{- end -}}

{{/* Flags of the JVM: what the engine asks of every JVM, and sizes that fit the pod. The operator has the same. */}}
{{- define "solaster-service.jvm" -}}
{{- $memory := include "solaster-service.mib" .Values.memory | int64 -}}
{{- $heap := div (mul $memory .Values.jvm.heapPercent) 100 -}}
{{- $direct := div (mul (sub $memory $heap) 3) 4 -}}
{{- $flags := list "--enable-native-access=ALL-UNNAMED" "--add-opens=java.base/java.lang=ALL-UNNAMED" "--sun-misc-unsafe-memory-access=allow" -}}
{{- $flags = append $flags (printf "-XX:ActiveProcessorCount=%d" (int .Values.cpus)) -}}
{{- $flags = append $flags (printf "-Xms%dm -Xmx%dm -XX:MaxDirectMemorySize=%dm" $heap $heap $direct) -}}
{{- $flags = concat $flags (list "-XX:+AlwaysPreTouch" "-XX:+ExitOnOutOfMemoryError") -}}
{{- if .Values.hugePages -}}
{{- if ge (include "solaster-service.mib" .Values.hugePages | int64) $heap -}}
{{- $flags = append $flags "-XX:+UseLargePages" -}}
{{- end -}}
{{- end -}}
{{- join " " (concat $flags .Values.jvm.options) -}}
{{- end -}}

{{- define "solaster-service.checkEnv" -}}
{{- range .Values.env -}}
{{- if has .name (list "SPRING_CONFIG_ADDITIONAL_LOCATION" "MANAGEMENT_SERVER_PORT" "JAVA_TOOL_OPTIONS") -}}
{{- fail (printf "env: %s is the chart's; remove it, and use application, managementPort or jvm.options" .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What the operator sets by itself, and the chart without it. */}}
{{- define "solaster-service.env" -}}
{{- include "solaster-service.checkEnv" . -}}
{{- $ours := dict
    "SPRING_CONFIG_ADDITIONAL_LOCATION" "optional:file:/etc/solaster/config/"
    "MANAGEMENT_SERVER_PORT" (.Values.managementPort | toString)
    "MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE" "health,prometheus,shards,solasterconfig"
    "MANAGEMENT_ENDPOINT_HEALTH_PROBES_ENABLED" "true"
    "SPRING_LIFECYCLE_TIMEOUT_PER_SHUTDOWN_PHASE" (printf "%ss" (include "solaster-service.drainSeconds" .))
    "JAVA_TOOL_OPTIONS" (include "solaster-service.jvm" .) -}}
{{- range .Values.env -}}
{{- $ours = unset $ours .name -}}
{{- end -}}
{{- range $name, $value := $ours }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "solaster-service.podSecurityContext" -}}
{{- $profile := dict "type" .Values.seccomp.type -}}
{{- if eq .Values.seccomp.type "Localhost" -}}
{{- $profile = dict "type" "Localhost" "localhostProfile" (required "seccomp.localhostProfile is empty: name the profile below /var/lib/kubelet/seccomp, or set seccomp.type to RuntimeDefault" .Values.seccomp.localhostProfile) -}}
{{- end -}}
{{- toYaml (mergeOverwrite (dict "runAsNonRoot" true "seccompProfile" $profile) (deepCopy .Values.podSecurityContext)) -}}
{{- end -}}

{{- define "solaster-service.securityContext" -}}
{{- toYaml (mergeOverwrite (dict "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true "capabilities" (dict "drop" (list "ALL"))) (deepCopy .Values.securityContext)) -}}
{{- end -}}

{{- define "solaster-service.volumes" -}}
- name: tmp
  emptyDir: {}
{{- with .Values.volumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "solaster-service.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- $mounted := list -}}
{{- range .Values.volumeMounts -}}
{{- $mounted = append $mounted .name -}}
{{- if hasKey . "subPath" -}}
{{- fail (printf "volumeMounts: '%s' has a subPath, and would never be brought up to date; mount the volume whole" .name) -}}
{{- end }}
{{ toYaml (list .) }}
{{- end }}
{{- range .Values.volumeClaimTemplates }}
{{- if not (has .metadata.name $mounted) }}
- name: {{ .metadata.name }}
  mountPath: /data/{{ .metadata.name }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Further containers, checked: one that is not Guaranteed undoes the pinning of all. */}}
{{- define "solaster-service.further" -}}
{{- range $container := .containers -}}
{{- $requests := dig "resources" "requests" dict $container -}}
{{- $limits := dig "resources" "limits" dict $container -}}
{{- range $what := list "cpu" "memory" -}}
{{- if or (not (hasKey $limits $what)) (ne (get $limits $what | toString) (get $requests $what | toString)) -}}
{{- fail (printf "%s: container '%s' has a request of '%v' and a limit of '%v' for %s; make them equal, or no container of the pod gets CPUs of its own" $.what $container.name (get $requests $what) (get $limits $what) $what) -}}
{{- end -}}
{{- end -}}
{{- if regexMatch "^([0-9]+|[0-9]+000m)$" (get $limits "cpu" | toString) -}}
{{- fail (printf "%s: container '%s' asks for %v CPUs, and would take whole ones from the shards; give it a part of one, such as 250m" $.what $container.name (get $limits "cpu")) -}}
{{- end -}}
{{- $safe := fromYaml (include "solaster-service.securityContext" $.root) }}
- {{ toYaml (mergeOverwrite (dict "securityContext" $safe) (deepCopy $container)) | nindent 2 | trim }}
{{- end -}}
{{- end -}}
