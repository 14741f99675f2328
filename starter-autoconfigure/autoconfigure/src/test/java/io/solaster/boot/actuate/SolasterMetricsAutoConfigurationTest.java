package io.solaster.boot.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.solaster.boot.Client;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.SolasterStoreAutoConfiguration;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.stats.GroupStats;
import io.solaster.engine.stats.ShardStats;
import io.solaster.spring.ServerLifecycle;
import io.solaster.store.Store;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

final class SolasterMetricsAutoConfigurationTest {
    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                    SolasterStoreAutoConfiguration.class, SolasterMetricsAutoConfiguration.class))
            .withPropertyValues("solaster.engine.shards=2", "solaster.engine.pinning=never",
                    "solaster.engine.transport=nio", "solaster.servers.kv.protocol=resp", "solaster.servers.kv.port=0");
    private final ApplicationContextRunner metered = runner.withBean(MeterRegistry.class, SimpleMeterRegistry::new);

    @Test
    void counts_shards_servers_and_store() {
        metered.run(context -> {
            MeterRegistry registry = bound(context.getBean(MeterRegistry.class),
                    context.getBeansOfType(MeterBinder.class).values());
            int port = context.getBean(ServerLifecycle.class).server("kv").orElseThrow().port();
            Client.ask(port, "SET a 1");
            Client.ask(port, "GET a");
            Client.ask(port, "GET b");
            assertThat(registry.get("solaster.shards").gauge().value()).isEqualTo(2);
            assertThat(registry.get("solaster.shard.turns").tag("shard", "1").functionCounter().count()).isPositive();
            assertThat(registry.get("solaster.shard.cpu").tag("shard", "0").functionCounter().count()).isPositive();
            assertThat(registry.get("solaster.server.accepted").tag("server", "kv").functionCounter().count())
                    .isEqualTo(3);
            assertThat(registry.get("solaster.store.commands").functionCounter().count()).isGreaterThanOrEqualTo(3);
            assertThat(registry.get("solaster.store.hits").functionCounter().count()).isEqualTo(1);
            assertThat(registry.get("solaster.store.misses").functionCounter().count()).isEqualTo(1);
            assertThat(registry.get("solaster.keyspace.keys").gauge().value()).isEqualTo(1);
            assertThat(registry.get("solaster.keyspace.memory").gauge().value()).isPositive();
        });
    }

    @Test
    void counts_groups_those_made_later_too() {
        metered.run(context -> {
            MeterRegistry registry = bound(context.getBean(MeterRegistry.class),
                    context.getBeansOfType(MeterBinder.class).values());
            GroupStats group = context.getBean(Engine.class).shard(1).stats().addGroup(63, "reports", () -> 50);
            group.activated(System.nanoTime());
            group.started(System.nanoTime());
            group.stopped(System.nanoTime(), 3);
            Tags tags = Tags.of("shard", "1", "group", "reports");
            assertThat(registry.get("solaster.group.tasks").tags(tags).functionCounter().count()).isEqualTo(3);
            assertThat(registry.get("solaster.group.runtime").tags(tags).functionCounter().count()).isPositive();
            assertThat(registry.get("solaster.group.shares").tags(tags).gauge().value()).isEqualTo(50);
            assertThat(registry.get("solaster.group.queue").tags(tags).gauge().value()).isZero();
        });
    }

    @Test
    void tells_how_a_shard_spends_its_time() {
        metered.run(context -> {
            MeterRegistry registry = bound(context.getBean(MeterRegistry.class),
                    context.getBeansOfType(MeterBinder.class).values());
            ShardStats stats = context.getBean(Engine.class).shard(0).stats();
            stats.longestStallNanos.set(2_000_000_000);
            assertThat(registry.get("solaster.shard.stalls.longest").tag("shard", "0").gauge().value()).isEqualTo(2);
            assertThat(registry.get("solaster.shard.utilization").tag("shard", "0").gauge().value()).isBetween(0.0,
                    1.0);
            assertThat(registry.get("solaster.shard.tasks.p99").tag("shard", "0").gauge().value())
                    .isGreaterThanOrEqualTo(0);
            assertThat(registry.get("solaster.shard.steal").tag("shard", "0").functionCounter().count())
                    .isGreaterThanOrEqualTo(0);
            assertThat(registry.get("solaster.mesh.pending").gauge().value()).isGreaterThanOrEqualTo(0);
        });
    }

    @Test
    void every_meter_says_of_which_engine_it_is() {
        metered.run(context -> {
            MeterRegistry registry = bound(context.getBean(MeterRegistry.class),
                    context.getBeansOfType(MeterBinder.class).values());
            assertThat(registry.getMeters()).extracting(Meter::getId)
                    .allSatisfy(id -> assertThat(id.getTag("engine")).isEqualTo(
                            context.getBean(Engine.class).name()))
                    .allSatisfy(id -> assertThat(id.getDescription()).isNotBlank());
        });
    }

    @Test
    void a_stuck_shard_does_not_hold_a_scrape() {
        metered.run(context -> {
            Store store = context.getBean(Store.class);
            KeyspaceSampler sampler = new KeyspaceSampler(store);
            assertThat(sampler.keys()).isZero();
            CountDownLatch stuck = new CountDownLatch(1);
            try {
                store.engine().shard(1).execute(() -> awaitIgnoringTheRule(stuck));
                Thread.sleep(1_100);
                long start = System.nanoTime();
                for (int i = 0; i < 100; i++) {
                    assertThat(sampler.keys()).isZero();
                }
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(KeyspaceSampler.PATIENCE
                        .multipliedBy(3));
            } finally {
                stuck.countDown();
            }
        });
    }

    @Test
    void a_shard_that_looks_does_not_wait() {
        metered.run(context -> {
            Store store = context.getBean(Store.class);
            KeyspaceSampler sampler = new KeyspaceSampler(store);
            double value = store.engine().submitTo(0, () -> {
                assertThat(Shard.current()).isNotNull();
                return sampler.keys();
            }).join();
            assertThat(value).isNaN();
        });
    }

    @Test
    void is_left_out_without_a_registry_micrometer_or_store() {
        runner.run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(MeterBinder.class));
        metered.withPropertyValues("solaster.enabled=false")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(MeterBinder.class));
        runner.withClassLoader(new FilteredClassLoader("io.micrometer"))
                .run(context -> assertThat(context).hasNotFailed().hasSingleBean(Engine.class)
                        .doesNotHaveBean("solasterShardMeters"));
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                        SolasterStoreAutoConfiguration.class, SolasterMetricsAutoConfiguration.class))
                .withPropertyValues("solaster.engine.shards=1", "solaster.engine.pinning=never",
                        "solaster.engine.transport=nio")
                .withBean(MeterRegistry.class, SimpleMeterRegistry::new)
                .withClassLoader(new FilteredClassLoader("io.solaster.store"))
                .run(context -> assertThat(context).hasNotFailed().hasBean("solasterShardMeters")
                        .doesNotHaveBean("solasterStoreMeters"));
    }

    private static MeterRegistry bound(MeterRegistry registry, Iterable<MeterBinder> binders) {
        binders.forEach(binder -> binder.bindTo(registry));
        return registry;
    }

    private static void awaitIgnoringTheRule(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
