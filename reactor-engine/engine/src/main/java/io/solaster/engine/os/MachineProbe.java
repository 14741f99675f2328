package io.solaster.engine.os;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.TreeMap;

import io.solaster.config.plan.Machine;
import io.solaster.config.plan.Machine.Core;
import io.solaster.config.plan.Machine.NumaNode;
import io.solaster.config.value.CpuSet;

/**
 * Reads what the machine, and the container around this process, has to give. It never fails: where the system does
 * not say, the answer is the plainest machine that fits (one core a CPU, one NUMA node, no cache groups, no limits).
 *
 * <p>
 * What the process may run on is read from its first thread, since each of the others may be pinned;
 * {@link Housekeeper} leaves that one alone for the sake of this.
 */
public final class MachineProbe {
    private static final String CPU = "/sys/devices/system/cpu";
    private static final String NODE = "/sys/devices/system/node";
    private static final int FASTEST = 1024;
    /** An efficiency core of Intel's does a little more than half of what the performance core beside it does. */
    private static final int EFFICIENCY = 600;
    /** Firmware ranks equal cores by how far each boosts, down to 0.7 of the best; what is below that is another kind. */
    private static final int RANKED = FASTEST * 2 / 3;

    private final KernelFiles files;
    private final CpuSet online;

    private MachineProbe(KernelFiles files, CpuSet online) {
        this.files = files;
        this.online = online;
    }

    /** The running system. Takes milliseconds; any thread. */
    public static Machine probe() {
        return probe(Path.of("/"));
    }

    static Machine probe(Path root) {
        KernelFiles files = new KernelFiles(root);
        CpuSet allowed = allowed(files);
        CpuSet online = files.cpus(CPU + "/online");
        if (online.isEmpty()) {
            online = allowed.isEmpty() ? anyCpus() : allowed;
        }
        allowed = allowed.and(online);
        if (allowed.isEmpty()) {
            allowed = online;
        }
        Cgroups cgroups = new Cgroups(files);
        MachineProbe probe = new MachineProbe(files, online);
        CpuSet isolated = files.cpus(CPU + "/isolated").or(cgroups.isolated()).and(online);
        String limits = files.text("/proc/self/limits");
        return new Machine(online, allowed, isolated, probe.cores(), probe.l3Groups(), probe.numaNodes(),
                cgroups.cpuQuota(), cgroups.memoryLimit(), softLimit(limits, "Max open files"),
                softLimit(limits, "Max locked memory"));
    }

    /** The CPUs that the process's first thread may run on, or none where the system does not say. */
    static CpuSet allowed(KernelFiles files) {
        return KernelFiles.cpuList(KernelFiles.field(files.text("/proc/self/status"), "Cpus_allowed_list:"));
    }

    /** As many CPUs, from 0, as the JVM counts. */
    static CpuSet anyCpus() {
        BitSet cpus = new BitSet();
        cpus.set(0, Runtime.getRuntime().availableProcessors());
        return CpuSet.of(cpus);
    }

    private List<Core> cores() {
        List<CpuSet> groups = new ArrayList<>();
        // Each CPU in exactly one core, whatever the files say.
        for (CpuSet left = online; !left.isEmpty();) {
            CpuSet group = siblings(left.first()).and(left).or(CpuSet.of(left.first()));
            groups.add(group);
            left = left.minus(group);
        }
        CpuSet performance = files.cpus("/sys/devices/cpu_core/cpus");
        boolean hybrid = !performance.isEmpty() && !files.cpus("/sys/devices/cpu_atom/cpus").isEmpty();
        long best = 0;
        for (CpuSet group : groups) {
            best = Math.max(best, performance(group.first()));
        }
        List<Core> cores = new ArrayList<>();
        for (CpuSet group : groups) {
            int cpu = group.first();
            // Some hypervisors and boards have no package number and say -1.
            int socket = (int) Math.max(0, files.number(CPU + "/cpu" + cpu + "/topology/physical_package_id", 0));
            cores.add(new Core(socket, group, capacity(cpu, best, hybrid, performance.contains(cpu))));
        }
        return cores;
    }

    private CpuSet siblings(int cpu) {
        CpuSet siblings = files.cpus(CPU + "/cpu" + cpu + "/topology/core_cpus_list");
        return siblings.isEmpty() ? files.cpus(CPU + "/cpu" + cpu + "/topology/thread_siblings_list") : siblings;
    }

    private int capacity(int cpu, long best, boolean hybrid, boolean performanceCore) {
        long told = files.number(CPU + "/cpu" + cpu + "/cpu_capacity", 0);
        // Kernels that do not scale a hybrid x86 machine, as with SMT on, say 1024 for each CPU: look further.
        if (told > 0 && told < FASTEST) {
            return (int) told;
        }
        if (hybrid && performanceCore) {
            return FASTEST;
        }
        long relative = best == 0 ? 0 : Math.max(0, performance(cpu)) * FASTEST / best;
        if (hybrid) {
            return relative > 0 && relative < FASTEST ? (int) relative : EFFICIENCY;
        }
        return relative > 0 && relative < RANKED ? (int) relative : FASTEST;
    }

    private long performance(int cpu) {
        return Math.min(Integer.MAX_VALUE, files.number(CPU + "/cpu" + cpu + "/acpi_cppc/highest_perf", 0));
    }

    private List<CpuSet> l3Groups() {
        List<CpuSet> groups = new ArrayList<>();
        for (CpuSet left = online; !left.isEmpty();) {
            CpuSet group = l3(left.first()).and(left);
            if (!group.isEmpty()) {
                groups.add(group);
            }
            left = left.minus(group.or(CpuSet.of(left.first())));
        }
        return groups;
    }

    private CpuSet l3(int cpu) {
        String cache = CPU + "/cpu" + cpu + "/cache/index";
        // Index 3 nearly everywhere, so ask there first: a large machine has thousands of these files.
        if (files.number(cache + "3/level", 0) == 3) {
            return files.cpus(cache + "3/shared_cpu_list");
        }
        for (int index = 0;; index++) {
            long level = files.number(cache + index + "/level", 0);
            if (level == 3) {
                return files.cpus(cache + index + "/shared_cpu_list");
            }
            if (level == 0) {
                return CpuSet.EMPTY;
            }
        }
    }

    private List<NumaNode> numaNodes() {
        TreeMap<Integer, NumaNode> nodes = new TreeMap<>();
        for (String name : files.names(NODE)) {
            int id = name.startsWith("node") ? (int) KernelFiles.toLong(name.substring(4), -1) : -1;
            if (id >= 0) {
                String memory = KernelFiles.field(files.text(NODE + '/' + name + "/meminfo"),
                        "Node " + id + " MemTotal:");
                nodes.put(id, new NumaNode(id, files.cpus(NODE + '/' + name + "/cpulist").and(online), bytes(memory)));
            }
        }
        if (nodes.isEmpty()) {
            nodes.put(0, new NumaNode(0, online, bytes(KernelFiles.field(files.text("/proc/meminfo"), "MemTotal:"))));
        }
        return List.copyOf(nodes.values());
    }

    /** Bytes of an amount such as {@code 4155596 kB}. */
    private static long bytes(String amount) {
        long kilobytes = KernelFiles.toLong(KernelFiles.firstWord(amount), 0);
        return Math.clamp(kilobytes, 0, Long.MAX_VALUE / 1024) * 1024;
    }

    private static long softLimit(String limits, String name) {
        return KernelFiles.toLong(KernelFiles.firstWord(KernelFiles.field(limits, name)), Long.MAX_VALUE);
    }
}
