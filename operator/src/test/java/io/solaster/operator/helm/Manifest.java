package io.solaster.operator.helm;

import static java.util.Objects.requireNonNullElse;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRule;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.client.utils.Serialization;

/** What holds for whatever a chart makes, with any values. */
final class Manifest {
    private static final Set<String> VOLUMES = Set.of("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral",
            "persistentVolumeClaim", "projected", "secret");

    private final List<HasMetadata> all;

    Manifest(List<HasMetadata> all) {
        this.all = all;
    }

    void check() {
        Set<String> names = new HashSet<>();
        for (HasMetadata each : all) {
            String what = each.getKind() + " " + each.getMetadata().getName();
            assertThat(names.add(what + " " + each.getMetadata().getNamespace())).as("%s twice", what).isTrue();
            assertThat(each.getMetadata().getName()).as(what).matches("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");
            assertThat(each.getMetadata().getLabels()).as(what).containsKeys("app.kubernetes.io/name",
                    "app.kubernetes.io/instance", "app.kubernetes.io/managed-by");
            each.getMetadata().getLabels().values().forEach(value -> assertThat(value).as(what)
                    .matches("([A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?)?"));
            switch (each) {
                case Pod pod -> pod(what, pod.getSpec());
                case StatefulSet set -> workload(what, set.getSpec().getSelector(), set.getSpec().getTemplate());
                case Deployment set -> workload(what, set.getSpec().getSelector(), set.getSpec().getTemplate());
                case Service service -> service(service);
                case PodDisruptionBudget budget -> selects(what, budget.getSpec().getSelector().getMatchLabels());
                case NetworkPolicy policy -> network(what, policy);
                case GenericKubernetesResource other when other.getKind().equals("ServiceMonitor") -> monitor(other);
                default -> {
                }
            }
        }
    }

    private void workload(String what, LabelSelector selector, PodTemplateSpec template) {
        assertThat(template.getMetadata().getLabels()).as(what).containsAllEntriesOf(selector.getMatchLabels());
        template.getSpec().getTopologySpreadConstraints()
                .forEach(spread -> assertThat(template.getMetadata().getLabels())
                        .as(what).containsAllEntriesOf(spread.getLabelSelector().getMatchLabels()));
        // A pod of another kind must not be taken for one of the workload's.
        for (HasMetadata each : all) {
            if (each instanceof Pod) {
                assertThat(matches(selector.getMatchLabels(), each.getMetadata().getLabels())).as(what).isFalse();
            }
        }
        pod(what, template.getSpec());
    }

    private static void pod(String what, PodSpec pod) {
        assertThat(pod.getEnableServiceLinks()).as(what).isFalse();
        assertThat(pod.getAutomountServiceAccountToken()).as(what).isNotNull();
        assertThat(pod.getResources()).as("%s: resources of a pod undo the pinning", what).isNull();
        assertThat(pod.getHostNetwork()).as(what).isNull();
        assertThat(pod.getHostPID()).as(what).isNull();
        assertThat(pod.getHostIPC()).as(what).isNull();
        assertThat(pod.getSecurityContext().getRunAsNonRoot()).as(what).isTrue();
        assertThat(pod.getSecurityContext().getSeccompProfile().getType()).as(what).isIn("RuntimeDefault", "Localhost");
        Set<String> volumes = new HashSet<>();
        for (Volume volume : pod.getVolumes()) {
            assertThat(volumes.add(volume.getName())).as("%s: volume %s twice", what, volume.getName()).isTrue();
            Map<?, ?> fields = Serialization.unmarshal(Serialization.asJson(volume), Map.class);
            fields.keySet().forEach(kind -> assertThat(kind).as(what).isIn(with(VOLUMES, "name")));
        }
        List<Container> containers = new ArrayList<>(pod.getContainers());
        containers.addAll(pod.getInitContainers());
        for (Container container : containers) {
            container(what + ", container " + container.getName(), container);
        }
    }

    private static Set<String> with(Set<String> some, String another) {
        Set<String> all = new HashSet<>(some);
        all.add(another);
        return all;
    }

