package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaders;
import io.solaster.config.ByteSize;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.LimitsConfig;
import io.solaster.config.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.timer.ManualClock;
import io.solaster.http.RawClient.Answer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What happens to those who take too long, by a clock that goes on when it is told to. */
class HttpTimeoutTest {
    private static final ServerConfig CONFIG = ServerConfig.of("http", 0);
    private static ManualClock clock;
    private static Engine engine;

    @BeforeAll
    static void start() {
        clock = new ManualClock();
        engine = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER), clock);
    }

    @AfterAll
    static void stop() {
        engine.close();
    }

    /** A server and a client, and the means to see what the server has come to. */
    private static final class Case implements AutoCloseable {
        final HttpProtocol protocol;
        final TcpServer server;
        final RawClient client;

        Case(HttpHandler handler, ServerConfig config) {
            protocol = new HttpProtocol(handler, config);
            server = TcpServer.bind(engine, "web", config, protocol);
            client = new RawClient(server.port());
        }

        long received() {
            return protocol.stats().values().stream().mapToLong(stats -> stats.bytesIn.get()).sum();
        }

        /** Sends, and waits until the shard has read it and gone on to other things. */
        void send(String bytes) throws Exception {
            long before = received();
            client.send(bytes);
            HttpFixture.await("the shard has read", () -> received() == before + bytes.length());
            turn();
        }

        void turn() throws Exception {
            engine.submitTo(0, () -> true).get();
            engine.submitTo(0, () -> true).get();
        }

        void pass(int seconds) throws Exception {
            clock.advance(Duration.ofSeconds(seconds));
            turn();
        }

        /** As a handler asks for one more part. */
        void request(RequestBody body) throws Exception {
            engine.submitTo(0, () -> {
                body.request(1);
                return true;
            }).get();
            turn();
        }

        long timeouts(HttpStats.Timeout kind) {
            return protocol.stats().values().stream().mapToLong(stats -> stats.timeouts(kind)).sum();
        }

        boolean isOpen() {
            return server.connections() == 1;
        }

        @Override
        public void close() {
            client.close();
            server.close();
        }
    }

    private static Case with(HttpHandler handler) throws Exception {
        return with(handler, CONFIG);
    }

    private static Case with(HttpHandler handler, ServerConfig config) throws Exception {
        Case made = new Case(handler, config);
        HttpFixture.await("it is connected", made::isOpen);
        made.turn();
        return made;
    }

    @Test
    void aHeadThatDripsInIsAnsweredWith408() throws Exception {
        try (Case slow = with((request, response) -> response.send("x"))) {
            slow.send("GET / HTTP/1.1\r\n");
            slow.pass(6);
            slow.send("Host: h\r\n");
            slow.pass(3);
            assertThat(slow.isOpen()).isTrue();
            slow.pass(2);
            Answer answer = slow.client.answer();
            assertThat(answer.status()).isEqualTo(408);
            assertThat(answer.header("connection")).isEqualTo("close");
            assertThat(slow.client.rest()).isEmpty();
        }
    }

    @Test
    void aConnectionThatIsIdleForTooLongIsClosed() throws Exception {
        try (Case idle = with((request, response) -> response.send("x"))) {
            idle.pass(70);
            assertThat(idle.client.get("/").body()).isEqualTo("x");
            idle.turn();
            idle.pass(70);
            assertThat(idle.client.get("/").body()).isEqualTo("x");
            idle.turn();
            idle.pass(76);
            assertThat(idle.client.rest()).isEmpty();
        }
    }

    @Test
    void theShorterOfBothIdleTimeoutsCounts() throws Exception {
        ServerConfig config = CONFIG.withLimits(LimitsConfig.defaults().withIdleTimeout(Duration.ofSeconds(20)));
        try (Case idle = new Case((request, response) -> response.send("x"), config)) {
            HttpFixture.await("it is connected", idle::isOpen);
            idle.turn();
            idle.pass(21);
            assertThat(idle.client.rest()).isEmpty();
        }
    }

    private static HttpHandler gathering() {
        return (request, response) -> request.body().whole().whenComplete((body, failure) -> {
            if (failure != null) {
                response.fail(failure);
            } else {
                response.send("whole");
            }
        });
    }

    @Test
    void aBodyThatDoesNotComeIsAnsweredWith408() throws Exception {
        ServerConfig anyRate = CONFIG.withHttp(CONFIG.http().withMinBodyRate(new ByteSize(0)));
        try (Case silent = with(gathering(), anyRate)) {
            silent.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345");
            silent.pass(29);
            silent.send("6");
            silent.pass(29);
            assertThat(silent.isOpen()).isTrue();
            silent.pass(2);
            Answer answer = silent.client.answer();
            assertThat(answer.status()).isEqualTo(408);
            assertThat(silent.client.rest()).isEmpty();
            assertThat(silent.timeouts(HttpStats.Timeout.BODY)).isEqualTo(1);
        }
    }

    @Test
    void aBodyThatTricklesForeverIsAnsweredWith408() throws Exception {
        try (Case slow = with(gathering())) {
            slow.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
            for (int i = 0; i < 5; i++) {
                slow.pass(5);
                slow.send("x");
            }
            assertThat(slow.isOpen()).isTrue();
            slow.pass(6);
            assertThat(slow.client.answer().status()).isEqualTo(408);
            assertThat(slow.client.rest()).isEmpty();
        }
    }

    @Test
    void aBodyThatComesFastEnoughMayTakeForever() throws Exception {
        try (Case steady = with(gathering())) {
            steady.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 52000\r\n\r\n");
            for (int i = 0; i < 20; i++) {
                steady.pass(10);
                steady.send("x".repeat(2600));
            }
            assertThat(steady.client.answer().body()).isEqualTo("whole");
        }
    }

    @Test
    void aClientIsNotBlamedForAHandlerThatReadsSlowly() throws Exception {
        LinkedBlockingQueue<RequestBody> bodies = new LinkedBlockingQueue<>();
        try (Case waits = with((request, response) -> {
            request.body().read(new RequestBody.Reader() {
                @Override
                public void part(ByteBuf part) {
                    part.release();
                }

                @Override
                public void end(HttpHeaders trailers) {
                    response.send("read");
                }

                @Override
                public void failed(Throwable cause) {
                    response.fail(cause);
                }
            });
            bodies.add(request.body());
        }, CONFIG.withHttp(CONFIG.http().withRequestTimeout(Duration.ofHours(1))))) {
            waits.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n1");
            RequestBody body = bodies.poll(60, TimeUnit.SECONDS);
            waits.request(body);
            waits.request(body);
            waits.pass(20);
            waits.send("2");
            waits.pass(100);
            waits.request(body);
            waits.pass(5);
            assertThat(waits.isOpen()).isTrue();
            waits.client.send("3");
            assertThat(waits.client.answer().body()).isEqualTo("read");
        }
    }

    @Test
    void aHandlerThatNeverAnswersIsAnsweredFor() throws Exception {
        LinkedBlockingQueue<HttpResponse> kept = new LinkedBlockingQueue<>();
        try (Case forgotten = with((request, response) -> kept.add(response))) {
            forgotten.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
            forgotten.pass(59);
            assertThat(forgotten.isOpen()).isTrue();
            forgotten.pass(2);
            Answer answer = forgotten.client.answer();
            assertThat(answer.status()).isEqualTo(503);
            assertThat(forgotten.client.rest()).isEmpty();
            HttpResponse late = kept.poll(60, TimeUnit.SECONDS);
            engine.submitTo(0, () -> {
                late.status(io.netty.handler.codec.http.HttpResponseStatus.OK).send("nobody hears this");
                return true;
            }).get();
        }
    }

    @Test
    void aStreamMayGoOnForAsLongAsItsClientReads() throws Exception {
        LinkedBlockingQueue<ResponseStream> streams = new LinkedBlockingQueue<>();
        try (Case events = with((request, response) -> streams.add(response.stream()))) {
            events.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
            ResponseStream stream = streams.poll(60, TimeUnit.SECONDS);
            for (int i = 0; i < 5; i++) {
                events.pass(1000);
                stream.write(Unpooled.copiedBuffer("x".getBytes()));
            }
            stream.end();
            assertThat(events.client.answer().body()).isEqualTo("xxxxx");
        }
    }

    @Test
    void aClientThatStopsReadingIsClosed() throws Exception {
        LinkedBlockingQueue<ResponseStream> streams = new LinkedBlockingQueue<>();
        LinkedBlockingQueue<String> ends = new LinkedBlockingQueue<>();
        try (Case deaf = with((request, response) -> {
            response.onEnd(failure -> ends.add(String.valueOf(failure)));
            ResponseStream stream = response.stream();
            for (int i = 0; i < 1000; i++) {
                stream.write(Unpooled.wrappedBuffer(new byte[16 << 10]));
            }
            streams.add(stream);
        })) {
            deaf.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
            assertThat(streams.poll(60, TimeUnit.SECONDS)).isNotNull();
            deaf.pass(31);
            deaf.pass(31);
            HttpFixture.await("it is closed", () -> !deaf.isOpen());
            assertThat(ends.poll(60, TimeUnit.SECONDS)).contains("did not read");
        }
    }
}
