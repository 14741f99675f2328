package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

import io.solaster.boot.actuate.SolasterHealthAutoConfiguration;
import io.solaster.boot.actuate.SolasterWatchAutoConfiguration;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigDiff.Change;
import io.solaster.config.plan.Fingerprint;
import io.solaster.engine.Engine;
import io.solaster.spring.Live;
import io.solaster.spring.SolasterConfigChanged;
import io.solaster.spring.reload.ConfigReloader;
import io.solaster.spring.reload.ReloadPart;
import io.solaster.spring.reload.ReloadStatus;
import io.solaster.spring.reload.ReloadStatus.State;
import io.solaster.spring.server.ServerLifecycle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/** A changed file takes effect while the application runs, as a whole or not at all. */
final class ReloadTest {
    private static final String FILE = """
            solaster:
              reload: {debounce: 20ms, poll-interval: 1s}
              engine:
                shards: 2
                pinning: never
                transport: nio
                task-quota: 500us
                groups:
                  reports: {shares: 50}
              servers:
                kv:
                  protocol: resp
                  port: 0
                  limits: {max-connections: 5}
            """;

    @TempDir
    Path directory;
    private final List<ConfigurableApplicationContext> contexts = new ArrayList<>();

    @AfterEach
    void close() {
        contexts.forEach(ConfigurableApplicationContext::close);
    }

    @Test
    void a_change_is_in_force_on_every_shard() throws Exception {
        Path file = write("application.yml", FILE);
        ConfigurableApplicationContext context = start(file);
        Engine engine = context.getBean(Engine.class);
        SolasterConfig injected = context.getBean(SolasterConfig.class);
        Live<SolasterConfig> live = context.getBean(Application.class).live;
        Live<Integer> connections = live.map(config -> config.servers().get("kv").limits().maxConnections());
        int port = port(context);
        assertThat(connections.get()).isEqualTo(5);
        assertThat(engine.stallWatchdog().orElseThrow().threshold()).isEqualTo(Duration.ofMillis(25));

        replace(file, FILE.replace("shares: 50", "shares: 70, max-queued: 9").replace("connections: 5",
                "connections: 1, idle-timeout: 1h")
                .replace("task-quota: 500us", "task-quota: 2ms\n    stalls: {threshold: 80ms}\n"
                        + "    idle: {policy: spin}\n    mesh: {high-water-mark: 77}\n    shutdown-timeout: 3s")
                .replace("groups:", "groups:\n      later: {shares: 9}"));
        ReloadStatus status = await(context, State.APPLIED);

        assertThat(status.diff().changes()).extracting(Change::toString).contains(
                "solaster.engine.task-quota: 500us -> 2ms", "solaster.engine.stalls.threshold: 25ms -> 80ms",
                "solaster.engine.idle.policy: auto -> spin", "solaster.engine.mesh.high-water-mark: 4096 -> 77",
                "solaster.engine.shutdown-timeout: 20s -> 3s", "solaster.engine.groups.reports.shares: 50 -> 70",
                "solaster.engine.groups.reports.max-queued: 0 -> 9", "solaster.engine.groups.later.shares: unset -> 9",
                "solaster.servers.kv.limits.max-connections: 5 -> 1",
                "solaster.servers.kv.limits.idle-timeout: 0s -> 1h");
        assertThat(engine.groups().get("reports").shares()).isEqualTo(70);
        assertThat(engine.groups().get("reports").config().maxQueued()).isEqualTo(9);
        assertThat(engine.groups().get("later").shares()).isEqualTo(9);
        assertThat(engine.stallWatchdog().orElseThrow().threshold()).isEqualTo(Duration.ofMillis(80));
        assertThat(engine.config().taskQuota()).isEqualTo(Duration.ofMillis(2));
        assertThat(connections.get()).isEqualTo(1);
        assertThat(injected.servers().get("kv").limits().maxConnections()).as("what was injected by value")
                .isEqualTo(5);
        assertThat(context.getEnvironment().getProperty("solaster.engine.task-quota")).isEqualTo("2ms");
        until(() -> !context.getBean(Application.class).events.isEmpty());
        assertThat(context.getBean(Application.class).events).hasSize(1)
                .allSatisfy(event -> assertThat(event.diff()).isEqualTo(status.diff()));
        assertThat(status.applied()).isEqualTo(1);
        assertThat(status.applyNanos()).isPositive();
        assertThat(Client.ask(port, "PING")).as("the same server").isEqualTo("+PONG");
        // It takes one client at a time now, and may see late that the first has gone.
        until(() -> context.getBean(ServerLifecycle.class).server("kv").orElseThrow().connections() == 0);
        assertThat(Client.ask(port, "CONFIG GET maxclients")).isEqualTo("*2");
    }

