package io.solaster.operator.apply;

import static java.util.Objects.requireNonNullElse;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.AffinityBuilder;
import io.fabric8.kubernetes.api.model.Capabilities;
import io.fabric8.kubernetes.api.model.CapabilitiesBuilder;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.ContainerPortBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.NodeAffinity;
import io.fabric8.kubernetes.api.model.NodeAffinityBuilder;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirementBuilder;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.NodeSelectorTermBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSecurityContextBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.SecurityContextBuilder;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraint;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraintBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import io.solaster.operator.api.Labels;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.ShardedServiceSpec;
import io.solaster.operator.api.ShardedServiceSpec.Backend;
import io.solaster.operator.api.ShardedServiceSpec.PodExtras;
import io.solaster.operator.api.ShardedServiceSpec.ShardPer;
import io.solaster.operator.inventory.InvalidObjectException;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import org.jspecify.annotations.Nullable;

/**
 * The pods of a service: one container that gets CPUs of its own, told what the plan is. Every container has requests
 * equal to its limits, or none of them would be pinned.
 */
final class PodTemplates {
    /** The port that Actuator answers on. */
    static final String MANAGEMENT = "management";

    private static final int MANAGEMENT_PORT = 8081;
    private static final double HEAP_SHARE = 0.5;
    private static final long MIB = 1L << 20;
    /** Before SIGTERM, so that nobody is sent here any more when the drain begins. */
    private static final int SECONDS_BEFORE_DRAIN = 5;
    /** After the drain, for what else the application has to end. */
    private static final int SECONDS_AFTER_DRAIN = 10;
    /** What the engine asks of every JVM. */
    private static final String JVM = "--enable-native-access=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED"
            + " --sun-misc-unsafe-memory-access=allow";
    private static final Set<String> PLANNED = Set.of("SOLASTER_ENGINE_SHARDS", "SOLASTER_ENGINE_SMT",
            "MANAGEMENT_SERVER_PORT", "SPRING_CONFIG_ADDITIONAL_LOCATION");

    private final ShardedService service;
    private final ShardedServiceSpec spec;
    private final String name;
    private final ServiceConfig config;
    private final PodExtras extras;
    private final Function<String, Map<String, String>> selectors;

    /** @param selectors the labels that the nodes of a topology class have, by its name */
    PodTemplates(ShardedService service, ServiceConfig config, Function<String, Map<String, String>> selectors) {
        this.service = service;
        spec = service.getSpec();
        extras = requireNonNullElse(spec.pod(), new PodExtras(null, null, null, null, null));
        name = service.getMetadata().getName();
        this.config = config;
        this.selectors = selectors;
    }

    static Backend backend(ShardedServiceSpec spec) {
        return spec.placement() == null
                ? Backend.CPUManager
                : requireNonNullElse(spec.placement().backend(), Backend.CPUManager);
    }

    /** The port of spec.ports that is called 'management', else 8081. */
    int managementPort() {
        return managementPort(spec);
    }

    static int managementPort(ShardedServiceSpec spec) {
        for (ContainerPort port : requireNonNullElse(spec.ports(), List.<ContainerPort>of())) {
            if (MANAGEMENT.equals(port.getName()) && port.getContainerPort() != null) {
                return port.getContainerPort();
            }
        }
        return MANAGEMENT_PORT;
    }

    /** The ConfigMap that the pods read. */
    String configMap() {
        return config.mapName(name, hot());
    }

    /** Whether pods read changed files: a service that does not watch them is replaced. */
    private boolean hot() {
        return config.config().reload().enabled()
                && (spec.rollout() == null || !Boolean.FALSE.equals(spec.rollout().hotReload()));
    }

