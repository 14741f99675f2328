package io.solaster.operator.kubelet;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

import io.solaster.config.value.CpuSet;

/**
 * How the kubelet of a node hands out CPUs.
 *
 * @param cpuManager the CPU Manager's policy
 * @param options the static policy's options that are on
 * @param topologyManager the Topology Manager's policy
 * @param scope what it aligns
 * @param reserved the CPUs that no container gets for itself ({@code reservedSystemCPUs}, or what the kubelet picks)
 * @param numa what it knows of NUMA nodes beside their CPUs
 */
public record KubeletConfig(CpuManager cpuManager, Set<Option> options, TopologyPolicy topologyManager, Scope scope,
        CpuSet reserved, NumaNodes numa) {

    /** One that pins no memory. */
    public KubeletConfig(CpuManager cpuManager, Set<Option> options, TopologyPolicy topologyManager, Scope scope,
            CpuSet reserved) {
        this(cpuManager, options, topologyManager, scope, reserved, NumaNodes.NONE);
    }

    public KubeletConfig {
        options = options.isEmpty() ? Set.of() : Set.copyOf(EnumSet.copyOf(options));
    }

    /** {@code cpuManagerPolicy}. */
    public enum CpuManager {
        /** Containers share all CPUs. */
        NONE,
        /** Containers of Guaranteed pods that want whole CPUs get them for themselves. */
        STATIC
    }

    /** {@code cpuManagerPolicyOptions}. */
    public enum Option {
        /** Whole cores only: a pod that wants half of one is refused. */
        FULL_PCPUS_ONLY,
        /** Nothing runs on reserved CPUs, not even containers that share. */
        STRICT_CPU_RESERVATION,
        /** A container that needs several NUMA nodes gets as many CPUs from each. */
        DISTRIBUTE_CPUS_ACROSS_NUMA,
        /** As few last-level caches as possible. */
        PREFER_ALIGN_CPUS_BY_UNCORECACHE,
        /** CPUs of a socket count as near each other (alpha). */
        ALIGN_BY_SOCKET,
        /** One thread of each core before the second of any (alpha). */
        DISTRIBUTE_CPUS_ACROSS_CORES;

        /** As the kubelet's configuration spells it. */
        public String spelled() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** {@code topologyManagerPolicy}. */
    public enum TopologyPolicy {
        NONE, BEST_EFFORT, RESTRICTED, SINGLE_NUMA_NODE;

        /** As the kubelet's configuration spells it. */
        public String spelled() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** {@code topologyManagerScope}. */
    public enum Scope {
        /** Each container by itself. */
        CONTAINER,
        /** All containers of a pod together. */
        POD
    }

    /** Whether an option is on. */
    public boolean has(Option option) {
        return options.contains(option);
    }

    /**
     * The options that the kubelet refuses to start with.
     *
     * @return a sentence with the fix; empty if it starts
     */
    public String conflict() {
        if (has(Option.DISTRIBUTE_CPUS_ACROSS_CORES)
                && (has(Option.FULL_PCPUS_ONLY) || has(Option.DISTRIBUTE_CPUS_ACROSS_NUMA))) {
            return "distribute-cpus-across-cores does not go with full-pcpus-only or distribute-cpus-across-numa;"
                    + " leave it out";
        }
        if (has(Option.PREFER_ALIGN_CPUS_BY_UNCORECACHE) && (has(Option.DISTRIBUTE_CPUS_ACROSS_NUMA)
                || has(Option.DISTRIBUTE_CPUS_ACROSS_CORES))) {
            return "prefer-align-cpus-by-uncorecache does not go with distribute-cpus-across-numa or"
                    + " distribute-cpus-across-cores; leave one out";
        }
        if (has(Option.ALIGN_BY_SOCKET) && topologyManager == TopologyPolicy.SINGLE_NUMA_NODE) {
            return "align-by-socket does not go with topologyManagerPolicy single-numa-node; leave one out";
        }
        return "";
    }
}
