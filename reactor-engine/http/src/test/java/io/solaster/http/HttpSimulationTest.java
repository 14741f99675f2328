package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.config.EngineConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.server.HttpProtocol;
import io.solaster.testkit.chaos.Chaos;
import io.solaster.testkit.sim.Link;
import io.solaster.testkit.sim.Machine;
import io.solaster.testkit.sim.NewSeeds;
import io.solaster.testkit.sim.Simulation;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What clients that pipeline see of a server while networks are cut, connections reset and machines stand still, in orders
 * that a seed draws: their own answers, whole and in their order, or the end of the connection.
 */
class HttpSimulationTest {
    private static final int SEEDS = Integer.getInteger("solaster.test.seeds", 10);
    private static final Duration TIME = Duration.ofSeconds(2);
    /** Longer than any time that the server gives a client. */
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final int PORT = 8080;
    private static final int MACHINES = 2;
    private static final int CLIENTS_EACH = 2;
    private static final int PART = 7_000;
    /** More than the windows of both sides hold. */
    private static final int LONG = 150_000;
    private static final int WAYS = 1_000;
    private static final EngineConfig TWO = EngineConfig.defaults().withShards(2);

    private static void http(Simulation sim) {
        Machine machine = sim.machine("server");
        Engine engine = machine.start(TWO);
        Service service = new Service(engine);
        ServerConfig config = ServerConfig.of("http", PORT).withHost("0.0.0.0").withProtectedMode(false);
        HttpProtocol protocol = new HttpProtocol(service, config, service);
        TcpServer server = TcpServer.bind(engine, "web", config, protocol);
        List<CompletableFuture<Integer>> clients = new ArrayList<>();
        for (int i = 0; i < MACHINES; i++) {
            Machine from = sim.machine("client" + i);
            from.start(TWO.withShards(1));
            for (int k = 0; k < CLIENTS_EACH; k++) {
                Client client = new Client(sim, from, machine.address(PORT), (char) ('a' + i * CLIENTS_EACH + k));
                clients.add(sim.thread("client " + client.name, client::ask));
            }
        }
        sim.faults(TIME, chaos -> faults(sim, machine, sim.usualFaults(chaos)));
        int answered = 0;
        for (CompletableFuture<Integer> client : clients) {
            answered += sim.await(client);
        }
        sim.until(() -> server.connections() == 0 && service.open == 0, PATIENCE);
        assertThat(service.ended).isGreaterThanOrEqualTo(answered);
        assertThat(protocol.stats().values().stream().mapToLong(stats -> stats.serverErrors.get()).sum()).isZero();
        assertThat(protocol.stats().values().stream().mapToLong(HttpStats::malformed).sum()).isZero();
    }

    private static Chaos faults(Simulation sim, Machine server, Chaos chaos) {
        for (Machine client : sim.machines()) {
            if (client != server) {
                chaos.fault("reset " + client, () -> sim.network().reset(client, server), () -> {});
                for (Link link : List.of(sim.network().link(client, server), sim.network().link(server, client))) {
                    chaos.fault("delay " + link, () -> link.delay(Duration.ofMillis(20), Duration.ofMillis(200)),
                            () -> link.delay(Duration.ofNanos(50_000), Duration.ofMillis(1)))
                            .fault("narrow " + link, () -> link.bandwidth(100_000), () -> link.bandwidth(0));
                }
            }
        }
        return chaos;
    }

    /** Says what it was asked and sent, in a way that the request chooses, and counts the exchanges. */
    private static final class Service implements HttpHandler, ExchangeListener {
        private final Engine engine;
        private int open;
        private int ended;

        Service(Engine engine) {
            this.engine = engine;
        }

        static boolean reads(int way) {
            return way % 3 != 2;
        }

        static boolean breaksOff(int way) {
            return way / 12 % 10 == 9;
        }

        static String text(String target, int way, String body, int size) {
            return target + ' ' + (reads(way) ? body : "unread") + ' '
                    + (target + ';').repeat(size / target.length() + 1);
        }

        @Override
        public void onStart(HttpRequest request) {
            open++;
        }

        @Override
        public void onEnd(HttpRequest request, HttpResponse response, long nanos, @Nullable Throwable failure) {
            open--;
            ended++;
        }

