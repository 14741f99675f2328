package io.solaster.operator.inventory;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.fabric8.kubernetes.api.model.Quantity;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.api.TopologyProfileSpec.Kubelet;
import io.solaster.operator.api.TopologyProfileSpec.NumaNode;
import io.solaster.operator.api.TopologyProfileSpec.ReservedMemory;
import io.solaster.operator.client.Amounts;
import io.solaster.operator.kubelet.KubeletNode;
import io.solaster.operator.kubelet.NumaNodes;
import org.jspecify.annotations.Nullable;

/** Reads what a {@link TopologyProfile} says of the memory of NUMA nodes, and of how a kubelet reckons with it. */
final class NumaProfiles {
    private NumaProfiles() {}

    static NumaNodes of(TopologyProfile profile, List<NumaNode> nodes, Kubelet kubelet) {
        String policy = kubelet.memoryManagerPolicy();
        if (policy != null && !policy.equals("None") && !policy.equals("Static")) {
            throw Profiles.invalid(profile,
                    "kubelet.memoryManagerPolicy: '" + policy + "' is unknown; write one of None, Static");
        }
        boolean pinned = "Static".equals(policy);
        Map<String, String> options = kubelet.topologyManagerPolicyOptions();
        boolean closest = false;
        int most = KubeletNode.MAX_NODES;
        for (Map.Entry<String, String> option : (options == null ? Map.<String, String>of() : options).entrySet()) {
            switch (option.getKey()) {
                case "prefer-closest-numa-nodes" -> closest = Boolean.parseBoolean(option.getValue());
                case "max-allowable-numa-nodes" -> most = most(profile, option.getValue());
                default -> throw Profiles.invalid(profile, "kubelet.topologyManagerPolicyOptions: '" + option.getKey()
                        + "' is unknown; write one of prefer-closest-numa-nodes, max-allowable-numa-nodes");
            }
        }
        List<NumaNodes.Node> all = new ArrayList<>();
        List<List<Integer>> distances = new ArrayList<>();
        for (NumaNode node : nodes) {
            all.add(node(profile, all.size(), node, kubelet, pinned));
            List<Integer> here = node.distances();
            if (closest && (here == null || here.size() < nodes.size())) {
                throw Profiles.invalid(profile,
                        "numaNodes[" + distances.size() + "].distances: the kubelet goes by them"
                                + " with prefer-closest-numa-nodes; write one for each NUMA node");
            }
            if (closest && here != null) {
                distances.add(here);
            }
        }
        if (pinned && all.isEmpty()) {
            throw Profiles.invalid(profile, "kubelet.memoryManagerPolicy: Static goes by the memory of each NUMA node;"
                    + " write numaNodes with cpus and memory");
        }
        if (pinned && reserved(profile, kubelet, -1, "memory") == 0) {
            throw Profiles.invalid(profile,
                    "kubelet.reservedMemory: the kubelet does not start with memoryManagerPolicy"
                            + " Static and nothing reserved; write its reservedMemory");
        }
        return new NumaNodes(all, pinned, distances, most);
    }

    private static int most(TopologyProfile profile, String value) {
        try {
            int most = Integer.parseInt(value);
            if (most >= KubeletNode.MAX_NODES) {
                return most;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw Profiles.invalid(profile, "kubelet.topologyManagerPolicyOptions.max-allowable-numa-nodes: '" + value
                + "' is not taken by a kubelet; write a number from " + KubeletNode.MAX_NODES + " on");
    }

    private static NumaNodes.Node node(TopologyProfile profile, int id, NumaNode node, Kubelet kubelet,
            boolean pinned) {
        if (pinned && node.memory() == null) {
            throw Profiles.invalid(profile,
                    "numaNodes[" + id
                            + "].memory is missing: memoryManagerPolicy Static goes by it; write one such as 64Gi");
        }
        long memory = amount(profile, "numaNodes[" + id + "].memory", node.memory())
                - reserved(profile, kubelet, id, "memory");
        long pages = 0;
        Map<String, Quantity> sizes = node.hugepages() == null ? Map.of() : node.hugepages();
        for (Map.Entry<String, Quantity> size : sizes.entrySet()) {
            long bytes = amount(profile, "numaNodes[" + id + "].hugepages." + size.getKey(), size.getValue());
            memory -= bytes;
            pages += size.getKey().equals("2Mi") ? bytes - reserved(profile, kubelet, id, Requests.HUGE_PAGES) : 0;
        }
        return new NumaNodes.Node(id, Math.max(0, memory), Math.max(0, pages));
    }

    /** @param node its number; -1 for all */
    private static long reserved(TopologyProfile profile, Kubelet kubelet, int node, String resource) {
        long sum = 0;
        for (ReservedMemory each : kubelet.reservedMemory() == null
                ? List.<ReservedMemory>of()
                : kubelet.reservedMemory()) {
            if (each.limits() != null && (node < 0 || (each.numaNode() != null && each.numaNode() == node))) {
                sum += amount(profile, "kubelet.reservedMemory[].limits." + resource, each.limits().get(resource));
            }
        }
        return sum;
    }

    private static long amount(TopologyProfile profile, String key, @Nullable Quantity quantity) {
        try {
            return Amounts.of(quantity, BigDecimal.ONE);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw Profiles.invalid(profile, key + ": '" + quantity + "' is no amount; write one such as 64Gi");
        }
    }
}
