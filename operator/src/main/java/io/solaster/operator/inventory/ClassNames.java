package io.solaster.operator.inventory;

import java.util.Arrays;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;

import io.solaster.config.value.CpuSet;
import io.solaster.operator.api.Labels;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.inventory.TopologyClass.Shape;
import io.solaster.operator.kubelet.CpuTopology;
import io.solaster.operator.kubelet.KubeletConfig;
import io.solaster.operator.kubelet.KubeletConfig.CpuManager;
import io.solaster.operator.kubelet.KubeletConfig.Option;
import io.solaster.operator.kubelet.KubeletNode;
import io.solaster.operator.kubelet.NumaNodes;
import org.jspecify.annotations.Nullable;

/**
 * Names a class after what its nodes are, and after nothing else: nodes that come and go never change the name of
 * another class, which workloads are called by. A node that is as its profile declares it, reserved CPUs included, is of
 * the class that is called as the profile; where the node alone says how many CPUs are reserved, what it has to give
 * follows ({@code big-124c}); and where it is in some other way not what was declared, a checksum of what it is.
 */
final class ClassNames {
    /** What a name that is made here may look like: a profile that is called so gets a checksum, so as not to be mistaken. */
    private static final Pattern MADE = Pattern.compile(".*-\\d+c(-.*)?|(\\d+x)?\\d+cpu(-.*)?");
    private static final int DIGITS = 6;

    private ClassNames() {}

    /**
     * @param profile the profile of the nodes; null if they have none
     * @param cpus how many CPUs a node has
     */
    static String of(Shape shape, @Nullable TopologyProfile profile, int cpus) {
        String base = profile == null ? unprofiled(shape) : profiled(shape, profile, cpus);
        boolean plain = !base.endsWith("-") && (profile == null || !MADE.matcher(Profiles.name(profile)).matches());
        String name = plain ? base : base.replaceAll("-$", "") + "-" + checksum(shape, profile, cpus);
        return Labels.fit(name, Labels.LENGTH);
    }

    /** Ends with a hyphen if that does not say all. */
    private static String profiled(Shape shape, TopologyProfile profile, int cpus) {
        String name = Profiles.name(profile);
        CpuTopology topology = shape.topology();
        KubeletConfig kubelet = shape.kubelet();
        CpuSet reserved = kubelet == null ? CpuSet.EMPTY : kubelet.reserved();
        String given = name + "-" + (topology.size() - reserved.size()) + "c";
        boolean declared = !shape.dra() && topology.size() == cpus
                && topology.equals(Profiles.topology(profile, cpus))
                && Objects.equals(kubelet, Profiles.kubelet(profile, reserved));
        if (!declared) {
            return given + "-";
        }
        CpuSet listed = Profiles.reserved(profile);
        boolean reserves = kubelet != null && kubelet.cpuManager() == CpuManager.STATIC;
        if (Profiles.listsCpus(profile) && (listed != null || !reserves)) {
            return name;
        }
        Set<Option> options = kubelet == null ? Set.of() : kubelet.options();
        return listed != null || reserved.equals(KubeletNode.reserve(topology, options, reserved.size()))
                ? given
                : given + "-";
    }

    private static String unprofiled(Shape shape) {
        CpuTopology topology = shape.topology();
        int[] nodes = topology.nodes();
        boolean uniform = Arrays.stream(nodes)
                .allMatch(node -> topology.cpusOfNode(node).size() * nodes.length == topology.size())
                && nodes[nodes.length - 1] == nodes.length - 1;
        return (nodes.length == 1 ? "" : nodes.length + "x") + topology.size() + "cpu"
                + (uniform && !shape.dra() ? "" : "-");
    }

    private static String checksum(Shape shape, @Nullable TopologyProfile profile, int cpus) {
        String text = (profile == null ? "" : Profiles.name(profile)) + "|" + cpus + "|" + shape.dra() + "|"
                + shape.topology().cpus() + "|" + spelled(shape.kubelet());
        return Labels.checksum(text).substring(8 - DIGITS);
    }

    private static String spelled(@Nullable KubeletConfig kubelet) {
        return kubelet == null
                ? ""
                : kubelet.cpuManager() + " " + kubelet.options().stream().sorted().toList() + " "
                        + kubelet.topologyManager() + " " + kubelet.scope() + " " + kubelet.reserved()
                        + (kubelet.numa().equals(NumaNodes.NONE) ? "" : " " + kubelet.numa());
    }
}