        @Override
        public void handle(HttpRequest request, HttpResponse response) {
            String target = request.target();
            int way = Integer.parseInt(request.query("way"));
            int size = Integer.parseInt(request.query("size"));
            Sending sending = new Sending(request.shard(), response, way);
            switch (way % 3) {
                case 0 -> request.body().whole().whenComplete((body, failure) -> {
                    if (failure != null) {
                        response.fail(failure);
                    } else {
                        later(sending, text(target, way, body.toString(StandardCharsets.US_ASCII), size));
                    }
                });
                case 1 -> read(request, response, body -> later(sending, text(target, way, body, size)));
                default -> later(sending, text(target, way, "", size));
            }
        }

        private static void read(HttpRequest request, HttpResponse response, Consumer<String> whole) {
            StringBuilder body = new StringBuilder();
            request.body().read(new RequestBody.Reader() {
                @Override
                public void part(ByteBuf part) {
                    body.append(part.toString(StandardCharsets.US_ASCII));
                    part.release();
                    request.shard().execute(() -> {
                        // Cut off meanwhile, by the client or the test: there is nothing to ask any more.
                        if (!response.isEnded()) {
                            request.body().request(1);
                        }
                    });
                }

                @Override
                public void end(HttpHeaders trailers) {
                    whole.accept(body.toString());
                }

                @Override
                public void failed(Throwable cause) {
                    response.fail(cause);
                }
            });
            request.body().request(1);
        }

        private void later(Sending sending, String text) {
            Shard shard = sending.shard;
            switch (sending.way / 3 % 4) {
                case 0 -> sending.send(text);
                case 1 -> shard.execute(() -> sending.send(text));
                case 2 -> shard.schedule(() -> sending.send(text), sending.way % 50, TimeUnit.MILLISECONDS);
                default -> engine.submitTo(1 - shard.id(), () -> text)
                        .whenComplete((there, failure) -> shard.execute(() -> sending.send(there)));
            }
        }
    }

    /** One response. On the shard of its exchange. */
    private static final class Sending {
        private final Shard shard;
        private final HttpResponse response;
        private final int way;
        private boolean over;

        Sending(Shard shard, HttpResponse response, int way) {
            this.shard = shard;
            this.response = response;
            this.way = way;
            response.onEnd(failure -> over = true);
        }

        void send(String text) {
            if (over) {
                return;
            }
            byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
            if (Service.breaksOff(way)) {
                part(stream(bytes), bytes, 0);
                return;
            }
            switch (way / 12 % 10 % 4) {
                case 0 -> response.send(text);
                case 1 -> response.send(Unpooled.wrappedBuffer(bytes));
                case 2 -> part(stream(bytes), bytes, 0);
                default -> fork(stream(bytes), bytes);
            }
        }

        private ResponseStream stream(byte[] bytes) {
            return way % 2 == 0
                    ? response.stream()
                    : response.header("Content-Length", Integer.toString(bytes.length)).stream();
        }

        private void part(ResponseStream stream, byte[] bytes, int at) {
            if (over) {
                return;
            }
            if (Service.breaksOff(way) && at >= bytes.length / 2) {
                response.fail(new HttpException(HttpResponseStatus.BAD_REQUEST, "broken off"));
            } else if (at == bytes.length) {
                stream.end();
            } else {
                int end = next(bytes, at);
                stream.write(Unpooled.copiedBuffer(bytes, at, end - at));
                stream.writable().whenComplete((room, failure) -> shard.schedule(() -> part(stream, bytes, end), 1,
                        TimeUnit.MILLISECONDS));
            }
        }

        private void fork(ResponseStream stream, byte[] bytes) {
            shard.fork(() -> {
                for (int at = 0; at < bytes.length; at = next(bytes, at)) {
                    if (!stream.write(Unpooled.copiedBuffer(bytes, at, next(bytes, at) - at))) {
                        return false;
                    }
                    Shard.sleep(Duration.ofMillis(1)).join();
                }
                stream.end();
                return true;
            });
        }

        /** Small parts of what is short, so that each body has some. */
        private static int next(byte[] bytes, int at) {
            return Math.min(bytes.length, at + Math.min(PART, bytes.length / 3 + 1));
        }
    }

