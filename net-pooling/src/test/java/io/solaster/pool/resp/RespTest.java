package io.solaster.pool.resp;

import static io.solaster.pool.TestEngines.endpoint;
import static io.solaster.pool.TestEngines.get;
import static io.solaster.pool.TestEngines.on;
import static io.solaster.pool.TestEngines.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.ConnectionsConfig;
import io.solaster.config.pool.RespConfig;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Clients;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.Endpoint;
import io.solaster.pool.FakeServer;
import io.solaster.pool.PoolException;
import io.solaster.pool.PoolException.Reason;
import io.solaster.pool.TestEngines;
import io.solaster.pool.core.ConnectionPools;
import io.solaster.resp.Reply;
import io.solaster.resp.ReplyLimits;
import io.solaster.testkit.peer.RedisServer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** A client of Redis on any transport, with a real server and with bad ones; a subclass each. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
abstract class RespTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    private final Transport transport;
    private Clients clients;
    private ConnectionPool<RespConnection> pool;
    private RespClient client;

    RespTest(Transport transport) {
        this.transport = transport;
    }

    @BeforeEach
    void start() {
        clients = new Clients(transport, 1);
    }

    @AfterEach
    void stop() throws Exception {
        if (clients != null) {
            clients.close();
        }
    }

    private void connect(Endpoint... endpoints) {
        pool = clients.pool(RespProtocol.shared(clients.config), endpoints);
        client = RespClient.over(clients.engine, pool);
    }

    private RedisServer redis(String... options) throws Exception {
        RedisServer server = clients.keep(RedisServer.start(options));
        connect(endpoint(server));
        return server;
    }

    private void oneConnection() {
        clients.config = clients.config.withConnections(clients.config.connections().withBounds(1, 1, 1));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void tooFewConnectionsAreRaisedWhereTheyAreWritten() throws Exception {
        clients.close();
        clients = new Clients(transport, 2);
        oneConnection();
        Logger logger = (Logger) LoggerFactory.getLogger("io.solaster.pool.core.DefaultConnectionPool");
        ListAppender<ILoggingEvent> appender = new ListAppender<>();
        // Shards log while it is read.
        appender.list = new CopyOnWriteArrayList<>();
        appender.start();
        logger.addAppender(appender);
        try {
            clients.pool(RespProtocol.shared(clients.config));
            clients.pool(RespProtocol.exclusive(clients.config));
        } finally {
            logger.detachAppender(appender);
        }
        assertThat(appender.list).extracting(ILoggingEvent::getFormattedMessage)
                .filteredOn(line -> line.contains("for 2 shards"))
                .satisfiesExactly(line -> assertThat(line).endsWith("raise solaster.pools.test.connections.max"),
                        line -> assertThat(line).contains("1 connection(s)")
                                .endsWith("raise solaster.pools.test.resp.exclusive"));
    }

    @Test
    void speaksWithARealServer() throws Exception {
        redis();
        get(client.ping());
        get(client.set("k", "v"));
        assertThat(get(client.get("k"))).isEqualTo("v");
        assertThat(get(client.get(bytes("k")))).isEqualTo(bytes("v"));
        assertThat(get(client.get("none"))).isNull();
        assertThat(get(client.get(bytes("none")))).isNull();
        get(client.set("brief", "v", Duration.ofMinutes(1)));
        assertThat(get(client.expire("brief", Duration.ofMinutes(2)))).isTrue();
        assertThat(get(client.expire("none", Duration.ofMinutes(2)))).isFalse();
        assertThat(get(client.setIfAbsent("k", "w"))).isFalse();
        assertThat(get(client.setIfAbsent("l", "w"))).isTrue();
        assertThat(get(client.incr("n"))).isEqualTo(1);
        assertThat(get(client.incrBy("n", -5))).isEqualTo(-4);
        assertThat(get(client.exists("k", "l", "none"))).isEqualTo(2);
        List<byte @Nullable []> values = get(client.mget("k", "none", "l"));
        assertThat(values).hasSize(3);
        assertThat(values.get(0)).isEqualTo(bytes("v"));
        assertThat(values.get(1)).isNull();
        assertThat(get(client.del("k", "none"))).isEqualTo(1);
        assertThat(get(client.eval("return {KEYS[1], ARGV[1]}", List.of("a"), List.of("b")))).isEqualTo(
                new Reply.Aggregate(Reply.Kind.ARRAY, List.of(new Reply.Blob(bytes("a")), new Reply.Blob(bytes("b")))));
        assertThat(get(client.command("HSET", "h", "f", "v"))).isEqualTo(new Reply.Whole(1));
        // RESP3: a map is a map.
        assertThat(get(client.command("HGETALL", "h"))).isEqualTo(new Reply.Aggregate(Reply.Kind.MAP,
                List.of(new Reply.Blob(bytes("f")), new Reply.Blob(bytes("v")))));
        assertThat(catchThrowableOfType(RespException.class, () -> get(client.command("INCR", "h"))).code())
                .isEqualTo("WRONGTYPE");
        byte[] large = new byte[3_000_000];
        large[2_999_999] = 7;
        get(client.set(bytes("large"), large));
        assertThat(get(client.get(bytes("large")))).isEqualTo(large);
    }

    @Test
    @Tag("smoke")
    void commandsOfATurnShareAConnectionAndComeBackInOrder() throws Exception {
        oneConnection();
        redis();
        List<Long> seen = TestEngines.await(clients.engine, 0, () -> {
            List<Long> order = new ArrayList<>();
            ShardFuture<List<Long>> done = io.solaster.engine.Shard.current().newFuture();
            for (int i = 0; i < 1000; i++) {
                client.incr("n").thenAccept(number -> {
                    order.add(number);
                    if (order.size() == 1000) {
                        done.complete(order);
                    }
                });
            }
            return done;
        });
        assertThat(seen).hasSize(1000).isSorted().startsWith(1L).endsWith(1000L);
        assertThat(pool.stats().getFirst().created.get()).isOne();
    }

    @Test
    void greetsAsItIsConfigured() throws Exception {
        clients.config = Changed.with(clients.config, "resp", new RespConfig(3, null, "secret", 5, "ours", 64));
        redis("--requirepass", "secret");
        assertThat(get(client.command("CLIENT", "INFO").thenApply(RespTest::text)))
                .contains("name=ours", "db=5", "resp=3");
    }

    @Test
    void speaksTheOlderVersionToo() throws Exception {
        clients.config = Changed.with(clients.config, "resp", new RespConfig(2, null, "secret", 5, "ours", 64));
        redis("--requirepass", "secret");
        assertThat(get(client.command("CLIENT", "INFO").thenApply(RespTest::text)))
                .contains("name=ours", "db=5", "resp=2");
        assertThat(get(client.get("none"))).isNull();
    }

    private static String text(Reply reply) {
        return String.valueOf(Replies.text(reply));
    }

    @Test
    void fallsBackWhereAServerKnowsNoHello() throws Exception {
        Set<String> heard = ConcurrentHashMap.newKeySet();
        clients.config = Changed.with(clients.config, "resp", new RespConfig(3, "me", "secret", 2, "ours", 64));
        connect(clients.server(peer -> {
            while (true) {
                List<String> command = peer.command();
                heard.add(String.join(" ", command));
                peer.say(command.getFirst().equals("HELLO")
                        ? "-ERR unknown command 'HELLO'\r\n"
                        : command.getFirst().equals("GET") ? "$1\r\nv\r\n" : "+OK\r\n");
            }
        }).endpoint());
        assertThat(get(client.get("k"))).isEqualTo("v");
        assertThat(heard).containsExactlyInAnyOrder("HELLO 3 AUTH me secret SETNAME ours", "AUTH me secret",
                "CLIENT SETNAME ours", "SELECT 2", "GET k");
    }

    @Test
    void aWrongPasswordSaysSo() throws Exception {
        clients.config = Changed.with(clients.config, "resp", new RespConfig(3, null, "wrong", 0, null, 64));
        redis("--requirepass", "secret");
        PoolException failure = catchThrowableOfType(PoolException.class, () -> get(client.get("k")));
        assertThat(failure.reason()).isEqualTo(Reason.CONNECT_FAILED);
        assertThat(failure).hasStackTraceContaining("WRONGPASS").hasMessageNotContaining("wrong");
    }

    @Test
    void transactionsRunInOnePiece() throws Exception {
        redis();
        List<Reply> replies = get(client.transaction(List.of(RespCommand.of("SET", "a", "1"),
                RespCommand.of("INCR", "a"), RespCommand.of("LPUSH", "a", "x"))));
        assertThat(replies).hasSize(3);
        assertThat(replies.get(1)).isEqualTo(new Reply.Whole(2));
        assertThat(replies.get(2)).isInstanceOf(Reply.Failure.class);
        assertThat(catchThrowableOfType(RespException.class,
                () -> get(client.transaction(List.of(RespCommand.of("NONSENSE"))))).code()).isEqualTo("EXECABORT");
        assertThat(get(client.get("a"))).isEqualTo("2");
    }

    @Test
    void aPipelineIsOneRequestWhoseRepliesComeTogether() throws Exception {
        oneConnection();
        redis();
        long before = client.stats().getFirst().requests.get();
        List<Reply> replies = get(client.pipeline(List.of(RespCommand.set(bytes("a"), bytes("1")),
                RespCommand.of("INCR", "a"), RespCommand.of("LPUSH", "a", "x"), RespCommand.get(bytes("a")),
                RespCommand.get(bytes("none")))));
        assertThat(replies).hasSize(5).element(1).isEqualTo(new Reply.Whole(2));
        assertThat(replies.get(2)).isInstanceOf(Reply.Failure.class);
        assertThat(replies.get(3)).isEqualTo(new Reply.Blob(bytes("2")));
        assertThat(replies.get(4)).isInstanceOf(Reply.Nothing.class);
        assertThat(client.stats().getFirst().requests.get() - before).isOne();
        assertThat(get(client.pipeline(List.of()))).isEmpty();
        assertThatIllegalArgumentException().isThrownBy(
                () -> client.pipeline(List.of(RespCommand.transaction(List.of(RespCommand.of("PING"))))))
                .withMessage("MULTI in a pipeline: what is several commands itself must be sent by itself");
    }

    @Test
    void pipelinesTransactionsAndCommandsKeepTheirOrderOnOneConnection() throws Exception {
        oneConnection();
        redis();
        List<RespCommand<Reply>> thousand = Collections.nCopies(1000, RespCommand.of("INCR", "n"));
        List<Object> answers = TestEngines.await(clients.engine, 0, () -> {
            ShardFuture<Long> first = client.incr("n");
            ShardFuture<List<Reply>> many = client.pipeline(thousand);
            ShardFuture<@Nullable List<Reply>> together = client.transaction(thousand.subList(0, 2));
            ShardFuture<List<Reply>> one = client.pipeline(thousand.subList(0, 1));
            ShardFuture<List<Object>> done = io.solaster.engine.Shard.current().newFuture();
            ShardFuture<Long> last = client.incr("n");
            CompletableFuture.allOf(first, many, together, one, last).whenComplete((all, failure) -> {
                if (failure == null) {
                    done.complete(List.of(first.join(), many.join(), together.join(), one.join(), last.join()));
                } else {
                    done.completeExceptionally(failure);
                }
            });
            return done;
        });
        List<Reply> numbers = LongStream.rangeClosed(2, 1001).<Reply>mapToObj(Reply.Whole::new).toList();
        assertThat(answers).containsExactly(1L, numbers, List.of(new Reply.Whole(1002), new Reply.Whole(1003)),
                List.of(new Reply.Whole(1004)), 1005L);
    }

    @Test
    @Tag("smoke")
    void aLargePipelineGoesOutInPieces() throws Exception {
        oneConnection();
        redis();
        byte[] value = new byte[10_000];
        get(client.set(bytes("large"), value));
        List<Reply> replies = get(client.pipeline(Collections.nCopies(2000, RespCommand.get(bytes("large")))));
        assertThat(replies).hasSize(2000).containsOnly(new Reply.Blob(value));
        assertThat(get(client.pipeline(Collections.nCopies(200, RespCommand.set(bytes("b"), value))))).hasSize(200)
                .containsOnly(new Reply.Status("OK"));
    }

    @Test
    void aPipelineIsTriedAgainIfEachOfItsCommandsMayBe() throws Exception {
        AtomicInteger connections = new AtomicInteger();
        connect(clients.server(peer -> {
            boolean first = connections.incrementAndGet() == 1;
            while (true) {
                List<String> command = peer.command();
                switch (command.getFirst()) {
                    case "GET" -> peer.say("$1\r\nv\r\n");
                    case "CUT" -> {
                        if (first) {
                            return;
                        }
                        peer.say("+OK\r\n");
                    }
                    default -> peer.say("+OK\r\n");
                }
            }
        }).endpoint());
        RespCommand<Reply> cut = RespCommand.of("CUT");
        assertThat(catchThrowableOfType(PoolException.class,
                () -> get(client.pipeline(List.of(RespCommand.get(bytes("k")), cut)))).reason())
                .isEqualTo(Reason.CONNECTION_LOST);
        connections.set(0);
        assertThat(get(client.pipeline(List.of(RespCommand.get(bytes("k")), cut.idempotent())))).hasSize(2);
    }

    @Test
    void aPipelineThatAServerCouldNotServeYetIsTriedAgain() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        connect(clients.server(peer -> {
            while (true) {
                peer.say(!peer.command().getFirst().equals("GET")
                        ? "+OK\r\n"
                        : asked.incrementAndGet() == 2 ? "-LOADING the dataset\r\n" : "$1\r\nv\r\n");
            }
        }).endpoint());
        RespCommand<byte @Nullable []> ask = RespCommand.get(bytes("k"));
        assertThat(get(client.pipeline(List.of(ask, ask)))).containsOnly(new Reply.Blob(bytes("v")));
        assertThat(asked).hasValue(4);
    }

    @Test
    void aPipelineThatNobodyWaitsForLeavesTheConnectionToOthers() throws Exception {
        oneConnection();
        CountDownLatch arrived = new CountDownLatch(1);
        CountDownLatch mayAnswer = new CountDownLatch(1);
        connect(clients.server(peer -> {
            int number = 0;
            while (true) {
                boolean ours = peer.command().getFirst().equals("GET");
                if (ours && number == 1) {
                    arrived.countDown();
                    await(mayAnswer);
                }
                peer.say(ours ? "$1\r\n" + number++ + "\r\n" : "+OK\r\n");
            }
        }).endpoint());
        RespCommand<byte @Nullable []> ask = RespCommand.get(bytes("k"));
        get(client.ping());
        ShardFuture<List<Reply>> left = client.pipeline(List.of(ask, ask, ask));
        ShardFuture<String> behind = client.get("k");
        await(arrived);
        left.cancel(false);
        mayAnswer.countDown();
        assertThat(get(behind)).isEqualTo("3");
    }

    @Test
    void aConnectionThatWasIdleIsNotTakenForDead() throws Exception {
        ConnectionsConfig all = clients.config.connections();
        Duration silence = Duration.ofMillis(500);
        clients.config = clients.config.withConnections(new ConnectionsConfig(1, 1, 1, all.maxRequests(), 0,
                Duration.ZERO, all.maxPending(), 1, LONG, LONG, LONG, Duration.ZERO, Duration.ZERO, silence,
                Duration.ZERO, Duration.ZERO));
        CountDownLatch arrived = new CountDownLatch(1);
        CountDownLatch mayAnswer = new CountDownLatch(1);
        FakeServer server = clients.server(peer -> {
            while (true) {
                List<String> command = peer.command();
                if (command.contains("slow")) {
                    arrived.countDown();
                    await(mayAnswer);
                }
                peer.say(command.getFirst().equals("GET") ? "$1\r\n1\r\n" : "+OK\r\n");
            }
        });
        connect(server.endpoint());
        get(client.ping());
        long idle = System.nanoTime();
        until("it was idle for long", () -> System.nanoTime() - idle > 2 * silence.toNanos());
        ShardFuture<String> left = client.get("slow");
        await(arrived);
        left.cancel(false);
        mayAnswer.countDown();
        assertThat(get(client.get("k"))).isEqualTo("1");
        assertThat(server.accepted()).as("the connection was lost with all that was under way on it").isOne();
    }

    @Test
    void workThatIsCancelledLeavesNothingBehindForTheNext() throws Exception {
        oneConnection();
        redis();
        RespClient both = withExclusive();
        get(both.set("k", "v"));
        CountDownLatch selected = new CountDownLatch(1);
        ShardFuture<Reply> left = both.alone(LONG, own -> own.command("SELECT", "3").thenCompose(done -> {
            selected.countDown();
            return new CompletableFuture<>();
        }));
        await(selected);
        assertThat(both.aloneUnderWay()).isOne();
        left.cancel(false);
        Reply first = get(both.alone(LONG, own -> own.command("GET", "k")));
        assertThat(first).isEqualTo(new Reply.Blob(bytes("v")));
        ShardFuture<Reply> blocked = both.alone(LONG, own -> own.command("BLPOP", "nothing", "0"));
        blocked.cancel(false);
        Reply second = get(both.alone(LONG, own -> own.command("GET", "k")));
        assertThat(second).isEqualTo(new Reply.Blob(bytes("v")));
        until("nothing is under way", () -> both.aloneUnderWay() == 0);
    }

    @Test
    void workThatIsCancelledElsewhereIsCountedRight() throws Exception {
        redis();
        RespClient both = withExclusive();
        for (int round = 0; round < 50; round++) {
            ConcurrentLinkedQueue<ShardFuture<Reply>> begun = new ConcurrentLinkedQueue<>();
            CompletableFuture<Boolean> all = clients.engine.submitTo(0, () -> {
                for (int i = 0; i < 100; i++) {
                    begun.add(both.alone(LONG, own -> new CompletableFuture<>()));
                }
                return true;
            });
            while (!all.isDone() || !begun.isEmpty()) {
                ShardFuture<Reply> next = begun.poll();
                if (next != null) {
                    next.cancel(false);
                }
            }
        }
        until("nothing is under way", () -> both.aloneUnderWay() == 0);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private RespClient withExclusive() {
        return client.withExclusive(
                clients.keep(ConnectionPools.start(clients.engine, "test", clients.config,
                        RespProtocol.shared(clients.config).alone(), pool.upstream().twin(),
                        clients.connector())));
    }

    @Test
    void whatBlocksHasAConnectionOfItsOwn() throws Exception {
        redis();
        RespClient both = withExclusive();
        ShardFuture<Reply> popped = both.alone(LONG, own -> own.command("BLPOP", "list", "0"));
        get(both.command("LPUSH", "list", "x"));
        assertThat(get(popped)).isEqualTo(
                new Reply.Aggregate(Reply.Kind.ARRAY,
                        List.of(new Reply.Blob(bytes("list")), new Reply.Blob(bytes("x")))));
        // A key that is watched, and changed by another.
        List<Reply> outcome = get(both.alone(LONG, own -> own.command("WATCH", "w")
                .thenCompose(watching -> both.set("w", "other"))
                .thenCompose(
                        changed -> own.call(RespCommand.transaction(List.of(RespCommand.of("SET", "w", "mine")))))));
        assertThat(outcome).isNull();
        assertThatIllegalStateException().isThrownBy(() -> client.alone(LONG, own -> own.command("PING")))
                .withMessageContaining("solaster.pools.test.resp.exclusive");
    }

    @Test
    void subscriptionsOutliveTheirConnection() throws Exception {
        redis();
        RespClient both = withExclusive();
        subscriptions(both);
    }

    @Test
    void subscriptionsOutliveTheirConnectionInTheOlderVersion() throws Exception {
        clients.config = Changed.with(clients.config, "resp", new RespConfig(2, null, null, 0, null, 64));
        redis();
        RespClient both = withExclusive();
        subscriptions(both);
    }

    private void subscriptions(RespClient both) throws Exception {
        ConcurrentLinkedQueue<String> heard = new ConcurrentLinkedQueue<>();
        RespSubscriber subscriber = clients.keep(both.subscriber(new RespSubscriber.Listener() {
            @Override
            public void message(String channel, byte[] message, @Nullable String pattern) {
                heard.add(pattern + "/" + channel + "/" + new String(message, StandardCharsets.UTF_8));
            }

            @Override
            public void subscribed(String channelOrPattern) {
                heard.add("subscribed " + channelOrPattern);
            }
        }));
        get(subscriber.subscribe("a", "b"));
        get(subscriber.psubscribe("n.*"));
        until("it is subscribed", () -> heard.size() == 3);
        get(both.publish("a", "1"));
        get(both.publish("n.x", "2"));
        until("messages come", () -> heard.contains("null/a/1") && heard.contains("n.*/n.x/2"));
        heard.clear();
        get(both.command("CLIENT", "KILL", "TYPE", "pubsub"));
        until("it is subscribed again",
                () -> heard.stream().filter(each -> each.startsWith("subscribed")).count() == 3);
        get(both.publish("b", "3"));
        until("messages come again", () -> heard.contains("null/b/3"));
        get(subscriber.unsubscribe("b"));
        until("nobody listens to b", () -> get(both.publish("b", "4")) == 0);
        assertThat(heard).doesNotContain("null/b/4");
    }

    // ---- bad servers

    /** Greets, then does this for each command. */
    private FakeServer fake(FakeServer.Talk each) throws Exception {
        FakeServer server = clients.server(peer -> {
            while (true) {
                if (peer.command().getFirst().equals("HELLO")) {
                    peer.say("%0\r\n");
                } else {
                    each.with(peer);
                }
            }
        });
        connect(server.endpoint());
        return server;
    }

    private PoolException failure() {
        return catchThrowableOfType(PoolException.class, () -> get(client.command("X")));
    }

    @Test
    void aResetInMidReplyIsALostConnection() throws Exception {
        fake(peer -> {
            CountDownLatch go = TestEngines.hold(clients.engine, 0);
            try {
                peer.say("$10\r\nhalf");
                peer.reset();
            } finally {
                go.countDown();
            }
        });
        assertThat(failure().reason()).isEqualTo(Reason.CONNECTION_LOST);
    }

    @Test
    void garbageIsALostConnection() throws Exception {
        fake(peer -> peer.say("HTTP/1.1 400 Bad Request\r\n\r\n"));
        PoolException failure = failure();
        assertThat(failure.reason()).isEqualTo(Reason.CONNECTION_LOST);
        assertThat(failure).hasMessageContaining("0x48");
        until("it is closed", () -> pool.stats().getFirst().open.get() == 0);
    }

    @Test
    void aGigabyteIsRefusedBeforeItIsThere() throws Exception {
        fake(peer -> peer.say("$1073741824\r\nx"));
        assertThat(failure()).hasMessageContaining("1073741824");
        fake(peer -> peer.say("*2147483647\r\n"));
        assertThat(failure()).hasMessageContaining("2147483647");
        FakeServer small = fake(peer -> peer.say("$100\r\n"));
        pool = clients.pool(RespProtocol.shared(clients.config).withLimits(new ReplyLimits(4, 4, 99, 99)),
                small.endpoint());
        client = RespClient.over(clients.engine, pool);
        assertThat(failure()).hasMessageContaining("100");
    }

    @Test
    void whatNobodyAskedForClosesTheConnection() throws Exception {
        FakeServer server = fake(peer -> peer.say("+A\r\n+B\r\n"));
        get(client.command("X"));
        until("it is closed", () -> pool.stats().getFirst().open.get() == 0);
        assertThat(text(get(client.command("X")))).isEqualTo("A");
        assertThat(server.accepted()).isEqualTo(2);
    }

    @Test
    void aServerThatClosesAfterEachReplyIsConnectedToAgain() throws Exception {
        fake(peer -> {
            peer.say("+A\r\n");
            peer.socket.close();
        });
        for (int i = 0; i < 20; i++) {
            assertThat(text(get(client.call(RespCommand.of("X").idempotent())))).isEqualTo("A");
        }
    }

    @Test
    void repliesMayBeCutAnywhere() throws Exception {
        String replies = "$5\r\nhello\r\n:42\r\n*2\r\n$1\r\na\r\n$-1\r\n_\r\n%1\r\n+k\r\n#t\r\n>2\r\n+push\r\n+x\r\n+OK\r\n";
        int[] cut = new int[1];
        oneConnection();
        fake(peer -> {
            for (int i = 1; i < 6; i++) {
                peer.command();
            }
            peer.say(replies.substring(0, cut[0]));
            // The rest in a packet of its own, most likely.
            Thread.yield();
            peer.say(replies.substring(cut[0]));
        });
        for (int at = 0; at < replies.length(); at++) {
            cut[0] = at;
            List<ShardFuture<Reply>> all = on(clients.engine, 0, () -> {
                List<ShardFuture<Reply>> asked = new ArrayList<>();
                for (int i = 0; i < 6; i++) {
                    asked.add(client.command("X"));
                }
                return asked;
            });
            assertThat(get(all.get(0))).isEqualTo(new Reply.Blob(bytes("hello")));
            assertThat(get(all.get(1))).isEqualTo(new Reply.Whole(42));
            assertThat(get(all.get(2))).isEqualTo(new Reply.Aggregate(Reply.Kind.ARRAY,
                    List.of(new Reply.Blob(bytes("a")), new Reply.Nothing())));
            assertThat(get(all.get(3))).isEqualTo(new Reply.Nothing());
            assertThat(get(all.get(4))).isInstanceOf(Reply.Aggregate.class);
            assertThat(get(all.get(5))).isEqualTo(new Reply.Status("OK"));
        }
    }

    @Test
    void aRealServerThatIsKilledCostsReadsNothing() throws Exception {
        RedisServer one = clients.keep(RedisServer.start());
        RedisServer two = clients.keep(RedisServer.start());
        clients.requests(Changed.with(clients.config.requests(), "retries", 5, "backoff", Duration.ofMillis(1),
                "retryBudget", 1, "minRetries", 1000));
        connect(endpoint(one), endpoint(two));
        for (int i = 0; i < 100; i++) {
            assertThat(get(client.get("k"))).isNull();
            if (i == 30) {
                one.kill();
            }
        }
        assertThat(client.stats().getFirst().failures.get()).isZero();
    }

    @Test
    void pushesGoToTheirListener() throws Exception {
        RedisServer server = clients.keep(RedisServer.start());
        ConcurrentLinkedQueue<Reply> pushes = new ConcurrentLinkedQueue<>();
        pool = clients.pool(RespProtocol.shared(clients.config).withPushes(pushes::add), endpoint(server));
        client = RespClient.over(clients.engine, pool);
        get(client.command("CLIENT", "TRACKING", "ON", "BCAST"));
        get(client.set("k", "v"));
        until("the invalidation comes", () -> pushes.stream().anyMatch(each -> each.toString().contains("invalidate")));
    }
}
