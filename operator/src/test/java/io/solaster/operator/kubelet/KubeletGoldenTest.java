package io.solaster.operator.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.solaster.config.value.CpuSet;
import io.solaster.operator.kubelet.CpuTopology.Level;
import io.solaster.operator.kubelet.KubeletConfig.Scope;
import io.solaster.operator.kubelet.TopologyManager.Decision;
import io.solaster.operator.kubelet.TopologyManager.Hint;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/**
 * Cases whose outcome the kubelet's own unit tests state: the figures are theirs, each row names the file and the test
 * below {@code pkg/kubelet/cm} of Kubernetes that it is from, as copies of the repository had them around release 1.36.
 * Those of {@code documented.csv} are ours, and each says what it is reckoned from.
 */
class KubeletGoldenTest {

    @ParameterizedTest
    @CsvFileSource(resources = "/kubelet/allocation.csv", delimiter = ';', numLinesToSkip = 1, nullValues = "null")
    void takesTheCpusThatTheKubeletTakes(String kubelet, String source, String machine, String options, int unit,
            String available, int count, String taken) {
        CpuTopology topology = Shapes.named(machine);
        BitSet answer = new CpuAllocator(topology, Shapes.kubelet(options, "", Scope.CONTAINER, CpuSet.EMPTY), unit)
                .take(CpuSet.parse(available).toBitSet(), count);
        assertThat(answer == null ? "refused" : CpuSet.of(answer).toString())
                .isEqualTo("refused".equals(taken) ? taken : CpuSet.parse(taken == null ? "" : taken).toString());
    }

    @ParameterizedTest
    @CsvFileSource(resources = "/kubelet/static-policy.csv", delimiter = ';', numLinesToSkip = 1)
    void admitsWhatTheStaticPolicyAdmits(String kubelet, String source, String machine, String options,
            String reserved, String taken, int request, String outcome) {
        CpuTopology topology = Shapes.named(machine);
        KubeletNode node = new KubeletNode(topology,
                Shapes.kubelet(options, "", Scope.CONTAINER, Shapes.reserved(topology, options, reserved)),
                CpuSet.parse(taken == null ? "" : taken));
        Admission answer = node.admit(request);
        assertThat(answer.refusal() == null
                ? answer.cpus().getFirst().toString()
                : answer.refusal().spelled()).isEqualTo(
                        outcome.endsWith("Error") ? outcome : CpuSet.parse(outcome).toString());
    }

    /** All containers of a pod: the CPUs of each, or the last-level caches that they lie on, by number. */
    @ParameterizedTest
    @CsvFileSource(resources = "/kubelet/containers.csv", delimiter = ';', numLinesToSkip = 1)
    void admitsAPodsContainersAsTheStaticPolicyDoes(String kubelet, String source, String machine, String options,
            String reserved, String taken, String containers, String outcome) {
        CpuTopology topology = Shapes.named(machine);
        CpuSet kept = Shapes.reserved(topology, options, reserved);
        KubeletNode node = new KubeletNode(topology, Shapes.kubelet(options, "", Scope.CONTAINER, kept),
                CpuSet.parse(taken == null ? "" : taken));
        List<CpuSet> got = node.admit(pod(containers)).cpus();
        if (outcome.startsWith("caches ")) {
            int[] caches = topology.cpus().stream().sorted(Comparator.comparingInt(CpuTopology.Cpu::id))
                    .mapToInt(CpuTopology.Cpu::cache).distinct().toArray();
            CpuSet all = got.stream().reduce(CpuSet.EMPTY, CpuSet::or);
            int[] used = IntStream.range(0, caches.length).filter(i -> topology.cpus().stream()
                    .anyMatch(cpu -> cpu.cache() == caches[i] && all.contains(cpu.id()))).toArray();
            assertThat(CpuSet.of(used)).isEqualTo(CpuSet.parse(outcome.substring("caches ".length())));
        } else {
            assertThat(got).isEqualTo(Stream.of(outcome.split(" \\| ")).map(CpuSet::parse).toList());
        }
    }

    /**
     * On machines that there are, from what the documentation, the enhancement proposals and the named source say: reckoned
     * by hand, with the reason beside what is not plain. Pods come one after another; of each, the CPUs of its containers.
     */
    @ParameterizedTest
    @CsvFileSource(resources = "/kubelet/documented.csv", delimiter = ';', numLinesToSkip = 1)
    void admitsWhatTheDocumentationSays(String kubelet, String source, String machine, String options, String policy,
            String scope, String reserved, String taken, String pods, String outcomes, String why) {
        CpuTopology topology = Shapes.named(machine);
        KubeletNode node = new KubeletNode(topology, Shapes.kubelet(options, policy,
                scope.equals("pod") ? Scope.POD : Scope.CONTAINER, Shapes.reserved(topology, options, reserved)),
                CpuSet.parse(taken == null ? "" : taken));
        String answers = Stream.of(pods.split(" \\| ")).map(pod -> node.admit(pod(pod)))
                .map(answer -> answer.refusal() != null
                        ? answer.refusal().spelled()
                        : answer.cpus().stream().map(cpus -> cpus.isEmpty() ? "-" : cpus.toString())
                                .collect(Collectors.joining(" + ")))
                .collect(Collectors.joining(" | "));
        assertThat(answers).as(why).isEqualTo(outcomes);
    }

