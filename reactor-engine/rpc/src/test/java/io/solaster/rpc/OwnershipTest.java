package io.solaster.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.config.EngineConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.Ownership;
import io.solaster.engine.Shard;
import io.solaster.engine.Slots;
import io.solaster.rpc.client.RpcClient;
import io.solaster.rpc.frame.Frame;
import io.solaster.rpc.server.RpcServer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Calls about keys: they are served on the shard that owns the key, whatever port they came by. */
class OwnershipTest {
    private static final RpcMethod<String, String> WHERE = RpcMethod.unary("own.where", RpcCodec.TEXT, RpcCodec.TEXT);
    private static final RpcMethod<String, String> DIRECT = RpcMethod.unary("own.direct", RpcCodec.TEXT, RpcCodec.TEXT);
    private static final RpcMethod<String, String> WAIT = RpcMethod.unary("own.wait", RpcCodec.TEXT, RpcCodec.TEXT);
    private static final RpcMethod<String, String> FAIL = RpcMethod.unary("own.fail", RpcCodec.TEXT, RpcCodec.TEXT);
    private static final RpcMethod<String, String> ONE = RpcMethod.unary("own.one", RpcCodec.TEXT, RpcCodec.TEXT);
    private static final RpcMethod<String, byte[]> TOLD = RpcMethod.oneWay("own.told", RpcCodec.TEXT);
    private static final RpcMethod<String, String> WATCH = RpcMethod.answers("own.watch", RpcCodec.TEXT, RpcCodec.TEXT);
    private static final int KEYS = 60;

    private final List<Engine> engines = new ArrayList<>();
    private final AtomicInteger interrupted = new AtomicInteger();
    private final CompletableFuture<String> gate = new CompletableFuture<>();
    private final CompletableFuture<Integer> told = new CompletableFuture<>();

    @AfterEach
    void stop() {
        gate.complete("open");
        engines.reversed().forEach(Engine::close);
    }

    private Engine engine(int shards) {
        Engine engine = Engines.start(EngineConfig.defaults(), shards);
        engines.add(engine);
        return engine;
    }

    private static String here(Engine engine) {
        Shard shard = Shard.current();
        return engine.name() + " " + (shard == null ? "none" : shard.id());
    }

    private RpcService service(Engine engine) {
        return RpcService.builder().async(WHERE, (_, _) -> CompletableFuture.completedFuture(here(engine)))
                .direct(DIRECT, (_, answer) -> RpcCodec.TEXT.encode(here(engine), answer))
                .forked(WAIT, (_, text) -> {
                    try {
                        return gate.get() + text;
                    } catch (InterruptedException e) {
                        interrupted.incrementAndGet();
                        throw e;
                    }
                }).async(FAIL, (_, how) -> {
                    if (how.isEmpty()) {
                        throw new IllegalStateException("secret");
                    }
                    throw new RpcException(RpcStatus.NOT_FOUND, how);
                }).async(TOLD, (_, _) -> {
                    told.complete(Shard.current().id());
                    return CompletableFuture.completedFuture(new byte[0]);
                }).streamed(WATCH, (_, answers) -> new RpcReader<>() {
                    @Override
                    public void begins(RpcFlow flow) {}

                    @Override
                    public void message(String message) {
                        answers.write(here(engine));
                        answers.end();
                    }

                    @Override
                    public void ended() {}

                    @Override
                    public void failed(RpcException why) {}
                }).permits(1).forked(ONE, (_, text) -> gate.get() + text).build();
    }

    private RpcServer server(Engine engine, ServerConfig config) {
        return RpcServer.bind(engine, "own", config, RpcLimits.DEFAULTS, service(engine));
    }

    private RpcClient client(Engine engine, int port) {
        return RpcClient.of(engine, new InetSocketAddress("127.0.0.1", port), RpcLimits.DEFAULTS);
    }

    private static RpcOptions key(int i) {
        return RpcOptions.DEFAULTS.withKey("key " + i);
    }

    private static int owner(int i, int shards) {
        return Slots.shardOf(Slots.of("key " + i), shards);
    }

    private static RpcException failure(CompletableFuture<?> call) {
        try {
            throw new AssertionError("answered " + call.join());
        } catch (CompletionException e) {
            return (RpcException) e.getCause();
        }
    }

    /** The first of a row of ports that nobody has. */
    private static int row(int count) throws IOException {
        // Builds that run beside this one begin elsewhere.
        int from = 20_000 + (int) (ProcessHandle.current().pid() % 1_000) * 8;
        for (int first = from; first < 32_000; first += count + 1) {
            List<ServerSocket> taken = new ArrayList<>();
            try {
                for (int i = 0; i <= count; i++) {
                    taken.add(new ServerSocket(first + i, 1, InetAddress.getLoopbackAddress()));
                }
                return first;
            } catch (IOException e) {
                // Somebody has it.
            } finally {
                for (ServerSocket each : taken) {
                    each.close();
                }
            }
        }
        throw new IOException("no free row of " + count + " ports");
    }

