package io.solaster.operator.benchmark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.solaster.operator.Objects;
import io.solaster.operator.Objects.Cluster;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.inventory.ClusterObjects;
import io.solaster.operator.inventory.Inventory;
import io.solaster.operator.plan.Planner;
import io.solaster.operator.plan.ServicePlan;

/**
 * How long it takes to plan 100 services on 1,000 nodes of 10 classes, each node with an occupancy of its own:
 * {@code operator/plan-benchmark.sh}.
 */
public final class PlanBenchmark {
    private static final int NODES = 1_000;
    private static final int CLASSES = 10;
    private static final int SERVICES = 100;

    private PlanBenchmark() {}

    public static void main(String[] args) {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 30;
        ClusterObjects objects = cluster();
        List<ShardedService> services = services();
        long[] reading = new long[rounds];
        long[] planning = new long[rounds];
        for (int i = 0; i < rounds; i++) {
            long start = System.nanoTime();
            Inventory inventory = Inventory.of(objects);
            reading[i] = System.nanoTime() - start;
            start = System.nanoTime();
            List<ServicePlan> plans = Planner.plan(inventory, services);
            planning[i] = System.nanoTime() - start;
            if (i == 0) {
                System.out.printf("%d nodes, %d classes, %d services: %s%n", inventory.nodes().size(),
                        inventory.classes().size(), plans.size(), plans.stream()
                                .collect(Collectors.groupingBy(ServicePlan::verdict, Collectors.counting())));
                System.out.printf("first: inventory %.1f ms, plans %.1f ms%n", reading[i] / 1e6, planning[i] / 1e6);
            }
        }
        // A cold process plans once; an operator plans for as long as it runs.
        System.out.printf("of %d rounds, later half: inventory %s, plans %s%n", rounds, spread(reading),
                spread(planning));
    }

    private static String spread(long[] nanos) {
        long[] later = Arrays.copyOfRange(nanos, nanos.length / 2, nanos.length);
        Arrays.sort(later);
        return "%.1f ms (%.1f to %.1f)".formatted(later[later.length / 2] / 1e6, later[0] / 1e6,
                later[later.length - 1] / 1e6);
    }

    private static ClusterObjects cluster() {
        Random random = new Random(1);
        Cluster cluster = new Cluster();
        for (int i = 0; i < CLASSES; i++) {
            int cores = cores(i);
            StringBuilder nodes = new StringBuilder();
            for (int node = 0; node < numaNodes(i); node++) {
                nodes.append(node == 0 ? "" : ", ").append("{cpus: \"").append(node * cores).append('-')
                        .append(node * cores + cores - 1).append(',').append((node + numaNodes(i)) * cores).append('-')
                        .append((node + numaNodes(i)) * cores + cores - 1).append("\", memory: 256Gi}");
            }
            cluster.profiles(Objects.profile("class-" + i, """
                    nodeSelector: {pool: "%d"}
                    sockets: %d
                    numaNodes: [%s]
                    threadsPerCore: 2
                    kubelet:
                      cpuManagerPolicy: static
                      cpuManagerPolicyOptions: {full-pcpus-only: "true"}
                      topologyManagerPolicy: single-numa-node
                      topologyManagerScope: pod
                    """.formatted(i, numaNodes(i), nodes)));
        }
        for (int i = 0; i < NODES; i++) {
            int which = i % CLASSES;
            int cpus = 2 * cores(which) * numaNodes(which);
            cluster.nodes(Objects.node("node-" + i, cpus, String.valueOf(cpus - 2), "1Ti",
                    Map.of("pool", String.valueOf(which))));
            cluster.topologies(topology("node-" + i, which, random));
        }
        return cluster.objects();
    }

    private static int cores(int which) {
        return 8 + 4 * which;
    }

    private static int numaNodes(int which) {
        return 1 + which % 4 / 2 * 3 + which % 2;
    }

    private static GenericKubernetesResource topology(String node, int which, Random random) {
        List<Map<String, Object>> zones = new ArrayList<>();
        for (int numa = 0; numa < numaNodes(which); numa++) {
            int capacity = 2 * cores(which);
            int allocatable = numa == 0 ? capacity - 2 : capacity;
            zones.add(Map.of("name", "node-" + numa, "type", "Node", "resources",
                    List.of(Map.of("name", "cpu", "capacity", String.valueOf(capacity), "allocatable",
                            String.valueOf(allocatable), "available",
                            String.valueOf(2 * random.nextInt(allocatable / 2 + 1))))));
        }
        GenericKubernetesResource topology = Objects.yaml("metadata: {name: " + node + "}",
                GenericKubernetesResource.class);
        topology.setAdditionalProperties(new HashMap<>(Map.of("zones", zones)));
        return topology;
    }

    private static List<ShardedService> services() {
        Random random = new Random(2);
        List<ShardedService> services = new ArrayList<>();
        for (int i = 0; i < SERVICES; i++) {
            services.add(Objects.service("service-" + i, """
                    replicas: %d
                    workload: %s
                    shards: {count: %d}
                    memory: {perShard: 1Gi}
                    config: {solaster: {engine: {task-quota: %dus}}}
                    """.formatted(3 + random.nextInt(20), random.nextBoolean() ? "Deployment" : "StatefulSet",
                    2 + random.nextInt(20), 500 + i % 3)));
        }
        return services;
    }
}
