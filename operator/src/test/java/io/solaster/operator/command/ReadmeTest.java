package io.solaster.operator.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.solaster.operator.Cel;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.plan.ServiceCheck;
import io.solaster.operator.reconcile.watch.DeclaredNodes;
import org.junit.jupiter.api.Test;

/** What the README shows is what the command prints; {@code -Dgenerate} writes it anew. */
class ReadmeTest {
    private static final Path README = Path.of("README.md");
    private static final String PROMPT = "$ java -jar operator.jar ";

    @Test
    void showsWhatTheCommandPrints() throws IOException {
        List<String> written = Files.readAllLines(README);
        List<String> right = new ArrayList<>();
        int commands = 0;
        int code = -1;
        boolean printed = false;
        for (String line : written) {
            boolean prompt = line.startsWith("$ ");
            if (printed && !prompt && !line.equals("```")) {
                continue;
            }
            printed = false;
            right.add(line);
            if (line.startsWith(PROMPT)) {
                StringWriter out = new StringWriter();
                PrintWriter printer = new PrintWriter(out);
                code = Main.run(printer, printer, line.substring(PROMPT.length()).split(" "));
                printer.flush();
                right.addAll(out.toString().lines().toList());
                commands++;
                printed = true;
            } else if (line.equals("$ echo $?")) {
                right.add(String.valueOf(code));
                printed = true;
            }
        }
        if (System.getProperty("generate") != null) {
            Files.writeString(README, String.join("\n", right) + "\n");
            return;
        }
        assertThat(String.join("\n", written)).isEqualTo(String.join("\n", right));
        assertThat(commands).isEqualTo(4);
    }

    @Test
    void showsAProfileThatCanBeRead() throws IOException {
        String yaml = yaml("(apiVersion: solaster.io/v1alpha1\nkind: TopologyProfile\n.*?)");
        TopologyProfile profile = new YAMLMapper().readValue(yaml, TopologyProfile.class);
        assertThat(profile.getSpec().l3Groups()).hasSize(8);
    }

    @Test
    void showsAutoscalingThatCanBePlanned() throws Exception {
        String yaml = "metadata: {name: kv, namespace: shop}\n" + yaml("(spec:\n[^`]*by: Shards.*?)");
        ServiceCheck.check(new YAMLMapper().readValue(yaml, ShardedService.class));
        assertThat(Cel.broken("shardedservices.solaster.io", yaml)).isEmpty();
    }

    @Test
    void showsNodesThatCanBeDeclared() throws IOException {
        ConfigMap nodes = new YAMLMapper().readValue(yaml("(apiVersion: v1\nkind: ConfigMap\n.*?)"), ConfigMap.class);
        assertThat(DeclaredNodes.of("solaster-system/nodes", nodes).nodes()).hasSize(6);
    }

    private static String yaml(String what) throws IOException {
        Matcher block = Pattern.compile("(?ms)^```yaml\n" + what + "^```$").matcher(Files.readString(README));
        assertThat(block.find()).as(what).isTrue();
        return block.group(1);
    }

    @Test
    void showsJavaThatCompiles() throws IOException {
        String java = Files.readString(README).split("```java\n")[1].split("```")[0];
        String compiled = Files.readString(Path.of("src/test/java/io/solaster/operator/command/ReadmeExample.java"));
        assertThat(compiled).contains(java.indent(8).stripTrailing());
    }

    @Test
    void countsTheCasesOfTheTables() throws IOException {
        long kubelets = 0;
        for (String table : List.of("allocation", "free-groups", "static-policy", "containers", "hints", "merge",
                "compare", "fewest-nodes", "pod-cpus")) {
            kubelets += cases("kubelet/" + table);
        }
        long documented = cases("kubelet/documented");
        long plans = cases("plan/plans");
        String readme = Files.readAllLines(README).stream().collect(Collectors.joining(" "));
        assertThat(readme).contains("held to " + (kubelets + documented + plans) + " golden cases")
                .contains(" " + kubelets + " are the kubelet's").contains(" " + documented + " are admissions")
                .contains(" " + plans + " are [whole plans]")
                .contains("to " + cases("kubelet/admissions") + " admissions in a row");
        assertThat(kubelets + documented + plans).isGreaterThanOrEqualTo(500);
    }

    private static long cases(String table) throws IOException {
        return Files.readAllLines(Path.of("src/test/resources/" + table + ".csv")).stream()
                .filter(line -> !line.isBlank()).count() - 1;
    }
}