    @Test
    void the_status_names_what_the_files_said_when_they_were_read() throws Exception {
        Path file = write("application.yml", FILE);
        ConfigurableApplicationContext context = start(file);
        ConfigReloader reloader = context.getBean(ConfigReloader.class);
        // It is younger than this process: told once it has been read again.
        until(() -> reloader.status().fingerprints().equals(Map.of(file.toString(), Fingerprint.of(FILE))));
        String changed = FILE.replace("shares: 50", "shares: 70");
        replace(file, changed);
        assertThat(await(context, State.APPLIED).fingerprints()).containsEntry(file.toString(),
                Fingerprint.of(changed));
        String wrong = FILE.replace("shares: 50", "share: 70");
        replace(file, wrong);
        assertThat(await(context, State.INVALID).fingerprints()).containsEntry(file.toString(), Fingerprint.of(wrong));
        replace(file, changed);
        assertThat(await(context, State.APPLIED).fingerprints()).containsEntry(file.toString(),
                Fingerprint.of(changed));
    }

    @Test
    void what_needs_a_restart_is_named_and_leaves_all_as_it_was() throws Exception {
        Path file = write("application.yml", FILE);
        ConfigurableApplicationContext context = start(file);
        replace(file, FILE.replace("shards: 2", "shards: 1").replace("shares: 50", "shares: 70"));
        ReloadStatus status = await(context, State.NEEDS_RESTART);
        assertThat(status.problems()).containsExactly("solaster.engine.shards: 2 -> 1");
        assertThat(status.refused()).isEqualTo(1);
        assertThat(context.getBean(Engine.class).groups().get("reports").shares()).isEqualTo(50);
        assertThat(context.getBean(Application.class).live.get()).isEqualTo(context.getBean(SolasterConfig.class));
        assertThat(context.getEnvironment().getProperty("solaster.engine.shards")).isEqualTo("2");
        assertThat(context.getBean(Application.class).events).isEmpty();
    }

    @Test
    void an_invalid_file_changes_nothing_and_shows_in_health() throws Exception {
        Path file = write("application.yml", FILE);
        ConfigurableApplicationContext context = start(file);
        HealthIndicator health = context.getBean("solasterHealthIndicator", HealthIndicator.class);
        assertThat(health.health().getDetails()).extractingByKey("configuration").asString().contains("status=OK");

        replace(file, FILE.replace("shares: 50", "share: 70"));
        assertThat(await(context, State.INVALID).problems()).singleElement().asString().contains(
                "solaster.engine.groups.reports.share: there is no such key; write"
                        + " solaster.engine.groups.reports.shares (" + file + ":9:24)");
        Health warned = health.health();
        assertThat(warned.getStatus()).isEqualTo(Status.UP);
        assertThat(warned.getDetails()).extractingByKey("configuration").asString().contains("status=WARN",
                "reload=invalid");

        replace(file, "solaster:\n  engine: [\n");
        assertThat(await(context, State.UNREADABLE).problems()).singleElement().asString()
                .contains("the files cannot be read");
        replace(file, FILE);
        await(context, State.UNCHANGED);
        assertThat(health.health().getDetails()).extractingByKey("configuration").asString().contains("status=OK");
    }

    @Test
    void a_file_that_is_gone_or_empty_changes_nothing() throws Exception {
        Path file = write("application.yml", FILE);
        ConfigurableApplicationContext context = start(file);
        Files.delete(file);
        assertThat(await(context, State.UNREADABLE).problems()).containsExactly(file + " is gone");
        Files.createFile(file);
        until(() -> context.getBean(ConfigReloader.class).status().problems().equals(List.of(file + " is empty")));
        assertThat(context.getBean(Engine.class).groups().get("reports").shares()).isEqualTo(50);
        replace(file, FILE.replace("shares: 50", "shares: 51"));
        await(context, State.APPLIED);
        assertThat(context.getBean(Engine.class).groups().get("reports").shares()).isEqualTo(51);
    }

