package io.solaster.operator.reconcile;

import static io.solaster.operator.reconcile.OperatorContract.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.apply.Names;
import io.solaster.operator.reconcile.watch.NodeAccess;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** An operator that may not write on nodes, or not even read them. */
class OperatorNamespacedTest extends OperatorInMemory {
    private static final String DECLARED = """
            apiVersion: solaster.io/v1alpha1
            kind: TopologyProfile
            metadata: {name: two, annotations: {solaster.io/nodes: "2"}}
            spec:
              nodeSelector: {pool: big}
              sockets: 2
              numaNodes: [{cpus: 0-15, memory: 64Gi}, {cpus: 16-31, memory: 64Gi}]
              reservedCPUs: 0,16
              kubelet: {cpuManagerPolicy: static, topologyManagerPolicy: single-numa-node, topologyManagerScope: pod}
            """;

    @BeforeEach
    void start() {
        // What it must not see.
        client.resource(Objects.node("a", 32, "30", "128Gi", new TreeMap<>(Map.of("kubernetes.io/hostname", "a"))))
                .create();
    }

    private void begin(NodeAccess nodes, String profiles) throws IOException {
        operator = new OperatorProcess(operators,
                new OperatorOptions(Set.of("shop", "bank"), "", "solaster", "first", 0,
                        Duration.ofMillis(200), 4, nodes, profiles),
                pod -> null, InstantSource.system(), OperatorContract.QUICK);
        operator.start();
        ShardedService service = Objects.service(OperatorContract.SPEC);
        service.setMetadata(new ObjectMetaBuilder().withName("kv").withNamespace("shop").build());
        client.resource(service).create();
        eventually(() -> kv().getStatus() != null && kv().getStatus().conditions() != null);
    }

    private void declare(String text) {
        client.resource(new ConfigMapBuilder().withNewMetadata().withName("nodes").withNamespace("solaster")
                .endMetadata().withData(Map.of("nodes.yaml", text)).build()).createOr(there -> there.update());
    }

    private void allowed(NodeAccess nodes) {
        assertThat(api.verbs()).isSubsetOf(Asked.permitted(Permissions.rules(nodes)));
    }

    @Test
    void nodesThatAreOnlyDeclaredArePlannedAndNeverProven() throws IOException {
        declare(DECLARED);
        begin(NodeAccess.Declared, "solaster/nodes");
        eventually(() -> set() != null && kv().getStatus().replicas() == 2);
        assertThat(condition("PlanFeasible").getStatus()).isEqualTo("Unknown");
        assertThat(condition("PlanFeasible").getReason()).isEqualTo("Unproven");
        assertThat(kv().getStatus().plan().verdict()).isEqualTo("Unproven");
        assertThat(kv().getStatus().plan().classes().getFirst().source()).isEqualTo("Declared");
        // Nodes carry no label of the operator's: pods go by those of the profile.
        assertThat(set().getSpec().getTemplate().getSpec().getNodeSelector()).isEqualTo(Map.of("pool", "big"));

        // All that it asks for lies in its namespaces.
        refuse();
        assertThat(condition("Degraded").getMessage()).contains("may not set nodes aside").contains(": a;");
        assertThat(api.asked()).allMatch(request -> request.matches(
                "\\w+ (/version|/apis?/[^/]+(/v\\w+)?|.*/namespaces/(shop|bank|solaster)/.*|.*selfsubjectrulesreviews)( watch)?"));
        allowed(NodeAccess.Declared);
    }

