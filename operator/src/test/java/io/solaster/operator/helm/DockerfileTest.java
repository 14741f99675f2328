package io.solaster.operator.helm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import org.junit.jupiter.api.Test;

/** What the Dockerfile says twice, it says as the build and the chart do. */
class DockerfileTest {
    private static List<String> all(String instruction) throws IOException {
        return Files.readAllLines(Path.of("Dockerfile")).stream().filter(line -> line.startsWith(instruction + " "))
                .map(line -> line.substring(instruction.length() + 1)).toList();
    }

    @Test
    void itRunsOnTheJavaThatTheProjectIsBuiltFor() throws IOException {
        assertThat(Files.readString(Path.of("../pom.xml")))
                .contains("<java.version>" + all("ARG").getFirst().replace("JAVA=", "") + "</java.version>");
        assertThat(all("FROM")).hasSize(2).allMatch(from -> from.contains(":${JAVA}-"));
    }

    @Test
    void itTakesTheJarThatIsBuiltAndNothingElse() throws IOException {
        assertThat(Files.readString(Path.of("pom.xml"))).contains("<finalName>operator</finalName>");
        assertThat(all("COPY").stream().filter(copy -> !copy.startsWith("--from")))
                .containsExactly("target/operator.jar ./");
        assertThat(Files.readAllLines(Path.of(".dockerignore"))).containsExactly("*", "!target/operator.jar");
        assertThat(all("ENTRYPOINT")).singleElement().asString().endsWith("\"-jar\", \"operator.jar\"]");
    }

    @Test
    void itRunsAsTheChartWantsIt() throws IOException {
        Deployment deployment = Chart.only(Chart.OPERATOR.render("image: {repository: a}"), Deployment.class);
        assertThat(all("EXPOSE")).containsExactly(deployment.getSpec().getTemplate().getSpec().getContainers()
                .getFirst().getPorts().getFirst().getContainerPort().toString());
        assertThat(all("USER")).singleElement().asString().matches("[1-9]\\d*:[1-9]\\d*");
        assertThat(all("CMD")).containsExactly("[\"run\"]");
    }
}