    @ParameterizedTest
    @CsvFileSource(resources = "/kubelet/free-groups.csv", delimiter = ';', numLinesToSkip = 1)
    void looksForWhatIsFreeInTheKubeletsOrder(String kubelet, String source, String machine, String groups,
            String available, String free) {
        CpuTopology topology = Shapes.named(machine);
        CpuAllocator allocator = new CpuAllocator(topology, Shapes.kubelet("", "", Scope.CONTAINER, CpuSet.EMPTY));
        BitSet cpus = CpuSet.parse(available == null ? "" : available).toBitSet();
        int[] found = switch (groups) {
            case "sockets" -> allocator.whole(cpus, Level.SOCKET);
            case "nodes" -> allocator.whole(cpus, Level.NODE);
            case "cores" -> allocator.whole(cpus, Level.CORE);
            default -> allocator.threads(cpus);
        };
        String order = IntStream.of(groups.equals("sockets") ? IntStream.of(found).sorted().toArray() : found)
                .mapToObj(String::valueOf).collect(Collectors.joining(" "));
        assertThat(order).isEqualTo(free == null ? "" : free);
    }

    @ParameterizedTest
    @CsvFileSource(resources = "/kubelet/compare.csv", delimiter = ';', numLinesToSkip = 1)
    void prefersTheHintThatTheTopologyManagerPrefers(String kubelet, String source, int target, String current,
            String candidate, String better) {
        Hint now = current == null ? null : hint(current);
        Hint next = hint(candidate);
        assertThat(TopologyManager.better(now, next, target)).isSameAs(better.equals("current") ? now : next);
    }

    @ParameterizedTest
    @CsvFileSource(resources = "/kubelet/fewest-nodes.csv", delimiter = ';', numLinesToSkip = 1)
    void knowsHowManyNodesTheNeediestResourceNeeds(String kubelet, String source, String providers, int nodes) {
        List<List<Hint>> hints = providers == null
                ? List.of()
                : Stream.of(providers.split(" \\| ")).map(KubeletGoldenTest::hints).toList();
        assertThat(TopologyManager.neediest(hints)).isEqualTo(nodes);
    }

    @ParameterizedTest
    @CsvFileSource(resources = "/kubelet/hints.csv", delimiter = ';', numLinesToSkip = 1)
    void offersTheHintsThatTheCpuManagerOffers(String kubelet, String source, String machine, String options,
            String available, int request, String hints) {
        CpuTopology topology = Shapes.named(machine);
        KubeletNode node = new KubeletNode(topology, Shapes.kubelet(options, "", Scope.CONTAINER, CpuSet.EMPTY),
                CpuSet.EMPTY);
        List<Hint> answer = node.hints(CpuSet.parse(available).toBitSet(), new BitSet(), request);
        assertThat(answer).containsExactlyInAnyOrderElementsOf(hints == null ? List.of() : hints(hints));
    }

    @ParameterizedTest
    @CsvFileSource(resources = "/kubelet/merge.csv", delimiter = ';', numLinesToSkip = 1)
    void mergesHintsAsTheTopologyManagerDoes(String kubelet, String source, String policy, int nodes,
            String providers, String merged, boolean admitted) {
        long all = (1L << nodes) - 1;
        List<List<Hint>> hints = new ArrayList<>();
        for (String provider : providers == null ? new String[0] : providers.split("\\|")) {
            switch (provider.strip()) {
                case "none" -> hints.add(List.of(new Hint(0, true)));
                case "empty" -> hints.add(List.of());
                default -> hints.add(hints(provider.strip()));
            }
        }
        Decision decision = TopologyManager.decide(Shapes.policy(policy), all, hints);
        assertThat(decision).isEqualTo(new Decision(hint(merged.replace("all", "0123")), admitted));
    }

    @ParameterizedTest
    @CsvFileSource(resources = "/kubelet/pod-cpus.csv", delimiter = ';', numLinesToSkip = 1)
    void reckonsAPodsCpusAsTheKubeletDoes(String kubelet, String source, String containers, int cpus) {
        assertThat(pod(containers).exclusive()).isEqualTo(cpus);
    }

    /** 'i2 s1 a4' are an init container with 2 CPUs, a sidecar with 1 and a container with 4. */
    private static PodCpus pod(String containers) {
        return new PodCpus(Stream.of(containers.split(" ")).map(container -> new PodCpus.Container(
                switch (container.charAt(0)) {
                    case 'i' -> PodCpus.Kind.INIT;
                    case 's' -> PodCpus.Kind.SIDECAR;
                    default -> PodCpus.Kind.APP;
                }, Integer.parseInt(container.substring(1)))).toList());
    }

    private static List<Hint> hints(String spelled) {
        return Stream.of(spelled.split(" ")).map(KubeletGoldenTest::hint).toList();
    }

    /** Digits name NUMA nodes, '+' says preferred: '01-' are nodes 0 and 1, not preferred; 'any' is no preference. */
    private static Hint hint(String spelled) {
        long nodes = 0;
        for (char c : spelled.toCharArray()) {
            nodes |= Character.isDigit(c) ? 1L << (c - '0') : 0;
        }
        return new Hint(nodes, spelled.endsWith("+"));
    }
}
