package io.solaster.operator.reconcile;

import static io.solaster.operator.reconcile.OperatorContract.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** One object that cannot be read, or says what cannot be, is told of by its name, and all others are looked after. */
class UnreadableTest extends OperatorInMemory {

    @BeforeEach
    void nodes() {
        client.resource(Objects.twoBy16()).create();
        for (String node : List.of("a", "b")) {
            client.resource(
                    Objects.node(node, 32, "30", "128Gi", new TreeMap<>(Map.of("kubernetes.io/hostname", node))))
                    .create();
        }
    }

    private void begin() throws IOException {
        operator = new OperatorProcess(operators,
                new OperatorOptions(Set.of(), "", "", "first", 0, Duration.ofMillis(200), 4), pod -> null,
                InstantSource.system(), OperatorContract.QUICK);
        operator.start();
    }

    private void create(String yaml) {
        client.resource(Objects.yaml(yaml, GenericKubernetesResource.class)).create();
    }

    private void service(String name, String spec) {
        create("apiVersion: solaster.io/v1alpha1\nkind: ShardedService\nmetadata: {name: " + name
                + ", namespace: shop}\n" + spec);
    }

    private void sound(String name) {
        service(name, "spec: {image: a, replicas: 1, shards: {count: 2}, memory: {perShard: 1Gi}}\n");
    }

    private boolean served(String name) {
        return client.apps().statefulSets().inNamespace("shop").withName(name + "-two").get() != null;
    }

    private Condition condition(String name, String type) {
        ShardedService service = client.resources(ShardedService.class).inNamespace("shop").withName(name).get();
        return service.getStatus() == null || service.getStatus().conditions() == null
                ? new Condition()
                : service.getStatus().conditions().stream().filter(each -> each.getType().equals(type)).findFirst()
                        .orElse(new Condition());
    }

    private boolean told(String name, String reason, String message) {
        return reason.equals(condition(name, "Degraded").getReason())
                && condition(name, "Degraded").getMessage().contains(message)
                && "False".equals(condition(name, "PlanFeasible").getStatus())
                && !"True".equals(condition(name, "Ready").getStatus());
    }

    private boolean event(String name, String namespace, String message) {
        return client.v1().events().inNamespace(namespace).list().getItems().stream()
                .anyMatch(event -> event.getInvolvedObject().getName().equals(name)
                        && "Unreadable".equals(event.getReason()) && event.getMessage().contains(message));
    }

    @Test
    void aServiceThatWasStoredBeforeAndOneThatComes() throws IOException {
        service("port", "spec: {image: a, shards: {count: 2}, ports: [{containerPort: 3000000000}]}\n");
        service("many", "spec: {image: a, shards: {count: 2}, autoscaling: {max: 3000000000}}\n");
        service("none", "");
        sound("one");
        begin();
        eventually(() -> served("one"));
        eventually(() -> told("port", "Unreadable", "spec.ports[0].containerPort: 3000000000"));
        eventually(() -> told("many", "Unreadable", "spec.autoscaling.max: 3000000000"));
        eventually(() -> told("none", "InvalidSpec", "spec is missing"));
        assertThat(event("port", "shop", "containerPort: 3000000000")).isTrue();
        assertThat(served("port")).isFalse();

        service("later", "spec: {image: a, shards: {count: 2}, mode: Never, volumes: 7}\n");
        eventually(() -> told("later", "Unreadable", "spec.mode: Never"));
        sound("two");
        eventually(() -> served("two"));

        // The next one meets all of them at once.
        operator.close();
        sound("three");
        begin();
        eventually(() -> served("three"));

        client.genericKubernetesResources("solaster.io/v1alpha1", "ShardedService").inNamespace("shop")
                .withName("port").edit(each -> {
                    each.setAdditionalProperty("spec",
                            Map.of("image", "a", "shards", Map.of("count", 2)));
                    return each;
                });
        eventually(() -> served("port") && "False".equals(condition("port", "Degraded").getStatus()));
    }

