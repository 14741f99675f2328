package io.solaster.operator.kubelet;

import java.util.List;

/**
 * What the kubelet knows of a node's NUMA nodes beside their CPUs.
 *
 * @param nodes all NUMA nodes, also those without CPUs; empty if nothing tells of them
 * @param pinned whether the Memory Manager's policy is Static
 * @param distances by NUMA node the distances to all, where the Topology Manager has {@code prefer-closest-numa-nodes};
 * empty where it has not
 * @param most on how many NUMA nodes the Topology Manager starts
 */
public record NumaNodes(List<Node> nodes, boolean pinned, List<List<Integer>> distances,
        int most) {
    /** Nothing told, nothing pinned. */
    public static final NumaNodes NONE = new NumaNodes(List.of(), false, List.of(), KubeletNode.MAX_NODES);

    /**
     * A NUMA node.
     *
     * @param id its number
     * @param memory bytes that pods may have: what there is without what is reserved and without huge pages
     * @param hugePages bytes of 2 MiB pages that pods may have
     */
    public record Node(int id, long memory, long hugePages) {}

    public NumaNodes {
        nodes = List.copyOf(nodes);
        distances = distances.stream().map(List::copyOf).toList();
    }
}
