package io.solaster.boot.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.SolasterStoreAutoConfiguration;
import io.solaster.boot.actuate.SolasterLogHealthAutoConfiguration;
import io.solaster.store.Store;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** The store of an application, kept over a restart by one key. */
final class KeptStoreTest {
    @TempDir
    Path directory;

    private ApplicationContextRunner runner() {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                        SolasterStoreAutoConfiguration.class, SolasterLogAutoConfiguration.class,
                        SolasterLogHealthAutoConfiguration.class))
                .withPropertyValues("solaster.engine.shards=1", "solaster.engine.pinning=never",
                        "solaster.engine.transport=nio");
    }

    @Test
    void itsKeysAreThereAgainAndItsHealthIsToldAsOfOtherLogs() {
        ApplicationContextRunner kept = runner().withPropertyValues(
                "solaster.store.persistence.directory=" + directory.resolve("kv"),
                "solaster.store.persistence.fsync=always", "solaster.store.persistence.segment=1MB",
                "solaster.store.persistence.buffer=1MB");
        kept.run(context -> {
            assertThat(context).hasNotFailed().hasBean("storeLog");
            context.getBean(Store.class).strings().set("key", new byte[]{1}).join();
            HealthIndicator health = (HealthIndicator) context
                    .getBean("logsHealthContributor", CompositeHealthContributor.class).getContributor("store");
            assertThat(health.health().getStatus()).isEqualTo(Status.UP);
        });
        kept.run(context -> assertThat(context.getBean(Store.class).strings().get("key").join()).containsExactly(1));
    }

    @Test
    void withoutADirectoryItIsInMemoryAlone() {
        runner().run(context -> {
            assertThat(context).hasNotFailed().doesNotHaveBean("storeLog");
            assertThat(context.getBean(Store.class).log()).isNull();
        });
    }

    @Test
    void whatCannotBeIsRefusedByName() {
        runner().withPropertyValues("solaster.store.persistence.directory=" + directory.resolve("kv"),
                "solaster.store.persistence.segment=1MB", "solaster.store.persistence.buffer=2MB")
                .run(context -> assertThat(context).getFailure()
                        .hasStackTraceContaining("solaster.store.persistence.buffer"));
    }
}
