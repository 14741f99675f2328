package io.solaster.operator.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRule;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.solaster.operator.Objects;
import io.solaster.operator.api.Labels;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.inventory.InvalidObjectException;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import io.solaster.operator.plan.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a platform team's pods have beside the service: it is all there, and nothing of the operator's is lost by it. */
class PodExtrasTest {
    private static final String SPEC = "image: kv\nshards: {count: 8}\nports: [{name: resp, containerPort: 6379}]\n";

    private static final ServicePlan PLAN = new ServicePlan("shop", "kv", Verdict.Feasible, "", 1, 0, 1, 0,
            Verdict.Feasible, List.of(),
            List.of(new ClassPlan("big", "Observed", 1, 9, 8L << 30, 0, 8, 1, 1, 1, 1, 1, 0,
                    List.of(), List.of(), List.of())));

    private static List<HasMetadata> made(String more) {
        return Manifests.of(Objects.service(SPEC + more), PLAN, false);
    }

    private static <T extends HasMetadata> List<T> made(Class<T> type, String more) {
        return made(more).stream().filter(type::isInstance).map(type::cast).toList();
    }

    private static PodTemplateSpec template(String more) {
        return made(StatefulSet.class, more).getFirst().getSpec().getTemplate();
    }

    @Test
    void labelsAndAnnotationsStandBesideTheOperators() {
        PodTemplateSpec template = template("""
                pod:
                  labels: {team: cart, app.kubernetes.io/name: other}
                  annotations: {sidecar.istio.io/inject: "false"}
                """);
        assertThat(template.getMetadata().getLabels()).containsEntry("team", "cart")
                .containsEntry(ShardedService.LABEL, "kv").containsEntry(Names.CLASS, "big")
                .containsEntry("app.kubernetes.io/name", "kv");
        assertThat(template.getMetadata().getAnnotations()).containsEntry("sidecar.istio.io/inject", "false")
                .containsKey("solaster.io/config");
        StatefulSet set = made(StatefulSet.class, "pod: {labels: {team: cart}}\n").getFirst();
        assertThat(set.getSpec().getSelector().getMatchLabels()).as("which cannot change").doesNotContainKey("team");
    }

    @ParameterizedTest
    @ValueSource(strings = {"pod: {labels: {solaster.io/service: other}}", "pod: {labels: {aside.solaster.io/x: y}}",
            "pod: {labels: {pod-template-hash: x}}", "pod: {annotations: {solaster.io/revision: x}}",
            "service: {annotations: {solaster.io/applied: x}}"})
    void whatIsTheOperatorsIsRefused(String more) {
        assertThatThrownBy(() -> made(more + "\n")).isInstanceOf(InvalidObjectException.class)
                .hasMessageContaining("is not yours to set");
    }

    @Test
    void eachTermOfAnAffinityLeavesOutNodesThatAreSetAside() {
        String aside = Labels.aside("shop", "kv");
        assertThat(terms("")).singleElement().satisfies(term -> assertThat(term.getMatchExpressions())
                .singleElement().matches(each -> each.getKey().equals(aside)));
        List<NodeSelectorTerm> terms = terms("""
                pod:
                  affinity:
                    nodeAffinity:
                      requiredDuringSchedulingIgnoredDuringExecution:
                        nodeSelectorTerms:
                        - {matchExpressions: [{key: disk, operator: In, values: [nvme]}]}
                        - {matchFields: [{key: metadata.name, operator: In, values: [a]}]}
                      preferredDuringSchedulingIgnoredDuringExecution:
                      - {weight: 1, preference: {matchExpressions: [{key: fast, operator: Exists}]}}
                    podAntiAffinity:
                      preferredDuringSchedulingIgnoredDuringExecution:
                      - {weight: 1, podAffinityTerm: {topologyKey: rack, labelSelector: {matchLabels: {a: b}}}}
                """);
        assertThat(terms).hasSize(2).allSatisfy(term -> assertThat(term.getMatchExpressions())
                .anyMatch(each -> each.getKey().equals(aside) && each.getOperator().equals("DoesNotExist")));
        assertThat(terms.getFirst().getMatchExpressions()).anyMatch(each -> each.getKey().equals("disk"));
        assertThat(terms.getLast().getMatchFields()).hasSize(1);
        PodSpec pod = template("pod: {affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution:"
                + " [{weight: 1, podAffinityTerm: {topologyKey: rack}}]}}}\n").getSpec();
        assertThat(pod.getAffinity().getPodAntiAffinity().getPreferredDuringSchedulingIgnoredDuringExecution())
                .hasSize(1);
    }

