package io.solaster.operator.kubelet;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

import io.solaster.config.value.CpuSet;
import io.solaster.operator.kubelet.CpuTopology.Cpu;
import io.solaster.operator.kubelet.KubeletConfig.Scope;
import io.solaster.operator.kubelet.PodCpus.Container;
import io.solaster.operator.kubelet.PodCpus.Kind;
import org.junit.jupiter.api.Test;

/**
 * 1,200 sequences of pods on random machines, each with what the static policy and the Topology Manager of Kubernetes
 * 1.36.2 made of it: their own code was called. The simulation gives every container the same CPUs, and every refusal the
 * same reason. Fields of a line, by {@code |}: number, tags, CPUs ({@code id:core:socket:node:l3}), options, policy,
 * scope, reserved CPUs ({@code #n}: a number of them), pods, answers.
 */
class KubeletCasesTest {

    @Test
    void answersEverySequenceAsTheKubeletDid() throws IOException {
        List<String> wrong = new ArrayList<>();
        List<String> cases = cases();
        for (String each : cases) {
            String[] field = each.split("\\|", -1);
            String answers = answers(field);
            if (!answers.equals(field[8])) {
                wrong.add(
                        String.join("|", field[0], field[1], field[3], field[4], field[5], field[6], field[7]) + "\n  "
                                + field[8] + "\n  " + answers);
            }
        }
        assertThat(cases).hasSize(1200);
        assertThat(wrong).as("%d of %d differ; kubelet's answers, then the simulation's", wrong.size(), cases.size())
                .isEmpty();
    }

    private static List<String> cases() throws IOException {
        try (var in = requireNonNull(KubeletCasesTest.class.getResourceAsStream("/kubelet/cases.txt.gz"));
                var lines = new BufferedReader(
                        new InputStreamReader(new GZIPInputStream(in), StandardCharsets.US_ASCII))) {
            return lines.lines().filter(line -> !line.isBlank()).toList();
        }
    }

    private static String answers(String[] field) {
        CpuTopology topology = new CpuTopology(Stream.of(field[2].split(",")).map(KubeletCasesTest::cpu).toList());
        KubeletConfig config = Shapes.kubelet(field[3], field[4], "pod".equals(field[5]) ? Scope.POD : Scope.CONTAINER,
                Shapes.reserved(topology, field[3], field[6]));
        KubeletNode node = new KubeletNode(topology, config, CpuSet.EMPTY);
        Map<String, Admission> admitted = new HashMap<>();
        List<String> answers = new ArrayList<>();
        for (String event : field[7].split(";")) {
            if (event.startsWith("x")) {
                Admission gone = admitted.remove(event.substring(1));
                if (gone != null) {
                    node.remove(gone);
                }
                answers.add("-");
                continue;
            }
            String[] parts = event.substring(1).split("=");
            Admission admission = node.admit(pod(event.startsWith("g"), parts[1]));
            if (admission.admitted()) {
                admitted.put(parts[0], admission);
            }
            answers.add(spelled(admission));
        }
        return String.join(";", answers);
    }

    private static Cpu cpu(String spelled) {
        int[] n = Stream.of(spelled.split(":")).mapToInt(Integer::parseInt).toArray();
        return new Cpu(n[0], n[1], n[2], n[3], n[4]);
    }

    private static PodCpus pod(boolean guaranteed, String containers) {
        return new PodCpus(Stream.of(containers.split("\\+")).map(container -> {
            int milli = Integer.parseInt(container.substring(1));
            Kind kind = switch (container.charAt(0)) {
                case 'i' -> Kind.INIT;
                case 's' -> Kind.SIDECAR;
                default -> Kind.APP;
            };
            return new Container(kind, guaranteed && milli % 1000 == 0 ? milli / 1000 : 0);
        }).toList());
    }

    private static String spelled(Admission admission) {
        return admission.refusal() != null
                ? admission.refusal().spelled()
                : admission.cpus().stream().map(cpus -> cpus.isEmpty() ? "-" : cpus.toString())
                        .collect(Collectors.joining("+"));
    }
}
