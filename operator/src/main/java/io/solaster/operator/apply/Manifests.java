package io.solaster.operator.apply;

import static java.util.Objects.requireNonNullElse;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.ServicePortBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeer;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeerBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPortBuilder;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetBuilder;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaimTemplateBuilder;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.ShardedServiceSpec;
import io.solaster.operator.api.ShardedServiceSpec.Backend;
import io.solaster.operator.api.ShardedServiceSpec.DisruptionBudget;
import io.solaster.operator.api.ShardedServiceSpec.Network;
import io.solaster.operator.api.ShardedServiceSpec.ServiceType;
import io.solaster.operator.api.ShardedServiceSpec.VolumeRetention;
import io.solaster.operator.api.ShardedServiceSpec.Workload;
import io.solaster.operator.inventory.InvalidObjectException;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import org.jspecify.annotations.Nullable;

/**
 * The objects that make a service run as planned. The same service and plan give the same objects. Any thread.
 */
public final class Manifests {
    /** The key of the ConfigMap, and the file's name. */
    public static final String CONFIG_FILE = "application.yml";
    /** Where pods see their configuration. */
    public static final String CONFIG_DIRECTORY = "/etc/solaster/config/";

    private static final int NAME = 40;

    private final ShardedService service;
    private final ShardedServiceSpec spec;
    private final String name;
    private final String namespace;
    private final ServiceConfig config;
    private final PodTemplates pods;

    private Manifests(ShardedService service, Function<String, Map<String, String>> selectors) {
        this.service = service;
        spec = service.getSpec();
        name = service.getMetadata().getName();
        namespace = service.getMetadata().getNamespace();
        config = ServiceConfig.of(namespace + "/" + name, spec.config());
        pods = new PodTemplates(service, config, selectors);
    }

    /**
     * All objects of a service, those that others need first.
     *
     * @param monitors whether the cluster knows ServiceMonitors
     * @throws InvalidObjectException if the spec cannot be made into objects, naming the key, the value and the fix
     */
    public static List<HasMetadata> of(ShardedService service, ServicePlan plan, boolean monitors) {
        return of(service, plan, monitors, Names::selector);
    }

    /**
     * All objects of a service, those that others need first.
     *
     * @param monitors whether the cluster knows ServiceMonitors
     * @param selectors the labels that the nodes of a topology class have, by its name
     * @throws InvalidObjectException if the spec cannot be made into objects, naming the key, the value and the fix
     */
    public static List<HasMetadata> of(ShardedService service, ServicePlan plan, boolean monitors,
            Function<String, Map<String, String>> selectors) {
        check(service);
        Manifests manifests = new Manifests(service, selectors);
        List<HasMetadata> all = new ArrayList<>(manifests.shared());
        if (monitors) {
            all.add(manifests.monitor());
        }
        for (ClassPlan each : plan.classes()) {
            if (each.replicas() > 0) {
                if (PodTemplates.backend(service.getSpec()) == Backend.DRA) {
                    all.add(manifests.claim(each));
                }
                all.add(manifests.workload(each));
            }
        }
        return all;
    }

    /** An amount of memory as the API server writes it. */
    public static Quantity bytes(long bytes) {
        return PodTemplates.bytes(bytes);
    }

    private static void check(ShardedService service) {
        String object = "ShardedService " + service.getMetadata().getNamespace() + "/"
                + service.getMetadata().getName();
        if (service.getMetadata().getName().length() > NAME) {
            throw new InvalidObjectException(object, "metadata.name has " + service.getMetadata().getName().length()
                    + " characters; " + NAME + " leave room for the names of its workloads");
        }
        if (service.getSpec().image() == null || service.getSpec().image().isBlank()) {
            throw new InvalidObjectException(object, "spec.image is missing; write the container image to run");
        }
    }