    @Test
    void aCallByAnyPortGoesOnToTheOwnerAndIsAnswered() {
        Engine serving = engine(4);
        RpcServer server = server(serving, ServerConfig.of("rpc", 0));
        RpcClient client = client(engine(1), server.port());
        for (int i = 0; i < KEYS; i++) {
            String owner = serving.name() + " " + owner(i, 4);
            assertThat(client.call(WHERE, "", key(i)).join()).isEqualTo(owner);
            assertThat(client.call(DIRECT, "", key(i)).join()).isEqualTo(owner);
        }
        assertThat(server.stats().forwarded()).isBetween(60L, 110L);
        assertThat(client.connections()).isEqualTo(1);
        client.call(TOLD, "", key(3)).join();
        assertThat(told.join()).isEqualTo(owner(3, 4));
        Engines.until("nothing runs", () -> server.stats().running() == 0);
    }

    @Test
    void aClientLearnsTheMapAndSendsToTheOwnersPort() throws Exception {
        Engine serving = engine(3);
        int first = row(3);
        RpcServer server = server(serving, ServerConfig.of("rpc", first).withShardPorts(first + 1));
        RpcClient client = client(engine(1), first);
        for (int i = 0; i < KEYS; i++) {
            assertThat(client.call(WHERE, "", key(i)).join()).isEqualTo(serving.name() + " " + owner(i, 3));
        }
        assertThat(server.stats().forwarded()).isZero();
        assertThat(client.connections()).isEqualTo(4);
        // A stream goes there too, since it cannot go on from shard to shard.
        CompletableFuture<String> watched = new CompletableFuture<>();
        Engine calling = engines.getLast();
        calling.submitTo(0, () -> {
            client.stream(WATCH, "", key(7), new RpcReader<>() {
                @Override
                public void begins(RpcFlow flow) {
                    flow.request(1);
                }

                @Override
                public void message(String message) {
                    watched.complete(message);
                }

                @Override
                public void ended() {}

                @Override
                public void failed(RpcException why) {
                    watched.completeExceptionally(why);
                }
            });
            return true;
        }).join();
        assertThat(watched.join()).isEqualTo(serving.name() + " " + owner(7, 3));
    }

    @Test
    void failuresDeadlinesAndCancellingCrossTheMesh() {
        Engine serving = engine(2);
        RpcServer server = server(serving, ServerConfig.of("rpc", 0));
        RpcClient client = client(engine(1), server.port());
        // Of two keys with different owners, one is foreign, on whichever shard the connection is.
        int other = 1;
        while (owner(other, 2) == owner(0, 2)) {
            other++;
        }
        for (RpcOptions key : List.of(key(0), key(other))) {
            assertThat(failure(client.call(FAIL, "no such order", key)).words()).isEqualTo("no such order");
            RpcException secret = failure(client.call(FAIL, "", key));
            assertThat(secret.status()).isEqualTo(RpcStatus.UNKNOWN);
            assertThat(secret).hasMessageNotContaining("secret");
            int before = interrupted.get();
            assertThat(failure(client.call(WAIT, "", key.withDeadline(Duration.ofMillis(30)))).status())
                    .isEqualTo(RpcStatus.DEADLINE_EXCEEDED);
            Engines.until("interrupted by its deadline", () -> interrupted.get() == before + 1);
            CompletableFuture<String> cancelled = client.call(WAIT, "", key);
            Engines.until("it runs", () -> server.stats().running() == 1);
            cancelled.cancel(true);
            Engines.until("interrupted by its caller", () -> interrupted.get() == before + 2);
            CompletableFuture<String> first = client.call(ONE, "1", key);
            Engines.until("it has the permit", () -> server.stats().running() == 1);
            RpcException refused = failure(client.call(ONE, "2", key));
            assertThat(refused.status()).isEqualTo(RpcStatus.RESOURCE_EXHAUSTED);
            assertThat(refused.isNotBegun()).isTrue();
            first.cancel(true);
            Engines.until("all has ended", () -> server.stats().running() == 0);
        }
        CompletableFuture<String> drained = client.call(WAIT, " and answered", key(0));
        CompletableFuture<String> too = client.call(WAIT, " and answered", key(other));
        Engines.until("both run", () -> server.stats().running() == 2);
        CompletableFuture<Integer> cut = CompletableFuture.supplyAsync(() -> server.drain(Duration.ofMinutes(1)));
        Engines.until("drains", () -> client.call(WHERE, "").handle((_, failure) -> failure != null).join());
        gate.complete("begun");
        assertThat(drained.join()).isEqualTo("begun and answered");
        assertThat(too.join()).isEqualTo("begun and answered");
        assertThat(cut.join()).isZero();
    }

