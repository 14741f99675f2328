package io.solaster.boot.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.ThreeShards;
import io.solaster.pool.PoolStats;
import io.solaster.pool.resp.RespClient;
import io.solaster.pool.resp.RespCommand;
import io.solaster.pool.resp.RespSubscriber;
import io.solaster.resp.Reply;
import io.solaster.spring.pool.PoolHandle;
import io.solaster.spring.pool.Pools;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** What wants a connection of its own works from the bean of a pool, against a redis-server. */
final class RespAloneTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static Process redis;
    private static int port;

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(
                    AutoConfigurations.of(SolasterAutoConfiguration.class, SolasterPoolsAutoConfiguration.class))
            .withPropertyValues("solaster.engine.shards=2", "solaster.engine.pinning=never",
                    "solaster.engine.transport=nio", "solaster.pools.cache.protocol=resp",
                    "solaster.pools.cache.connections.max=2", "solaster.pools.cache.endpoints=127.0.0.1:" + port);

    @BeforeAll
    static void start() throws IOException {
        assumeTrue(
                Stream.of(System.getenv("PATH").split(":"))
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "redis-server"))),
                "no redis-server on the PATH: nothing to talk to");
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        redis = new ProcessBuilder("redis-server", "--port", "" + port, "--bind", "127.0.0.1", "--save", "")
                .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        ThreeShards.until("redis-server accepts", () -> {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return socket.isConnected();
            } catch (IOException notYet) {
                return false;
            }
        });
    }

    @AfterAll
    static void stop() {
        if (redis != null) {
            redis.destroyForcibly();
        }
    }

    @Test
    void what_blocks_watches_or_subscribes_needs_no_second_pool() {
        runner.run(context -> {
            assertThat(context).hasNotFailed();
            RespClient cache = context.getBean(RespClient.class);
            PoolHandle pool = context.getBean(Pools.class).get("cache");
            get(cache.set("watched", "1"));
            assertThat(open(pool)).as("nothing is opened that nobody has asked for")
                    .isEqualTo(pool.pool().stats().stream().mapToLong(stats -> stats.open.get()).sum());
            // More than there may be shared ones wait, and nobody else does.
            List<CompletableFuture<Reply>> popped = Stream.of("a", "b", "c")
                    .<CompletableFuture<Reply>>map(
                            list -> cache.alone(LONG, own -> own.command("BLPOP", list, "0")))
                    .toList();
            ThreeShards.until("all have a connection of their own", () -> open(pool) >= 4);
            for (String list : List.of("a", "b", "c")) {
                get(cache.command("LPUSH", list, "x"));
            }
            popped.forEach(each -> assertThat(get(each)).isInstanceOf(Reply.Aggregate.class));
            List<Reply> outcome = get(cache.alone(LONG, own -> own.command("WATCH", "watched")
                    .thenCompose(watching -> cache.set("watched", "2")).thenCompose(changed -> own
                            .call(RespCommand.transaction(List.of(RespCommand.of("SET", "watched", "3")))))));
            assertThat(outcome).as("somebody else has changed it").isNull();
            Queue<String> heard = new ConcurrentLinkedQueue<>();
            try (RespSubscriber subscriber = cache.subscriber(
                    (channel, message, pattern) -> heard.add(new String(message, StandardCharsets.UTF_8)))) {
                get(subscriber.subscribe("news"));
                ThreeShards.until("it is heard", () -> get(cache.publish("news", "hello")) >= 0 && !heard.isEmpty());
            }
            assertThat(heard).contains("hello");
            assertThat(pool.maxConnections()).isEqualTo(2 + 64);
        });
    }

    @Test
    void they_are_drained_and_closed_with_the_pool() {
        PoolHandle[] kept = new PoolHandle[1];
        runner.run(context -> {
            PoolHandle pool = context.getBean(Pools.class).get("cache");
            kept[0] = pool;
            RespClient cache = context.getBean(RespClient.class);
            get(cache.alone(LONG, own -> own.command("PING")));
            assertThat(open(pool)).isOne();
            get(pool.upstream().drain("127.0.0.1:" + port));
            ThreeShards.until("what is drained is drained for both", () -> open(pool) == 0);
            get(pool.upstream().readmit("127.0.0.1:" + port));
            get(cache.alone(LONG, own -> own.command("PING")));
        });
        assertThat(open(kept[0])).isZero();
    }

    @Test
    void who_wants_none_is_told_how_to_have_some() {
        runner.withPropertyValues("solaster.pools.cache.resp.exclusive=0").run(context -> {
            RespClient cache = context.getBean(RespClient.class);
            assertThatThrownBy(() -> cache.alone(LONG, own -> own.command("PING")))
                    .hasMessageContaining("set solaster.pools.cache.resp.exclusive above 0");
            assertThat(context.getBean(Pools.class).get("cache").maxConnections()).isEqualTo(2);
        });
    }

    private static long open(PoolHandle pool) {
        return pool.connections().stream().mapToLong((PoolStats stats) -> stats.open.get()).sum();
    }

    private static <T> T get(CompletableFuture<T> future) {
        try {
            return future.get(LONG.toSeconds(), TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