    private List<HasMetadata> shared() {
        List<HasMetadata> all = new ArrayList<>();
        all.add(new ConfigMapBuilder().withMetadata(metadata(pods.configMap()))
                .withData(Map.of(CONFIG_FILE, config.yaml())).build());
        List<ServicePort> ports = ports();
        if (!ports.isEmpty()) {
            all.add(new ServiceBuilder().withMetadata(annotated(metadata(name))).withNewSpec()
                    .withType(serviceType().name()).withSelector(selector()).withPorts(ports).endSpec().build());
        }
        List<ServicePort> named = new ArrayList<>(ports);
        named.add(port(PodTemplates.MANAGEMENT, pods.managementPort(), "TCP"));
        ObjectMeta headless = metadata(name + "-headless");
        headless.getLabels().put("solaster.io/metrics", "true");
        // Pods find each other before they are ready.
        all.add(new ServiceBuilder().withMetadata(headless).withNewSpec().withType("ClusterIP").withClusterIP("None")
                .withPublishNotReadyAddresses(true).withSelector(selector()).withPorts(named).endSpec().build());
        DisruptionBudget budget = spec.podDisruptionBudget();
        if (budget == null || !Boolean.FALSE.equals(budget.enabled())) {
            all.add(budget(budget));
        }
        if (spec.networkPolicy() == null || !Boolean.FALSE.equals(spec.networkPolicy().enabled())) {
            all.add(network());
        }
        return all;
    }

    private ServiceType serviceType() {
        return spec.service() == null
                ? ServiceType.ClusterIP
                : requireNonNullElse(spec.service().type(), ServiceType.ClusterIP);
    }

    private ObjectMeta annotated(ObjectMeta metadata) {
        if (spec.service() != null && spec.service().annotations() != null) {
            metadata.setAnnotations(
                    PodTemplates.others(id(), "spec.service.annotations", spec.service().annotations()));
        }
        return metadata;
    }

    private HasMetadata budget(@Nullable DisruptionBudget written) {
        IntOrString most = written == null ? null : written.maxUnavailable();
        IntOrString least = written == null ? null : written.minAvailable();
        return new PodDisruptionBudgetBuilder().withMetadata(metadata(name)).withNewSpec()
                .withMaxUnavailable(most == null && least == null ? new IntOrString(1) : most).withMinAvailable(least)
                .withSelector(labelSelector()).endSpec().build();
    }

    /**
     * Anyone may call the service; only pods of the cluster may look at Actuator: unless the spec says otherwise. The kubelet
     * always may.
     */
    private HasMetadata network() {
        List<NetworkPolicyPort> open = ports().stream()
                .map(port -> networkPort(port.getTargetPort(), port.getProtocol())).toList();
        Network written = requireNonNullElse(spec.networkPolicy(), new Network(null, null, null, null));
        NetworkPolicyBuilder policy = new NetworkPolicyBuilder().withMetadata(metadata(name)).withNewSpec()
                .withPodSelector(labelSelector()).withPolicyTypes("Ingress").endSpec();
        if (!open.isEmpty()) {
            policy.editSpec().addNewIngress().withFrom(requireNonNullElse(written.from(), List.of())).withPorts(open)
                    .endIngress().endSpec();
        }
        List<NetworkPolicyPeer> pods = List.of(new NetworkPolicyPeerBuilder().withNewNamespaceSelector()
                .endNamespaceSelector().build());
        policy.editSpec().addNewIngress()
                .withFrom(written.managementFrom() == null || written.managementFrom().isEmpty()
                        ? pods
                        : written.managementFrom())
                .withPorts(networkPort(new IntOrString(this.pods.managementPort()), "TCP")).endIngress().endSpec();
        if (written.egress() != null && !written.egress().isEmpty()) {
            policy.editSpec().addToPolicyTypes("Egress").withEgress(written.egress()).endSpec();
        }
        return policy.build();
    }

    private String id() {
        return "ShardedService " + namespace + "/" + name;
    }

    private static NetworkPolicyPort networkPort(IntOrString port, String protocol) {
        return new NetworkPolicyPortBuilder().withPort(port).withProtocol(protocol).build();
    }

    private List<ServicePort> ports() {
        List<ServicePort> ports = new ArrayList<>();
        for (ContainerPort port : requireNonNullElse(spec.ports(), List.<ContainerPort>of())) {
            if (port.getContainerPort() == null) {
                throw new InvalidObjectException("ShardedService " + namespace + "/" + name,
                        "spec.ports: '" + port.getName() + "' has no containerPort; write its number");
            }
            if (!PodTemplates.MANAGEMENT.equals(port.getName())) {
                ports.add(port(requireNonNullElse(port.getName(), "port-" + port.getContainerPort()),
                        port.getContainerPort(), requireNonNullElse(port.getProtocol(), "TCP")));
            }
        }
        return ports;
    }