    @Test
    void aClientThatIsKilledLeavesNothingOnOtherShards() throws Exception {
        RpcServer server = server(engine(2), ServerConfig.of("rpc", 0));
        try (RawPeer peer = new RawPeer(server.port()).greet()) {
            for (int i = 0; i < 20; i++) {
                peer.send(RawPeer.frame(Frame.REQUEST, 0, Slots.of("key " + i), i + 1, WAIT.hash(), 0));
            }
            Engines.until("all run", () -> server.stats().running() == 20);
            assertThat(server.stats().forwarded()).isBetween(1L, 19L);
            peer.socket.setSoLinger(true, 0);
        }
        Engines.until("all have ended", () -> server.stats().running() == 0 && interrupted.get() == 20);
    }

    @Test
    void aServerThatComesBackWithFewerShardsServesEachKeyAgain() throws Exception {
        int first = row(4);
        ServerConfig config = ServerConfig.of("rpc", first).withShardPorts(first + 1);
        Engine calling = engine(1);
        RpcClient client = client(calling, first);
        for (int shards : new int[]{4, 2, 3}) {
            Engine serving = Engines.start(EngineConfig.defaults(), shards);
            try {
                RpcServer server = server(serving, config);
                for (int i = 0; i < KEYS; i++) {
                    RpcOptions key = key(i);
                    CompletableFuture<String> answer = client.call(WHERE, "", key);
                    Engines.until("the client has noticed", () -> {
                        try {
                            answer.join();
                            return true;
                        } catch (CompletionException e) {
                            assertThat(((RpcException) e.getCause()).status()).isEqualTo(RpcStatus.UNAVAILABLE);
                            return true;
                        }
                    });
                    if (answer.isCompletedExceptionally()) {
                        i--;
                    } else {
                        assertThat(answer.join()).isEqualTo(serving.name() + " " + owner(i, shards));
                    }
                }
                server.close();
            } finally {
                serving.close();
            }
        }
    }

    /** Slots below a bound are one node's, the others another's. */
    private static final class Shared implements Ownership {
        private final Node self;
        private final Map<Boolean, Node> lower = new HashMap<>();
        private volatile int bound;
        private volatile long epoch;

        Shared(Node self, Node low, Node high, int bound) {
            this.self = self;
            this.lower.put(true, low);
            this.lower.put(false, high);
            this.bound = bound;
        }

        void move(int newBound) {
            bound = newBound;
            epoch++;
        }

        @Override
        public long epoch() {
            return epoch;
        }

        @Override
        public Node self() {
            return self;
        }

        @Override
        public List<Node> nodes() {
            return List.copyOf(lower.values());
        }

        @Override
        public @Nullable Node owner(int slot) {
            return lower.get(slot < bound);
        }

        @Override
        public List<Node> replicas(int slot) {
            return List.of();
        }
    }

    @Test
    void aKeyOfAnotherProcessIsCalledThereAndFoundAgainWhereItMoves() throws Exception {
        int first = row(1);
        Ownership.Node low = new Ownership.Node("a".repeat(40), "127.0.0.1", first);
        Ownership.Node high = new Ownership.Node("b".repeat(40), "127.0.0.1", first + 1);
        Shared ofLow = new Shared(low, low, high, 8192);
        Shared ofHigh = new Shared(high, low, high, 8192);
        Engine one = engine(2);
        Engine two = engine(1);
        RpcServer.bind(one, "low", ServerConfig.of("rpc", first), RpcLimits.DEFAULTS, ofLow, service(one));
        RpcServer.bind(two, "high", ServerConfig.of("rpc", first + 1), RpcLimits.DEFAULTS, ofHigh, service(two));
        RpcClient client = client(engine(1), first);
        for (int bound : new int[]{8192, 4096, 12_288}) {
            ofLow.move(bound);
            ofHigh.move(bound);
            for (int i = 0; i < KEYS; i++) {
                boolean isLow = Slots.of("key " + i) < bound;
                assertThat(client.call(WHERE, "", key(i)).join()).startsWith((isLow ? one : two).name() + " ");
            }
        }
        // Two that send each other's keys back are not asked for ever.
        ofLow.move(0);
        ofHigh.move(Slots.COUNT);
        RpcException lost = failure(client.call(WHERE, "", key(1)));
        assertThat(lost.status()).isEqualTo(RpcStatus.UNAVAILABLE);
        assertThat(lost.isNotBegun()).isTrue();
    }
}
