package io.solaster.operator.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.solaster.config.value.CpuSet;
import io.solaster.operator.kubelet.KubeletConfig.Scope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/**
 * Admissions on recorded machines, a pod after another. The outcomes in the table are {@link Oracle}'s, which reads the
 * rules of Kubernetes 1.36 and is written apart from the simulation; {@code -Dgenerate} makes the table anew.
 */
class AdmissionTableTest {
    private static final Path TABLE = Path.of("src/test/resources/kubelet/admissions.csv");
    private static final String HEAD = "kubelet;source;machine;options;policy;reserved;taken;requests;outcomes";
    private static final String SOURCE = "1.36;oracle;";
    private static final int EACH = 28;

    @ParameterizedTest
    @CsvFileSource(resources = "/kubelet/admissions.csv", delimiter = ';', numLinesToSkip = 1)
    void admitsAsTheTableSays(String kubelet, String source, String machine, String options, String policy,
            String reserved, String taken, String requests, String outcomes) {
        CpuTopology topology = Shapes.named(machine);
        KubeletNode node = new KubeletNode(topology,
                Shapes.kubelet(options, policy, Scope.POD, Shapes.reserved(topology, options, reserved)),
                CpuSet.parse(taken == null ? "" : taken));
        List<String> answers = new ArrayList<>();
        for (String request : requests.split(" ")) {
            Admission answer = node.admit(Integer.parseInt(request));
            answers.add(answer.refusal() == null
                    ? answer.cpus().getFirst().toString()
                    : answer.refusal().spelled());
        }
        assertThat(String.join(" ", answers)).isEqualTo(outcomes);
    }

    @Test
    void theTableIsTheOraclesAndHoldsHundredsOfCases() throws IOException {
        List<String> rows = rows();
        if (System.getProperty("generate") != null) {
            Files.writeString(TABLE, HEAD + "\n" + String.join("\n", rows) + "\n");
        }
        assertThat(Files.readAllLines(TABLE).subList(1, rows.size() + 1)).isEqualTo(rows);
        assertThat(rows).hasSizeGreaterThanOrEqualTo(400);
    }

    private static List<String> rows() {
        List<String> rows = new ArrayList<>();
        for (String machine : Shapes.RECORDED) {
            CpuTopology topology = Shapes.named(machine);
            Random random = new Random(machine.hashCode());
            for (int i = 0; i < EACH; i++) {
                String policy = List.of("none", "best-effort", "restricted", "single-numa-node").get(i % 4);
                String options = i % 3 == 0
                        ? "full-pcpus-only"
                        : i % 3 == 1 ? "full-pcpus-only strict-cpu-reservation" : "";
                CpuSet reserved = i % 5 == 0 ? scattered(topology, random) : reserved(topology, 1 + random.nextInt(3));
                CpuSet taken = taken(topology, reserved, random);
                String requests = IntStream.range(0, 3).mapToObj(nth -> String.valueOf(request(topology, random)))
                        .collect(Collectors.joining(" "));
                KubeletConfig config = Shapes.kubelet(options, policy, Scope.POD, reserved);
                Oracle oracle = new Oracle(topology, config, taken);
                String outcomes = List.of(requests.split(" ")).stream()
                        .map(request -> oracle.admit(Integer.parseInt(request))).collect(Collectors.joining(" "));
                rows.add(SOURCE + machine + ";" + options + ";" + policy + ";" + reserved + ";" + taken + ";" + requests
                        + ";" + outcomes);
            }
        }
        return rows;
    }

    /** Whole cores, the lowest first. */
    private static CpuSet reserved(CpuTopology topology, int cores) {
        int[] lowest = topology.cpus().stream().mapToInt(CpuTopology.Cpu::core).distinct().sorted()
                .limit(Math.min(cores, topology.size() / topology.threadsPerCore() / 2)).toArray();
        return CpuSet.of(topology.cpus().stream()
                .filter(cpu -> IntStream.of(lowest).anyMatch(core -> core == cpu.core()))
                .mapToInt(CpuTopology.Cpu::id).toArray());
    }

    /** One CPU anywhere: half a core, where cores have two threads. */
    private static CpuSet scattered(CpuTopology topology, Random random) {
        return CpuSet.of(random.nextInt(topology.size()));
    }

    private static CpuSet taken(CpuTopology topology, CpuSet reserved, Random random) {
        int percent = random.nextInt(70);
        CpuSet taken = CpuSet.EMPTY;
        for (CpuTopology.Cpu cpu : topology.cpus()) {
            if (cpu.id() == cpu.core() && random.nextInt(100) < percent) {
                taken = taken.or(CpuSet.of(topology.cpus().stream().filter(other -> other.core() == cpu.core())
                        .mapToInt(CpuTopology.Cpu::id).toArray()));
            }
        }
        return taken.minus(reserved);
    }

    private static int request(CpuTopology topology, Random random) {
        int most = Math.max(2, topology.size() / (1 + random.nextInt(2 * topology.nodeCount())));
        int cpus = 1 + random.nextInt(most);
        return random.nextInt(4) == 0
                ? cpus
                : Math.max(1, cpus / topology.threadsPerCore()) * topology.threadsPerCore();
    }
}