    private static ServicePort port(String name, int port, String protocol) {
        return new ServicePortBuilder().withName(name).withPort(port).withTargetPort(new IntOrString(port))
                .withProtocol(protocol).build();
    }

    private HasMetadata monitor() {
        GenericKubernetesResource monitor = new GenericKubernetesResource();
        monitor.setApiVersion("monitoring.coreos.com/v1");
        monitor.setKind("ServiceMonitor");
        monitor.setMetadata(metadata(name));
        monitor.setAdditionalProperty("spec", Map.of(
                "selector", Map.of("matchLabels", Map.of(ShardedService.LABEL, name, "solaster.io/metrics", "true")),
                "endpoints",
                List.of(Map.of("port", PodTemplates.MANAGEMENT, "path", "/actuator/prometheus", "interval", "30s"))));
        return monitor;
    }

    private HasMetadata claim(ClassPlan each) {
        return new ResourceClaimTemplateBuilder().withMetadata(metadata(Names.workload(name, each.name())))
                .withNewSpec()
                .withNewSpec().withNewDevices().addNewRequest().withName("cpus").withNewExactly()
                .withDeviceClassName("dra.cpu").withNewCapacity()
                .withRequests(Map.of("dra.cpu/cpu", new Quantity(String.valueOf(each.podCpus())))).endCapacity()
                .endExactly().endRequest().endDevices().endSpec().endSpec().build();
    }

    private HasMetadata workload(ClassPlan each) {
        ObjectMeta metadata = metadata(Names.workload(name, each.name()));
        metadata.getLabels().put(Names.CLASS, Names.label(each.name()));
        LabelSelector selector = labelSelector();
        selector.getMatchLabels().put(Names.CLASS, Names.label(each.name()));
        if (spec.workload() == Workload.Deployment) {
            int surge = spec.rollout() == null ? 1 : requireNonNullElse(spec.rollout().surge(), 1);
            Deployment deployment = new DeploymentBuilder().withMetadata(metadata).withNewSpec()
                    .withReplicas(each.replicas())
                    .withRevisionHistoryLimit(3).withSelector(selector).withNewStrategy().withType("RollingUpdate")
                    .withNewRollingUpdate().withMaxSurge(new IntOrString(surge))
                    .withMaxUnavailable(new IntOrString(surge == 0 ? 1 : 0)).endRollingUpdate().endStrategy()
                    .endSpec().build();
            // A builder would copy it, with all that lies in it.
            deployment.getSpec().setTemplate(pods.of(each));
            return deployment;
        }
        String deleted = requireNonNullElse(spec.volumeRetention(), VolumeRetention.Retain).name();
        StatefulSet set = new StatefulSetBuilder().withMetadata(metadata).withNewSpec()
                .withReplicas(each.replicas()).withServiceName(name + "-headless").withRevisionHistoryLimit(3)
                .withPodManagementPolicy("Parallel").withSelector(selector).withNewUpdateStrategy()
                .withType("RollingUpdate").endUpdateStrategy().withNewPersistentVolumeClaimRetentionPolicy()
                .withWhenDeleted(deleted).withWhenScaled("Retain").endPersistentVolumeClaimRetentionPolicy()
                .withVolumeClaimTemplates(requireNonNullElse(spec.volumeClaimTemplates(), List.of())).endSpec().build();
        set.getSpec().setTemplate(pods.of(each));
        return set;
    }

    private ObjectMeta metadata(String object) {
        Map<String, String> labels = new TreeMap<>(selector());
        labels.put("app.kubernetes.io/name", name);
        labels.put("app.kubernetes.io/managed-by", Names.MANAGER);
        return new ObjectMetaBuilder().withName(object).withNamespace(namespace).withLabels(labels)
                .withOwnerReferences(owner()).build();
    }

    private OwnerReference owner() {
        return new OwnerReferenceBuilder().withApiVersion(service.getApiVersion()).withKind(service.getKind())
                .withName(name).withUid(service.getMetadata().getUid()).withController(true)
                .withBlockOwnerDeletion(true).build();
    }

    private Map<String, String> selector() {
        return new TreeMap<>(Map.of(ShardedService.LABEL, name));
    }

    private LabelSelector labelSelector() {
        return new LabelSelectorBuilder().withMatchLabels(selector()).build();
    }
}
