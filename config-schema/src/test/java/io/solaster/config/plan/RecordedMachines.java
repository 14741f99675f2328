package io.solaster.config.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.IntStream;

import io.solaster.config.plan.Machine.Core;
import io.solaster.config.plan.Machine.NumaNode;
import io.solaster.config.value.CpuSet;

/** Machines as Linux describes them, numbered as Linux numbers them, so that the planner is tested without them. */
public final class RecordedMachines {
    public static final long GIB = 1L << 30;

    private RecordedMachines() {}

    /** A small cloud instance. */
    public static Machine oneCpu() {
        return plain(1);
    }

    /** Two CPUs without second hardware threads. */
    public static Machine twoCpus() {
        return plain(2);
    }

    /** CPUs without second hardware threads, one cache, one NUMA node. */
    public static Machine plain(int cpus) {
        return uniform(cpus, 1, 1, cpus);
    }

    /** A desktop: core n has the threads n and n + 4. */
    public static Machine eightThreadsOfFourCores() {
        return uniform(4, 2, 1, 4);
    }

    /** A server: 2 sockets of 32 cores, core n with the threads n and n + 64, a last-level cache per 8 cores. */
    public static Machine twoSocketsOf32Cores() {
        return uniform(64, 2, 2, 8);
    }

    /** A container that was given two CPUs of 8. */
    public static Machine cpuset35() {
        return allowed(plain(8), "3,5");
    }

    /** A client chip: 6 fast cores with threads (0,1), (2,3)…, and 8 slow cores with one thread each (12 to 19). */
    public static Machine hybrid() {
        List<Core> cores = new ArrayList<>();
        IntStream.range(0, 6).forEach(core -> cores.add(new Core(0, CpuSet.of(2 * core, 2 * core + 1), 1024 - core)));
        IntStream.range(12, 20).forEach(cpu -> cores.add(new Core(0, CpuSet.of(cpu), 600)));
        CpuSet all = CpuSet.range(0, 19);
        return machine(all, cores, List.of(all), List.of(new NumaNode(0, all, 32 * GIB)));
    }

    /** The desktop with two of its CPUs switched off, of which the cpuset does not know. */
    public static Machine offlineCpus() {
        Machine machine = eightThreadsOfFourCores();
        return new Machine(CpuSet.parse("0-1,4-7"), machine.allowed(), CpuSet.EMPTY, machine.cores(),
                machine.l3Groups(), machine.numaNodes(), OptionalDouble.empty(), OptionalLong.empty(), 1024, 1 << 16);
    }

    /** Eight CPUs and a second NUMA node that is memory alone, as with CXL. */
    public static Machine numaNodeWithoutCpus() {
        Machine machine = plain(8);
        return nodes(machine, new NumaNode(0, machine.online(), 64 * GIB), new NumaNode(1, CpuSet.EMPTY, 128 * GIB));
    }

    /** Eight CPUs on two NUMA nodes, the first of which has no memory module. */
    public static Machine numaNodeWithoutMemory() {
        return nodes(plain(8), new NumaNode(0, CpuSet.range(0, 3), 0), new NumaNode(1, CpuSet.range(4, 7), 64 * GIB));
    }

    public static Machine quota(Machine machine, double cpus) {
        return new Machine(machine.online(), machine.allowed(), machine.isolated(), machine.cores(),
                machine.l3Groups(), machine.numaNodes(), OptionalDouble.of(cpus), machine.memoryLimit(),
                machine.openFiles(), machine.memlock());
    }

    public static Machine allowed(Machine machine, String cpus) {
        return new Machine(machine.online(), CpuSet.parse(cpus), machine.isolated(), machine.cores(),
                machine.l3Groups(), machine.numaNodes(), machine.cpuQuota(), machine.memoryLimit(),
                machine.openFiles(), machine.memlock());
    }

    public static Machine isolated(Machine machine, String cpus) {
        return new Machine(machine.online(), machine.allowed(), CpuSet.parse(cpus), machine.cores(),
                machine.l3Groups(), machine.numaNodes(), machine.cpuQuota(), machine.memoryLimit(),
                machine.openFiles(), machine.memlock());
    }

    public static Machine nodes(Machine machine, NumaNode... nodes) {
        return new Machine(machine.online(), machine.allowed(), machine.isolated(), machine.cores(),
                machine.l3Groups(), List.of(nodes), machine.cpuQuota(), machine.memoryLimit(), machine.openFiles(),
                machine.memlock());
    }

    /** Equal cores; thread t of core n is CPU n + t * cores; each socket is a NUMA node. */
    public static Machine uniform(int cores, int threads, int sockets, int coresPerL3) {
        List<Core> list = new ArrayList<>();
        CpuSet[] l3 = new CpuSet[(cores + coresPerL3 - 1) / coresPerL3];
        CpuSet[] nodes = new CpuSet[sockets];
        for (int core = 0; core < cores; core++) {
            int first = core;
            CpuSet cpus = CpuSet.of(IntStream.range(0, threads).map(thread -> first + thread * cores).toArray());
            int socket = core * sockets / cores;
            list.add(new Core(socket, cpus, 1024));
            l3[core / coresPerL3] = l3[core / coresPerL3] == null ? cpus : l3[core / coresPerL3].or(cpus);
            nodes[socket] = nodes[socket] == null ? cpus : nodes[socket].or(cpus);
        }
        return machine(CpuSet.range(0, cores * threads - 1), list, List.of(l3),
                IntStream.range(0, sockets).mapToObj(id -> new NumaNode(id, nodes[id], 64 * GIB)).toList());
    }

    private static Machine machine(CpuSet cpus, List<Core> cores, List<CpuSet> l3, List<NumaNode> nodes) {
        return new Machine(cpus, cpus, CpuSet.EMPTY, cores, l3, nodes, OptionalDouble.empty(), OptionalLong.empty(),
                1024, 1 << 16);
    }
}
