package io.solaster.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.FileSystemResource;
import org.w3c.dom.Document;

/** What the Dockerfile says twice, it says as the build does. */
final class DockerfileTest {
    private Dockerfile dockerfile;

    @BeforeEach
    void read() throws Exception {
        dockerfile = Dockerfile.read(Path.of("Dockerfile").toAbsolutePath());
    }

    @Test
    void it_runs_on_the_java_that_the_project_is_built_for() throws Exception {
        assertThat(dockerfile.all("ARG")).contains("JAVA=" + text("../pom.xml", "java.version"));
        assertThat(dockerfile.all("FROM")).hasSize(2).allMatch(from -> from.contains(":${JAVA}-"));
    }

    @Test
    void it_takes_the_jar_that_is_built_and_nothing_else() throws Exception {
        String jar = text("pom.xml", "finalName") + ".jar";
        List<String> copied = dockerfile.all("COPY").stream().filter(copy -> !copy.startsWith("--from"))
                .map(copy -> copy.split("\\s+")[0]).toList();
        assertThat(copied).containsExactlyInAnyOrder("target/" + jar, "jvm.args");
        assertThat(Files.readAllLines(Path.of(".dockerignore"))).containsExactlyInAnyOrder("*", "!target/" + jar,
                "!jvm.args");
        assertThat(dockerfile.all("ENTRYPOINT").getLast()).contains("\"@jvm.args\"", "\"" + jar + "\"");
    }

    @Test
    void its_flags_are_those_that_the_engine_asks_for() throws Exception {
        List<String> flags = Dockerfile.flags(Path.of("jvm.args"));
        assertThat(flags).containsAll(Dockerfile.flags(text("../pom.xml", "solaster.jvm.flags")));
        // One collector everywhere, since the figures and the cache are of it.
        assertThat(flags).contains("-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError");
        assertThat(text("pom.xml", "demo.jvm.flags")).contains("-XX:+UseSerialGC");
    }

    @Test
    void it_starts_as_quickly_as_from_the_build() throws Exception {
        assertThat(Dockerfile.flags(Path.of("jvm.args")))
                .containsAll(Dockerfile.flags(text("pom.xml", "demo.start.flags")));
        assertThat(text("pom.xml", "demo.jvm.flags")).contains("${demo.start.flags}");
    }

    @Test
    void it_opens_the_ports_of_the_configuration_to_the_outside() throws Exception {
        PropertySource<?> yaml = new YamlPropertySourceLoader()
                .load("demo", new FileSystemResource("src/main/resources/application.yml")).getFirst();
        assertThat(dockerfile.all("EXPOSE")).containsExactly(
                yaml.getProperty("solaster.servers.kv.port") + " " + yaml.getProperty("solaster.servers.web.port") + " "
                        + yaml.getProperty("management.server.port"));
        assertThat(dockerfile.all("ENV")).containsExactly(
                "SOLASTER_SERVERS_KV_HOST=0.0.0.0 SOLASTER_SERVERS_WEB_HOST=0.0.0.0 SERVER_ADDRESS=0.0.0.0");
    }

    @Test
    void it_runs_as_somebody_who_is_not_root_by_number() {
        assertThat(dockerfile.all("USER")).singleElement().asString().matches("[1-9]\\d*:[1-9]\\d*");
    }

    private static String text(String pom, String element) throws Exception {
        Document document = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(Path.of(pom).toFile());
        return document.getElementsByTagName(element).item(0).getTextContent();
    }
}
