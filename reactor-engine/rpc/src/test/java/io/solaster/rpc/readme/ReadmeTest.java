package io.solaster.rpc.readme;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import io.solaster.engine.Engine;
import io.solaster.testkit.junit.SolasterTest;
import org.junit.jupiter.api.Test;

/** The README's example does what it says, and is the code that is run here. */
@SolasterTest
class ReadmeTest {

    @Test
    void theExampleIsAnswered(Engine engine) {
        assertThat(CallExample.greet(engine, engine).join()).isEqualTo("Hello, Ada");
    }

    @Test
    void theExampleIsInTheReadme() throws IOException {
        List<String> readme = lines("README.md");
        List<String> code = lines("src/test/java/io/solaster/rpc/readme/CallExample.java");
        int from = readme.indexOf("```java") + 1;
        List<String> shown = readme.subList(from, readme.indexOf("```"));
        assertThat(code).containsSequence(shown);
    }

    private static List<String> lines(String file) throws IOException {
        return Files.readAllLines(Path.of(file)).stream().map(String::strip).toList();
    }
}
