package io.solaster.operator.reconcile;

import static io.solaster.operator.reconcile.OperatorContract.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.reconcile.watch.Cluster;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a change of a spec costs, whom else it concerns, and when it is not applied. */
final class ChangesTest extends OperatorInMemory {
    private static final String SPEC = """
            image: registry.example/kv:1
            replicas: 2
            shards: {count: 8}
            memory: {perShard: 1Gi}
            """;
    private final List<String> asked = new CopyOnWriteArrayList<>();

    @BeforeEach
    void start() {
        client.resource(Objects.twoBy16()).create();
        for (String node : List.of("a", "b")) {
            client.resource(Objects.node(node, 32, "30", "128Gi",
                    new TreeMap<>(Map.of("kubernetes.io/hostname", node)))).create();
        }
    }

    private void begin() throws IOException {
        operator = new OperatorProcess(operators, new OperatorOptions(Set.of("shop"), "", "", "first", 0,
                Duration.ofMinutes(10), 4), pod -> null, InstantSource.system(), OperatorContract.QUICK);
        operator.start();
    }

    private void create(String name, String spec) {
        ShardedService service = Objects.service(spec);
        service.setMetadata(new ObjectMetaBuilder().withName(name).withNamespace("shop").build());
        client.resource(service).create();
    }

    private void edit(String name, String spec) {
        client.resources(ShardedService.class).inNamespace("shop").withName(name).edit(service -> {
            service.setSpec(Objects.service(spec).getSpec());
            return service;
        });
    }

    private boolean told() {
        ShardedService service = kv();
        return service.getStatus() != null
                && service.getMetadata().getGeneration().equals(service.getStatus().observedGeneration());
    }

    /** Waits until what was begun is done: a look changes nothing any more. */
    private void quiet() {
        long[] writes = {-1};
        eventually(() -> {
            long before = writes[0];
            long done = operator.reconciliations();
            operator.poke("shop/kv");
            eventually(() -> operator.reconciliations() > done);
            writes[0] = api.writes();
            return before == writes[0];
        });
    }

    private void listen() {
        asked.clear();
        api.failing(exchange -> {
            if ("operator".equals(exchange.getRequestHeaders().getFirst("User-Agent"))
                    && !String.valueOf(exchange.getRequestURI().getQuery()).contains("watch=true")) {
                String path = exchange.getRequestURI().getPath();
                asked.add(exchange.getRequestMethod() + path.substring(path.lastIndexOf("shop/") + 4));
            }
            return null;
        });
    }

    @Test
    void aChangeIsWrittenAtOnceAndThenTold() throws IOException {
        begin();
        create("kv", SPEC);
        eventually(() -> set() != null && told());
        eventually(() -> client.resources(TopologyProfile.class).withName("two").get().getStatus() != null);
        quiet();
        listen();
        for (String image : List.of("kv:2", "kv:3", "kv:4")) {
            asked.clear();
            edit("kv", SPEC.replace("kv:1", image));
            eventually(this::told);
            quiet();
            assertThat(set().getSpec().getTemplate().getSpec().getContainers().getFirst().getImage()).endsWith(image);
            assertThat(asked).startsWith("PATCH/statefulsets/kv-two", "PATCH/shardedservices/kv/status");
            // A cache that is late may have a status told again.
            assertThat(asked.stream().skip(2)).hasSizeLessThanOrEqualTo(1)
                    .allMatch("PATCH/shardedservices/kv/status"::equals);
        }
    }

    @Test
    void whatIsMadeIsReadBackByNobody() throws IOException {
        begin();
        listen();
        create("kv", SPEC);
        eventually(() -> set() != null && told());
        quiet();
        // What no cache has is made, and the API server refuses where it is there; only what nothing watches is looked for.
        assertThat(asked.stream().filter(each -> each.startsWith("GET") && !each.startsWith("GET/events")))
                .containsOnlyOnce("GET/configmaps/kv-rollout").hasSize(1);
        assertThat(asked.stream().filter(each -> each.endsWith("/kv/status"))).hasSizeLessThanOrEqualTo(3);
    }

    @Test
    void whoLosesItsRoomToAnOlderServiceIsToldSo() throws IOException {
        begin();
        create("a", SPEC.replace("replicas: 2", "replicas: 1"));
        eventually(() -> api.peek("apps/v1/statefulsets", "shop/a-two") != null);
        create("kv", SPEC);
        eventually(() -> set() != null && told() && "True".equals(condition("PlanFeasible").getStatus()));
        quiet();
        edit("a", SPEC.replace("replicas: 2", "replicas: 3"));
        eventually(() -> "False".equals(condition("PlanFeasible").getStatus()));
        assertThat(set().getSpec().getReplicas()).isEqualTo(2);
        client.resources(ShardedService.class).inNamespace("shop").withName("a").delete();
        eventually(() -> "True".equals(condition("PlanFeasible").getStatus()));
    }

    /** Until it is known how nodes are, a size that they refuse must not pass for one that fits. */
    @Test
    void whatTellsOfNumaNodesIsReadBeforeAnythingIsPlanned() throws IOException {
        api.know("topology.node.k8s.io/v1alpha2/noderesourcetopologies", "NodeResourceTopology");
        AtomicBoolean away = new AtomicBoolean();
        api.failing(exchange -> away.get() && exchange.getRequestMethod().equals("GET")
                && exchange.getRequestURI().getPath().endsWith("/noderesourcetopologies") ? 503 : null);
        begin();
        available("15");
        create("kv", SPEC);
        eventually(() -> set() != null && told());
        quiet();
        operator.close();

        available("3");
        away.set(true);
        edit("kv", SPEC.replace("count: 8", "count: 12"));
        String before = set().toString();
        begin();
        eventually(() -> "InventoryUnreadable".equals(condition("PlanFeasible").getReason()));
        assertThat(condition("PlanFeasible").getMessage()).contains("NodeResourceTopology");
        away.set(false);
        eventually(() -> "DoesNotFit".equals(condition("PlanFeasible").getReason()));
        assertThat(set()).hasToString(before);
    }

    /** What is free on each NUMA node. */
    private void available(String cpus) {
        client.genericKubernetesResources(Cluster.TOPOLOGIES).delete();
        for (String node : List.of("a", "b")) {
            client.genericKubernetesResources(Cluster.TOPOLOGIES)
                    .load(new ByteArrayInputStream(
                            """
                                    apiVersion: topology.node.k8s.io/v1alpha2
                                    kind: NodeResourceTopology
                                    metadata: {name: %1$s}
                                    zones:
                                    - {name: node-0, type: Node, resources: [{name: cpu, capacity: "16", allocatable: "15", available: "%2$s"}]}
                                    - {name: node-1, type: Node, resources: [{name: cpu, capacity: "16", allocatable: "15", available: "%2$s"}]}
                                    """
                                    .formatted(node, cpus).getBytes(UTF_8)))
                    .create();
        }
    }
}
