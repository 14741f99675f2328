package io.solaster.operator.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.solaster.operator.Objects;
import io.solaster.operator.Objects.Cluster;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.inventory.Inventory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Replicas stay where they run, over clusters that nobody thought of: up to four classes, and pods of others on them. */
class StickinessTest {
    private static final int ROUNDS = 60;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void planningAgainChangesNothing(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < ROUNDS; i++) {
            Sample sample = new Sample(random);
            ServicePlan first = sample.plan(sample.nodes, Map.of());
            if (first.verdict() != Verdict.Infeasible) {
                ServicePlan again = sample.plan(sample.nodes, replicas(first));
                assertThat(replicas(again)).as("%s", first).isEqualTo(replicas(first));
                assertThat(again.hash()).isEqualTo(first.hash());
                assertThat(again.reasons()).noneMatch(reason -> reason.startsWith("Moves"));
                Collections.shuffle(sample.nodes, random);
                assertThat(sample.plan(sample.nodes, replicas(first))).isEqualTo(again);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {4, 5, 6})
    void moreNodesMoveNothing(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < ROUNDS; i++) {
            Sample sample = new Sample(random);
            List<Node> some = sample.nodes.subList(0, 1 + random.nextInt(sample.nodes.size()));
            ServicePlan first = sample.plan(some, Map.of());
            if (first.verdict() != Verdict.Infeasible) {
                assertThat(replicas(sample.plan(sample.nodes, replicas(first)))).as("%s", first)
                        .isEqualTo(replicas(first));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {7, 8, 9})
    void fewerNodesMoveNoMoreThanHaveLostTheirRoom(long seed) {
        Random random = new Random(seed);
        int moved = 0;
        for (int i = 0; i < ROUNDS; i++) {
            Sample sample = new Sample(random);
            Map<String, Integer> before = replicas(sample.plan(sample.nodes, Map.of()));
            List<Node> some = sample.nodes.subList(0, 1 + random.nextInt(sample.nodes.size()));
            ServicePlan after = sample.plan(some, before);
            if (after.verdict() == Verdict.Infeasible) {
                continue;
            }
            Map<String, Integer> room = new HashMap<>();
            after.classes().forEach(each -> room.put(each.name(), Math.max(0, each.possible() - after.surge())));
            int must = before.entrySet().stream()
                    .mapToInt(each -> Math.max(0, each.getValue() - room.getOrDefault(each.getKey(), 0))).sum();
            Map<String, Integer> now = replicas(after);
            int moves = before.entrySet().stream()
                    .mapToInt(each -> Math.max(0, each.getValue() - now.getOrDefault(each.getKey(), 0))).sum();
            assertThat(moves).as("%s from %s", after, before).isEqualTo(must);
            assertThat(after.reasons().stream().anyMatch(reason -> reason.startsWith("Moves "))).isEqualTo(moves > 0);
            moved += moves;
        }
        assertThat(moved).as("the samples do lose room").isPositive();
    }

    private static Map<String, Integer> replicas(ServicePlan plan) {
        Map<String, Integer> replicas = new TreeMap<>();
        plan.classes().stream().filter(each -> each.replicas() > 0)
                .forEach(each -> replicas.put(each.name(), each.replicas()));
        return replicas;
    }

    /** Pools of nodes that differ in size, with what others take, and a service. */
    private static final class Sample {
        private final List<Node> nodes = new ArrayList<>();
        private final List<Pod> pods = new ArrayList<>();
        private final List<TopologyProfile> profiles = new ArrayList<>();
        private final ShardedService service;

        Sample(Random random) {
            int pools = 2 + random.nextInt(3);
            for (int pool = 0; pool < pools; pool++) {
                int cpus = 8 + random.nextInt(9);
                profiles.add(Objects.profile("pool-" + pool, """
                        nodeSelector: {pool: p%d}
                        numaNodes: [{cpus: 0-%d}, {cpus: %d-%d}]
                        reservedCPUs: "0"
                        kubelet: {cpuManagerPolicy: static, topologyManagerPolicy: single-numa-node}
                        """.formatted(pool, cpus - 1, cpus, 2 * cpus - 1)));
                int count = 1 + random.nextInt(4);
                for (int i = 0; i < count; i++) {
                    String name = "n" + pool + "-" + i;
                    nodes.add(Objects.node(name, 2 * cpus, String.valueOf(2 * cpus - 1), "1Ti",
                            Map.of("pool", "p" + pool)));
                    if (random.nextInt(3) == 0) {
                        pods.add(Objects.pod("other-" + name, name, String.valueOf(1 + random.nextInt(cpus - 2)),
                                "1Gi", Map.of()));
                    }
                }
            }
            Collections.shuffle(nodes, random);
            service = Objects.service("replicas: " + (2 + random.nextInt(8)) + "\nworkload: "
                    + (random.nextBoolean() ? "Deployment" : "StatefulSet") + "\nshards: {count: "
                    + (2 + random.nextInt(6)) + "}");
        }

        ServicePlan plan(List<Node> some, Map<String, Integer> running) {
            Inventory inventory = Inventory.of(new Cluster().nodes(some.toArray(new Node[0]))
                    .pods(pods.toArray(new Pod[0])).profiles(profiles.toArray(new TopologyProfile[0])).objects());
            return Planner.plan(inventory, List.of(service), Map.of("shop/kv", new Running(running, 0))).getFirst();
        }
    }
}
