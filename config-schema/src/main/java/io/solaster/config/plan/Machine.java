package io.solaster.config.plan;

import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;

import io.solaster.config.value.CpuSet;

/**
 * What one machine, or the part of it that a container may use, has to give. The engine fills it by probing; the
 * operator from the inventory of a cluster.
 *
 * @param online the CPUs that run
 * @param allowed the CPUs that this process may run on
 * @param isolated the CPUs that the kernel keeps free of other work (isolcpus, or an isolated cpuset partition)
 * @param cores physical cores
 * @param l3Groups CPUs that share one last-level cache, a set per cache
 * @param numaNodes NUMA nodes, also those without CPUs or without memory
 * @param cpuQuota CPUs' worth of time that a CFS quota allows, such as 1.5; empty without a quota
 * @param memoryLimit bytes that the cgroup may use; empty without a limit
 * @param openFiles the limit on open files
 * @param memlock bytes that may be locked in memory
 */
public record Machine(CpuSet online, CpuSet allowed, CpuSet isolated, List<Core> cores, List<CpuSet> l3Groups,
        List<NumaNode> numaNodes, OptionalDouble cpuQuota, OptionalLong memoryLimit, long openFiles, long memlock) {

    public Machine {
        cores = List.copyOf(cores);
        l3Groups = List.copyOf(l3Groups);
        numaNodes = List.copyOf(numaNodes);
    }

    /**
     * A physical core.
     *
     * @param socket the number of its package
     * @param cpus its hardware threads
     * @param capacity its speed relative to the fastest, from 1 to 1024 (hybrid machines have slower ones)
     */
    public record Core(int socket, CpuSet cpus, int capacity) {}

    /**
     * A NUMA node.
     *
     * @param id the kernel's number of it
     * @param cpus its CPUs, maybe none
     * @param memory its memory in bytes, maybe 0
     */
    public record NumaNode(int id, CpuSet cpus, long memory) {}
}
