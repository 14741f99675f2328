package io.solaster.operator.plan;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

import io.solaster.config.CpuSet;
import io.solaster.config.EngineConfig;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.Machine;
import io.solaster.config.ShardPlan;
import io.solaster.config.ShardPlanner;
import io.solaster.operator.api.ShardedServiceSpec.Backend;
import io.solaster.operator.inventory.Inventory;
import io.solaster.operator.inventory.TopologyClass;
import io.solaster.operator.kubelet.Admission;
import io.solaster.operator.kubelet.KubeletConfig;
import io.solaster.operator.kubelet.KubeletConfig.CpuManager;
import io.solaster.operator.kubelet.KubeletConfig.Scope;
import io.solaster.operator.kubelet.KubeletConfig.TopologyPolicy;
import io.solaster.operator.kubelet.KubeletNode;

/**
 * How many CPUs a pod gets on nodes of a class, and what the engine makes of them: its own planner is asked about the
 * very CPUs that the kubelet would hand out on an empty node. Remembers what it was asked. For one thread.
 */
final class PodSizer {

    /**
     * What becomes of a pod.
     *
     * @param cpus its CPUs; 0 if none can be planned
     * @param shards its shards
     * @param numaNodes the NUMA nodes that it lies on
     * @param reasons the engine's planner's reasons
     * @param problem why none can be planned; empty if one can
     */
    record Fit(int cpus, int shards, int numaNodes, List<String> reasons, String problem) {
        static Fit impossible(String problem) {
            return new Fit(0, 0, 0, List.of(), problem);
        }
    }

    private record Question(TopologyClass topologyClass, int cpus, boolean shared, EngineConfig engine) {}

    private final Map<Question, Fit> answers = new HashMap<>();

    /** @param mostCpus CPUs that a pod may ask for at most, by what the scheduler counts */
    Fit size(TopologyClass topologyClass, Wanted wanted, int shared, int mostCpus) {
        int unit = topologyClass.topology().threadsPerCore();
        return switch (wanted.mode()) {
            case Fixed -> fixed(topologyClass, wanted, unit);
            case PerNuma -> filling(topologyClass, wanted, unit, Math.min(mostCpus, perNuma(topologyClass, shared)),
                    "a NUMA node");
            case FillNode -> filling(topologyClass, wanted, unit,
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

    private Fit fixed(TopologyClass topologyClass, Wanted wanted, int unit) {
        int perShard = wanted.threads() ? 1 : unit;
        Fit first = Fit.impossible("");
        for (int cpus = up(wanted.count() * perShard, unit); cpus <= topologyClass.topology().size(); cpus += unit) {
            Fit fit = fit(topologyClass, cpus, wanted);
            if (fit.shards() > wanted.count()) {
                // The step of a core has brought more than was asked for.
                return fit(topologyClass, cpus, wanted, wanted.engine().withShards(wanted.count()));
            }
            if (fit.shards() == wanted.count()) {
                return fit;
            }
            if (!fit.problem().isEmpty()) {
                first = fit;
                break;
            }
        }
        if (!first.problem().isEmpty()) {
            return first;
        }
        return Fit.impossible(wanted.count() + " shards need more than the " + topologyClass.topology().size()
                + " CPUs of a node; set spec.shards.count lower");
    }

    private Fit filling(TopologyClass topologyClass, Wanted wanted, int unit, int room, String what) {
        Fit best = Fit.impossible(what + " has " + Math.max(room, 0) + " CPUs to give, a pod needs "
                + (wanted.min() > 1 ? "those of " + wanted.min() + " shards" : "one") + "; reserve or share fewer");
        for (int cpus = room / unit * unit; cpus > 0; cpus -= unit) {
            Fit fit = fit(topologyClass, cpus, wanted);
            if (!fit.problem().isEmpty()) {
                return best.cpus() > 0 ? best : fit;
            }
            if (fit.shards() < wanted.min()) {
                return best.cpus() > 0
                        ? best
                        : Fit.impossible("the " + cpus + " CPUs of " + what + " make " + fit.shards()
                                + " shards, spec.shards.min is " + wanted.min() + "; lower it");
            }
            best = fit;
            if (fit.shards() <= wanted.max()) {
                return fit;
            }
        }
        return best;
    }

    /** What becomes of a pod with so many CPUs. */
    Fit fit(TopologyClass topologyClass, int cpus, Wanted wanted) {
        return fit(topologyClass, cpus, wanted, wanted.engine());
    }

    private Fit fit(TopologyClass topologyClass, int cpus, Wanted wanted, EngineConfig engine) {
        Question question = new Question(topologyClass, cpus, wanted.backend() == Backend.None, engine);
        return answers.computeIfAbsent(question, PodSizer::answer);
    }

    private static Fit answer(Question question) {
        TopologyClass topologyClass = question.topologyClass();
        CpuSet allowed;
        boolean throttled = question.shared();
        if (throttled) {
            allowed = CpuSet.of(topologyClass.topology().all());
        } else {
            Admission admission = emptyNode(topologyClass).admit(question.cpus());
            if (!admission.admitted()) {
                return Fit.impossible((admission.refusal() == null ? "" : admission.refusal().spelled() + " ")
                        + "on an empty node: " + admission.message());
            }
            allowed = admission.cpus().getFirst();
        }
        Machine machine = topologyClass.topology().machine(allowed, topologyClass.numaMemory());
        if (throttled) {
            machine = new Machine(machine.online(), allowed, machine.isolated(), machine.cores(), machine.l3Groups(),
                    machine.numaNodes(), OptionalDouble.of(question.cpus()), machine.memoryLimit(),
                    machine.openFiles(), machine.memlock());
        }
        try {
            ShardPlan plan = ShardPlanner.plan(machine, question.engine());
            int nodes = (int) allowed.stream().map(topologyClass.topology()::nodeOf).distinct().count();
            return new Fit(question.cpus(), plan.shards().size(), nodes, plan.reasons(), "");
        } catch (InvalidConfigException e) {
            return Fit.impossible("spec.config: " + e.violations().getFirst());
        }
    }

    /** Where nothing tells how CPUs are handed out, as the static policy does it by default. */
    private static KubeletNode emptyNode(TopologyClass topologyClass) {
        KubeletConfig kubelet = topologyClass.kubelet();
        return kubelet != null && kubelet.cpuManager() == CpuManager.STATIC
                ? topologyClass.freshNode()
                : new KubeletNode(topologyClass.topology(), new KubeletConfig(CpuManager.STATIC, Set.of(),
                        TopologyPolicy.NONE, Scope.CONTAINER, CpuSet.EMPTY), CpuSet.EMPTY);
    }

    private static int up(int number, int unit) {
        return (number + unit - 1) / unit * unit;
    }

    /** The steps between sizes. */
    static int step(TopologyClass topologyClass) {
        return Inventory.wholeCoresOnly(topologyClass) ? topologyClass.topology().threadsPerCore() : 1;
    }
}