    PodTemplateSpec of(ClassPlan plan) {
        Map<String, String> labels = new TreeMap<>(others(id(), "spec.pod.labels", extras.labels()));
        labels.putAll(Map.of(ShardedService.LABEL, name, Names.CLASS, Names.label(plan.name()),
                "app.kubernetes.io/name", name));
        Map<String, String> annotations = new TreeMap<>(others(id(), "spec.pod.annotations", extras.annotations()));
        annotations.put("solaster.io/config", config.hash(hot()));
        Map<String, String> nodes = new TreeMap<>();
        if (spec.placement() != null && spec.placement().nodeSelector() != null) {
            nodes.putAll(spec.placement().nodeSelector());
        }
        nodes.putAll(selectors.apply(plan.name()));
        PodSpecBuilder pod = new PodSpecBuilder().withNodeSelector(nodes)
                .withVolumes(volumes()).withEnableServiceLinks(false).withSecurityContext(podSecurity())
                .withTerminationGracePeriodSeconds(grace())
                .withTopologySpreadConstraints(spread("kubernetes.io/hostname"),
                        spread("topology.kubernetes.io/zone"))
                .withAutomountServiceAccountToken(spec.serviceAccountName() != null).withAffinity(affinity());
        if (spec.placement() != null && spec.placement().tolerations() != null) {
            pod.withTolerations(spec.placement().tolerations());
        }
        if (spec.serviceAccountName() != null) {
            pod.withServiceAccountName(spec.serviceAccountName());
        }
        if (spec.imagePullSecrets() != null) {
            pod.withImagePullSecrets(spec.imagePullSecrets());
        }
        if (spec.priorityClassName() != null) {
            pod.withPriorityClassName(spec.priorityClassName());
        }
        if (spec.schedulerName() != null) {
            pod.withSchedulerName(spec.schedulerName());
        }
        if (backend(spec) == Backend.DRA) {
            pod.addNewResourceClaim().withName("cpus").withResourceClaimTemplateName(Names.workload(name, plan.name()))
                    .endResourceClaim();
        }
        PodSpec made = pod.build();
        // A builder would copy each of them, with all that lies in it.
        made.setContainers(new ArrayList<>(List.of(container(plan))));
        made.setInitContainers(before());
        PodTemplateSpec template = new PodTemplateSpecBuilder().withNewMetadata().withLabels(labels)
                .withAnnotations(annotations).endMetadata().build();
        template.setSpec(made);
        return template;
    }

    /** What the spec asks for, on nodes that are not set aside for the service: of several terms, one is enough. */
    private Affinity affinity() {
        // A node is set aside by a label on it: pods that run, and the template, stay as they are.
        NodeSelectorRequirement aside = new NodeSelectorRequirementBuilder()
                .withKey(Labels.aside(service.getMetadata().getNamespace(), name)).withOperator("DoesNotExist").build();
        Affinity written = extras.affinity() == null ? new Affinity() : extras.affinity();
        NodeAffinity nodes = written.getNodeAffinity() == null ? new NodeAffinity() : written.getNodeAffinity();
        NodeSelector required = nodes.getRequiredDuringSchedulingIgnoredDuringExecution();
        List<NodeSelectorTerm> terms = required == null
                ? List.of(new NodeSelectorTerm())
                : required.getNodeSelectorTerms();
        return new AffinityBuilder(written).withNodeAffinity(new NodeAffinityBuilder(nodes)
                .withNewRequiredDuringSchedulingIgnoredDuringExecution()
                .withNodeSelectorTerms(terms.stream()
                        .map(term -> new NodeSelectorTermBuilder(term).addToMatchExpressions(aside).build()).toList())
                .endRequiredDuringSchedulingIgnoredDuringExecution().build()).build();
    }

    /** Init containers, then those that go on beside the service: the kubelet ends these after it. */
    private List<Container> before() {
        List<Container> all = new ArrayList<>();
        requireNonNullElse(extras.initContainers(), List.<Container>of())
                .forEach(each -> all.add(new ContainerBuilder(each).withSecurityContext(security(
                        each.getSecurityContext())).build()));
        requireNonNullElse(extras.sidecars(), List.<Container>of())
                .forEach(each -> all.add(new ContainerBuilder(each).withRestartPolicy("Always")
                        .withSecurityContext(security(each.getSecurityContext())).build()));
        return all;
    }

    /** Labels or annotations that the spec adds. */
    static Map<String, String> others(String object, String key, @Nullable Map<String, String> written) {
        if (written == null) {
            return Map.of();
        }
        for (String each : written.keySet()) {
            if (each.startsWith("solaster.io/") || each.contains(".solaster.io/")
                    || each.equals("pod-template-hash") || each.equals("controller-revision-hash")) {
                throw new InvalidObjectException(object,
                        key + ": '" + each + "' is not yours to set; remove it, or give it another name");
            }
        }
        return written;
    }

    private String id() {
        return "ShardedService " + service.getMetadata().getNamespace() + "/" + name;
    }

