package io.solaster.operator.plan;

import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;

import io.solaster.config.EngineConfig;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.plan.Machine;
import io.solaster.config.plan.ShardPlanner;
import io.solaster.config.value.CpuSet;
import io.solaster.operator.api.ShardedServiceSpec.Backend;
import io.solaster.operator.inventory.TopologyClass;
import io.solaster.operator.kubelet.Admission;
import io.solaster.operator.kubelet.CpuTopology;
import io.solaster.operator.kubelet.KubeletConfig;
import io.solaster.operator.kubelet.KubeletConfig.CpuManager;
import io.solaster.operator.kubelet.KubeletConfig.Scope;
import io.solaster.operator.kubelet.KubeletConfig.TopologyPolicy;
import io.solaster.operator.kubelet.KubeletNode;
import org.jspecify.annotations.Nullable;

/**
 * How many CPUs a pod gets on nodes of a class, and what the engine makes of them, by the engine's own planner. How many
 * shards there are follows from a pod's cores alone, so that is asked once for all classes; where they lie is asked
 * about the very CPUs that the kubelet would hand out on an empty node. All of that follows from what is asked alone, and
 * what one plan has asked, the next one does as well: it is remembered from plan to plan. For one plan at a time, and its
 * thread.
 */
final class PodSizer {

    /**
     * What becomes of a pod.
     *
     * @param cpus its CPUs; 0 if none can be planned
     * @param shards its shards
     * @param numaNodes the NUMA nodes that it lies on, on an empty node
     * @param engine the engine's configuration for it
     * @param problem why none can be planned; empty if one can
     */
    record Fit(int cpus, int shards, int numaNodes, @Nullable EngineConfig engine, String problem) {
        static Fit impossible(String problem) {
            return new Fit(0, 0, 0, null, problem);
        }
    }

    /** What of a class counts here; those of two inventories may be equal. */
    private record Kind(CpuTopology topology, @Nullable KubeletConfig kubelet, long numaMemory) {}

    /** @param kind which of the {@link #kinds} it is of */
    private record Size(int kind, int cpus) {}

    /** @param nodes the NUMA nodes that an admitted pod lies on */
    private record Tried(Admission admission, int nodes) {}

    /** @param engine which of the {@link #engines} it is for: to compare those takes longer than all else */
    private record Cores(int cpus, int threads, int engine) {}

    private record Explained(Size size, boolean shared, int engine) {}

    private record Shards(int count, String problem) {}

    private static final AtomicReference<@Nullable PodSizer> SPARE = new AtomicReference<>();
    private static final int MOST = 4096;

    private final Map<Size, Tried> admissions = new HashMap<>();
    private final Map<Cores, Shards> shards = new HashMap<>();
    private final Map<Explained, List<String>> reasons = new HashMap<>();
    private final Map<EngineConfig, Integer> engines = new HashMap<>();
    private final IdentityHashMap<EngineConfig, Integer> seen = new IdentityHashMap<>();
    private final Map<Kind, Integer> kinds = new HashMap<>();
    private final IdentityHashMap<TopologyClass, Integer> classes = new IdentityHashMap<>();

    private PodSizer() {}

    /** One that remembers what an earlier plan has asked, unless another plan has that now. {@link #leave} follows. */
    static PodSizer take() {
        PodSizer spare = SPARE.getAndSet(null);
        return spare == null ? new PodSizer() : spare;
    }

    /** Leaves what it remembers to the next plan, as long as that is not too much. */
    void leave() {
        seen.clear();
        classes.clear();
        if (admissions.size() + shards.size() + reasons.size() + engines.size() + kinds.size() < MOST) {
            SPARE.set(this);
        }
    }