    @Test
    void objectsOfOtherKinds() throws IOException {
        create("{apiVersion: v1, kind: Node, metadata: {name: odd}, status: {capacity: 7}}");
        create("{apiVersion: v1, kind: Pod, metadata: {name: odd, namespace: shop, labels: {solaster.io/service: one}},"
                + " spec: {priority: 3000000000}}");
        create("{apiVersion: v1, kind: ConfigMap, metadata: {name: odd, namespace: shop, labels: {solaster.io/service:"
                + " one}}, data: [1]}");
        create("{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: odd, namespace: shop, labels:"
                + " {solaster.io/service: one}}, spec: {replicas: 3000000000}}");
        create("{apiVersion: solaster.io/v1alpha1, kind: TopologyProfile, metadata: {name: odd}, spec: {sockets:"
                + " 3000000000}}");
        sound("one");
        begin();
        eventually(() -> served("one"));
        eventually(() -> valid("odd") != null && "False".equals(valid("odd").getStatus())
                && valid("odd").getMessage().contains("spec.sockets: 3000000000"));
        operator.sweep();
        assertThat(event("odd", "shop", "Pod shop/odd cannot be read whole: spec.priority: 3000000000")).isTrue();
        assertThat(event("odd", "shop", "ConfigMap shop/odd")).isTrue();
        assertThat(event("odd", "shop", "StatefulSet shop/odd")).isTrue();
        assertThat(event("odd", "default", "Node odd")).isTrue();
        eventually(() -> planned("one", "1 node left out: Node odd: cannot be read whole: status.capacity"));
        create("{apiVersion: v1, kind: Pod, metadata: {name: late, namespace: shop}, spec: {priority: [1]}}");
        sound("two");
        eventually(() -> served("two"));
    }

    /** Short texts that are numbers which no memory holds, and others that cannot be compared, as they were stored before. */
    @Test
    void quantitiesThatCannotBeReckonedWith() throws IOException {
        api.know("topology.node.k8s.io/v1alpha2/noderesourcetopologies", "NodeResourceTopology");
        service("large", "spec: {image: a, shards: {count: 2}, memory: {perShard: '1e999999999'}}\n");
        service("lots", "spec: {image: a, shards: {count: 2}, memory: {perShard: lots}}\n");
        create("{apiVersion: solaster.io/v1alpha1, kind: TopologyProfile, metadata: {name: odd}, spec: {nodeSelector: {a: b},"
                + " numaNodes: [{cpus: 0-7, memory: '1e999999999'}]}}");
        create("{apiVersion: v1, kind: Node, metadata: {name: n0}, status: {capacity: {cpu: '1e999999999'}, allocatable:"
                + " {cpu: '1e999999999'}}}");
        create("{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {capacity: {cpu: 2G}, allocatable: {cpu: 2G}}}");
        for (String node : List.of("n2", "n3")) {
            create("{apiVersion: v1, kind: Node, metadata: {name: " + node
                    + "}, status: {capacity: {cpu: 8}, allocatable: {cpu: 8, memory: 8Gi}}}");
        }
        create("{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop}, spec: {nodeName: n2, containers: [{name:"
                + " c, resources: {requests: {memory: '1e999999999'}}}]}}");
        create("{apiVersion: topology.node.k8s.io/v1alpha2, kind: NodeResourceTopology, metadata: {name: n3}, zones: [{name:"
                + " node-0, type: Node, resources: [{name: cpu, capacity: '1e999999999', allocatable: 2G}]}]}");
        sound("one");
        begin();
        eventually(() -> served("one"));
        eventually(() -> told("large", "Unreadable", "spec.memory.perShard: 1e999999999"));
        eventually(() -> told("lots", "Unreadable", "spec.memory.perShard: lots"));
        eventually(
                () -> valid("odd") != null && valid("odd").getMessage().contains("numaNodes[0].memory: 1e999999999"));
        eventually(() -> planned("one", "1 node left out: Node n0: cannot be read whole: status."));
        eventually(() -> planned("one", "1 node left out: Node n1: status: cpu: '2G' is no number of CPUs"));
        eventually(() -> planned("one", "1 node left out: Pod shop/p: cannot be read whole: spec.containers[0]"));
        eventually(() -> planned("one",
                "1 node left out: NodeResourceTopology n3: zones[].resources[].allocatable: '2G'"));
        // It goes on where one of them comes to be another.
        service("later", "spec: {image: a, shards: {count: 2}, memory: {perShard: 1Gi}}\n");
        eventually(() -> served("later"));
        client.genericKubernetesResources("solaster.io/v1alpha1", "ShardedService").inNamespace("shop")
                .withName("later").edit(each -> {
                    each.setAdditionalProperty("spec", Map.of("image", "a", "shards", Map.of("count", 2), "memory",
                            Map.of("perShard", "1e999999999")));
                    return each;
                });
        eventually(() -> told("later", "Unreadable", "spec.memory.perShard"));
        sound("two");
        eventually(() -> served("two"));
    }

    private boolean planned(String name, String reason) {
        ShardedService one = client.resources(ShardedService.class).inNamespace("shop").withName(name).get();
        return one.getStatus() != null && one.getStatus().plan() != null
                && one.getStatus().plan().reasons().stream().anyMatch(each -> each.startsWith(reason));
    }