    private Container container(ClassPlan plan) {
        List<ContainerPort> ports = new ArrayList<>(requireNonNullElse(spec.ports(), List.of()));
        if (ports.stream().noneMatch(port -> MANAGEMENT.equals(port.getName()))) {
            ports.add(new ContainerPortBuilder().withName(MANAGEMENT).withContainerPort(managementPort())
                    .withProtocol("TCP").build());
        }
        ContainerBuilder container = new ContainerBuilder().withName("service").withImage(spec.image())
                .withPorts(ports).withEnv(environment(plan)).withResources(resources(plan))
                .withVolumeMounts(mounts()).withSecurityContext(security(spec.securityContext()))
                // A cold JVM on one core takes its time; nothing restarts it for two minutes.
                .withStartupProbe(probe("liveness", 2, 60)).withLivenessProbe(probe("liveness", 10, 3))
                .withReadinessProbe(probe("readiness", 5, 2)).withNewLifecycle().withNewPreStop().withNewSleep()
                .withSeconds((long) SECONDS_BEFORE_DRAIN).endSleep().endPreStop().endLifecycle();
        if (spec.envFrom() != null) {
            container.withEnvFrom(spec.envFrom());
        }
        return container.build();
    }

    private Probe probe(String group, int every, int failures) {
        return new ProbeBuilder().withNewHttpGet().withPath("/actuator/health/" + group)
                .withPort(new IntOrString(MANAGEMENT)).endHttpGet().withPeriodSeconds(every).withTimeoutSeconds(2)
                .withFailureThreshold(failures).build();
    }

    private ResourceRequirements resources(ClassPlan plan) {
        Map<String, Quantity> amounts = new TreeMap<>();
        amounts.put("cpu", new Quantity(String.valueOf(plan.podCpus())));
        amounts.put("memory", bytes(plan.podMemory()));
        if (plan.podHugePages() > 0) {
            amounts.put("hugepages-2Mi", bytes(plan.podHugePages()));
        }
        ResourceRequirementsBuilder resources = new ResourceRequirementsBuilder().withRequests(amounts)
                .withLimits(amounts);
        if (backend(spec) == Backend.DRA) {
            resources.addNewClaim().withName("cpus").endClaim();
        }
        return resources.build();
    }

    /** As the API server writes it, so that it is not taken for a change. */
    static Quantity bytes(long bytes) {
        String[] units = {"", "Ki", "Mi", "Gi", "Ti", "Pi"};
        int unit = 0;
        while (bytes % 1024 == 0 && bytes > 0 && unit < units.length - 1) {
            bytes /= 1024;
            unit++;
        }
        return new Quantity(bytes + units[unit]);
    }

    /** What matches the plan, then what the spec adds. */
    private List<EnvVar> environment(ClassPlan plan) {
        Map<String, EnvVar> all = new LinkedHashMap<>();
        put(all, "SOLASTER_ENGINE_SHARDS", String.valueOf(plan.shards()));
        if (spec.placement() != null && spec.placement().shardPer() == ShardPer.Thread) {
            put(all, "SOLASTER_ENGINE_SMT", "true");
        }
        put(all, "SPRING_CONFIG_ADDITIONAL_LOCATION", "optional:file:" + Manifests.CONFIG_DIRECTORY);
        put(all, "MANAGEMENT_SERVER_PORT", String.valueOf(managementPort()));
        put(all, "MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE", "health,prometheus,shards,solasterconfig");
        put(all, "MANAGEMENT_ENDPOINT_HEALTH_PROBES_ENABLED", "true");
        put(all, "SPRING_LIFECYCLE_TIMEOUT_PER_SHUTDOWN_PHASE", drainSeconds() + "s");
        put(all, "JAVA_TOOL_OPTIONS", jvm(plan));
        for (EnvVar each : requireNonNullElse(spec.env(), List.<EnvVar>of())) {
            if (PLANNED.contains(each.getName())) {
                throw new InvalidObjectException(
                        "ShardedService " + service.getMetadata().getNamespace() + "/" + name,
                        "spec.env: " + each.getName() + " is set by the plan; remove it, and use spec.shards,"
                                + " spec.placement, spec.config or a port called 'management'");
            }
            EnvVar ours = all.get(each.getName());
            if (each.getName().equals("JAVA_TOOL_OPTIONS") && ours != null && each.getValue() != null) {
                // What stands last counts: the spec may set the heap, too.
                put(all, each.getName(), ours.getValue() + " " + each.getValue());
            } else {
                all.put(each.getName(), each);
            }
        }
        return List.copyOf(all.values());
    }