    /**
     * The size of a service's pods.
     *
     * @param shared CPUs to be left on a node
     * @param mostCpus CPUs that a pod may ask for at most, by what the scheduler counts
     */
    Fit size(TopologyClass topologyClass, Wanted wanted, int shared, int mostCpus) {
        return switch (wanted.mode()) {
            case Fixed -> fixed(topologyClass, wanted);
            case PerNuma -> filling(topologyClass, wanted, Math.min(mostCpus, perNuma(topologyClass, shared)),
                    "a NUMA node");
            case FillNode -> filling(topologyClass, wanted,
                    Math.min(mostCpus, Arrays.stream(topologyClass.fresh()).sum() - shared), "a node");
        };
    }

    /** The least that a NUMA node with CPUs to give has, so that each holds a pod. */
    private static int perNuma(TopologyClass topologyClass, int shared) {
        int[] fresh = topologyClass.fresh();
        int least = Arrays.stream(fresh).filter(cpus -> cpus > 0).min().orElse(0);
        int spare = Arrays.stream(fresh).map(cpus -> Math.max(0, cpus - least)).sum();
        return spare >= shared ? least : least - (shared - spare + fresh.length - 1) / fresh.length;
    }

    private Fit fixed(TopologyClass topologyClass, Wanted wanted) {
        int threads = topologyClass.topology().threadsPerCore();
        int least = wanted.count() * (wanted.threads() ? 1 : threads);
        for (int cpus = (least + threads - 1) / threads * threads; cpus <= topologyClass.topology()
                .size(); cpus += threads) {
            Shards made = shards(topologyClass, cpus, wanted);
            if (!made.problem().isEmpty()) {
                return Fit.impossible(made.problem());
            }
            if (made.count() >= wanted.count()) {
                // The step of a core may bring more than was asked for.
                return fit(topologyClass, cpus, wanted.count(), wanted, made.count() == wanted.count()
                        ? wanted.engine()
                        : wanted.engine().withShards(wanted.count()));
            }
        }
        return Fit.impossible(wanted.count() + " shards need more than the " + topologyClass.topology().size()
                + " CPUs of a node; set spec.shards.count lower");
    }

    private Fit filling(TopologyClass topologyClass, Wanted wanted, int room, String what) {
        int threads = topologyClass.topology().threadsPerCore();
        int best = 0;
        int count = 0;
        for (int cpus = threads; cpus <= room && count < wanted.max(); cpus += threads) {
            Shards made = shards(topologyClass, cpus, wanted);
            if (!made.problem().isEmpty()) {
                return Fit.impossible(made.problem());
            }
            best = cpus;
            count = made.count();
        }
        if (best == 0) {
            return Fit.impossible(what + " has " + Words.count(Math.max(room, 0), "CPU") + " to give, a pod needs "
                    + threads + "; reserve or share fewer");
        }
        if (count < wanted.min()) {
            return Fit.impossible("the " + Words.count(best, "CPU") + " of " + what + " make "
                    + Words.count(count, "shard") + ", spec.shards.min is " + wanted.min() + "; lower it");
        }
        return fit(topologyClass, best, Math.min(count, wanted.max()), wanted,
                count <= wanted.max() ? wanted.engine() : wanted.engine().withShards(wanted.max()));
    }

    /** How many shards a pod with so many CPUs has; 0 if it can have none. */
    int shards(TopologyClass topologyClass, Wanted wanted, int cpus) {
        return shards(topologyClass, cpus, wanted).count();
    }

    private Shards shards(TopologyClass topologyClass, int cpus, Wanted wanted) {
        if (wanted.backend() == Backend.None) {
            return count(quota(topologyClass, cpus), wanted.engine());
        }
        return shards.computeIfAbsent(
                new Cores(cpus, topologyClass.topology().threadsPerCore(), number(wanted.engine())),
                cores -> {
                    int whole = (cpus + cores.threads() - 1) / cores.threads() * cores.threads();
                    return count(
                            CpuTopology.of(List.of(CpuSet.range(0, whole - 1)), 1, cores.threads(), true, List.of())
                                    .machine(CpuSet.range(0, cpus - 1), 0),
                            wanted.engine());
                });
    }

