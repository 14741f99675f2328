package io.solaster.pool.streams;

import static io.solaster.pool.TestEngines.endpoint;
import static io.solaster.pool.TestEngines.get;
import static io.solaster.pool.TestEngines.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Clients;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.PoolException;
import io.solaster.pool.core.ConnectionPools;
import io.solaster.pool.resp.RespClient;
import io.solaster.pool.resp.RespConnection;
import io.solaster.pool.resp.RespProtocol;
import io.solaster.resp.Reply;
import io.solaster.testkit.peer.RedisServer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Streams over the pool, with redis-server. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class StreamClientTest {
    private Clients clients;
    private RespClient redis;
    private StreamClient streams;

    @BeforeEach
    void start() throws Exception {
        clients = new Clients(Transport.EPOLL, 2);
        RedisServer server = clients.keep(RedisServer.start());
        ConnectionPool<RespConnection> pool = clients.pool(RespProtocol.shared(clients.config), endpoint(server));
        redis = RespClient.over(clients.engine, pool).withExclusive(clients.keep(ConnectionPools.start(clients.engine,
                "test", clients.config, RespProtocol.exclusive(clients.config), pool.upstream().twin(),
                clients.connector())));
        streams = StreamClient.over(clients.engine, redis);
    }

    @AfterEach
    void stop() throws Exception {
        clients.close();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private List<String> publish(String key, int count) {
        try (StreamPublisher publisher = streams.publisher(key)) {
            List<CompletableFuture<String>> ids = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                ids.add(publisher.publish(bytes("n"), bytes(Integer.toString(i))));
            }
            return ids.stream().map(id -> get(id)).toList();
        }
    }

    private static final class Seen implements StreamHandler {
        final Queue<String> numbers = new ConcurrentLinkedQueue<>();
        final AtomicInteger lost = new AtomicInteger();

        @Override
        public CompletionStage<?> handle(StreamEntry entry) {
            numbers.add(String.valueOf(entry.text("n")));
            return CompletableFuture.completedStage(true);
        }

        @Override
        public void lost(@Nullable Throwable cause) {
            lost.incrementAndGet();
        }
    }

    private static Reply text(Reply reply) {
        return reply instanceof Reply.Verbatim verbatim ? verbatim.content() : reply;
    }

    private long pending(String key) {
        String reply = String.valueOf(get(redis.command("XPENDING", key, "g")));
        return Long.parseLong(reply.replaceAll("(?s)^.*?Whole\\[value=([0-9]+)\\].*$", "$1"));
    }

    @Test
    void whatIsPublishedHasIdsInOrderAndIsRead() {
        List<String> ids = publish("s", 1000);
        assertThat(new HashSet<>(ids)).hasSize(1000);
        Seen seen = new Seen();
        Seen later = new Seen();
        try (StreamReader reader = streams.read("s", "0", seen); StreamReader end = streams.read("s", "$", later)) {
            until("all are read", () -> seen.numbers.size() == 1000);
            assertThat(List.copyOf(seen.numbers).subList(0, 3)).containsExactly("0", "1", "2");
            until("who waits is told", () -> {
                publish("s", 1);
                return !later.numbers.isEmpty();
            });
            reader.close();
            get(reader.whenEnded());
        }
    }

    /** Where a pool may make no more connections, shards lend each other theirs. */
    @Test
    void aReaderWorksOnAConnectionThatAnotherShardLends() {
        PoolConfig one = clients.config.withConnections(clients.config.connections().withBounds(1, 1, 1));
        ConnectionPool<RespConnection> lending = clients.keep(ConnectionPools.start(clients.engine, "lending", one,
                RespProtocol.exclusive(one), redis.pool().upstream().twin(), clients.connector()));
        RespClient narrow = RespClient.over(clients.engine, redis.pool()).withExclusive(lending);
        publish("s", 1000);
        get(clients.engine.submitStageTo(0, CallOptions.DEFAULTS,
                () -> narrow.alone(Duration.ofSeconds(30), connection -> connection.command("PING"))));
        Seen seen = new Seen();
        try (StreamReader reader = get(clients.engine.submitTo(1,
                () -> StreamClient.over(clients.engine, narrow).read("s", "0", seen)))) {
            until("all are read", () -> seen.numbers.size() == 1000);
            assertThat(lending.stats().get(1).forwarded.get()).isPositive();
            reader.close();
            get(reader.whenEnded());
        }
        assertThat(seen.lost).hasValue(0);
    }

    @Test
    void aPublisherWithoutRoomRefusesByName() {
        StreamPublisher publisher = streams.publisher("s", 2, 1 << 20);
        get(redis.command("CLIENT", "PAUSE", "300", "WRITE"));
        CompletableFuture<String> one = publisher.publish(bytes("a"), bytes("b"));
        CompletableFuture<String> two = publisher.publish(bytes("a"), bytes("b"));
        assertThat(publisher.isWritable()).isFalse();
        Throwable refused = catchThrowable(() -> publisher.publish(bytes("a"), bytes("b")).join());
        assertThat(ShardFuture.causeOf(refused)).isInstanceOfSatisfying(PoolException.class,
                full -> assertThat(full.reason()).isEqualTo(PoolException.Reason.TOO_MANY_PENDING));
        get(publisher.whenWritable());
        assertThat(get(one)).isLessThan(get(two));
        publisher.close();
        assertThat(ShardFuture.causeOf(catchThrowable(() -> publisher.publish(bytes("a"), bytes("b")).join())))
                .hasMessageContaining("closed");
    }

    @Test
    void aGroupIsMadeAndItsEntriesAreAcknowledged() {
        publish("s", 500);
        Seen seen = new Seen();
        StreamConsumer consumer = streams.consume(GroupOptions.of("s", "g", "c").window(50), seen);
        until("all are handled", () -> seen.numbers.size() == 500);
        consumer.close();
        get(consumer.whenEnded());
        assertThat(pending("s")).isZero();
        assertThat(new HashSet<>(seen.numbers)).hasSize(500);
    }

    @Test
    void noMoreThanAWindowIsUnderWay() {
        publish("s", 100);
        Queue<CompletableFuture<Boolean>> open = new ConcurrentLinkedQueue<>();
        AtomicInteger begun = new AtomicInteger();
        StreamConsumer consumer = streams.consume(GroupOptions.of("s", "g", "c").window(7), entry -> {
            CompletableFuture<Boolean> done = new CompletableFuture<>();
            begun.incrementAndGet();
            open.add(done);
            return done;
        });
        int most = 0;
        while (begun.get() < 100) {
            until("some are handled", () -> !open.isEmpty());
            most = Math.max(most, open.size());
            open.remove().complete(true);
        }
        assertThat(most).isLessThanOrEqualTo(7);
        open.forEach(each -> each.complete(true));
        until("all are acknowledged", () -> pending("s") == 0);
        consumer.close();
        get(consumer.whenEnded());
    }

    @Test
    void afterALostConnectionNothingIsLostOrDoubled() {
        Seen seen = new Seen();
        StreamConsumer consumer = streams.consume(GroupOptions.of("s", "g", "c"), seen);
        for (int round = 0; round < 10; round++) {
            publish("s", 20);
            Matcher reading = Pattern.compile("(?m)^id=([0-9]+) .* cmd=xreadgroup ")
                    .matcher(((Reply.Blob) text(get(redis.command("CLIENT", "LIST")))).text());
            if (reading.find()) {
                get(redis.command("CLIENT", "KILL", "ID", reading.group(1)));
            }
        }
        until("all are handled", () -> seen.numbers.size() >= 200);
        until("all are acknowledged", () -> pending("s") == 0);
        assertThat(seen.numbers).as("each once").hasSize(200);
        assertThat(seen.lost.get()).isPositive();
        consumer.close();
        get(consumer.whenEnded());
    }

    @Test
    void whatADeadConsumerLeftIsClaimedAndWhatFailedComesAgain() {
        publish("s", 10);
        get(redis.command("XGROUP", "CREATE", "s", "g", "0"));
        get(redis.command("XREADGROUP", "GROUP", "g", "dead", "COUNT", "4", "STREAMS", "s", ">"));
        get(redis.command("XREADGROUP", "GROUP", "g", "c", "COUNT", "2", "STREAMS", "s", ">"));
        Queue<String> handled = new ConcurrentLinkedQueue<>();
        AtomicInteger failures = new AtomicInteger();
        StreamConsumer consumer = streams.consume(
                GroupOptions.of("s", "g", "c").claims(Duration.ofMillis(20), Duration.ofMillis(50)), entry -> {
                    String number = String.valueOf(entry.text("n"));
                    if (number.equals("5") && failures.getAndIncrement() < 2) {
                        throw new IllegalStateException("not yet");
                    }
                    handled.add(number);
                    return CompletableFuture.completedStage(true);
                });
        until("all are handled", () -> new HashSet<>(handled).size() == 10);
        until("all are acknowledged", () -> pending("s") == 0);
        assertThat(handled).hasSize(10);
        assertThat(failures.get()).isEqualTo(3);
        consumer.close();
        get(consumer.whenEnded());
    }

    @Test
    void itEndsByNameWhereTheEngineStops() {
        StreamConsumer consumer = streams.consume(GroupOptions.of("s", "g", "c"), new Seen());
        StreamReader reader = streams.read("s", "$", new Seen());
        get(redis.ping());
        clients.engine.close();
        assertThat(ShardFuture.causeOf(catchThrowable(() -> consumer.whenEnded().join())))
                .isInstanceOf(PoolException.class);
        assertThat(ShardFuture.causeOf(catchThrowable(() -> reader.whenEnded().join())))
                .isInstanceOf(PoolException.class);
    }
}