    private Condition valid(String profile) {
        TopologyProfile there = client.resources(TopologyProfile.class).withName(profile).get();
        return there.getStatus() == null ? null : there.getStatus().conditions().getFirst();
    }

    @Test
    void aProfileThatIsWrong() throws IOException {
        create("{apiVersion: solaster.io/v1alpha1, kind: TopologyProfile, metadata: {name: wrong}, spec: {nodeSelector:"
                + " {pool: wrong}, numaNodes: [{cpus: 0-x}]}}");
        client.resource(Objects.node("c", 32, "30", "128Gi", new TreeMap<>(Map.of("pool", "wrong"))))
                .create();
        sound("one");
        begin();
        eventually(() -> served("one"));
        eventually(() -> valid("wrong") != null && "False".equals(valid("wrong").getStatus()));
        assertThat(valid("wrong").getReason()).isEqualTo("InvalidProfile");
        assertThat(valid("wrong").getMessage()).contains("numaNodes[0].cpus").contains("0-x");
        assertThat(valid("two").getStatus()).isEqualTo("True");
        assertThat(valid("two").getMessage()).isEqualTo("Nodes that it counts for: 2.");
        eventually(() -> planned("one", "1 node left out: TopologyProfile wrong: numaNodes[0].cpus"));
        client.resources(TopologyProfile.class).withName("wrong").edit(profile -> {
            profile.setSpec(Objects.profile("wrong", "nodeSelector: {pool: wrong}").getSpec());
            return profile;
        });
        eventually(() -> "True".equals(valid("wrong").getStatus())
                && valid("wrong").getObservedGeneration().equals(2L));
    }

    /** Half of what a watch tells, or what is no object: all is listed anew, and nothing is lost. */
    @Test
    void aWatchThatTellsHalf() throws IOException {
        sound("one");
        begin();
        eventually(() -> served("one"));
        for (String line : List.of("{\"type\":\"ADDED\",\"obj", "{\"type\":\"ADDED\",\"object\":{}}", "nothing")) {
            api.say("solaster.io/v1alpha1/shardedservices", line);
            api.say("v1/nodes", line);
            api.say("apps/v1/statefulsets", line);
        }
        sound("two");
        eventually(() -> served("two"));
        client.apps().statefulSets().inNamespace("shop").withName("one-two").delete();
        eventually(() -> served("one"));
    }

    @Test
    void fiftyOfFiveHundredObjects() throws IOException {
        tellsOfTen(30, 3, 450, 15, 10);
    }

    @Test
    @Tag("full")
    void fiftyOfFiveThousandObjects() throws IOException {
        tellsOfTen(300, 30, 4_500, 150, 20);
    }

    /**
     * What is wrong is one in so many of every kind.
     *
     * @param oddNodes one in so many nodes
     * @param oddPods one in so many pods
     * @param good services that nothing is wrong with
     */
    private void tellsOfTen(int nodes, int oddNodes, int pods, int oddPods, int good) throws IOException {
        for (int i = 0; i < nodes; i++) {
            String has = "{cpu: '4', memory: 8Gi, pods: '110'}";
            create("{apiVersion: v1, kind: Node, metadata: {name: n" + i + "}, status: {capacity: "
                    + (i % oddNodes == 0 ? "7" : has) + ", allocatable: " + has + "}}");
        }
        for (int i = 0; i < pods; i++) {
            create("{apiVersion: v1, kind: Pod, metadata: {name: p" + i + ", namespace: other}, spec: {nodeName: n"
                    + i % nodes + ", priority: " + (i % oddPods == 0 ? "3000000000" : "1")
                    + ", containers: [{name: c, resources: {requests: {cpu: 10m}}}]}}");
        }
        for (int i = 0; i < 10; i++) {
            service("bad" + i, "spec: {image: a, shards: {count: 2}, autoscaling: {max: 300000000" + i + "}}\n");
        }
        for (int i = 0; i < good; i++) {
            sound("good" + i);
        }
        begin();
        for (int i = 0; i < good; i++) {
            String name = "good" + i;
            eventually(() -> served(name));
        }
        for (int i = 0; i < 10; i++) {
            String name = "bad" + i;
            String value = "spec.autoscaling.max: 300000000" + i;
            eventually(() -> told(name, "Unreadable", value));
        }
        eventually(() -> planned("good0", "1 node left out: Node n") && planned("good0", "2 nodes left out for other"));
        operator.sweep();
        assertThat(client.v1().events().inNamespace("other").list().getItems().stream()
                .filter(event -> "Unreadable".equals(event.getReason())).count()).isPositive();
    }
}