    private static void container(String what, Container container) {
        Map<String, Quantity> limits = container.getResources().getLimits();
        assertThat(limits).as(what).containsKeys("cpu", "memory");
        assertThat(container.getResources().getRequests()).as(what).isEqualTo(limits);
        boolean whole = limits.get("cpu").getNumericalAmount().stripTrailingZeros().scale() <= 0;
        assertThat(whole).as("%s: whole CPUs are the service's", what).isEqualTo(container.getName().equals("service"));
        SecurityContext security = container.getSecurityContext();
        assertThat(security.getAllowPrivilegeEscalation()).as(what).isFalse();
        assertThat(security.getReadOnlyRootFilesystem()).as(what).isTrue();
        assertThat(security.getPrivileged()).as(what).isNull();
        assertThat(security.getCapabilities().getDrop()).as(what).containsExactly("ALL");
        assertThat(security.getCapabilities().getAdd()).as(what).isEmpty();
        for (VolumeMount mount : container.getVolumeMounts()) {
            assertThat(mount.getSubPath()).as(what).isNull();
            assertThat(mount.getSubPathExpr()).as(what).isNull();
        }
        assertThat(container.getVolumeMounts()).as(what).extracting(VolumeMount::getMountPath).doesNotHaveDuplicates();
        assertThat(container.getEnv()).as(what).extracting(EnvVar::getName).doesNotHaveDuplicates();
        assertThat(container.getPorts()).as(what).extracting(ContainerPort::getName).doesNotHaveDuplicates();
    }

    /** The pods that there will be: their labels and their containers' ports. */
    private Map<Map<String, String>, List<ContainerPort>> pods() {
        Map<Map<String, String>, List<ContainerPort>> pods = new HashMap<>();
        for (HasMetadata each : all) {
            PodTemplateSpec template = switch (each) {
                case StatefulSet set -> set.getSpec().getTemplate();
                case Deployment set -> set.getSpec().getTemplate();
                default -> null;
            };
            if (template != null) {
                pods.put(template.getMetadata().getLabels(),
                        template.getSpec().getContainers().stream().flatMap(one -> one.getPorts().stream()).toList());
            }
        }
        return pods;
    }

    private static boolean matches(Map<String, String> selector, Map<String, String> labels) {
        return labels.entrySet().containsAll(selector.entrySet());
    }

    /** @return the ports of the pods that it selects */
    private List<ContainerPort> selects(String what, Map<String, String> selector) {
        assertThat(selector).as(what).isNotEmpty();
        List<ContainerPort> ports = new ArrayList<>();
        boolean found = false;
        for (Map.Entry<Map<String, String>, List<ContainerPort>> pod : pods().entrySet()) {
            if (matches(selector, pod.getKey())) {
                found = true;
                ports.addAll(pod.getValue());
            }
        }
        assertThat(found).as("%s selects a pod", what).isTrue();
        return ports;
    }

    private void service(Service service) {
        String what = "Service " + service.getMetadata().getName();
        List<ContainerPort> ports = selects(what, service.getSpec().getSelector());
        for (ServicePort port : service.getSpec().getPorts()) {
            assertThat(ports).as("%s, port %s", what, port.getName())
                    .anyMatch(there -> there.getName().equals(port.getTargetPort().getStrVal())
                            && there.getProtocol().equals(port.getProtocol()));
        }
    }

    private void network(String what, NetworkPolicy policy) {
        List<ContainerPort> ports = selects(what, policy.getSpec().getPodSelector().getMatchLabels());
        requireNonNullElse(policy.getSpec().getIngress(),
                List.<NetworkPolicyIngressRule>of()).forEach(rule -> {
                    // A rule without ports and peers lets all in.
                    assertThat(rule.getPorts().size() + rule.getFrom().size()).as(what).isPositive();
                    rule.getPorts().forEach(port -> assertThat(ports).as(what)
                            .anyMatch(there -> there.getContainerPort().equals(port.getPort().getIntVal())));
                });
    }

    private void monitor(GenericKubernetesResource monitor) {
        Map<String, String> selector = monitor.get("spec", "selector", "matchLabels");
        List<Service> services = all.stream().filter(Service.class::isInstance).map(Service.class::cast)
                .filter(each -> matches(selector, each.getMetadata().getLabels())).toList();
        assertThat(services).hasSize(1);
        String port = monitor.get("spec", "endpoints", 0, "port");
        assertThat(services.getFirst().getSpec().getPorts()).extracting(ServicePort::getName).contains(port);
    }
}