    /** As the kubelet does it: the file is a link into a link that is swapped. */
    @Test
    void a_config_map_is_watched() throws Exception {
        Path mount = Files.createDirectory(directory.resolve("config"));
        Path first = Files.createDirectory(mount.resolve("..2026_11_21_1"));
        Files.writeString(first.resolve("application.yml"), FILE);
        Files.createSymbolicLink(mount.resolve("..data"), Path.of("..2026_11_21_1"));
        Path file = Files.createSymbolicLink(mount.resolve("application.yml"), Path.of("..data/application.yml"));
        ConfigurableApplicationContext context = start(file);
        for (int shares = 60; shares < 63; shares++) {
            Path next = Files.createDirectory(mount.resolve("..2026_11_21_" + shares));
            Files.writeString(next.resolve("application.yml"), FILE.replace("shares: 50", "shares: " + shares));
            Path link = Files.createSymbolicLink(mount.resolve("..data_tmp"), next.getFileName());
            Files.move(link, mount.resolve("..data"), StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            int wanted = shares;
            until(() -> context.getBean(Engine.class).groups().get("reports").shares() == wanted);
        }
        assertThat(context.getBean(ConfigReloader.class).status().refused()).isZero();
    }

    @Test
    void arguments_win_over_files_as_at_the_start() throws Exception {
        Path imported = write("imported.yml", "solaster.engine.task-quota: 1ms\n");
        Path file = write("application.yml", FILE.replace("    task-quota: 500us\n", "") + "spring.config.import: "
                + imported + "\n");
        ConfigurableApplicationContext context = start(file, "--solaster.engine.groups.reports.shares=7");
        replace(file, Files.readString(file).replace("shares: 50", "shares: 70").replace("connections: 5",
                "connections: 6"));
        ReloadStatus status = await(context, State.APPLIED);
        assertThat(status.diff().changes()).extracting(Change::key)
                .containsExactly("solaster.servers.kv.limits.max-connections");
        assertThat(context.getBean(Engine.class).groups().get("reports").shares()).isEqualTo(7);
        assertThat(status.files()).containsExactlyInAnyOrder(file.toString(), imported.toString());

        replace(imported, "solaster.engine.task-quota: 3ms\n");
        until(() -> context.getBean(Engine.class).config().taskQuota().equals(Duration.ofMillis(3)));
    }

    @Test
    void a_storm_settles_to_the_last() throws Exception {
        Path file = write("application.yml", FILE);
        ConfigurableApplicationContext context = start(file);
        for (int i = 1; i <= 300; i++) {
            // In place, so that it is half-written now and then.
            Files.writeString(file, FILE.replace("shares: 50", "shares: " + (1000 + i)));
            if (i % 3 == 0) {
                Thread.sleep(10);
            }
        }
        until(() -> context.getBean(Engine.class).groups().get("reports").shares() == 1300);
        until(() -> context.getBean(Application.class).live.get().engine().groups().get("reports").shares() == 1300);
        until(() -> context.getBean(ConfigReloader.class).status().state() == State.APPLIED);
    }

    @Test
    void levels_of_our_loggers_follow() throws Exception {
        Path file = write("application.yml", FILE);
        ConfigurableApplicationContext context = start(file);
        assertThat(LoggerFactory.getLogger("io.solaster.pool.Some").isDebugEnabled()).isFalse();
        replace(file, FILE + "logging.level.io.solaster.pool: debug\n");
        assertThat(await(context, State.APPLIED).diff().changes()).containsExactly(
                new Change("logging.level.io.solaster.pool", "", "debug", true));
        assertThat(LoggerFactory.getLogger("io.solaster.pool.Some").isDebugEnabled()).isTrue();
        replace(file, FILE);
        until(() -> !LoggerFactory.getLogger("io.solaster.pool.Some").isDebugEnabled());
    }

    @Test
    void what_is_the_application_s_is_neither_read_again_nor_changed() throws Exception {
        Path file = write("application.yml", FILE + "mine: 1\nspring.config.import: 'counted:far'\n");
        int before = CountedImports.COUNT.get();
        ConfigurableApplicationContext context = start(file);
        ConfigReloader reloader = context.getBean(ConfigReloader.class);
        // It is younger than this process, and so was read again.
        until(() -> !reloader.status().fingerprints().isEmpty());
        int atStart = CountedImports.COUNT.get();
        assertThat(atStart - before).isEqualTo(2);

        String changed = Files.readString(file).replace("mine: 1", "mine: 2");
        replace(file, changed);
        until(() -> reloader.status().fingerprints().containsValue(Fingerprint.of(changed)));
        assertThat(CountedImports.COUNT.get()).as("imports from afar").isEqualTo(atStart);
        assertThat(context.getEnvironment().getProperty("mine")).isEqualTo("1");
        assertThat(reloader.status().state()).isEqualTo(State.UNCHANGED);

        replace(file, changed.replace("shares: 50", "shares: 70"));
        await(context, State.APPLIED);
        assertThat(context.getEnvironment().getProperty("solaster.engine.groups.reports.shares")).isEqualTo("70");
        assertThat(context.getEnvironment().getProperty("mine")).as("the application's, until it starts again")
                .isEqualTo("1");
        assertThat(context.getEnvironment().getProperty("counted")).isEqualTo("1");

        replace(file, changed.replace("    groups:\n      reports: {shares: 50}\n", "    task-quota: 1ms\n"
                + "    groups: {reports: {}}\n").replace("    task-quota: 500us\n", ""));
        until(() -> context.getBean(Engine.class).config().taskQuota().equals(Duration.ofMillis(1)));
        // The engine goes by it first.
        until(() -> context.getEnvironment().getProperty("solaster.engine.groups.reports.shares") == null);
    }

    @Test
    void a_listener_that_fails_leaves_nothing_half_applied() throws Exception {
        Path file = write("application.yml", FILE);
        SpringApplication application = new SpringApplication(Application.class, Parts.class);
        ConfigurableApplicationContext context = run(application, file);
        Parts parts = context.getBean(Parts.class);
        ConfigReloader reloader = context.getBean(ConfigReloader.class);
        until(() -> !reloader.status().fingerprints().isEmpty());

        replace(file, FILE.replace("shares: 50", "shares: 70"));
        until(() -> reloader.status().applied() == 1);
        assertThat(parts.told).containsExactly(70);
        // Listeners hear of it once it is in force.
        until(() -> parts.failed == 1);
        replace(file, FILE.replace("shares: 50", "shares: 80"));
        until(() -> reloader.status().applied() == 2);
        assertThat(parts.told).containsExactly(70, 80);

        parts.refuses = true;
        replace(file, FILE.replace("shares: 50", "shares: 90"));
        assertThat(await(context, State.INVALID).problems()).singleElement().asString().contains("not to my taste");
        assertThat(context.getBean(Engine.class).groups().get("reports").shares()).isEqualTo(80);
        assertThat(parts.told).containsExactly(70, 80);
    }

    @Test
    void a_part_that_fails_leaves_nothing_half_applied() throws Exception {
        Path file = write("application.yml", FILE);
        ConfigurableApplicationContext context = run(new SpringApplication(Application.class, FailingPart.class,
                Parts.class), file);
        replace(file, FILE.replace("shares: 50", "shares: 70"));
        assertThat(await(context, State.APPLIED).problems()).containsExactly("it fails, as the test has it");
        assertThat(context.getBean(Application.class).live.get().engine().groups().get("reports").shares())
                .isEqualTo(70);
        assertThat(context.getBean(Parts.class).told).as("a part after the one that failed").containsExactly(70);
        until(() -> context.getBean(Parts.class).failed == 1);
    }

    @Configuration(proxyBeanMethods = false)
    @Order(Ordered.HIGHEST_PRECEDENCE)
    static class FailingPart implements ReloadPart {

        @Override
        public CompletableFuture<?> reconfigure(SolasterConfig newConfig) {
            throw new IllegalStateException("it fails, as the test has it");
        }
    }

    @Test
    void a_drain_has_no_longer_than_spring_gave_a_phase_at_the_start() throws Exception {
        String spring = "spring.lifecycle.timeout-per-shutdown-phase: ";
        Path file = write("application.yml", FILE + spring + "10s\n");
        ConfigurableApplicationContext context = start(file);
        replace(file, FILE.replace("shares: 50", "shares: 70") + spring + "60s\n");
        await(context, State.APPLIED);
        assertThat(context.getBean(Application.class).live.get().engine().shutdownTimeout())
                .isEqualTo(Duration.ofSeconds(10));
        replace(file, FILE.replace("task-quota: 500us", "shutdown-timeout: 50s") + spring + "60s\n");
        until(() -> !context.getBean(ConfigReloader.class).status().problems().isEmpty());
        assertThat(context.getBean(ConfigReloader.class).status().problems()).singleElement().asString()
                .contains("solaster.engine.shutdown-timeout");
    }

    @Test
    void asked_to_it_reads_files_that_were_not_there_at_the_start() throws Exception {
        Path late = directory.resolve("late.yml");
        Path file = write("application.yml", FILE + "spring.config.import: 'optional:" + late + "'\n");
        ConfigurableApplicationContext context = start(file);
        ConfigReloader reloader = context.getBean(ConfigReloader.class);
        reloader.reload();
        Files.writeString(late, "solaster.engine.groups.reports.shares: 70\n");
        assertThat(reloader.reload().state()).isEqualTo(State.APPLIED);
        assertThat(context.getBean(Engine.class).groups().get("reports").shares()).isEqualTo(70);
    }

    @Test
    void the_environment_and_the_configuration_agree_on_placeholders() throws Exception {
        String shares = FILE.replace("shares: 50", "shares: '${mine}'");
        Path file = write("application.yml", shares + "mine: 50\n");
        ConfigurableApplicationContext context = start(file);
        replace(file, shares + "mine: 70\n");
        await(context, State.APPLIED);
        assertThat(context.getBean(Engine.class).groups().get("reports").shares()).isEqualTo(70);
        assertThat(context.getEnvironment().getProperty("solaster.engine.groups.reports.shares")).isEqualTo("70");
        assertThat(context.getEnvironment().getProperty("mine")).isEqualTo("50");
    }

    @Configuration(proxyBeanMethods = false)
    static class Parts implements ReloadPart {
        final List<Integer> told = new CopyOnWriteArrayList<>();
        volatile int failed;
        volatile boolean refuses;

        @Override
        public List<Violation> check(SolasterConfig newConfig) {
            return refuses ? List.of(new Violation("solaster", "", "not to my taste", "change it")) : List.of();
        }

        @Override
        public CompletableFuture<?> reconfigure(SolasterConfig newConfig) {
            told.add(newConfig.engine().groups().get("reports").shares());
            return CompletableFuture.completedFuture(null);
        }

        @EventListener
        @Order(Ordered.HIGHEST_PRECEDENCE)
        void changed(SolasterConfigChanged event) {
            failed++;
            throw new IllegalStateException("a listener of the application's failed, as the test has it");
        }
    }

    @Test
    void one_switch_turns_it_off() throws Exception {
        ConfigurableApplicationContext context = start(write("application.yml", FILE),
                "--solaster.reload.enabled=false");
        assertThat(context.getBean(ConfigReloader.class).isRunning()).isFalse();
    }

    @Test
    void a_configuration_of_the_applications_own_is_not_reloaded() throws Exception {
        SpringApplication application = new SpringApplication(Application.class, OwnConfig.class);
        ConfigurableApplicationContext context = run(application, write("application.yml", FILE));
        assertThat(context.getBean(ConfigReloader.class).isRunning()).isFalse();
        assertThat(context.getBean(Application.class).live.get()).isSameAs(context.getBean(SolasterConfig.class));
    }

    private ConfigurableApplicationContext start(Path file, String... arguments) {
        return run(new SpringApplication(Application.class), file, arguments);
    }

    private ConfigurableApplicationContext run(SpringApplication application, Path file, String... arguments) {
        application.setWebApplicationType(WebApplicationType.NONE);
        List<String> all = new ArrayList<>(List.of(arguments));
        all.add("--spring.config.location=" + file);
        ConfigurableApplicationContext context = application.run(all.toArray(String[]::new));
        contexts.add(context);
        return context;
    }

    private static int port(ConfigurableApplicationContext context) {
        return context.getBean(ServerLifecycle.class).server("kv").orElseThrow().port();
    }

    private Path write(String name, String content) throws IOException {
        return Files.writeString(directory.resolve(name), content);
    }

    /** As editors do it. */
    private void replace(Path file, String content) throws IOException {
        Path other = Files.writeString(directory.resolve("other"), content);
        Files.move(other, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static ReloadStatus await(ConfigurableApplicationContext context, State state) throws Exception {
        ConfigReloader reloader = context.getBean(ConfigReloader.class);
        until(() -> reloader.status().state() == state);
        return reloader.status();
    }

    private static void until(Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.call()) {
            assertThat(System.nanoTime()).as("waited for a minute").isLessThan(end);
            Thread.sleep(5);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({SolasterAutoConfiguration.class, SolasterStoreAutoConfiguration.class,
            SolasterWatchAutoConfiguration.class, SolasterHealthAutoConfiguration.class})
    static class Application {
        final Live<SolasterConfig> live;
        final List<SolasterConfigChanged> events = new CopyOnWriteArrayList<>();

        Application(Live<SolasterConfig> live) {
            this.live = live;
        }

        @EventListener
        void changed(SolasterConfigChanged event) {
            events.add(event);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnConfig {

        @Bean
        SolasterConfig own() {
            return SolasterConfig.defaults().withEngine(SolasterConfig.defaults().engine().withShards(1));
        }
    }
}
