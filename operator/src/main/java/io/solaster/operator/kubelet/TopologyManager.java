package io.solaster.operator.kubelet;

import java.util.ArrayList;
import java.util.List;

import io.solaster.operator.kubelet.KubeletConfig.TopologyPolicy;
import org.jspecify.annotations.Nullable;

/**
 * How the kubelet's Topology Manager makes one hint of the hints of several resources, and whether it lets the pod in.
 * Pure functions. Sets of NUMA nodes are masks: bit n stands for node n.
 */
final class TopologyManager {

    /**
     * A set of NUMA nodes that a resource could come from.
     *
     * @param nodes their mask; 0 for 'no preference'
     * @param preferred whether no smaller set would do, on an empty machine
     */
    record Hint(long nodes, boolean preferred) {
        int count() {
            return Long.bitCount(nodes);
        }
    }

    /** What was decided: where to take from (nodes 0 for anywhere), and whether the pod is let in. */
    record Decision(Hint hint, boolean admit) {}

    private TopologyManager() {}

    /**
     * @param allNodes the mask of all NUMA nodes
     * @param providers the hints of each resource; an empty list means that nothing can satisfy it
     */
    static Decision decide(TopologyPolicy policy, long allNodes, List<List<Hint>> providers) {
        return decide(policy, allNodes, providers, List.of());
    }

    /** @param distances as in {@link NumaNodes#distances()} */
    static Decision decide(TopologyPolicy policy, long allNodes, List<List<Hint>> providers,
            List<List<Integer>> distances) {
        if (policy == TopologyPolicy.NONE) {
            return new Decision(new Hint(0, true), true);
        }
        List<List<Hint>> hints = new ArrayList<>();
        for (List<Hint> provider : providers) {
            hints.add(provider.isEmpty() ? List.of(new Hint(0, false)) : provider);
        }
        if (policy != TopologyPolicy.SINGLE_NUMA_NODE) {
            Hint best = merge(allNodes, hints, distances);
            return new Decision(best, policy == TopologyPolicy.BEST_EFFORT || best.preferred());
        }
        hints.replaceAll(provider -> provider.stream().filter(hint -> hint.preferred() && hint.count() <= 1).toList());
        Hint best = merge(allNodes, hints, List.of());
        // All nodes together are no single node: whatever is decided then is decided without them.
        Hint hint = best.nodes() == allNodes ? new Hint(0, best.preferred()) : best;
        return new Decision(hint, hint.preferred());
    }

    private static Hint merge(long allNodes, List<List<Hint>> providers, List<List<Integer>> distances) {
        int fewest = neediest(providers);
        Hint best = null;
        int[] chosen = new int[providers.size()];
        do {
            Hint merged = combine(allNodes, providers, chosen);
            if (merged == null) {
                break;
            }
            best = better(best, merged, fewest, distances);
        } while (next(chosen, providers));
        return best == null ? new Hint(allNodes, false) : best;
    }

    /** How many nodes the resource that needs most of them needs at least. */
    static int neediest(List<List<Hint>> providers) {
        int fewest = 0;
        for (List<Hint> provider : providers) {
            fewest = Math.max(fewest, fewestNodes(provider));
        }
        return fewest;
    }

    private static int fewestNodes(List<Hint> provider) {
        int fewest = 0;
        for (Hint hint : provider) {
            if (hint.nodes() != 0 && (fewest == 0 || hint.count() < fewest)) {
                fewest = hint.count();
            }
        }
        return fewest;
    }

    /** The nodes that one choice of hints has in common; null if a resource has none to choose from. */
    private static @Nullable Hint combine(long allNodes, List<List<Hint>> providers, int[] chosen) {
        long common = allNodes;
        long first = 0;
        boolean preferred = true;
        for (int i = 0; i < chosen.length; i++) {
            if (providers.get(i).isEmpty()) {
                return null;
            }
            Hint hint = providers.get(i).get(chosen[i]);
            preferred &= hint.preferred();
            if (hint.nodes() != 0) {
                first = first == 0 ? hint.nodes() : first;
                preferred &= hint.nodes() == first;
                common &= hint.nodes();
            }
        }
        return new Hint(common, preferred);
    }

    private static boolean next(int[] chosen, List<List<Hint>> providers) {
        for (int i = chosen.length - 1; i >= 0; i--) {
            if (++chosen[i] < providers.get(i).size()) {
                return true;
            }
            chosen[i] = 0;
        }
        return false;
    }

    /**
     * @param target how many nodes a hint that is not preferred should have: what the neediest resource needs at least
     */
    static @Nullable Hint better(@Nullable Hint current, Hint candidate, int target) {
        return better(current, candidate, target, List.of());
    }

    private static @Nullable Hint better(@Nullable Hint current, Hint candidate, int target,
            List<List<Integer>> distances) {
        if (candidate.nodes() == 0) {
            return current;
        }
        if (current == null) {
            return candidate;
        }
        if (current.preferred() != candidate.preferred()) {
            return current.preferred() ? current : candidate;
        }
        if (current.preferred() || current.count() > target) {
            return closer(current, candidate, distances);
        }
        if (candidate.count() > target) {
            return current;
        }
        if (current.count() == candidate.count()) {
            return closer(current, candidate, distances);
        }
        return current.count() > candidate.count() ? current : candidate;
    }

    /**
     * Fewer nodes, then those that lie closer to each other on average, if that is asked for
     * ({@code topologymanager/numa_info.go}), then lower numbers.
     */
    private static Hint closer(Hint current, Hint candidate, List<List<Integer>> distances) {
        if (distances.isEmpty() || current.count() != candidate.count()) {
            return narrower(current, candidate);
        }
        int order = Double.compare(distance(candidate.nodes(), distances), distance(current.nodes(), distances));
        return order == 0 ? narrower(current, candidate) : order < 0 ? candidate : current;
    }

    private static double distance(long nodes, List<List<Integer>> distances) {
        double sum = 0;
        for (long from = nodes; from != 0; from &= from - 1) {
            for (long to = nodes; to != 0; to &= to - 1) {
                sum += distances.get(Long.numberOfTrailingZeros(from)).get(Long.numberOfTrailingZeros(to));
            }
        }
        return sum / Long.bitCount(nodes) / Long.bitCount(nodes);
    }

    /** Fewer nodes, then lower numbers. */
    static Hint narrower(Hint current, Hint candidate) {
        int fewer = Integer.compare(candidate.count(), current.count());
        return fewer < 0 || (fewer == 0 && Long.compareUnsigned(candidate.nodes(), current.nodes()) < 0)
                ? candidate
                : current;
    }
}
