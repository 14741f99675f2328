package io.solaster.pool.request;

import static io.solaster.pool.TestEngines.await;
import static io.solaster.pool.TestEngines.get;
import static io.solaster.pool.TestEngines.on;
import static io.solaster.pool.TestEngines.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.RequestsConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Clients;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.Endpoint;
import io.solaster.pool.FakeServer;
import io.solaster.pool.PoolException;
import io.solaster.pool.PoolException.Reason;
import io.solaster.pool.Target;
import io.solaster.pool.resp.RespClient;
import io.solaster.pool.resp.RespCommand;
import io.solaster.pool.resp.RespConnection;
import io.solaster.pool.resp.RespException;
import io.solaster.pool.resp.RespProtocol;
import io.solaster.resp.Reply;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of one request: its tries, its deadline, who gives it up. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class RequestTest {
    private static final RespCommand<Reply> READ = RespCommand.of("READ").idempotent();
    private static final RespCommand<Reply> WRITE = RespCommand.of("WRITE");

    private Clients clients;
    private ConnectionPool<RespConnection> pool;
    private RespClient client;

    @BeforeEach
    void start() {
        clients = new Clients(Transport.NIO, 2);
    }

    @AfterEach
    void stop() throws Exception {
        clients.close();
    }

    private void connect(FakeServer... servers) {
        Endpoint[] endpoints = new Endpoint[servers.length];
        for (int i = 0; i < servers.length; i++) {
            endpoints[i] = servers[i].endpoint();
        }
        pool = clients.pool(RespProtocol.shared(clients.config), endpoints);
        client = RespClient.over(clients.engine, pool);
    }

    private FakeServer answering(String reply) throws Exception {
        return server(peer -> peer.say(reply));
    }

    /** Greets, and does the same for each command. */
    private FakeServer server(FakeServer.Talk each) throws Exception {
        return clients.server(peer -> {
            while (true) {
                if (peer.command().getFirst().equals("HELLO")) {
                    peer.say("%0\r\n");
                } else {
                    each.with(peer);
                }
            }
        });
    }

    private Reply ask(RespCommand<Reply> command) {
        return await(clients.engine, 0, () -> client.call(command));
    }

    private PoolException failure(RespCommand<Reply> command) {
        return catchThrowableOfType(PoolException.class, () -> ask(command));
    }

    private RequestStats stats() {
        return client.stats().getFirst();
    }

    private int inFlight() {
        return on(clients.engine, 0,
                () -> pool.upstream().local().targets().stream().mapToInt(Target::inFlight).sum());
    }

    private static String text(Reply reply) {
        return ((Reply.Status) reply).text();
    }

    @Test
    void answersAndCounts() throws Exception {
        connect(answering("+A\r\n"));
        assertThat(text(ask(WRITE))).isEqualTo("A");
        assertThat(text(ask(WRITE))).isEqualTo("A");
        assertThat(stats().requests.get()).isEqualTo(2);
        assertThat(stats().latency.snapshot().count()).isEqualTo(2);
        assertThat(stats().retries()).isZero();
        assertThat(inFlight()).isZero();
    }

    @Test
    void aCallerFromElsewhereIsAnsweredToo() throws Exception {
        connect(answering("+A\r\n"));
        assertThat(text(get(client.call(WRITE)))).isEqualTo("A");
        Shard[] home = new Shard[1];
        get(on(clients.engine, 1, () -> client.call(WRITE).thenAccept(reply -> home[0] = Shard.current())));
        assertThat(home[0]).isSameAs(clients.engine.shard(1));
    }

    @Test
    void callersFromElsewhereGetShardsInTurn() throws Exception {
        connect(answering("+A\r\n"));
        List<Thread> threads = new ArrayList<>();
        while (threads.size() < 6) {
            Thread thread = Thread.ofPlatform().unstarted(() -> {
                get(client.call(WRITE));
                get(client.call(WRITE));
            });
            // As where each other thread is another's: what numbers they have must not matter.
            if (thread.threadId() % 2 == 0) {
                threads.add(thread);
            }
        }
        for (Thread thread : threads) {
            thread.start();
            thread.join();
        }
        // Each of a thread's calls is sent by the same shard.
        assertThat(client.stats()).allMatch(stats -> stats.requests.get() == 6);
    }

    @Test
    void subscribersFromElsewhereGetShardsInTurn() throws Exception {
        // An answer that is none to a subscription would end the connection.
        FakeServer server = server(peer -> {});
        connect(server);
        ConnectionPool<RespConnection> exclusive = clients.pool(RespProtocol.exclusive(clients.config),
                server.endpoint());
        RespClient both = client.withExclusive(exclusive);
        for (int i = 0; i < 4; i++) {
            clients.keep(both.subscriber((channel, message, pattern) -> {})).subscribe("a");
        }
        until("each has a connection",
                () -> exclusive.stats().stream().allMatch(stats -> stats.open.get() == 2));
    }

    @Test
    void aReadIsTriedAgainElsewhereWhereItsConnectionIsLost() throws Exception {
        // As many as there are needed, though a fast machine needs them within a second.
        clients.requests(Changed.with(clients.config.requests(), "minRetries", 1_000));
        connect(server(peer -> peer.reset()), answering("+B\r\n"));
        for (int i = 0; i < 10; i++) {
            assertThat(text(ask(READ))).isEqualTo("B");
        }
        assertThat(stats().retriesBroken.get() + stats().retriesStale.get()).isPositive();
        assertThat(stats().failures.get()).isZero();
        assertThat(inFlight()).isZero();
    }

    @Test
    void aWriteIsNotTriedAgainWhereItMayHaveArrived() throws Exception {
        connect(server(peer -> peer.reset()));
        assertThat(failure(WRITE).reason()).isEqualTo(Reason.CONNECTION_LOST);
        assertThat(stats().retries()).isZero();
        assertThat(stats().failures.get()).isOne();
    }

    @Test
    void aWriteIsTriedAgainWhereNoConnectionCameAbout() throws Exception {
        FakeServer gone = answering("+A\r\n");
        gone.close();
        connect(gone, answering("+B\r\n"));
        for (int i = 0; i < 4; i++) {
            assertThat(text(ask(WRITE))).isEqualTo("B");
        }
    }

    @Test
    void anAnswerThatNothingWasDoneIsTriedAgain() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        connect(server(peer -> peer.say(asked.incrementAndGet() < 3 ? "-LOADING wait\r\n" : "+A\r\n")));
        assertThat(text(ask(WRITE))).isEqualTo("A");
        assertThat(stats().retriesAnswer.get()).isEqualTo(2);
    }

    @Test
    void anErrorOfTheServerIsAnAnswer() throws Exception {
        connect(answering("-ERR no\r\n"));
        RespException error = catchThrowableOfType(RespException.class, () -> ask(READ));
        assertThat(error).hasMessage("ERR no");
        assertThat(error.code()).isEqualTo("ERR");
        assertThat(stats().retries()).isZero();
        assertThat(stats().failures.get()).isZero();
    }

    @Test
    void retriesEndWithTheirNumberAndTheirBudget() throws Exception {
        clients.requests(Changed.with(clients.config.requests(), "retryBudget", 0, "minRetries", 6));
        connect(answering("-LOADING for ever\r\n"));
        for (int i = 0; i < 3; i++) {
            assertThat(catchThrowableOfType(RespException.class, () -> ask(WRITE)).code()).isEqualTo("LOADING");
        }
        // Three a second and shard, which took two for the first request and one for the second.
        assertThat(stats().retriesAnswer.get()).isBetween(3L, 6L);
        assertThat(stats().budgetExhausted.get() + stats().retriesAnswer.get()).isGreaterThanOrEqualTo(4);
    }

    @Test
    void theDeadlineHoldsForAllTries() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        connect(server(peer -> {
            if (asked.incrementAndGet() == 1) {
                peer.say("+A\r\n");
            }
        }));
        // Over a connection that is there, what is asked is sent at once, however busy the machine is.
        assertThat(text(ask(READ))).isEqualTo("A");
        patience(Duration.ofMillis(200));
        PoolException late = failure(READ);
        assertThat(late.reason()).isEqualTo(Reason.TIMEOUT);
        assertThat(late).hasMessageContaining("pool 'test'").hasMessageContaining("PT0.2S")
                .hasMessageContaining("1 try");
        assertThat(stats().timeouts.get()).isOne();
        assertThat(inFlight()).isZero();
    }

    @Test
    void aTryThatTakesTooLongIsTriedElsewhere() throws Exception {
        // As often as a busy machine needs.
        clients.requests(Changed.with(clients.config.requests(), "tryTimeout", Duration.ofMillis(100), "retries", 100,
                "minRetries", 1_000));
        connect(server(peer -> {}), answering("+B\r\n"));
        for (int i = 0; i < 4; i++) {
            assertThat(text(ask(READ))).isEqualTo("B");
        }
        assertThat(stats().retriesTimeout.get()).isPositive();
        assertThat(inFlight()).isZero();
    }

    @Test
    void aReplyThatNobodyWaitsForIsLeftOut() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicInteger asked = new AtomicInteger();
        connect(server(peer -> {
            int number = asked.incrementAndGet();
            if (number == 2) {
                waitFor(goOn);
            }
            peer.say("+" + number + "\r\n");
        }));
        assertThat(text(ask(WRITE))).isEqualTo("1");
        patience(Duration.ofMillis(100));
        assertThat(failure(WRITE).reason()).isEqualTo(Reason.TIMEOUT);
        patience(clients.config.requests().timeout());
        goOn.countDown();
        assertThat(text(ask(WRITE))).isEqualTo("3");
        assertThat(asked).hasValue(3);
    }

    /** How long requests may take from now on. */
    private void patience(Duration timeout) {
        get(pool.reconfigure(Changed.with(clients.config, "requests",
                Changed.with(clients.config.requests(), "timeout", timeout))));
    }

    private static void waitFor(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aSlowTryIsHedgedAndTheLoserLeftAlone() throws Exception {
        clients.requests(Changed.with(clients.config.requests(), "hedgeAfter", Duration.ofMillis(20)));
        CountDownLatch goOn = new CountDownLatch(1);
        connect(server(peer -> {
            waitFor(goOn);
            peer.say("+A\r\n");
        }), answering("+B\r\n"));
        for (int i = 0; i < 4; i++) {
            assertThat(text(ask(READ))).isEqualTo("B");
        }
        assertThat(stats().hedges.get()).isPositive();
        assertThat(stats().hedgesWon.get()).isPositive();
        assertThat(inFlight()).isZero();
        goOn.countDown();
        assertThat(text(ask(READ))).isIn("A", "B");
    }

    @Test
    void aWriteIsNotHedged() throws Exception {
        clients.requests(Changed.with(clients.config.requests(), "hedgeAfter", Duration.ofNanos(1)));
        connect(answering("+A\r\n"));
        for (int i = 0; i < 4; i++) {
            ask(WRITE);
        }
        assertThat(stats().hedges.get()).isZero();
    }

    @Test
    void aHedgeGoesByThePercentileOfLateRequests() throws Exception {
        clients.requests(
                Changed.with(clients.config.requests(), "hedgePercentile", 50, "retryBudget", 1, "minRetries", 1000));
        connect(answering("+A\r\n"), answering("+B\r\n"));
        until("requests are hedged that are slower than half of the latest", () -> {
            ask(READ);
            return stats().hedges.get() > 0;
        });
    }

    @Test
    void tooManyAreRefused() throws Exception {
        clients.requests(Changed.with(clients.config.requests(), "maxRequests", 2));
        CountDownLatch goOn = new CountDownLatch(1);
        connect(server(peer -> {
            waitFor(goOn);
            peer.say("+A\r\n");
        }));
        List<ShardFuture<Reply>> all = on(clients.engine, 0, () -> {
            List<ShardFuture<Reply>> asked = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                asked.add(client.call(WRITE));
            }
            return asked;
        });
        PoolException refused = catchThrowableOfType(PoolException.class, () -> get(all.get(2)));
        assertThat(refused.reason()).isEqualTo(Reason.TOO_MANY_PENDING);
        assertThat(refused.getStackTrace()).isEmpty();
        goOn.countDown();
        assertThat(text(get(all.get(0)))).isEqualTo("A");
        assertThat(text(get(all.get(1)))).isEqualTo("A");
        assertThat(text(ask(WRITE))).isEqualTo("A");
        assertThat(stats().refused.get()).isOne();
    }

    @Test
    void whoCancelsIsForgotten() throws Exception {
        connect(server(peer -> {}));
        ShardFuture<Reply> asked = on(clients.engine, 0, () -> client.call(WRITE));
        until("the request is under way", () -> inFlight() == 1);
        asked.cancel(false);
        until("it is not any more", () -> inFlight() == 0);
        assertThat(stats().cancelled.get()).isOne();
        // From a thread that is no shard the word goes through the mesh.
        ShardFuture<Reply> elsewhere = client.call(WRITE);
        until("the request is under way", () -> both(s -> s.requests.get()) == 2);
        elsewhere.cancel(false);
        until("it is given up", () -> both(s -> s.cancelled.get()) == 2);
    }

    private long both(java.util.function.ToLongFunction<RequestStats> count) {
        return client.stats().stream().mapToLong(count).sum();
    }

    @Test
    void oneConnectionForTwoShardsServesBoth() throws Exception {
        clients.config = clients.config.withConnections(clients.config.connections().withBounds(1, 1, 1));
        connect(answering("+A\r\n"));
        for (int i = 0; i < 20; i++) {
            int shard = i % 2;
            assertThat(text(await(clients.engine, shard, () -> client.call(READ)))).isEqualTo("A");
        }
    }

    @Test
    void anotherConfigurationHoldsFromTheNextRequestOn() throws Exception {
        connect(server(peer -> {}));
        RequestsConfig brief = Changed.with(clients.config.requests(), "timeout", Duration.ofMillis(50), "tryTimeout",
                Duration.ZERO);
        get(pool.reconfigure(Changed.with(clients.config, "requests", brief)));
        assertThat(failure(READ).reason()).isEqualTo(Reason.TIMEOUT);
    }

    @Test
    void aKilledEndpointCostsNoErrorWithRetries() throws Exception {
        assertThat(kill(true)).isZero();
    }

    @Test
    void aKilledEndpointCostsNoMoreThanWasInFlightWithoutRetries() throws Exception {
        assertThat(kill(false)).isLessThanOrEqualTo(CONCURRENT);
    }

    private static final int CONCURRENT = 64;

    /** Errors while one of three is killed under load. */
    private long kill(boolean retries) throws Exception {
        clients.requests(
                Changed.with(clients.config.requests(), "retries", retries ? 5 : 0, "backoff", Duration.ofMillis(1)));
        FakeServer[] servers = {echoing(), echoing(), echoing()};
        connect(servers);
        AtomicInteger errors = new AtomicInteger();
        AtomicInteger answers = new AtomicInteger();
        ConcurrentHashMap<String, AtomicInteger> kinds = new ConcurrentHashMap<>();
        boolean[] stop = new boolean[1];
        AtomicInteger ended = new AtomicInteger();
        on(clients.engine, 0, () -> {
            for (int i = 0; i < CONCURRENT; i++) {
                new Runnable() {
                    @Override
                    public void run() {
                        if (stop[0]) {
                            ended.incrementAndGet();
                            return;
                        }
                        client.call(READ).whenComplete((reply, failure) -> {
                            if (failure == null) {
                                answers.incrementAndGet();
                            } else {
                                errors.incrementAndGet();
                                kinds.computeIfAbsent("" + failure, each -> new AtomicInteger()).incrementAndGet();
                            }
                            Shard.current().execute(this);
                        });
                    }
                }.run();
            }
            return true;
        });
        until("there is traffic", () -> answers.get() > 3000);
        servers[1].kill();
        int then = answers.get();
        until("traffic goes on", () -> answers.get() > then + 3000);
        on(clients.engine, 0, () -> stop[0] = true);
        until("all is answered", () -> ended.get() == CONCURRENT);
        assertThat(inFlight()).isZero();
        if (retries) {
            assertThat(kinds).isEmpty();
        } else {
            // Refused connects fail over to other endpoints by themselves; what was in flight there is lost.
            assertThat(kinds.keySet()).allMatch(kind -> kind.contains("lost") || kind.contains("closed"));
        }
        return errors.get();
    }

    private FakeServer echoing() throws Exception {
        return answering("+A\r\n");
    }
}