    /** One connection after the other, and some requests at once on each. */
    private static final class Client {
        private final Simulation sim;
        private final Machine machine;
        private final InetSocketAddress to;
        private final char name;
        private final RandomGenerator random;
        private int count;

        Client(Simulation sim, Machine machine, InetSocketAddress to, char name) {
            this.sim = sim;
            this.machine = machine;
            this.to = to;
            this.name = name;
            random = machine.environment().random();
        }

        int ask() {
            int answered = 0;
            SimulatedConnection connection = null;
            while (sim.now().compareTo(TIME) < 0 || answered == 0) {
                try {
                    connection = connection != null && connection.isActive()
                            ? connection
                            : sim.await(SimulatedConnection.open(sim, machine, to), PATIENCE);
                } catch (CompletionException refused) {
                    continue;
                }
                List<SimulatedConnection.Asked> asked = new ArrayList<>();
                StringBuilder bytes = new StringBuilder();
                for (int i = random.nextInt(6); i >= 0; i--) {
                    asked.add(request(bytes));
                }
                CompletableFuture<Integer> answers = connection.ask(asked);
                send(connection, bytes.toString());
                answered += sim.await(answers, PATIENCE);
            }
            if (connection != null) {
                connection.close();
            }
            return answered;
        }

        private SimulatedConnection.Asked request(StringBuilder to) {
            int way = random.nextInt(WAYS);
            int size = random.nextInt(16) == 0 ? random.nextInt(LONG) : random.nextInt(200);
            String target = "/" + name + count++ + "?way=" + way + "&size=" + size;
            String body = Character.toString(name).repeat(random.nextInt(16) == 0
                    ? random.nextInt(LONG)
                    : random.nextInt(40));
            // Mostly what is safe, since that alone is handled beside what came before it.
            switch (random.nextInt(6)) {
                case 0 -> to.append("POST ").append(target).append(" HTTP/1.1\r\nHost: h\r\nContent-Length: ")
                        .append(body.length()).append("\r\n\r\n").append(body);
                case 1 -> {
                    to.append("PUT ").append(target)
                            .append(" HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
                    for (int at = 0; at < body.length();) {
                        int end = Math.min(body.length(), at + 1 + random.nextInt(9000));
                        to.append(Integer.toHexString(end - at)).append("\r\n").append(body, at, end).append("\r\n");
                        at = end;
                    }
                    to.append("0\r\n\r\n");
                }
                default -> {
                    body = "";
                    to.append("GET ").append(target).append(" HTTP/1.1\r\nHost: h\r\n\r\n");
                }
            }
            return new SimulatedConnection.Asked(target, Service.text(target, way, body, size), Service.breaksOff(way));
        }

        /** In pieces; some clients go away in the middle, or do not read for a while. */
        private void send(SimulatedConnection connection, String bytes) {
            if (random.nextInt(6) == 0) {
                connection.readsNotFor(random.nextInt(300));
            }
            if (random.nextInt(8) == 0) {
                connection.goesAfter(random.nextInt(60));
            }
            boolean atOnce = random.nextBoolean();
            for (int at = 0; at < bytes.length();) {
                int end = atOnce
                        ? bytes.length()
                        : Math.min(bytes.length(), at + 1 + random.nextInt(random.nextBoolean() ? 50 : 40_000));
                connection.write(bytes.substring(at, end));
                at = end;
                if (random.nextInt(4) == 0) {
                    sim.sleep(Duration.ofNanos(random.nextInt(5_000_000)));
                }
            }
        }
    }

    @Test
    void eachClientGetsItsOwnAnswersInTheirOrderAndNothingIsLeft() {
        for (long seed = 0; seed < SEEDS; seed++) {
            Simulation.Result result = Simulation.run(seed, HttpSimulationTest::http);
            assertThat(Simulation.run(seed, HttpSimulationTest::http)).isEqualTo(result);
        }
    }

    @Tag("full")
    @Test
    void newSeedsHoldToo() {
        assertThat(NewSeeds.explore("http", 0.2, HttpSimulationTest::http).seeds()).isPositive();
    }
}
