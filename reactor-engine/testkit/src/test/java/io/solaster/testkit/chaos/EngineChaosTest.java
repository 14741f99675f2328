package io.solaster.testkit.chaos;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.string.StringDecoder;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.TcpServer;
import io.solaster.testkit.chaos.FaultProxy.Effect;
import io.solaster.testkit.junit.Seed;
import io.solaster.testkit.junit.SolasterTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What clients see of shards that ask each other, behind a network that is slow, narrow, cut and reset: each question gets
 * its own answer or the connection's end, and each call between shards ends, though who has asked may be gone.
 */
@SolasterTest(shards = 3, transport = SolasterTest.Transport.ALL, seed = 20_261_122)
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class EngineChaosTest {
    private static final int CLIENTS = 6;
    private static final Duration PLAN = Duration.ofMillis(1500);
    /** Plans that are carried out at most until one of them has met somebody. */
    private static final int MOST_PLANS = 20;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Test
    void everyCallEndsWithItsOwnAnswer(Engine engine, FaultProxy proxy, Events events, @Seed long seed)
            throws Exception {
        Service service = new Service(engine);
        try (TcpServer server = TcpServer.bind(engine, "lines", ServerConfig.of("lines", 0), service)) {
            proxy.forwardTo(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
            List<Client> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(new Client(proxy, "client" + i, new Random(seed + i)));
            }
            try {
                for (Client client : clients) {
                    client.hasBegun.await();
                }
                Chaos chaos = plan(seed, proxy);
                for (int i = 0; i == 0 || i < MOST_PLANS && !hasHarmed(proxy); i++) {
                    try (Chaos.Run run = chaos.start(PLAN, events)) {
                        run.join();
                    }
                }
            } finally {
                proxy.heal();
                clients.forEach(client -> client.isHealed = true);
            }
            int answered = 0;
            for (Client client : clients) {
                answered += client.done.get(2, TimeUnit.MINUTES);
            }
            assertThat(hasHarmed(proxy)).as("a connection was harmed").isTrue();
            Client fresh = new Client(proxy, "fresh", new Random(seed));
            fresh.isHealed = true;
            assertThat(fresh.done.get(2, TimeUnit.MINUTES)).isPositive();
            await("no connection is left", () -> server.connections() == 0);
            await("no call is left", () -> service.begun.get() == service.ended.get());
            assertThat(service.ended.get()).isGreaterThanOrEqualTo(answered);
            assertThat(service.elsewhere.get()).as("calls that did not come home").isZero();
        }
        engine.close();
        assertThat(engine.shards()).allMatch(Shard::isTerminated);
    }

    private static Chaos plan(long seed, FaultProxy proxy) {
        return Chaos.plan(seed).lasting(Duration.ofMillis(20), Duration.ofMillis(150)).harms(proxy, 10, 5_000)
                .fault("close", proxy::closeConnections, () -> {});
    }

    private static boolean hasHarmed(FaultProxy proxy) {
        return proxy.count(Effect.RESETS) + proxy.count(Effect.LOST_BYTES) > 0;
    }

    private static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - deadline).as("it is not so that " + what).isNegative();
            Thread.yield();
        }
    }

    /** Has another shard answer each line, in a way that the line chooses; answers come in any order. */
    private static final class Service implements ConnectionHandler {
        private final Engine engine;
        private final AtomicInteger begun = new AtomicInteger();
        private final AtomicInteger ended = new AtomicInteger();
        private final AtomicInteger elsewhere = new AtomicInteger();

        Service(Engine engine) {
            this.engine = engine;
        }

        @Override
        public void connected(Shard shard, Channel channel) {
            channel.pipeline().addLast(new LineBasedFrameDecoder(1024), new StringDecoder(US_ASCII),
                    new SimpleChannelInboundHandler<String>() {
                        private final Set<ShardFuture<String>> underWay = new HashSet<>();

                        @Override
                        protected void channelRead0(ChannelHandlerContext context, String line) {
                            begun.incrementAndGet();
                            ShardFuture<String> call = ask(shard, line);
                            underWay.add(call);
                            call.whenComplete((answer, failure) -> {
                                ended.incrementAndGet();
                                if (!shard.inEventLoop()) {
                                    elsewhere.incrementAndGet();
                                }
                                underWay.remove(call);
                                if (context.channel().isActive()) {
                                    String text = failure == null ? answer : line + " failed: " + failure;
                                    context.writeAndFlush(Unpooled.copiedBuffer(text + "\n", US_ASCII));
                                }
                            });
                        }

                        @Override
                        public void channelInactive(ChannelHandlerContext context) {
                            List.copyOf(underWay).forEach(call -> call.cancel(false));
                        }

                        @Override
                        public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
                            context.close();
                        }
                    });
        }

        private ShardFuture<String> ask(Shard shard, String line) {
            int next = (shard.id() + 1) % engine.shards().size();
            int last = (shard.id() + 2) % engine.shards().size();
            return switch (line.charAt(0)) {
                case 'a' -> engine.submitTo(next, () -> answer(line));
                case 'b' -> engine.submitStageTo(last, CallOptions.DEFAULTS, () -> later(line));
                case 'c' -> engine.submitStageTo(next, CallOptions.DEFAULTS,
                        () -> engine.submitTo(last, () -> answer(line)));
                default -> engine.submitStageTo(next, CallOptions.DEFAULTS, () -> Shard.current()
                        .fork(() -> engine.submitStageTo(last, CallOptions.DEFAULTS, () -> later(line)).join())
                        .future());
            };
        }

        private static CompletableFuture<String> later(String line) {
            Shard shard = Shard.current();
            CompletableFuture<String> answer = new CompletableFuture<>();
            shard.schedule(() -> answer.complete(answer(line)), ThreadLocalRandom.current().nextInt(5),
                    TimeUnit.MILLISECONDS);
            return answer;
        }

        private static String answer(String line) {
            return "answer to " + line;
        }
    }

    /** One connection after the other, and some questions at once on each, until all is healed. */
    private static final class Client {
        private final FaultProxy proxy;
        private final String name;
        private final Random random;
        private final CountDownLatch hasBegun = new CountDownLatch(1);
        /** How many questions were answered. */
        private final CompletableFuture<Integer> done = new CompletableFuture<>();
        private volatile boolean isHealed;
        private int number;
        private int answered;

        Client(FaultProxy proxy, String name, Random random) {
            this.proxy = proxy;
            this.name = name;
            this.random = random;
            Thread.ofVirtual().start(this::run);
        }

        private void run() {
            try {
                while (!isHealed || answered == 0) {
                    askOnOneConnection();
                }
                done.complete(answered);
            } catch (Throwable e) {
                done.completeExceptionally(e);
            } finally {
                hasBegun.countDown();
            }
        }

        private void askOnOneConnection() {
            try (Socket socket = new Socket()) {
                socket.connect(proxy.address(), (int) PATIENCE.toMillis());
                socket.setSoTimeout(200);
                do {
                    askSome(socket);
                    hasBegun.countDown();
                } while (!isHealed && random.nextInt(20) > 0);
            } catch (IOException e) {
                // It was reset, or has ended.
            }
        }

        private void askSome(Socket socket) throws IOException {
            Set<String> waiting = new HashSet<>();
            for (int i = random.nextInt(8); i >= 0; i--) {
                ask(socket, waiting);
            }
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            StringBuilder begun = new StringBuilder();
            while (!waiting.isEmpty()) {
                assertThat(System.nanoTime() - deadline).as("neither answered nor told of an end: " + waiting)
                        .isNegative();
                try {
                    int next = socket.getInputStream().read();
                    if (next < 0) {
                        throw new EOFException();
                    }
                    if (next != '\n') {
                        begun.append((char) next);
                        continue;
                    }
                    assertThat(waiting.remove(begun.toString())).as("%s was waited for", begun).isTrue();
                    begun.setLength(0);
                    answered++;
                } catch (SocketTimeoutException e) {
                    // What was lost is not sent again by the proxy: whoever says more behind it is told.
                    ask(socket, waiting);
                }
            }
        }

        private void ask(Socket socket, Set<String> waiting) throws IOException {
            String line = "abcd".charAt(random.nextInt(4)) + " " + name + " " + number++;
            waiting.add(Service.answer(line));
            socket.getOutputStream().write((line + "\n").getBytes(US_ASCII));
        }
    }
}
