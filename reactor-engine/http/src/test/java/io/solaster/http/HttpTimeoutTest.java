package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.Unpooled;
import io.solaster.config.Changed;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.http.RawClient.Answer;
import org.junit.jupiter.api.Test;

/** What happens over HTTP/1 to those who take too long. */
class HttpTimeoutTest extends TimedTest {

    private TimedCase<RawClient> with(HttpHandler handler) {
        return with(handler, CONFIG);
    }

    private TimedCase<RawClient> with(HttpHandler handler, ServerConfig config) {
        return new TimedCase<>(clocked, handler, config, RawClient::new);
    }

    private static byte[] latin1(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    @Test
    void aHeadThatDripsInIsAnsweredWith408() throws Exception {
        try (TimedCase<RawClient> slow = with((request, response) -> response.send("x"))) {
            slow.send(latin1("GET / HTTP/1.1\r\n"));
            slow.pass(6);
            slow.send(latin1("Host: h\r\n"));
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
        try (TimedCase<RawClient> idle = with((request, response) -> response.send("x"))) {
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
        try (TimedCase<RawClient> idle = with((request, response) -> response.send("x"), config)) {
            idle.pass(21);
            assertThat(idle.client.rest()).isEmpty();
        }
    }

    @Test
    void aBodyThatFallsSilentWithinItsResponseEndsTheConnection() throws Exception {
        try (TimedCase<RawClient> silent = with(Bodies::echo)) {
            silent.send(latin1("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345"));
            silent.pass(31);
            assertThat(silent.timeouts(HttpStats.Timeout.BODY)).isEqualTo(1);
            silent.pass(31);
            assertThat(silent.client.rest()).startsWith("HTTP/1.1 200").contains("12345").doesNotContain("\r\n0\r\n");
            HttpFixture.await("it is closed", () -> !silent.isOpen());
        }
    }

    @Test
    void aBodyThatFailsWithinItsResponseEndsTheConnection() throws Exception {
        try (TimedCase<RawClient> wrong = with(Bodies::echo)) {
            wrong.send(latin1("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\nno\r\n"));
            wrong.pass(31);
            assertThat(wrong.client.rest()).startsWith("HTTP/1.1 200").contains("12345").doesNotContain("\r\n0\r\n");
            HttpFixture.await("it is closed", () -> !wrong.isOpen());
        }
    }

    @Test
    void aBodyThatFailsAndIsNotAnsweredIsAnsweredFor() throws Exception {
        ServerConfig patient = CONFIG.withHttp(Changed.with(CONFIG.http(), "requestTimeout", Duration.ZERO));
        try (TimedCase<RawClient> wrong = with((request, response) -> request.body().whole(), patient)) {
            wrong.send(latin1("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n"));
            wrong.pass(31);
            assertThat(wrong.client.answer().status()).isEqualTo(400);
            assertThat(wrong.client.rest()).isEmpty();
        }
    }

    @Test
    void aStrayLineEndStartsNoHead() throws Exception {
        try (TimedCase<RawClient> stray = with((request, response) -> response.send("x"))) {
            assertThat(stray.client.get("/").body()).isEqualTo("x");
            stray.turn();
            stray.send(latin1("\r\n"));
            stray.pass(60);
            assertThat(stray.client.get("/").body()).isEqualTo("x");
            stray.turn();
            stray.send(latin1("\r\n"));
            stray.send(latin1("\r\n"));
            stray.pass(11);
            assertThat(stray.client.answer().status()).as("one is borne, a row of them is not").isEqualTo(408);
        }
    }

    @Test
    void aClientThatReadsTooSlowlyIsCutOff() throws Exception {
        ServerConfig atLeast = CONFIG.withHttp(Changed.with(CONFIG.http(), "minBodyRate", ByteSize.valueOf("10MB")));
        HttpHandler large = (request, response) -> {
            ResponseStream stream = response.stream();
            Runnable[] pump = new Runnable[1];
            int[] left = {20_000};
            pump[0] = () -> {
                while (left[0]-- > 0) {
                    if (!stream.write(Unpooled.wrappedBuffer(new byte[16 << 10]))) {
                        return;
                    }
                }
            };
            stream.onWritable(pump[0]);
            pump[0].run();
        };
        try (TimedCase<RawClient> slow = with(large, atLeast)) {
            slow.send(latin1("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
            // It reads, and each time the socket takes some more, but far less than 10 MB a second.
            for (int i = 0; i < 12 && slow.isOpen(); i++) {
                slow.client.read(4 << 20);
                slow.turn();
                slow.pass(10);
            }
            HttpFixture.await("it is cut off", () -> !slow.isOpen());
            assertThat(slow.timeouts(HttpStats.Timeout.UNREAD)).isEqualTo(1);
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
        ServerConfig anyRate = CONFIG.withHttp(Changed.with(CONFIG.http(), "minBodyRate", new ByteSize(0)));
        try (TimedCase<RawClient> silent = with(gathering(), anyRate)) {
            silent.send(latin1("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345"));
            silent.pass(29);
            silent.send(latin1("6"));
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
        try (TimedCase<RawClient> slow = with(gathering())) {
            slow.send(latin1("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n"));
            for (int i = 0; i < 5; i++) {
                slow.pass(5);
                slow.send(latin1("x"));
            }
            assertThat(slow.isOpen()).isTrue();
            slow.pass(6);
            assertThat(slow.client.answer().status()).isEqualTo(408);
            assertThat(slow.client.rest()).isEmpty();
        }
    }

    @Test
    void aBodyThatComesFastEnoughMayTakeForever() throws Exception {
        try (TimedCase<RawClient> steady = with(gathering())) {
            steady.send(latin1("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 52000\r\n\r\n"));
            for (int i = 0; i < 20; i++) {
                steady.pass(10);
                steady.send(latin1("x".repeat(2600)));
            }
            assertThat(steady.client.answer().body()).isEqualTo("whole");
        }
    }

    @Test
    void aClientIsNotBlamedForAHandlerThatReadsSlowly() throws Exception {
        LinkedBlockingQueue<RequestBody> bodies = new LinkedBlockingQueue<>();
        try (TimedCase<RawClient> waits = with((request, response) -> {
            Bodies.drop(request, response, "read");
            bodies.add(request.body());
        }, CONFIG.withHttp(Changed.with(CONFIG.http(), "requestTimeout", Duration.ofHours(1))))) {
            waits.send(latin1("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n1"));
            RequestBody body = bodies.poll(60, TimeUnit.SECONDS);
            waits.request(body);
            waits.request(body);
            waits.pass(20);
            waits.send(latin1("2"));
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
        try (TimedCase<RawClient> forgotten = with((request, response) -> kept.add(response))) {
            forgotten.send(latin1("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"));
            forgotten.pass(59);
            assertThat(forgotten.isOpen()).isTrue();
            forgotten.pass(2);
            Answer answer = forgotten.client.answer();
            assertThat(answer.status()).isEqualTo(503);
            assertThat(forgotten.client.rest()).isEmpty();
            HttpResponse late = kept.poll(60, TimeUnit.SECONDS);
            clocked.engine().submitTo(0, () -> {
                late.status(io.netty.handler.codec.http.HttpResponseStatus.OK).send("nobody hears this");
                return true;
            }).get();
        }
    }

    @Test
    void aStreamMayGoOnForAsLongAsItsClientReads() throws Exception {
        LinkedBlockingQueue<ResponseStream> streams = new LinkedBlockingQueue<>();
        try (TimedCase<RawClient> events = with((request, response) -> streams.add(response.stream()))) {
            events.send(latin1("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"));
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
        try (TimedCase<RawClient> deaf = with((request, response) -> {
            response.onEnd(failure -> ends.add(String.valueOf(failure)));
            ResponseStream stream = response.stream();
            for (int i = 0; i < 1000; i++) {
                stream.write(Unpooled.wrappedBuffer(new byte[16 << 10]));
            }
            streams.add(stream);
        })) {
            deaf.send(latin1("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"));
            assertThat(streams.poll(60, TimeUnit.SECONDS)).isNotNull();
            deaf.pass(31);
            deaf.pass(31);
            HttpFixture.await("it is closed", () -> !deaf.isOpen());
            assertThat(ends.poll(60, TimeUnit.SECONDS)).contains("did not read");
        }
    }
}