    private static List<NodeSelectorTerm> terms(String more) {
        return template(more).getSpec().getAffinity().getNodeAffinity()
                .getRequiredDuringSchedulingIgnoredDuringExecution().getNodeSelectorTerms();
    }

    @Test
    void initContainersEndBeforeAndSidecarsGoOnAndAllAreRestricted() {
        PodSpec pod = template("""
                pod:
                  sidecars:
                  - {name: proxy, image: proxy, resources: {limits: {cpu: 200m, memory: 64Mi}}}
                  initContainers:
                  - name: fetch
                    image: fetch
                    resources: {limits: {cpu: 500m, memory: 64Mi}}
                    securityContext: {runAsUser: 7}
                """).getSpec();
        assertThat(pod.getContainers()).extracting(Container::getName).containsExactly("service");
        assertThat(pod.getInitContainers()).extracting(Container::getName).containsExactly("fetch", "proxy");
        assertThat(pod.getInitContainers()).extracting(Container::getRestartPolicy).containsExactly(null, "Always");
        assertThat(pod.getInitContainers()).allSatisfy(each -> {
            assertThat(each.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
            assertThat(each.getSecurityContext().getCapabilities().getDrop()).containsExactly("ALL");
        });
        assertThat(pod.getInitContainers().getFirst().getSecurityContext().getRunAsUser()).isEqualTo(7);
    }

    @Test
    void theServiceIsReachedAsAsked() {
        Service plain = made(Service.class, "").getFirst();
        assertThat(plain.getSpec().getType()).isEqualTo("ClusterIP");
        List<Service> services = made(Service.class,
                "service: {type: LoadBalancer, annotations: {example.com/internal: 'true'}}\n");
        assertThat(services.getFirst().getSpec().getType()).isEqualTo("LoadBalancer");
        assertThat(services.getFirst().getMetadata().getAnnotations()).containsEntry("example.com/internal", "true");
        assertThat(services.getLast().getSpec().getType()).as("by which pods find each other").isEqualTo("ClusterIP");
        assertThat(services.getLast().getMetadata().getAnnotations()).doesNotContainKey("example.com/internal");
    }

    @Test
    void anEvictionTakesAsManyPodsAsAsked() {
        assertThat(budget("").getSpec().getMaxUnavailable()).isEqualTo(new IntOrString(1));
        assertThat(budget("podDisruptionBudget: {maxUnavailable: 25%}\n").getSpec().getMaxUnavailable())
                .isEqualTo(new IntOrString("25%"));
        PodDisruptionBudget least = budget("podDisruptionBudget: {minAvailable: 2}\n");
        assertThat(least.getSpec().getMinAvailable()).isEqualTo(new IntOrString(2));
        assertThat(least.getSpec().getMaxUnavailable()).isNull();
        assertThat(made(PodDisruptionBudget.class, "podDisruptionBudget: {enabled: false}\n")).isEmpty();
    }

    private static PodDisruptionBudget budget(String more) {
        return made(PodDisruptionBudget.class, more).getFirst();
    }

    @Test
    void thoseCallWhoMay() {
        NetworkPolicy open = made(NetworkPolicy.class, "").getFirst();
        assertThat(open.getSpec().getIngress()).extracting(NetworkPolicyIngressRule::getFrom)
                .satisfiesExactly(from -> assertThat(from).isEmpty(), from -> assertThat(from).hasSize(1));
        NetworkPolicy closed = made(NetworkPolicy.class, """
                networkPolicy:
                  from: [{podSelector: {matchLabels: {role: web}}}]
                  managementFrom: [{namespaceSelector: {matchLabels: {name: ops}}}, {ipBlock: {cidr: 10.0.0.0/8}}]
                  egress: [{to: [{podSelector: {}}]}]
                """).getFirst();
        assertThat(closed.getSpec().getIngress().getFirst().getFrom().getFirst().getPodSelector().getMatchLabels())
                .isEqualTo(Map.of("role", "web"));
        assertThat(closed.getSpec().getIngress().getFirst().getPorts().getFirst().getPort())
                .isEqualTo(new IntOrString(6379));
        assertThat(closed.getSpec().getIngress().getLast().getFrom()).hasSize(2);
        assertThat(closed.getSpec().getIngress().getLast().getPorts().getFirst().getPort())
                .isEqualTo(new IntOrString(8081));
        assertThat(closed.getSpec().getPolicyTypes()).containsExactly("Ingress", "Egress");
        assertThat(closed.getSpec().getEgress()).hasSize(1);
        assertThat(made(NetworkPolicy.class, "networkPolicy: {enabled: false}\n")).isEmpty();
    }
}
