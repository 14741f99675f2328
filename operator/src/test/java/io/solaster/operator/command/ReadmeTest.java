package io.solaster.operator.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.solaster.operator.Cel;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.plan.ServiceCheck;
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
        TopologyProfile profile = new YAMLMapper().readValue(block("kind: TopologyProfile"), TopologyProfile.class);
        assertThat(profile.getSpec().l3Groups()).hasSize(8);
    }

    @Test
    void showsAutoscalingThatCanBePlanned() throws Exception {
        String yaml = "metadata: {name: kv, namespace: shop}\n" + block("by: Shards");
        ServiceCheck.check(new YAMLMapper().readValue(yaml, ShardedService.class));
        assertThat(Cel.broken("shardedservices.solaster.io", yaml)).isEmpty();
    }

    /** The YAML that has these words. */
    private static String block(String words) throws IOException {
        return Stream.of(Files.readString(README).split("```yaml\n")).skip(1).map(block -> block.split("```")[0])
                .filter(block -> block.contains(words)).findFirst().orElseThrow();
    }

    @Test
    void showsJavaThatCompiles() throws IOException {
        String java = Files.readString(README).split("```java\n")[1].split("```")[0];
        String compiled = Files.readString(Path.of("src/test/java/io/solaster/operator/command/ReadmeExample.java"));
        assertThat(compiled).contains(java.indent(8).stripTrailing());
    }

    @Test
    void countsTheCasesOfTheTables() throws IOException {
        long cases = 0;
        for (String table : List.of("allocation", "free-groups", "static-policy", "containers", "hints", "merge",
                "compare", "fewest-nodes", "pod-cpus")) {
            cases += Files.readAllLines(table(table)).stream().filter(line -> !line.isBlank()).count() - 1;
        }
        String readme = Files.readAllLines(README).stream().collect(Collectors.joining(" "));
        assertThat(readme).contains("held to " + cases + " cases")
                .contains("to " + (Files.readAllLines(table("admissions")).size() - 1) + " admissions in a row");
    }

    private static Path table(String name) {
        return Path.of("src/test/resources/kubelet/" + name + ".csv");
    }
}
