package io.solaster.boot.readme;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Pattern;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.SolasterBeansAutoConfiguration;
import io.solaster.boot.ThreeShards;
import io.solaster.boot.streams.SolasterStreamsAutoConfiguration;
import io.solaster.boot.streams.SolasterTopicListenersAutoConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** The README's example of topics is this class and its YAML, and they do what it says. */
final class BillingTest {
    private final String readme = Files.readString(Path.of("../README.md"));

    BillingTest() throws IOException {}

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({SolasterAutoConfiguration.class, SolasterBeansAutoConfiguration.class,
            SolasterStreamsAutoConfiguration.class, SolasterTopicListenersAutoConfiguration.class})
    @Import(Billing.class)
    static class Application {
        @Bean
        Queue<String> bills() {
            return new ConcurrentLinkedQueue<>();
        }
    }

    @Test
    void the_readme_shows_this_class() throws IOException {
        String source = Files.readString(Path.of("src/test/java/io/solaster/boot/readme/Billing.java"));
        assertThat(readme).contains("```java\n" + source.substring(source.indexOf("@Service")) + "```\n");
    }

    @Test
    void it_bills_what_is_placed(@TempDir Path directory) throws IOException {
        String yaml = Pattern.compile("(?ms)^```yaml\n(solaster:\n  streams:.*?)^```$").matcher(readme).results()
                .findFirst().orElseThrow().group(1);
        Path file = Files.writeString(directory.resolve("application.yml"),
                yaml.replace("/var/lib/shop", directory.toString()));
        SpringApplication application = new SpringApplication(Application.class);
        application.setWebApplicationType(WebApplicationType.NONE);
        application.setBannerMode(Banner.Mode.OFF);
        try (ConfigurableApplicationContext context = application.run("--spring.config.location=" + file,
                "--solaster.engine.shards=2", "--solaster.engine.pinning=never", "--solaster.engine.transport=nio")) {
            context.getBean(Billing.class).place(new Billing.Order("ada", "tea"));
            Queue<?> bills = context.getBean("bills", Queue.class);
            ThreeShards.until("it is billed", () -> bills.contains("tea for ada"));
        }
    }
}
