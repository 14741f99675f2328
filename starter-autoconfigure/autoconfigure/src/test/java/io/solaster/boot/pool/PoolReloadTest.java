package io.solaster.boot.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

import io.solaster.boot.Certificates;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.ThreeShards;
import io.solaster.pool.CloseReason;
import io.solaster.pool.PoolStats;
import io.solaster.pool.http.ClientResponse;
import io.solaster.pool.http.PooledHttpClient;
import io.solaster.spring.pool.PoolHandle;
import io.solaster.spring.pool.Pools;
import io.solaster.spring.reload.ConfigReloader;
import io.solaster.spring.reload.ReloadStatus;
import io.solaster.spring.reload.ReloadStatus.State;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/** Pools follow a file and a certificate that change while requests are under way. */
final class PoolReloadTest {
    private static final String FILE = """
            solaster:
              reload: {debounce: 20ms, poll-interval: 1s}
              engine: {shards: 2, pinning: never, transport: nio}
              pools:
                orders:
                  endpoints: [%s]
                  balancing: {algorithm: round-robin}
                  connections: {max: %d, max-per-shard: %d, max-per-endpoint: 2, connect-timeout: 60s}
                  requests: {timeout: 5m}
            """;
    private static final String USERS = """
                users:
                  endpoints: ["127.0.0.1:1"]
            """;

    @TempDir
    Path folder;
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private <T extends AutoCloseable> T keep(T closeable) {
        open.add(closeable);
        return closeable;
    }

    private ConfigurableApplicationContext start(Path file) {
        SpringApplication application = new SpringApplication(Application.class);
        application.setWebApplicationType(WebApplicationType.NONE);
        application.setBannerMode(Banner.Mode.OFF);
        return keep(application.run("--spring.config.location=" + file));
    }