    @Tag("full")
    @Test
    void whatIsDeclaredMayChangeAndBeWrong() throws IOException {
        begin(NodeAccess.Declared, "solaster/nodes");
        eventually(() -> "InventoryUnreadable".equals(condition("PlanFeasible").getReason()));
        assertThat(condition("PlanFeasible").getMessage())
                .isEqualTo("ConfigMap solaster/nodes: is missing; make it, with TopologyProfiles that say which nodes"
                        + " there are");
        declare(DECLARED.replace("\"2\"", "many"));
        eventually(() -> condition("PlanFeasible").getMessage().contains("'many' is no number of nodes"));
        declare(DECLARED.replace("sockets", "socket"));
        eventually(() -> condition("PlanFeasible").getMessage().contains("socket"));
        declare(DECLARED.replace("memory: 64Gi", "hugepages: {}"));
        eventually(() -> condition("PlanFeasible").getMessage().contains("has no cpus or no memory"));
        declare(DECLARED.replace("TopologyProfile", "Node"));
        eventually(() -> condition("PlanFeasible").getMessage().contains("kind 'Node'"));
        assertThat(set()).isNull();
        declare(DECLARED.replace("memory: 64Gi", "memory: '1e999999999'"));
        eventually(() -> condition("PlanFeasible").getMessage().contains("spec.numaNodes.memory: '1e999999999'"));
        declare(DECLARED.replace("\"2\"", "\"0\""));
        eventually(() -> "DoesNotFit".equals(condition("PlanFeasible").getReason()));
        declare(DECLARED);
        eventually(() -> set() != null);
    }

    @Test
    void oneProfileThatIsDeclaredWronglyLeavesTheOthers() throws IOException {
        client.resource(new ConfigMapBuilder().withNewMetadata().withName("nodes").withNamespace("shop").endMetadata()
                .withData(Map.of("a.yaml", "{kind: TopologyProfile, metadata: {name: lost}", "b.yaml",
                        DECLARED + "---\n" + DECLARED.replace("name: two", "name: many").replace("\"2\"", "many")
                                + "---\n"
                                + DECLARED.replace("name: two", "name: odd").replace("sockets", "socket") + "---\n"
                                + DECLARED.replace("name: two", "name: bent").replace("policy: static", "policy: none")
                                        .replace("pool: big", "pool: bent").replace("cpuManagerPolicy: static",
                                                "cpuManagerPolicy: bent")
                                + "---\n" + DECLARED + "---\n{kind: Node}\n"))
                .build()).create();
        begin(NodeAccess.Declared, "shop/nodes");
        eventually(() -> set() != null && kv().getStatus().replicas() == 2);
        assertThat(kv().getStatus().plan().reasons())
                .anyMatch(each -> each.startsWith("Left out: ConfigMap shop/nodes: a.yaml cannot be read"))
                .anyMatch(each -> each.contains("TopologyProfile many: metadata.annotations.solaster.io/nodes: 'many'"))
                .anyMatch(each -> each.contains("TopologyProfile odd cannot be read: ") && each.contains("socket"))
                .anyMatch(each -> each.contains("TopologyProfile two: it is there twice"))
                .anyMatch(each -> each.contains("kind 'Node'"))
                .anyMatch(each -> each.startsWith("2 nodes left out: TopologyProfile bent: kubelet.cpuManagerPolicy"));
        eventually(() -> client.v1().events().inNamespace("shop").list().getItems().stream()
                .filter(event -> event.getReason().equals("InvalidProfile")
                        && event.getInvolvedObject().getName().equals("nodes"))
                .count() == 6);
        assertThat(OperatorContract.metrics(operator)).contains("solaster_operator_profiles_invalid 6.0")
                .contains("solaster_operator_nodes_left_out 2.0");
    }

    @Test
    void oneProfileThatIsWrongLeavesTheOthersWhereNodesAreOnlyRead() throws IOException {
        client.resource(Objects.twoBy16()).create();
        client.resource(Objects.profile("bent", "nodeSelector: {pool: bent}\nkubelet: {cpuManagerPolicy: bent}"))
                .create();
        client.resource(Objects.node("b", 32, "30", "128Gi", new TreeMap<>(Map.of("pool", "bent")))).create();
        begin(NodeAccess.Read, "");
        eventually(() -> set() != null && kv().getStatus().plan() != null);
        assertThat(kv().getStatus().plan().reasons())
                .anyMatch(each -> each.startsWith("1 node left out: TopologyProfile bent: kubelet.cpuManagerPolicy"));
    }

