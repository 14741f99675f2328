package io.solaster.operator.api;

import java.util.List;
import java.util.Map;

import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Quantity;
import org.jspecify.annotations.Nullable;

/**
 * What the nodes of a pool have. CPU lists are written as Linux writes them, such as {@code 0-15,32-47}.
 *
 * @param nodeSelector the labels of the nodes that this is about; all nodes if left out
 * @param sockets how many sockets; 1 unless said otherwise
 * @param numaNodes the NUMA nodes by number; one with all CPUs if left out
 * @param threadsPerCore hardware threads per core; 1 unless said otherwise
 * @param threadNumbering how the threads of a core are numbered; Split unless said otherwise
 * @param l3Groups the CPUs of each last-level cache; one per NUMA node if left out
 * @param offlineCPUs those of all these CPUs that are offline; none if left out
 * @param reservedCPUs the kubelet's {@code reservedSystemCPUs}; if left out, as many as the node keeps from allocation
 * @param allowKubeletDefects whether pods may be planned where sockets, or cores with an offline thread, are uneven, so
 * that a kubelet may hand out reserved and taken CPUs; false unless said otherwise
 * @param kubelet how the kubelet hands out CPUs
 */
public record TopologyProfileSpec(@Nullable Map<String, String> nodeSelector,
        @Min(1) @Max(8192) @Nullable Integer sockets, @Nullable List<NumaNode> numaNodes,
        @Min(1) @Max(8) @Nullable Integer threadsPerCore, @Nullable ThreadNumbering threadNumbering,
        @Nullable List<@Pattern(CPU_LIST) String> l3Groups,
        @Pattern("^$|" + CPU_LIST) @Nullable String offlineCPUs,
        @Pattern("^$|" + CPU_LIST) @Nullable String reservedCPUs,
        @Nullable Boolean allowKubeletDefects, @Nullable Kubelet kubelet) {

    /** A CPU list as Linux writes it; whole, since the API server looks for a pattern anywhere in a text. */
    static final String CPU_LIST = "^ *[0-9]{1,4}( *- *[0-9]{1,4})?( *, *[0-9]{1,4}( *- *[0-9]{1,4})?)* *$";

    /**
     * A NUMA node.
     *
     * @param cpus its CPUs; empty for one that has memory alone
     * @param memory its memory, huge pages counted in
     * @param hugepages its huge pages by size, such as {@code 2Mi: 4Gi}
     * @param distances how far it is to each NUMA node, as Linux tells; for {@code prefer-closest-numa-nodes}
     */
    public record NumaNode(@Required @Pattern("^$|" + CPU_LIST) @Nullable String cpus, @Nullable Quantity memory,
            @Nullable Map<String, Quantity> hugepages, @Nullable List<@Min(0) @Max(255) Integer> distances) {}

    /**
     * What a kubelet reserves of a NUMA node's memory.
     *
     * @param numaNode its number
     * @param limits how much, by {@code memory}, {@code hugepages-2Mi} and the like
     */
    public record ReservedMemory(@Required @Min(0) @Max(63) @Nullable Integer numaNode,
            @Required @Nullable Map<String, Quantity> limits) {}

    /** How the hardware threads of a core are numbered. */
    public enum ThreadNumbering {
        /** First threads of all cores, then second ones: 0 and 4 on 4 cores, as Linux does on most servers. */
        Split,
        /** One after another: 0 and 1, as on some virtual machines. */
        Adjacent
    }

    /**
     * How the kubelet hands out CPUs, in its own spelling.
     *
     * @param cpuManagerPolicy none or static; none unless said otherwise, as in the kubelet
     * @param cpuManagerPolicyOptions such as {@code full-pcpus-only: "true"}
     * @param topologyManagerPolicy none, best-effort, restricted or single-numa-node; none unless said otherwise
     * @param topologyManagerPolicyOptions such as {@code prefer-closest-numa-nodes: "true"} and
     * {@code max-allowable-numa-nodes: "16"}
     * @param topologyManagerScope container or pod; container unless said otherwise
     * @param memoryManagerPolicy None or Static; None unless said otherwise
     * @param reservedMemory what is reserved of each NUMA node; the policy Static needs some
     */
    @ValidationRule(value = "!has(self.cpuManagerPolicy) || self.cpuManagerPolicy in ['none', 'static']", message = "cpuManagerPolicy is none or static")
    @ValidationRule(value = "!has(self.topologyManagerPolicy) || self.topologyManagerPolicy in"
            + " ['none', 'best-effort', 'restricted', 'single-numa-node']", message = "topologyManagerPolicy is none, best-effort, restricted or single-numa-node")
    @ValidationRule(value = "!has(self.topologyManagerScope) || self.topologyManagerScope in ['container', 'pod']", message = "topologyManagerScope is container or pod")
    @ValidationRule(value = "!has(self.memoryManagerPolicy) || self.memoryManagerPolicy in ['None', 'Static']", message = "memoryManagerPolicy is None or Static")
    public record Kubelet(@Nullable String cpuManagerPolicy, @Nullable Map<String, String> cpuManagerPolicyOptions,
            @Nullable String topologyManagerPolicy, @Nullable Map<String, String> topologyManagerPolicyOptions,
            @Nullable String topologyManagerScope, @Nullable String memoryManagerPolicy,
            @Nullable List<ReservedMemory> reservedMemory) {}
}
