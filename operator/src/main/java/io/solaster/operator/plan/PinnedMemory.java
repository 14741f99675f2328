package io.solaster.operator.plan;

import java.util.Arrays;

import io.solaster.operator.inventory.NodeState;
import io.solaster.operator.inventory.NodeState.OwnPods;
import io.solaster.operator.inventory.TopologyClass;
import io.solaster.operator.kubelet.KubeletConfig.TopologyPolicy;
import io.solaster.operator.kubelet.NumaNodes;
import io.solaster.operator.plan.Room.Count;
import io.solaster.operator.plan.Room.Demand;
import org.jspecify.annotations.Nullable;

/**
 * The memory and huge pages of a node's NUMA nodes where the kubelet's Memory Manager pins pods to them: a pod needs a
 * NUMA node that has its CPUs and its memory. Which NUMA nodes the running pods have theirs from is not told, so that the
 * worst case is what is certain. For one thread.
 */
final class PinnedMemory {
    private final long[] memory;
    private final long[] hugePages;
    private final boolean restricted;
    private long hiddenMemory;
    private long hiddenPages;

    PinnedMemory(NodeState node) {
        TopologyClass topologyClass = node.topologyClass();
        memory = topologyClass.pinned().stream().mapToLong(NumaNodes.Node::memory).toArray();
        hugePages = topologyClass.pinned().stream().mapToLong(NumaNodes.Node::hugePages).toArray();
        restricted = topologyClass.kubelet() != null
                && topologyClass.kubelet().topologyManager() == TopologyPolicy.RESTRICTED;
        hiddenMemory = node.takenMemory();
        hiddenPages = node.takenHugePages();
    }

    /**
     * How many pods fit by memory, and by CPUs with it.
     *
     * @param cpus those that are free by NUMA node
     * @param lostByCpus how many pods fewer hidden CPUs may come to; negative where CPUs and memory may lie apart
     */
    Count count(Demand demand, @Nullable OwnPods own, int[] cpus, int lostByCpus) {
        boolean together = lostByCpus >= 0;
        long pods = 0;
        for (int i = 0; i < memory.length; i++) {
            long here = memory[i] / demand.memory();
            here = demand.hugePages() == 0 ? here : Math.min(here, hugePages[i] / demand.hugePages());
            pods += together ? Math.min(here, cpus[i] / demand.cpus()) : here;
        }
        long others = Math.max(0, hiddenMemory - (own == null ? 0 : own.memory()));
        long otherPages = Math.max(0, hiddenPages - (own == null ? 0 : own.hugePages()));
        long lost = Math.max(0, lostByCpus) + lost(memory, demand.memory(), others);
        if (demand.hugePages() > 0) {
            lost += lost(hugePages, demand.hugePages(), otherPages);
        }
        // A pod that has memory of several NUMA nodes keeps all others from those.
        boolean shut = restricted && others > 0;
        int certain = shut ? 0 : Math.clamp(pods - lost, 0, Integer.MAX_VALUE);
        return new Count(certain, together ? (int) Math.min(pods, Integer.MAX_VALUE) : Integer.MAX_VALUE, 0);
    }

    /** How many units fewer there are if what is hidden lies where it harms most. */
    private static long lost(long[] free, long unit, long hidden) {
        long[] firsts = Arrays.stream(free).filter(bytes -> bytes >= unit).map(bytes -> bytes % unit + 1).sorted()
                .toArray();
        long lost = 0;
        for (long first : firsts) {
            if (first > hidden) {
                break;
            }
            hidden -= first;
            lost++;
        }
        return lost + hidden / unit;
    }

    /** Takes a pod's memory from a NUMA node, if that certainly has it. */
    boolean take(int node, Demand demand) {
        if (hiddenMemory > 0 || hiddenPages > 0 || memory[node] < demand.memory()
                || hugePages[node] < demand.hugePages()) {
            return false;
        }
        memory[node] -= demand.memory();
        hugePages[node] -= demand.hugePages();
        return true;
    }

    /** Takes a pod's memory from wherever it is. */
    void hide(Demand demand) {
        hiddenMemory += demand.memory();
        hiddenPages += demand.hugePages();
    }
}
