package io.solaster.operator.kubelet;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.solaster.operator.kubelet.TopologyManager.Hint;
import org.jspecify.annotations.Nullable;

/**
 * The Memory Manager's static policy, as in Kubernetes 1.36 ({@code pkg/kubelet/cm/memorymanager/policy_static.go}):
 * which sets of NUMA nodes have the memory and the huge pages that a container asks for, and what is left when it has
 * them. A NUMA node that serves pods by itself serves none together with others, and the reverse. For one thread.
 */
final class MemoryManager {

    /**
     * What a container has.
     *
     * @param nodes the NUMA nodes that it is from, as a mask
     * @param memory its bytes
     * @param hugePages its bytes of huge pages
     * @param resources how many of the two it asked for
     */
    record Block(long nodes, long memory, long hugePages, int resources) {
        static Block none(long nodes) {
            return new Block(nodes, 0, 0, 0);
        }
    }

    private final List<NumaNodes.Node> nodes;
    private final long[][] free;
    private final int[] assignments;
    /** With which others each NUMA node serves. */
    private final long[] groups;

    MemoryManager(NumaNodes memory) {
        nodes = memory.nodes();
        free = new long[][]{nodes.stream().mapToLong(NumaNodes.Node::memory).toArray(),
                nodes.stream().mapToLong(NumaNodes.Node::hugePages).toArray()};
        assignments = new int[nodes.size()];
        groups = nodes.stream().mapToLong(node -> 1L << node.id()).toArray();
    }

    /**
     * The hints of each resource; none where no set of NUMA nodes will do, which the Topology Manager takes for no
     * preference ({@code filterProvidersHints} in {@code topologymanager/policy.go}).
     *
     * @param reusable what ended init containers leave, by the NUMA nodes that they had it from
     */
    List<List<Hint>> hints(long memory, long hugePages, Map<Long, Block> reusable) {
        List<Hint> hints = sets(memory, hugePages, reusable);
        List<List<Hint>> providers = new ArrayList<>();
        for (long asked : new long[]{memory, hugePages}) {
            if (asked > 0 && !hints.isEmpty()) {
                providers.add(hints);
            }
        }
        return providers;
    }

    private List<Hint> sets(long memory, long hugePages, Map<Long, Block> reusable) {
        int fewest = nodes.size();
        List<Hint> sets = new ArrayList<>();
        for (int subset = 1; subset < 1 << nodes.size(); subset++) {
            long mask = 0;
            long allMemory = 0;
            long allPages = 0;
            boolean apart = true;
            for (int i = 0; i < nodes.size(); i++) {
                if ((subset >> i & 1) == 1) {
                    mask |= 1L << nodes.get(i).id();
                    allMemory += nodes.get(i).memory();
                    allPages += nodes.get(i).hugePages();
                }
            }
            if (allMemory < memory || allPages < hugePages) {
                continue;
            }
            fewest = Math.min(fewest, Integer.bitCount(subset));
            for (int i = 0; i < nodes.size(); i++) {
                if ((subset >> i & 1) == 1) {
                    apart &= Integer.bitCount(subset) == 1
                            ? groups[i] == mask
                            : assignments[i] == 0 || groups[i] == mask;
                }
            }
            Block left = reusable.getOrDefault(mask, Block.none(mask));
            if (apart && freeIn(0, mask) + left.memory() >= memory && freeIn(1, mask) + left.hugePages() >= hugePages) {
                sets.add(new Hint(mask, false));
            }
        }
        int preferred = fewest;
        sets.replaceAll(set -> new Hint(set.nodes(), set.count() == preferred));
        return sets;
    }

    private long freeIn(int resource, long mask) {
        long sum = 0;
        for (int i = 0; i < nodes.size(); i++) {
            sum += (mask >> nodes.get(i).id() & 1) == 1 ? free[resource][i] : 0;
        }
        return sum;
    }

    /**
     * Takes what a container asks for.
     *
     * @param affinity what the Topology Manager decided; without nodes for anywhere
     * @param reusable what ended init containers leave; what is used of it is taken from it
     * @return what was taken anew; null if there is not enough
     */
    @Nullable
    Block allocate(long memory, long hugePages, Hint affinity, Map<Long, Block> reusable) {
        long mask = affinity.nodes();
        if (mask == 0 || freeIn(0, mask) < memory || freeIn(1, mask) < hugePages) {
            Hint best = null;
            for (Hint set : sets(memory, hugePages, reusable)) {
                if ((set.nodes() & mask) == mask) {
                    best = better(best, set);
                }
            }
            if (best == null || (!best.preferred() && affinity.preferred())) {
                return null;
            }
            mask = best.nodes();
        }
        for (int i = 0; i < nodes.size(); i++) {
            if ((mask >> nodes.get(i).id() & 1) == 1 && Long.bitCount(mask) > 1 && assignments[i] > 0
                    && groups[i] != mask) {
                return null;
            }
        }
        Block left = reusable.getOrDefault(mask, Block.none(mask));
        Block block = new Block(mask, Math.max(0, memory - left.memory()), Math.max(0, hugePages - left.hugePages()),
                (memory > 0 ? 1 : 0) + (hugePages > 0 ? 1 : 0));
        for (int i = 0; i < nodes.size(); i++) {
            if ((mask >> nodes.get(i).id() & 1) == 1) {
                assignments[i] += block.resources();
                groups[i] = mask;
            }
        }
        move(0, block.nodes(), -block.memory());
        move(1, block.nodes(), -block.hugePages());
        return block;
    }

    /** Gives back what a container had. */
    void release(Block block) {
        for (int i = 0; i < nodes.size(); i++) {
            if ((block.nodes() >> nodes.get(i).id() & 1) == 1) {
                assignments[i] -= block.resources();
                groups[i] = assignments[i] == 0 ? 1L << nodes.get(i).id() : groups[i];
            }
        }
        move(0, block.nodes(), block.memory());
        move(1, block.nodes(), block.hugePages());
    }

    /** From the lowest NUMA node on, as far as each goes. */
    private void move(int resource, long mask, long bytes) {
        for (int i = 0; i < nodes.size() && bytes != 0; i++) {
            if ((mask >> nodes.get(i).id() & 1) == 1) {
                long all = resource == 0 ? nodes.get(i).memory() : nodes.get(i).hugePages();
                long after = Math.clamp(free[resource][i] + bytes, 0, all);
                bytes -= after - free[resource][i];
                free[resource][i] = after;
            }
        }
    }

    private static Hint better(@Nullable Hint best, Hint next) {
        if (best == null || best.preferred() != next.preferred()) {
            return best == null || next.preferred() ? next : best;
        }
        return TopologyManager.narrower(best, next);
    }

    /** What a container leaves to those after it, if it is an init container; else what it takes of that. */
    static void reuse(Map<Long, Block> reusable, Block asked, boolean init) {
        Block left = reusable.getOrDefault(asked.nodes(), Block.none(asked.nodes()));
        reusable.put(asked.nodes(), init
                ? new Block(asked.nodes(), Math.max(left.memory(), asked.memory()),
                        Math.max(left.hugePages(), asked.hugePages()), 0)
                : new Block(asked.nodes(), Math.max(0, left.memory() - asked.memory()),
                        Math.max(0, left.hugePages() - asked.hugePages()), 0));
    }
}
