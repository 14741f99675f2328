package io.solaster.operator.kubelet;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.solaster.config.CpuSet;
import io.solaster.operator.kubelet.KubeletConfig.CpuManager;
import io.solaster.operator.kubelet.KubeletConfig.Option;
import io.solaster.operator.kubelet.KubeletConfig.Scope;
import io.solaster.operator.kubelet.KubeletConfig.TopologyPolicy;

/** Node shapes: those that the kubelet's own tests name, and recorded ones from 4 to 384 CPUs. */
final class Shapes {

    private Shapes() {}

    /** A shape by the name that a table gives it. */
    static CpuTopology named(String name) {
        return switch (name) {
            case "singleSocketHT" -> of(1, 2, "0-7");
            case "dualSocketHT" ->
                CpuTopology.of(sets("0,2,4,6,8,10", "1,3,5,7,9,11"), 2, 2, false, sets("0-11"));
            case "dualSocketNoHT" -> of(2, 1, "0-3", "4-7");
            case "dualSocketMultiNumaHT" -> of(2, 2, "0-9,40-49", "10-19,50-59", "20-29,60-69", "30-39,70-79");
            case "dualSocketMultiNumaHTLarge" -> uniform(2, 8, 16, 2, 0);
            case "uncoreSingleSocketNoSMT" ->
                CpuTopology.of(sets("0-15"), 1, 1, false, sets("0-3", "4-7", "8-11", "12-15"));
            case "uncoreDualSocketNoSMT" ->
                CpuTopology.of(sets("0-15"), 2, 1, false, sets("0-3", "4-7", "8-11", "12-15"));
            case "uncoreSingleSocketMultiNuma" ->
                CpuTopology.of(sets("0-7", "8-15"), 1, 1, false, sets("0-3", "4-7", "8-11", "12-15"));
            case "uncoreSingleSocketSMT" ->
                CpuTopology.of(sets("0-15"), 1, 2, false, sets("0-3,8-11", "4-7,12-15"));
            case "hintsMachine" -> of(2, 2, "0-2,6-8", "3-5,9-11");
            // A small virtual machine, and one whose threads are neighbours.
            case "vm4" -> of(1, 1, "0-3");
            case "vm8-smt" -> CpuTopology.of(sets("0-7"), 1, 2, true, List.of());
            case "vm16-smt" -> uniform(1, 1, 8, 2, 0);
            // Two sockets of Xeons without and with hyper-threading.
            case "xeon-2x16" -> uniform(2, 2, 16, 1, 0);
            case "xeon-2x16-smt" -> uniform(2, 2, 16, 2, 0);
            case "xeon-2x20-snc2-smt" -> uniform(2, 4, 10, 2, 0);
            case "xeon-2x32-odd-even" -> oddEven(64);
            // EPYC with caches of 8 cores, as one node per socket and as four.
            case "epyc-1x32-smt" -> uniform(1, 1, 32, 2, 8);
            case "epyc-2x64-smt" -> uniform(2, 2, 64, 2, 8);
            case "epyc-2x64-nps4-smt" -> uniform(2, 8, 16, 2, 8);
            case "epyc-1x64-nps4" -> uniform(1, 4, 16, 1, 8);
            case "epyc-2x96-smt" -> uniform(2, 2, 96, 2, 8);
            case "epyc-2x96-nps3-smt" -> uniform(2, 6, 32, 2, 8);
            case "altra-2x80" -> uniform(2, 2, 80, 1, 0);
            case "arm-1x96" -> uniform(1, 1, 96, 1, 0);
            default -> throw new IllegalArgumentException("no shape is named " + name);
        };
    }

    /** The recorded shapes. */
    static final List<String> RECORDED = List.of("vm4", "vm8-smt", "vm16-smt", "xeon-2x16", "xeon-2x16-smt",
            "xeon-2x20-snc2-smt", "xeon-2x32-odd-even", "epyc-1x32-smt", "epyc-2x64-smt", "epyc-2x64-nps4-smt",
            "epyc-1x64-nps4", "epyc-2x96-smt", "epyc-2x96-nps3-smt", "altra-2x80", "arm-1x96");

    private static CpuTopology of(int sockets, int threads, String... nodes) {
        return CpuTopology.of(sets(nodes), sockets, threads, false, List.of());
    }

    private static List<CpuSet> sets(String... lists) {
        return Stream.of(lists).map(CpuSet::parse).toList();
    }

    /** As Linux numbers most servers: first threads of all cores, node by node, then second threads. */
    static CpuTopology uniform(int sockets, int nodes, int coresPerNode, int threads, int coresPerCache) {
        List<CpuSet> cpus = new ArrayList<>();
        List<CpuSet> caches = new ArrayList<>();
        int cores = nodes * coresPerNode;
        for (int node = 0; node < nodes; node++) {
            cpus.add(threads(node * coresPerNode, coresPerNode, threads, cores));
        }
        for (int first = 0; coresPerCache > 0 && first < cores; first += coresPerCache) {
            caches.add(threads(first, coresPerCache, threads, cores));
        }
        return CpuTopology.of(cpus, sockets, threads, false, caches);
    }

    private static CpuSet threads(int first, int count, int threads, int cores) {
        return IntStream.range(0, threads).mapToObj(t -> CpuSet.range(first + t * cores, first + count - 1 + t * cores))
                .reduce(CpuSet.EMPTY, CpuSet::or);
    }

    /** As some vendors' firmware numbers: even CPUs on one socket, odd ones on the other. */
    private static CpuTopology oddEven(int cpus) {
        return CpuTopology.of(List.of(CpuSet.of(IntStream.range(0, cpus).filter(cpu -> cpu % 2 == 0).toArray()),
                CpuSet.of(IntStream.range(0, cpus).filter(cpu -> cpu % 2 == 1).toArray())), 2, 1, false, List.of());
    }

    /** A kubelet with the static policy. */
    static KubeletConfig kubelet(String options, String policy, Scope scope, CpuSet reserved) {
        return new KubeletConfig(CpuManager.STATIC, options(options),
                policy == null || policy.isEmpty() ? TopologyPolicy.NONE : policy(policy), scope, reserved);
    }

    static TopologyPolicy policy(String spelled) {
        return Stream.of(TopologyPolicy.values()).filter(policy -> policy.spelled().equals(spelled)).findFirst()
                .orElseThrow();
    }

    private static Set<Option> options(String spelled) {
        EnumSet<Option> options = EnumSet.noneOf(Option.class);
        if (spelled != null) {
            Stream.of(Option.values()).filter(option -> List.of(spelled.split(" ")).contains(option.spelled()))
                    .forEach(options::add);
        }
        return options;
    }

    /** A CPU list, or '#n' for the n CPUs that the kubelet reserves by itself. */
    static CpuSet reserved(CpuTopology machine, String reserved) {
        return reserved == null
                ? CpuSet.EMPTY
                : reserved.startsWith("#")
                        ? KubeletNode.reserve(machine, Integer.parseInt(reserved.substring(1)))
                        : CpuSet.parse(reserved);
    }
}
