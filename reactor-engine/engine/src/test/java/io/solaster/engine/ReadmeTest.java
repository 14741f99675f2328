package io.solaster.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;

import org.junit.jupiter.api.Test;

class ReadmeTest {

    @Test
    void itsExampleRuns() throws Exception {
        assertThat(Example.run()).matches("shard [01] counted 1");
        String source = Files.readString(Path.of("src/test/java/io/solaster/engine/Example.java"));
        String example = source.substring(source.indexOf("        EngineConfig config"), source.lastIndexOf("    }\n"))
                .stripTrailing().stripIndent();
        assertThat(Files.readString(Path.of("README.md"))).contains("```java\n" + example + "\n```");
    }
}
