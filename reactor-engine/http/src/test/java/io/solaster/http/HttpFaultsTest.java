package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.config.Changed;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.server.HttpProtocol;
import io.solaster.testkit.chaos.Chaos;
import io.solaster.testkit.chaos.Events;
import io.solaster.testkit.chaos.FaultProxy;
import io.solaster.testkit.chaos.FaultProxy.Effect;
import io.solaster.testkit.junit.Seed;
import io.solaster.testkit.junit.SolasterTest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What clients that pipeline see of a server behind a network that is slow, narrow, cut and reset: their own answers, whole
 * and in their order, or the connection's end.
 */
@SolasterTest(shards = 2, transport = SolasterTest.Transport.ALL, seed = 20_261_122)
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class HttpFaultsTest {
    private static final int CLIENTS = 6;
    private static final Duration PLAN = Duration.ofMillis(1500);
    /** Plans that are carried out at most until one of them has met somebody. */
    private static final int MOST_PLANS = 20;
    private static final ServerConfig CONFIG = config();

    /** What was lost on the way is noticed by nobody but the server's timeouts. */
    private static ServerConfig config() {
        ServerConfig config = ServerConfig.of("http", 0);
        Duration soon = Duration.ofMillis(500);
        return config.withHttp(
                Changed.with(config.http(), "headerTimeout", soon, "bodyTimeout", soon, "keepAliveTimeout", soon));
    }

    @Test
    void everyRequestIsAnsweredByItsAnswerOrByTheEnd(Engine engine, FaultProxy proxy, Events events, @Seed long seed)
            throws Exception {
        Exchanges exchanges = new Exchanges();
        HttpProtocol protocol = new HttpProtocol(HttpChaosTest::answer, CONFIG, exchanges);
        try (TcpServer server = TcpServer.bind(engine, "web", CONFIG, protocol)) {
            proxy.forwardTo(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
            List<Client> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(new Client(proxy, 100_000 * i, new Random(seed + i)));
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
            assertThat(new Client(proxy, 100_000 * CLIENTS, new Random(seed)).oneMore()).isPositive();
            HttpFixture.await("no connection is left", () -> server.connections() == 0);
            HttpFixture.await("no exchange is left", () -> exchanges.open.get() == 0);
            assertThat(exchanges.ended.get()).isGreaterThanOrEqualTo(answered);
            assertThat(protocol.stats().values().stream().mapToLong(stats -> stats.serverErrors.get()).sum()).isZero();
            assertThat(protocol.stats().values().stream().mapToLong(HttpStats::malformed).sum()).isZero();
        }
    }

    private static Chaos plan(long seed, FaultProxy proxy) {
        return Chaos.plan(seed).lasting(Duration.ofMillis(20), Duration.ofMillis(150)).harms(proxy, 100, 100_000)
                // Of these the server learns by its timeouts alone.
                .fault("clients lost", proxy::loseClients, () -> {});
    }

    private static boolean hasHarmed(FaultProxy proxy) {
        return proxy.count(Effect.RESETS) + proxy.count(Effect.LOST_BYTES) > 0;
    }

    /** Counts exchanges, on all shards. */
    private static final class Exchanges implements ExchangeListener {
        private final AtomicInteger open = new AtomicInteger();
        private final AtomicInteger ended = new AtomicInteger();

        @Override
        public void onStart(HttpRequest request) {
            open.incrementAndGet();
        }

        @Override
        public void onEnd(HttpRequest request, HttpResponse response, long nanos, @Nullable Throwable failure) {
            open.decrementAndGet();
            ended.incrementAndGet();
        }
    }

    /** One connection after the other, and some requests at once on each, until all is healed. */
    private static final class Client {
        private final FaultProxy proxy;
        private final Random random;
        private final CountDownLatch hasBegun = new CountDownLatch(1);
        /** How many requests were answered. */
        private final CompletableFuture<Integer> done = new CompletableFuture<>();
        private volatile boolean isHealed;
        private int number;
        private int answered;

        Client(FaultProxy proxy, int first, Random random) {
            this.proxy = proxy;
            this.random = random;
            number = first;
            Thread.ofVirtual().start(this::run);
        }

        /** For one that comes after all was healed: how many requests were answered in the end. */
        int oneMore() throws Exception {
            isHealed = true;
            return done.get(2, TimeUnit.MINUTES);
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
            try (Connection connection = new Connection(proxy.address().getPort())) {
                do {
                    askSome(connection);
                    hasBegun.countDown();
                } while (!isHealed && random.nextInt(20) > 0);
            } catch (UncheckedIOException e) {
                // It was reset, or has ended.
                ended(e.getCause());
            } catch (IOException e) {
                ended(e);
            }
        }

        private static void ended(IOException failure) {
            if (failure instanceof SocketTimeoutException) {
                throw new AssertionError("neither answered nor told of an end", failure);
            }
        }

        private void askSome(Connection connection) throws IOException {
            List<String> expected = new ArrayList<>();
            StringBuilder requests = new StringBuilder();
            for (int i = random.nextInt(6); i >= 0; i--) {
                requests.append(HttpChaosTest.request(random, expected, number++));
            }
            connection.send(requests.toString());
            for (String each : expected) {
                assertThat(connection.answer()).isEqualTo(each);
                answered++;
            }
        }
    }

    /** Reads answers that may end anywhere. */
    private static final class Connection extends ClientSocket {
        Connection(int port) {
            super(port);
        }

        void send(String ascii) {
            write(ascii.getBytes(StandardCharsets.US_ASCII));
        }

        /**
         * The next answer's body.
         *
         * @throws IOException if the connection ends before it is whole
         */
        String answer() throws IOException {
            String status = line();
            int length = -1;
            for (String header = line(); !header.isEmpty(); header = line()) {
                if (header.regionMatches(true, 0, "content-length:", 0, 15)) {
                    length = Integer.parseInt(header.substring(15).strip());
                }
            }
            String body = length < 0 ? chunks() : bytes(length);
            if (status.startsWith("HTTP/1.1 408 ")) {
                throw new EOFException("the server has lost its patience");
            }
            assertThat(status).as("for '%s'", body).startsWith("HTTP/1.1 200 ");
            return body;
        }

        private String chunks() throws IOException {
            StringBuilder body = new StringBuilder();
            for (int size = Integer.parseInt(line(), 16); size > 0; size = Integer.parseInt(line(), 16)) {
                body.append(bytes(size));
                assertThat(line()).isEmpty();
            }
            assertThat(line()).as("no trailers").isEmpty();
            return body.toString();
        }

        private String bytes(int count) throws IOException {
            byte[] bytes = new byte[count];
            in.readFully(bytes);
            return latin1(bytes);
        }

        private String line() throws IOException {
            StringBuilder line = new StringBuilder();
            for (char next = next(); next != '\n'; next = next()) {
                line.append(next);
            }
            return line.toString().stripTrailing();
        }

        private char next() throws IOException {
            return (char) in.readUnsignedByte();
        }
    }
}