    private static void put(Map<String, EnvVar> all, String name, String value) {
        all.put(name, new EnvVarBuilder().withName(name).withValue(value).build());
    }

    private String jvm(ClassPlan plan) {
        double share = spec.memory() == null ? HEAP_SHARE : requireNonNullElse(spec.memory().heapShare(), HEAP_SHARE);
        long heap = Math.max(1, (long) (plan.podMemory() * share) / MIB);
        long direct = Math.max(1, (plan.podMemory() / MIB - heap) * 3 / 4);
        StringBuilder flags = new StringBuilder(JVM).append(" -XX:ActiveProcessorCount=").append(plan.podCpus())
                .append(" -Xms").append(heap).append("m -Xmx").append(heap).append("m -XX:MaxDirectMemorySize=")
                .append(direct).append("m -XX:+AlwaysPreTouch -XX:+ExitOnOutOfMemoryError");
        if (plan.podHugePages() / MIB >= heap) {
            flags.append(" -XX:+UseLargePages");
        }
        return flags.toString();
    }

    private long drainSeconds() {
        Duration drain = config.config().engine().shutdownTimeout();
        return drain.plusMillis(999).toSeconds();
    }

    private long grace() {
        return SECONDS_BEFORE_DRAIN + drainSeconds() + SECONDS_AFTER_DRAIN;
    }

    private TopologySpreadConstraint spread(String key) {
        return new TopologySpreadConstraintBuilder().withMaxSkew(1).withTopologyKey(key)
                .withWhenUnsatisfiable("ScheduleAnyway").withNewLabelSelector()
                .withMatchLabels(Map.of(ShardedService.LABEL, name)).endLabelSelector().build();
    }

    /** Mounted whole: a file that is mounted by subPath never changes. */
    private List<VolumeMount> mounts() {
        List<VolumeMount> mounts = new ArrayList<>();
        mounts.add(new VolumeMountBuilder().withName("solaster-config").withMountPath(Manifests.CONFIG_DIRECTORY)
                .withReadOnly(true)
                .build());
        List<VolumeMount> written = requireNonNullElse(spec.volumeMounts(), List.of());
        mounts.addAll(written);
        for (PersistentVolumeClaim claim : requireNonNullElse(spec.volumeClaimTemplates(),
                List.<PersistentVolumeClaim>of())) {
            String volume = claim.getMetadata() == null ? null : claim.getMetadata().getName();
            if (volume == null) {
                throw new InvalidObjectException("ShardedService " + service.getMetadata().getNamespace() + "/" + name,
                        "spec.volumeClaimTemplates: metadata.name is missing; give each claim one");
            }
            if (written.stream().noneMatch(mount -> volume.equals(mount.getName()))) {
                mounts.add(new VolumeMountBuilder().withName(volume).withMountPath("/data/" + volume).build());
            }
        }
        return mounts;
    }

    private List<Volume> volumes() {
        List<Volume> volumes = new ArrayList<>();
        volumes.add(new VolumeBuilder().withName("solaster-config").withNewConfigMap().withName(configMap())
                .endConfigMap().build());
        volumes.addAll(requireNonNullElse(spec.volumes(), List.of()));
        return volumes;
    }

    /** What the restricted Pod Security Standard asks for, where the spec does not say otherwise. */
    private PodSecurityContext podSecurity() {
        PodSecurityContext written = spec.podSecurityContext();
        PodSecurityContextBuilder security = written == null
                ? new PodSecurityContextBuilder()
                : new PodSecurityContextBuilder(written);
        if (written == null || written.getRunAsNonRoot() == null) {
            security.withRunAsNonRoot(true);
        }
        if (written == null || written.getSeccompProfile() == null) {
            security.withNewSeccompProfile().withType("RuntimeDefault").endSeccompProfile();
        }
        return security.build();
    }

    private static SecurityContext security(@Nullable SecurityContext written) {
        SecurityContextBuilder security = written == null
                ? new SecurityContextBuilder()
                : new SecurityContextBuilder(written);
        if (written == null || written.getAllowPrivilegeEscalation() == null) {
            security.withAllowPrivilegeEscalation(false);
        }
        Capabilities capabilities = written == null ? null : written.getCapabilities();
        if (capabilities == null) {
            security.withCapabilities(new CapabilitiesBuilder().withDrop("ALL").build());
        }
        return security.build();
    }
}
