package io.solaster.operator.kubelet;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.solaster.config.value.CpuSet;
import io.solaster.operator.kubelet.KubeletConfig.CpuManager;
import io.solaster.operator.kubelet.KubeletConfig.Option;
import io.solaster.operator.kubelet.KubeletConfig.Scope;
import io.solaster.operator.kubelet.KubeletConfig.TopologyPolicy;

/** Node shapes: those that the kubelet's own tests name, and recorded ones from 4 to 384 CPUs. */
public final class Shapes {

    private Shapes() {}

    /** A shape by the name that a table gives it. */
    public static CpuTopology named(String name) {
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
            case "uncoreSmallCachesSMT" -> uniform(1, 1, 64, 2, 4);
            case "uncoreSmallCachesNoSMT" -> uniform(1, 1, 64, 1, 4);
            case "uncoreSmallSingleSocketNoSMT" -> uniform(1, 1, 32, 1, 8);
            case "uncoreSmallDualSocketNoSMT" -> uniform(2, 2, 32, 1, 8);
            case "uncoreLargeSingleSocketSMT" -> uniform(1, 1, 128, 2, 8);
            case "uncoreLargeSingleSocket" -> uniform(1, 1, 128, 1, 8);
            case "uncoreDualSocketMultiNuma" -> uniform(2, 4, 48, 1, 8);
            case "uncoreMonolithicSubNumaHT" -> uniform(2, 4, 30, 2, 60);
            case "uncoreMonolithicSingleNode" -> uniform(1, 1, 80, 1, 80);
            case "fourSocketsTwoNuma" -> fourSocketsTwoNuma();
            case "tripleSocketHT" -> tripleSocket();
            case "quadSocketFourWayHT" -> quadSocketFourWay();
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
            // What is small: minikube, a box at the edge, kind on a laptop.
            case "minikube" -> of(1, 1, "0-1");
            case "edge6" -> of(1, 1, "0-5");
            case "kind8" -> of(1, 1, "0-7");
            // Machines to rent, without and with SMT.
            case "graviton-64" -> of(1, 1, "0-63");
            case "graviton4-2x96" -> uniform(2, 2, 96, 1, 0);
            case "m5-24xlarge" -> uniform(2, 2, 24, 2, 0);
            case "xeon-4x18-smt" -> uniform(4, 4, 18, 2, 0);
            case "xeon-2x56-snc4-smt" -> uniform(2, 8, 14, 2, 0);
            case "epyc-1x32-nps2-smt" -> uniform(1, 2, 16, 2, 8);
            case "epyc-1x32-nps4-smt" -> uniform(1, 4, 8, 2, 8);
            case "ryzen-12-smt" -> uniform(1, 1, 12, 2, 6);
            case "uneven-12-4" -> of(1, 1, "0-11", "12-15");
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

    /** Two sockets on each NUMA node, which no machine has. */
    private static CpuTopology fourSocketsTwoNuma() {
        return new CpuTopology(IntStream.range(0, 80).mapToObj(cpu -> new CpuTopology.Cpu(cpu, cpu % 40,
                cpu % 40 / 10, cpu % 40 / 20, cpu % 40 / 20)).toList());
    }

    /** Three sockets whose numbers do not follow those of their CPUs, on one NUMA node. */
    private static CpuTopology tripleSocket() {
        int[] sockets = {1, 0, 2};
        return new CpuTopology(IntStream.range(0, 18)
                .mapToObj(cpu -> new CpuTopology.Cpu(cpu, cpu / 2 * 2, sockets[cpu / 6], 0, 0)).toList());
    }

    /** A Xeon Phi as four NUMA nodes: 72 cores of four threads, numbered in no order. */
    private static CpuTopology quadSocketFourWay() {
        List<List<String>> cores = List.of(
                List.of("1 13 25 38", "2 14 26 39", "9 21 33 46", "10 22 34 47", "0 109 169 229", "50 110 170 230",
                        "57 117 177 237", "58 118 178 238", "71 131 191 251", "72 132 192 252", "79 139 199 259",
                        "80 140 200 260", "87 147 207 267", "88 148 208 268", "95 155 215 275", "96 156 216 276",
                        "103 163 223 283", "104 164 224 284"),
                List.of("3 15 27 40", "4 16 28 41", "11 23 35 48", "12 24 36 49", "51 111 171 231", "52 112 172 232",
                        "59 119 179 239", "60 120 180 240", "65 125 185 245", "66 126 186 246", "73 133 193 253",
                        "74 134 194 254", "81 141 201 261", "82 142 202 262", "89 149 209 269", "90 150 210 270",
                        "97 157 217 277", "98 158 218 278"),
                List.of("5 17 29 42", "6 18 30 43", "53 113 173 233", "54 114 174 234", "61 121 181 241",
                        "62 122 182 242", "67 127 187 247", "68 128 188 248", "75 135 195 255", "76 136 196 256",
                        "83 143 203 263", "84 144 204 264", "91 151 211 271", "92 152 212 272", "99 159 219 279",
                        "100 160 220 280", "105 165 225 285", "106 166 226 286"),
                List.of("7 19 31 44", "8 20 32 45", "55 115 175 235", "56 116 176 236", "63 123 183 243",
                        "64 124 184 244", "69 129 189 249", "70 130 190 250", "77 137 197 257", "78 138 198 258",
                        "85 145 205 265", "86 146 206 266", "93 153 213 273", "94 154 214 274", "101 161 221 281",
                        "102 162 222 282", "107 167 227 287", "37 108 168 228"));
        List<CpuTopology.Cpu> cpus = new ArrayList<>();
        for (int socket = 0; socket < cores.size(); socket++) {
            for (String core : cores.get(socket)) {
                int[] threads = Stream.of(core.split(" ")).mapToInt(Integer::parseInt).sorted().toArray();
                for (int thread : threads) {
                    cpus.add(new CpuTopology.Cpu(thread, threads[0], socket, socket, socket));
                }
            }
        }
        return new CpuTopology(cpus);
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
    static CpuSet reserved(CpuTopology machine, String options, String reserved) {
        return reserved == null
                ? CpuSet.EMPTY
                : reserved.startsWith("#")
                        ? KubeletNode.reserve(machine, options(options), Integer.parseInt(reserved.substring(1)))
                        : CpuSet.parse(reserved);
    }
}
