package io.solaster.boot.readme;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.SolasterBeansAutoConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** The README's example of beans on shards is these two classes, and they do what it says. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
@ExtendWith(OutputCaptureExtension.class)
final class ShopTest {
    private static final Path HERE = Path.of("src/test/java/io/solaster/boot/readme");

    @Test
    void the_readme_shows_these_classes() throws IOException {
        String example = body("Carts.java") + "\n" + body("Shop.java");
        assertThat(example.lines().count()).isLessThanOrEqualTo(40);
        assertThat(Files.readString(Path.of("../README.md"))).contains("```java\n" + example + "```\n");
    }

    private static String body(String file) throws IOException {
        String source = Files.readString(HERE.resolve(file));
        return source.substring(Pattern.compile("(?m)^@").matcher(source).results().findFirst().orElseThrow().start());
    }

    @Test
    void they_run(CapturedOutput output) {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                        SolasterBeansAutoConfiguration.class))
                .withUserConfiguration(Carts.class, Shop.class).withPropertyValues("solaster.engine.transport=nio",
                        "solaster.engine.pinning=never", "carts.report-every=5ms")
                .run(context -> {
                    Shop shop = context.getBean(Shop.class);
                    assertThat(shop.buy(7, "tea").join()).isEqualTo(1);
                    assertThat(shop.buy(7, "milk").join()).isEqualTo(2);
                    for (long customer = 0; customer < 20; customer++) {
                        shop.buy(customer, "tea").join();
                    }
                    assertThat(shop.customers().join()).isEqualTo(20);
                    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
                    while (!output.getOut().contains("Shard 0 holds ") && System.nanoTime() < end) {
                        java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
                    }
                    assertThat(output.getOut()).contains("Shard 0 holds ");
                });
    }
}