    @Test
    void nodesThatItMayNotLabelAreLabelledBySomebodyElse() throws IOException {
        client.resource(Objects.twoBy16()).create();
        begin(NodeAccess.Read, "");
        eventually(() -> set() != null && kv().getStatus().plan() != null);
        assertThat(kv().getStatus().plan().reasons()).anyMatch(reason -> reason
                .endsWith("kubectl label --overwrite node a solaster.io/topology-class=two"));
        assertThat(set().getSpec().getTemplate().getSpec().getNodeSelector()).containsEntry(Names.CLASS, "two");
        client.nodes().withName("a").edit(node -> {
            node.getMetadata().getLabels().put(Names.CLASS, "two");
            return node;
        });
        operator.poke("shop/kv");
        eventually(() -> {
            operator.poke("shop/kv");
            return kv().getStatus().plan().reasons().stream().noneMatch(reason -> reason.contains("kubectl label"));
        });
        // Nor may it set aside the node of a kubelet that refuses pods.
        refuse();
        assertThat(condition("Degraded").getMessage()).contains("may not set nodes aside").contains(": a;");
        allowed(NodeAccess.Read);
    }

    /** A kubelet refuses a pod, which is then deleted, and that is told. */
    private void refuse() {
        client.pods().inNamespace("shop").resource(Objects.owned(Objects.pod("kv-two-0", "a", "9", "8Gi",
                new TreeMap<>(Map.of(ShardedService.LABEL, "kv", Names.CLASS, "two"))), set())).create();
        client.pods().inNamespace("shop").withName("kv-two-0").editStatus(there -> new PodBuilder(there)
                .editOrNewStatus().withPhase("Failed").withReason("TopologyAffinityError").endStatus().build());
        eventually(() -> client.pods().inNamespace("shop").withName("kv-two-0").get() == null);
        eventually(() -> "TopologyAffinityError".equals(condition("Degraded").getReason()));
    }

    @Test
    void namespacesAreFollowedByTheirLabels() throws IOException {
        client.resource(Objects.twoBy16()).create();
        namespace("shop", "yes");
        namespace("bank", "no");
        operator = new OperatorProcess(operators, new OperatorOptions(Set.of(), "solaster=yes", "", "first", 0,
                Duration.ofMillis(200), 4), pod -> null, InstantSource.system(), OperatorContract.QUICK);
        operator.start();
        for (String namespace : new String[]{"shop", "bank"}) {
            ShardedService service = Objects.service(OperatorContract.SPEC.replace("replicas: 2", "replicas: 1"));
            service.setMetadata(new ObjectMetaBuilder().withName("kv").withNamespace(namespace).build());
            client.resource(service).create();
        }
        eventually(() -> set() != null);
        assertThat(client.apps().statefulSets().inNamespace("bank").list().getItems()).isEmpty();
        // One that comes to be selected, and one that is no more.
        label("bank", "yes");
        eventually(() -> client.apps().statefulSets().inNamespace("bank").withName("kv-two").get() != null);
        label("shop", "no");
        eventually(() -> {
            // Nobody repairs it any more, once it is noticed.
            client.configMaps().inNamespace("shop").withName(OperatorContract.configMap(client)).delete();
            return !operator.keeps("shop");
        });
        // The other one is looked after whatever becomes of this one, which is kept again when it is selected again.
        for (int i = 0; i < 10; i++) {
            client.apps().statefulSets().inNamespace("bank").withName("kv-two").delete();
            label("shop", i % 2 == 0 ? "yes" : "no");
            eventually(() -> client.apps().statefulSets().inNamespace("bank").withName("kv-two").get() != null);
        }
        eventually(() -> !operator.keeps("shop"));
        String config = OperatorContract.configMap(client);
        client.configMaps().inNamespace("shop").withName(config).delete();
        label("shop", "yes");
        eventually(() -> client.configMaps().inNamespace("shop").withName(config).get() != null);
    }

    private void namespace(String name, String label) {
        client.resource(new NamespaceBuilder().withNewMetadata().withName(name).addToLabels("solaster", label)
                .endMetadata().build()).create();
    }

    private void label(String namespace, String label) {
        client.namespaces().withName(namespace).edit(there -> new NamespaceBuilder(there).editMetadata()
                .addToLabels("solaster", label).endMetadata().build());
    }
}