    /** Equal ones have the same number. */
    private int number(EngineConfig engine) {
        return seen.computeIfAbsent(engine, one -> engines.computeIfAbsent(one, first -> engines.size()));
    }

    private Size size(TopologyClass topologyClass, int cpus) {
        return new Size(classes.computeIfAbsent(topologyClass, one -> kinds.computeIfAbsent(
                new Kind(one.topology(), one.kubelet(), one.numaMemory()), first -> kinds.size())), cpus);
    }

    private static Shards count(Machine machine, EngineConfig engine) {
        try {
            return new Shards(ShardPlanner.plan(machine, engine).shards().size(), "");
        } catch (InvalidConfigException e) {
            return new Shards(0, "spec.config: " + e.violations().getFirst());
        }
    }

    private Fit fit(TopologyClass topologyClass, int cpus, int count, Wanted wanted, EngineConfig engine) {
        if (wanted.backend() == Backend.None) {
            return new Fit(cpus, count, topologyClass.topology().nodeCount(), engine, "");
        }
        Tried tried = tried(topologyClass, cpus);
        Admission admission = tried.admission();
        if (!admission.admitted()) {
            return Fit.impossible((admission.refusal() == null ? "" : admission.refusal().spelled() + " ")
                    + "on an empty node: " + admission.message());
        }
        return new Fit(cpus, count, tried.nodes(), engine, "");
    }

    private Tried tried(TopologyClass topologyClass, int cpus) {
        return admissions.computeIfAbsent(size(topologyClass, cpus), size -> {
            Admission admission = emptyNode(topologyClass).admit(cpus);
            return new Tried(admission, admission.admitted()
                    ? (int) admission.cpus().getFirst().stream().map(topologyClass.topology()::nodeOf).distinct()
                            .count()
                    : 0);
        });
    }

    /** Why the shards of a pod lie as they do, in the words of the engine's planner. */
    List<String> reasons(TopologyClass topologyClass, Wanted wanted, Fit fit) {
        EngineConfig engine = fit.engine();
        if (engine == null) {
            return List.of();
        }
        Explained key = new Explained(size(topologyClass, fit.cpus()), wanted.backend() == Backend.None,
                number(engine));
        List<String> known = reasons.get(key);
        if (known == null) {
            known = explain(topologyClass, wanted, fit, engine);
            reasons.put(key, known);
        }
        return known;
    }

    private List<String> explain(TopologyClass topologyClass, Wanted wanted, Fit fit, EngineConfig engine) {
        Machine machine = wanted.backend() == Backend.None
                ? quota(topologyClass, fit.cpus())
                : topologyClass.topology().machine(tried(topologyClass, fit.cpus()).admission().cpus().getFirst(),
                        topologyClass.numaMemory());
        return ShardPlanner.plan(machine, engine).reasons();
    }

    /** A pod that shares the node's CPUs sees all of them, and a quota. */
    private static Machine quota(TopologyClass topologyClass, int cpus) {
        CpuTopology topology = topologyClass.topology();
        Machine all = topology.machine(CpuSet.of(topology.all()), topologyClass.numaMemory());
        return new Machine(all.online(), all.allowed(), all.isolated(), all.cores(), all.l3Groups(), all.numaNodes(),
                OptionalDouble.of(cpus), all.memoryLimit(), all.openFiles(), all.memlock());
    }

    /** Where nothing tells how CPUs are handed out, as the static policy does it by default. */
    private static KubeletNode emptyNode(TopologyClass topologyClass) {
        KubeletConfig kubelet = topologyClass.kubelet();
        return kubelet != null && kubelet.cpuManager() == CpuManager.STATIC
                ? topologyClass.freshNode()
                : new KubeletNode(topologyClass.topology(), new KubeletConfig(CpuManager.STATIC, Set.of(),
                        TopologyPolicy.NONE, Scope.CONTAINER, CpuSet.EMPTY), CpuSet.EMPTY);
    }
}