    /** As editors do it. */
    private void replace(Path file, String content) throws Exception {
        Path other = Files.writeString(folder.resolve("other"), content);
        Files.move(other, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static ReloadStatus await(ConfigurableApplicationContext context, State state) {
        ConfigReloader reloader = context.getBean(ConfigReloader.class);
        ThreeShards.until("the file is read: " + state, () -> reloader.status().state() == state);
        return reloader.status();
    }

    private static long sum(PoolHandle pool, ToLongFunction<PoolStats> value) {
        return pool.pool().stats().stream().mapToLong(value).sum();
    }

    private static String name(PooledHttpClient client) {
        return PoolsAutoConfigurationTest.get(client, "/name");
    }

    @Test
    void endpoints_and_bounds_follow_a_file_and_nothing_under_way_is_cut() throws Exception {
        Backend first = keep(new Backend("first"));
        Backend second = keep(new Backend("second"));
        Path file = Files.writeString(folder.resolve("application.yml"), FILE.formatted(first.address(), 8, 4));
        ConfigurableApplicationContext context = start(file);
        PoolHandle orders = context.getBean(Pools.class).get("orders");
        PooledHttpClient client = context.getBean(PooledHttpClient.class);
        CompletableFuture<ClientResponse> underWay = client.get("/hold");
        ThreeShards.until("it is under way", () -> first.held() == 1);
        assertThat(name(client)).isEqualTo("first");

        replace(file, FILE.formatted(second.address(), 5, 3));
        await(context, State.APPLIED);
        ThreeShards.until("the new endpoint alone is there",
                () -> orders.upstream().members().toString().equals("[" + second.address() + "]"));
        ThreeShards.until("bounds hold", () -> sum(orders, stats -> stats.max.get()) == 2 * 3);
        // Each shard hears of that by a message.
        ThreeShards.until("every shard asks the second",
                () -> Stream.generate(() -> name(client)).limit(4).allMatch("second"::equals));
        assertThat(orders.config().connections().max()).isEqualTo(5);
        assertThat(underWay).isNotDone();
        first.release();
        assertThat(underWay.get(60, TimeUnit.SECONDS).text()).isEqualTo("first");
        ThreeShards.until("connections to the first are closed as they come free",
                () -> sum(orders, stats -> stats.closed(CloseReason.REMOVED)) == sum(orders,
                        stats -> stats.created.get() - stats.open.get()));

        replace(file, FILE.formatted(first.address() + ", " + second.address(), 5, 3));
        ThreeShards.until("both are asked", () -> name(client).equals("first"));
        ThreeShards.until("both are asked", () -> name(client).equals("second"));
    }

    @Test
    void a_pool_that_comes_or_goes_is_refused_by_its_name_with_what_to_do() throws Exception {
        Backend first = keep(new Backend("first"));
        String orders = FILE.formatted(first.address(), 8, 4);
        Path file = Files.writeString(folder.resolve("application.yml"), orders);
        ConfigurableApplicationContext context = start(file);
        replace(file, orders + USERS);
        assertThat(await(context, State.NEEDS_RESTART).problems()).containsExactly(
                "solaster.pools.users: unset -> set; a pool comes with a start of the application, so restart it");
        assertThat(context.getBean(Pools.class).all()).hasSize(1);

        replace(file, orders.replace("    orders:", "    sales:"));
        ConfigReloader reloader = context.getBean(ConfigReloader.class);
        ThreeShards.until("it is read", () -> reloader.status().problems().size() == 2);
        assertThat(reloader.status().problems()).containsExactlyInAnyOrder(
                "solaster.pools.sales: unset -> set; a pool comes with a start of the application, so restart it",
                "solaster.pools.orders: set -> unset; a pool goes with the application, so restart it, or give it back"
                        + " its place in the file");
        assertThat(name(context.getBean(PooledHttpClient.class))).as("all is as it was").isEqualTo("first");
    }

    @Test
    void connections_of_an_old_certificate_are_replaced_as_they_come_free() throws Exception {
        KeyStore server = Certificates.make(folder, "server");
        KeyStore old = Certificates.make(folder, "old");
        KeyStore renewed = Certificates.make(folder, "new");
        Backend backend = keep(new Backend("secured", HttpServiceGroupsTest.tls(server, old, renewed), true));
        Path ours = Files.copy(folder.resolve("old.p12"), folder.resolve("ours.p12"));
        Path file = Files.writeString(folder.resolve("application.yml"),
                FILE.formatted(backend.address(), 8, 4) + """
                              ssl: {bundle: orders}
                        spring.ssl.bundle:
                          watch.file.quiet-period: 20ms
                          jks.orders:
                            reload-on-update: true
                            keystore: {location: "%s", password: changeit}
                            truststore: {location: "%s", password: changeit}
                        """.formatted(ours.toUri(), folder.resolve("server.p12").toUri()));
        ConfigurableApplicationContext context = start(file);
        PoolHandle orders = context.getBean(Pools.class).get("orders");
        PooledHttpClient client = context.getBean(PooledHttpClient.class);
        CompletableFuture<ClientResponse> underWay = client.get("/hold");
        ThreeShards.until("it is under way", () -> backend.held() == 1);
        assertThat(PoolsAutoConfigurationTest.get(client, "/who")).isEqualTo("CN=old");

        Files.move(folder.resolve("new.p12"), ours, StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
        ThreeShards.until("requests show the new one",
                () -> PoolsAutoConfigurationTest.get(client, "/who").equals("CN=new"));
        ThreeShards.until("who was idle is closed", () -> sum(orders, stats -> stats.closed(CloseReason.LIFETIME)) > 0);
        long replaced = sum(orders, stats -> stats.closed(CloseReason.LIFETIME));
        assertThat(underWay).isNotDone();
        backend.release();
        assertThat(underWay.get(60, TimeUnit.SECONDS).status()).isEqualTo(200);
        ThreeShards.until("who was in use is closed too",
                () -> sum(orders, stats -> stats.closed(CloseReason.LIFETIME)) > replaced);
        assertThat(PoolsAutoConfigurationTest.get(client, "/who")).isEqualTo("CN=new");
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({SolasterAutoConfiguration.class, SolasterPoolsAutoConfiguration.class,
            SslAutoConfiguration.class})
    static class Application {}
}
