package io.solaster.boot.actuate.meters;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.management.ObjectName;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.solaster.boot.Client;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.SolasterBeansAutoConfiguration;
import io.solaster.boot.SolasterStoreAutoConfiguration;
import io.solaster.boot.ThreeShards;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.stats.GroupStats;
import io.solaster.engine.stats.ShardStats;
import io.solaster.spring.ShardScheduled;
import io.solaster.spring.reload.ConfigReloader;
import io.solaster.spring.server.ServerLifecycle;
import io.solaster.store.Store;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.export.prometheus.PrometheusMetricsExportAutoConfiguration;
import org.springframework.boot.test.context.ConfigDataApplicationContextInitializer;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;

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
            assertThat(registry.get("solaster.store.subscribers.published").functionCounter().count()).isZero();
            assertThat(registry.get("solaster.store.subscribers.dropped").functionCounters()).hasSize(3);
            assertThat(registry.get("solaster.store.subscribers.queued.size").gauge().value()).isZero();
            assertThat(registry.get("solaster.keyspace.keys").gauge().value()).isEqualTo(1);
            assertThat(registry.get("solaster.keyspace.memory").gauge().value()).isPositive();
        });
    }

    @Test
    void counts_groups_those_made_later_too() {
        metered.run(context -> {
            MeterRegistry registry = bound(context.getBean(MeterRegistry.class),
                    context.getBeansOfType(MeterBinder.class).values());
            GroupStats group = context.getBean(Engine.class).shard(1).stats().addGroup(63, "reports", () -> 50, 0);
            group.activated(System.nanoTime());
            group.started(System.nanoTime());
            group.stopped(System.nanoTime(), 3);
            Tags tags = Tags.of("group", "reports");
            assertThat(registry.get("solaster.group.tasks").tags(tags).functionCounter().count()).isEqualTo(3);
            assertThat(registry.get("solaster.group.runtime").tags(tags).functionCounter().count()).isPositive();
            assertThat(registry.get("solaster.group.shares").tags(tags).gauge().value()).isEqualTo(50);
            assertThat(registry.get("solaster.group.queue").tags(tags).gauge().value()).isZero();
        });
    }

    @Test
    void counts_reloads_by_what_came_of_them(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("application.yml"), "solaster.engine.groups.reports.shares: 1");
        metered.withInitializer(new ConfigDataApplicationContextInitializer())
                .withPropertyValues("spring.config.location=" + file, "solaster.reload.enabled=false").run(context -> {
                    MeterRegistry registry = bound(context.getBean(MeterRegistry.class),
                            context.getBeansOfType(MeterBinder.class).values());
                    ConfigReloader reloader = context.getBean(ConfigReloader.class);
                    for (String shares : List.of("2", "3", "none")) {
                        Files.writeString(file, "solaster.engine.groups.reports.shares: " + shares);
                        reloader.reload();
                    }
                    assertThat(registry.get("solaster.config.reloads").tag("outcome", "applied").functionCounter()
                            .count()).isEqualTo(2);
                    assertThat(registry.get("solaster.config.reloads").tag("outcome", "refused").functionCounter()
                            .count()).isEqualTo(1);
                });
    }

    @Test
    void counts_scheduled_methods_over_all_shards_those_of_later_beans_too() {
        metered.withConfiguration(AutoConfigurations.of(SolasterBeansAutoConfiguration.class)).run(context -> {
            MeterRegistry registry = bound(context.getBean(MeterRegistry.class),
                    context.getBeansOfType(MeterBinder.class).values());
            assertThat(registry.find("solaster.scheduled.runs").functionCounter()).isNull();
            context.getAutowireCapableBeanFactory().createBean(Failing.class);
            FunctionCounter failures = registry.get("solaster.scheduled.failures").functionCounter();
            assertThat(failures.getId().getTag("method")).contains("Failing").contains("fail");
            ThreeShards.until("each of two shards has failed", () -> failures.count() >= 2);
            assertThat(registry.get("solaster.scheduled.runs").functionCounter().count())
                    .isGreaterThanOrEqualTo(failures.count());
        });
    }

    static class Failing {
        @ShardScheduled(fixedDelay = "1h")
        void fail() {
            throw new IllegalStateException("on purpose");
        }
    }

    @Test
    void tells_how_a_shard_spends_its_time() {
        metered.run(context -> {
            MeterRegistry registry = bound(context.getBean(MeterRegistry.class),
                    context.getBeansOfType(MeterBinder.class).values());
            ShardStats stats = context.getBean(Engine.class).shard(0).stats();
            stats.longestStallNanos.set(2_000_000_000);
            assertThat(registry.get("solaster.shard.stalls.longest").gauge().value()).isEqualTo(2);
            assertThat(registry.get("solaster.shard.utilization").tag("shard", "0").gauge().value()).isBetween(0.0,
                    1.0);
            assertThat(registry.get("solaster.shard.tasks.p99").gauge().value())
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
    void counts_requests_by_their_outcome() {
        metered.run(context -> {
            MeterRegistry registry = bound(context.getBean(MeterRegistry.class),
                    context.getBeansOfType(MeterBinder.class).values());
            int port = context.getBean(ServerLifecycle.class).server("kv").orElseThrow().port();
            Client.ask(port, "SET a 1");
            Client.ask(port, "SET b 1");
            Client.ask(port, "NONSENSE");
            FunctionTimer fine = registry.get("solaster.server.requests").tags("server", "kv", "outcome", "success")
                    .functionTimer();
            assertThat(fine.count()).isEqualTo(2);
            assertThat(fine.totalTime(TimeUnit.NANOSECONDS)).isPositive();
            assertThat(registry.get("solaster.server.requests").tags("server", "kv", "outcome", "error")
                    .functionTimer().count()).isEqualTo(1);
        });
    }

    @Test
    void has_buckets_of_requests_where_the_property_asks_for_them() {
        ApplicationContextRunner scraped = runner
                .withConfiguration(AutoConfigurations.of(MetricsAutoConfiguration.class,
                        PrometheusMetricsExportAutoConfiguration.class, CompositeMeterRegistryAutoConfiguration.class))
                .withPropertyValues("management.metrics.tags.region=here");
        scraped.run(context -> {
            ask(context, "SET a 1");
            assertThat(scrape(context)).contains("solaster_server_requests_seconds_count")
                    .doesNotContain("solaster_server_requests_seconds_bucket");
        });
        scraped.withPropertyValues(
                "management.metrics.distribution.percentiles-histogram.solaster.server.requests=true")
                .run(context -> {
                    ask(context, "SET a 1");
                    ask(context, "SET b 1");
                    String engine = context.getBean(Engine.class).name();
                    assertThat(scrape(context)).contains("# TYPE solaster_server_requests_seconds histogram")
                            .contains("solaster_server_requests_seconds_bucket{engine=\"" + engine
                                    + "\",outcome=\"success\",region=\"here\",server=\"kv\",le=\"+Inf\"} 2")
                            .contains("solaster_server_requests_seconds_count{engine=\"" + engine
                                    + "\",outcome=\"success\",region=\"here\",server=\"kv\"} 2");
                });
        // A registry beside it gets count and sum.
        scraped.withBean("other", SimpleMeterRegistry.class, () -> new SimpleMeterRegistry()).withPropertyValues(
                "management.metrics.distribution.percentiles-histogram.solaster.server.requests=true")
                .run(context -> {
                    ask(context, "SET a 1");
                    assertThat(scrape(context)).contains("solaster_server_requests_seconds_bucket");
                    assertThat(context.getBean("other", MeterRegistry.class).get("solaster.server.requests")
                            .tag("outcome", "success").functionTimer().count()).isEqualTo(1);
                });
        scraped.withPropertyValues("management.metrics.distribution.slo.solaster.server.requests=1ms,10ms",
                "management.metrics.enable.solaster.server.requests=true").run(
                        context -> assertThat(scrape(context))
                                .contains("le=\"0.001\"").contains("le=\"0.01\""));
    }

    @Test
    void stays_below_2000_series_at_64_shards_10_pools_and_100_endpoints() {
        long one = series(1);
        long two = series(2);
        // What is not ours yet: ten meters a pool, and count, sum and errors of each endpoint.
        assertThat(one + 63 * (two - one) + 10 * 10 + 100 * 3).isLessThanOrEqualTo(2_000);
        assertThat(series(2, "solaster.metrics.shard-pairs=true")).isEqualTo(two + 4);
    }

    private long series(int shards, String... properties) {
        long[] series = {0};
        runner.withConfiguration(AutoConfigurations.of(MetricsAutoConfiguration.class,
                PrometheusMetricsExportAutoConfiguration.class, CompositeMeterRegistryAutoConfiguration.class))
                .withPropertyValues("solaster.engine.shards=" + shards, "solaster.servers.other.protocol=resp",
                        "solaster.servers.other.port=0", "solaster.engine.groups.a.shares=1",
                        "solaster.engine.groups.b.shares=1",
                        "management.metrics.distribution.percentiles-histogram.solaster.server.requests=true")
                .withPropertyValues(properties)
                .run(context -> series[0] = scrape(context).lines().filter(line -> line.startsWith("solaster_"))
                        .count());
        assertThat(series[0]).isPositive();
        return series[0];
    }

    @Test
    void two_engines_share_neither_names_nor_series_nor_mbeans() throws Exception {
        SimpleMeterRegistry shared = new SimpleMeterRegistry();
        int before = ManagementFactory.getPlatformMBeanServer().queryNames(new ObjectName("*solaster*:*"), null).size();
        ApplicationContextRunner twice = runner.withBean(MeterRegistry.class, () -> shared, definition -> definition
                .setDestroyMethodName(""));
        twice.run(one -> twice.run(other -> {
            bound(shared, one.getBeansOfType(MeterBinder.class).values());
            bound(shared, other.getBeansOfType(MeterBinder.class).values());
            ask(one, "SET a 1");
            assertThat(one.getBean(Engine.class).name()).isNotEqualTo(other.getBean(Engine.class).name());
            assertThat(shared.get("solaster.store.commands").tag("engine", one.getBean(Engine.class).name())
                    .functionCounter().count()).isPositive();
            assertThat(shared.get("solaster.store.commands").tag("engine", other.getBean(Engine.class).name())
                    .functionCounter().count()).isZero();
            assertThat(ManagementFactory.getPlatformMBeanServer().queryNames(new ObjectName("*solaster*:*"), null))
                    .hasSize(before);
        }));
    }

    private static void ask(ApplicationContext context, String line) throws IOException {
        Client.ask(context.getBean(ServerLifecycle.class).server("kv").orElseThrow().port(), line);
    }

    private static String scrape(ApplicationContext context) {
        return context.getBean(PrometheusMeterRegistry.class).scrape();
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
                // Far less than if each of them waited.
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Sampler.PATIENCE
                        .multipliedBy(50));
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
