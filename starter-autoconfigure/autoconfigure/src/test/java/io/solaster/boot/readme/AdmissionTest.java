package io.solaster.boot.readme;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.SolasterStoreAutoConfiguration;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** The README's example of live configuration is this class, and it does what it says. */
final class AdmissionTest {

    @Test
    void the_readme_shows_this_class() throws IOException {
        String source = Files.readString(Path.of("src/test/java/io/solaster/boot/readme/Admission.java"));
        assertThat(Files.readString(Path.of("../README.md")))
                .contains("```java\n" + source.substring(source.indexOf("@Service")) + "```\n");
    }

    @Test
    void it_runs() {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                        SolasterStoreAutoConfiguration.class))
                .withUserConfiguration(Admission.class)
                .withPropertyValues("solaster.engine.shards=1", "solaster.engine.pinning=never",
                        "solaster.engine.transport=nio", "solaster.servers.kv.protocol=resp",
                        "solaster.servers.kv.port=0", "solaster.servers.kv.limits.max-connections=3")
                .run(context -> {
                    assertThat(context.getBean(Admission.class).mayEnter(2)).isTrue();
                    assertThat(context.getBean(Admission.class).mayEnter(3)).isFalse();
                });
    }
}
