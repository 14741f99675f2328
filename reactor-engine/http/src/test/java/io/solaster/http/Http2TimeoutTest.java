package io.solaster.http;

import static io.solaster.http.Http2RawClient.CONTINUATION;
import static io.solaster.http.Http2RawClient.DATA;
import static io.solaster.http.Http2RawClient.END_HEADERS;
import static io.solaster.http.Http2RawClient.END_STREAM;
import static io.solaster.http.Http2RawClient.HEADERS;
import static io.solaster.http.Http2RawClient.PING;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.Http2Error;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.http.Http2RawClient.Answer;
import io.solaster.http.exchange.GatherBudget;
import io.solaster.http.exchange.Request;
import org.junit.jupiter.api.Test;

/** What happens over HTTP/2 to those who take too long. */
class Http2TimeoutTest extends TimedTest {

    /** @param window of each stream at first; -1 for HTTP/2's own */
    private TimedCase<Http2RawClient> with(HttpHandler handler, int window) {
        TimedCase<Http2RawClient> made = new TimedCase<>(clocked, handler, CONFIG,
                port -> new Http2RawClient(port, window));
        made.client.settle();
        // The server has read what that has answered.
        made.client.settle();
        return made;
    }

    @Test
    void aHandlerThatTakesTooLongIsAnsweredFor() throws Exception {
        LinkedBlockingQueue<HttpResponse> waiting = new LinkedBlockingQueue<>();
        try (TimedCase<Http2RawClient> slow = with((request, response) -> {
            if (request.path().equals("/slow")) {
                waiting.add(response);
            } else {
                response.send("ok");
            }
        }, -1)) {
            int id = slow.client.head("GET", "/slow", true);
            slow.client.settle();
            slow.pass(59);
            slow.client.settle();
            assertThat(slow.client.on(id).begun).isFalse();
            slow.pass(2);
            assertThat(slow.client.answer(id).status()).isEqualTo(503);
            assertThat(slow.client.get("/").body()).isEqualTo("ok");
            waiting.poll(60, TimeUnit.SECONDS).send("too late");
            assertThat(slow.timeouts()).isEqualTo(1);
        }
    }

    @Test
    void aBodyThatFallsSilentWithinItsResponseEndsTheStream() throws Exception {
        try (TimedCase<Http2RawClient> silent = with(Bodies::echo, -1)) {
            int id = silent.client.head("POST", "/", false);
            silent.client.data(id, "a", false);
            silent.client.settle();
            silent.pass(31);
            silent.client.settle();
            silent.pass(31);
            assertThat(silent.client.answer(id).reset).isGreaterThanOrEqualTo(0);
            assertThat(silent.client.on(id).body()).isEqualTo("a");
        }
    }

    @Test
    void aBodyThatDoesNotComeIsGivenUp() throws Exception {
        try (TimedCase<Http2RawClient> slow = with(HttpHandler.async((request, response) -> request.body().whole()
                .thenAccept(body -> response.send("ok"))), -1)) {
            int id = slow.client.head("POST", "/", false);
            slow.client.data(id, "a", false);
            slow.client.settle();
            slow.pass(25);
            // So little does not buy it much more time.
            slow.client.data(id, "b", false);
            slow.client.settle();
            slow.pass(4);
            slow.client.settle();
            assertThat(slow.client.on(id).begun).isFalse();
            slow.pass(2);
            assertThat(slow.client.answer(id).status()).isEqualTo(408);
            int next = slow.client.head("POST", "/", false);
            slow.client.data(next, "c", true);
            assertThat(slow.client.answer(next).body()).isEqualTo("ok");
        }
    }

    @Test
    void aFullBudgetIsNoReasonToBreakOffWhoDoesNotAskForTheBody() throws Exception {
        LinkedBlockingQueue<HttpResponse> open = new LinkedBlockingQueue<>();
        try (TimedCase<Http2RawClient> full = with((request, response) -> {
            GatherBudget budget = ((Request) request).exchange().shard().budget();
            budget.take(budget.limit() - budget.used(), 0);
            response.onEnd(failure -> budget.give(budget.used()));
            open.add(response);
        }, -1)) {
            int id = full.client.head("POST", "/", false);
            full.client.data(id, "a body that nobody asks for", false);
            full.client.settle();
            full.pass(31);
            full.client.settle();
            assertThat(full.client.on(id).begun).isFalse();
            clocked.engine().submitTo(0, () -> {
                open.remove().send("ok");
                return true;
            }).join();
            full.client.settle();
            full.client.settle();
            assertThat(full.client.answer(id).body()).isEqualTo("ok");
            assertThat(full.client.on(id).reset).isEqualTo((int) Http2Error.NO_ERROR.code());
        }
    }

    @Test
    void aClientThatDoesNotReadItsResponseLosesItAlone() throws Exception {
        CompletableFuture<Throwable> ended = new CompletableFuture<>();
        try (TimedCase<Http2RawClient> slow = with((request, response) -> {
            if (request.path().equals("/large")) {
                response.onEnd(ended::complete);
                ResponseStream stream = response.stream();
                stream.write(Unpooled.wrappedBuffer(new byte[50_000]));
            } else {
                response.send("ok");
            }
        }, 1000)) {
            slow.client.credits = false;
            int id = slow.client.head("GET", "/large", true);
            slow.client.settle();
            slow.pass(25);
            slow.client.credit(id, 1000);
            slow.client.settle();
            // Of the 30 seconds 5 were left, and so little buys it 4 more.
            slow.pass(8);
            slow.client.settle();
            assertThat(slow.client.on(id).reset).isNegative();
            assertThat(slow.client.on(id).length()).isEqualTo(2000);
            slow.pass(2);
            Answer answer = slow.client.answer(id);
            assertThat(answer.reset).isEqualTo((int) Http2Error.CANCEL.code());
            assertThat(ended.get(60, TimeUnit.SECONDS)).hasMessageContaining("did not read");
            assertThat(slow.client.get("/").body()).isEqualTo("ok");
        }
    }

    /** Has a client of a window of 1,000 bytes ask for much, and give back so much every 20 seconds. */
    private void isCutOffThough(int stream, int credit) throws Exception {
        try (TimedCase<Http2RawClient> slow = with((request, response) -> {
            ResponseStream large = response.stream();
            large.write(Unpooled.wrappedBuffer(new byte[50_000]));
        }, 1000)) {
            slow.client.credits = false;
            int id = slow.client.head("GET", "/", true);
            slow.client.settle();
            for (int seconds = 0; seconds < 40; seconds += 20) {
                slow.client.credit(stream < 0 ? id : stream, credit);
                slow.client.settle();
                slow.pass(20);
            }
            slow.client.settle();
            assertThat(slow.client.on(id).reset).isEqualTo((int) Http2Error.CANCEL.code());
            assertThat(slow.timeouts(HttpStats.Timeout.UNREAD)).isEqualTo(1);
        }
    }

    @Test
    void aLargerWindowOfTheConnectionIsNoReadingOfAResponse() throws Exception {
        isCutOffThough(0, 100_000);
    }

    @Test
    void aByteNowAndThenIsNoReadingOfAResponse() throws Exception {
        isCutOffThough(-1, 1);
    }

    @Test
    void responsesThatShareTheWindowOfASlowReaderAreNotCutOffWhileTheyAllGetOn() throws Exception {
        try (TimedCase<Http2RawClient> slow = with((request, response) -> response.send(new byte[100_000]), 1 << 20)) {
            slow.client.credits = false;
            int one = slow.client.head("GET", "/1", true);
            int two = slow.client.head("GET", "/2", true);
            for (int seconds = 0; seconds < 100; seconds += 20) {
                slow.client.credit(0, 6_000);
                slow.client.settle();
                slow.pass(20);
            }
            slow.client.settle();
            assertThat(slow.client.on(one).reset + slow.client.on(two).reset).isEqualTo(-2);
            assertThat(slow.client.on(one).length() + slow.client.on(two).length()).isEqualTo(65_535 + 30_000);
            slow.pass(31);
            slow.client.settle();
            slow.client.settle();
            assertThat(slow.client.answer(one).reset).isEqualTo((int) Http2Error.CANCEL.code());
            assertThat(slow.client.answer(two).reset).isEqualTo((int) Http2Error.CANCEL.code());
        }
    }

    @Test
    void aRequestThatWaitsForRoomForTooLongIsRefused() throws Exception {
        LinkedBlockingQueue<String> asked = new LinkedBlockingQueue<>();
        ServerConfig config = CONFIG.withLimits(CONFIG.limits().withOutputBuffer(new ByteSize(1 << 20)));
        try (TimedCase<Http2RawClient> slow = new TimedCase<>(clocked, (request, response) -> {
            asked.add(request.path());
            response.send(new byte[300_000]);
        }, config, port -> new Http2RawClient(port, 0))) {
            slow.client.credits = false;
            slow.client.settle();
            int large = slow.client.head("GET", "/large", true);
            int held = slow.client.head("GET", "/held", true);
            slow.client.settle();
            for (int seconds = 0; seconds < 80; seconds += 20) {
                slow.client.credit(large, 10_000);
                slow.client.settle();
                slow.pass(20);
            }
            slow.client.settle();
            slow.client.settle();
            assertThat(slow.client.on(held).reset).isEqualTo((int) Http2Error.REFUSED_STREAM.code());
            assertThat(slow.client.on(large).reset).isNegative();
            assertThat(slow.client.on(large).length()).isEqualTo(40_000);
            slow.client.credit(0, 1 << 20);
            slow.client.credit(large, 1 << 20);
            assertThat(slow.client.answer(large).length()).isEqualTo(300_000);
            assertThat(asked).containsExactly("/large");
        }
    }

    @Test
    void aConnectionThatIsIdleForTooLongIsClosedWithAWord() throws Exception {
        try (TimedCase<Http2RawClient> idle = with((request, response) -> response.send("x"), -1)) {
            idle.pass(70);
            assertThat(idle.client.get("/").body()).isEqualTo("x");
            idle.client.settle();
            idle.pass(70);
            idle.client.settle();
            assertThat(idle.client.get("/").body()).isEqualTo("x");
            idle.client.settle();
            idle.pass(76);
            assertThat(idle.client.untilEnd()).isZero();
        }
    }

    @Test
    void aFrameThatDripsInEndsTheConnection() throws Exception {
        try (TimedCase<Http2RawClient> slow = with((request, response) -> {}, -1)) {
            int id = slow.client.head("POST", "/", false);
            slow.client.settle();
            byte[] frame = Http2RawClient.framed(DATA, 0, id, new byte[100]);
            slow.send(Arrays.copyOf(frame, 50));
            slow.pass(6);
            slow.send(Arrays.copyOfRange(frame, 50, 60));
            slow.pass(6);
            assertThat(slow.client.untilEnd()).isEqualTo((int) Http2Error.ENHANCE_YOUR_CALM.code());
            assertThat(slow.timeouts()).isEqualTo(1);
        }
    }

    @Test
    void aHeadThatDripsInEndsTheConnection() throws Exception {
        try (TimedCase<Http2RawClient> slow = with((request, response) -> {}, -1)) {
            slow.send(Http2RawClient.framed(HEADERS, END_STREAM, 1, Http2RawClient.literal("a", "b")));
            slow.pass(6);
            slow.send(Http2RawClient.framed(CONTINUATION, 0, 1, Http2RawClient.literal("c", "d")));
            slow.pass(6);
            assertThat(slow.client.untilEnd()).isEqualTo((int) Http2Error.ENHANCE_YOUR_CALM.code());
        }
    }

    @Test
    void aHeadThatIsMalformedIsNoFrameThatDripsIn() throws Exception {
        LinkedBlockingQueue<HttpResponse> open = new LinkedBlockingQueue<>();
        try (TimedCase<Http2RawClient> bad = with((request, response) -> open.add(response), -1)) {
            int slow = bad.client.head("GET", "/", true);
            bad.client.settle();
            int id = bad.client.nextStream();
            bad.send(Http2RawClient.framed(HEADERS, END_HEADERS | END_STREAM, id,
                    Http2RawClient.literal(":method", "GET", "UPPER", "a")));
            assertThat(bad.client.answer(id).reset).isEqualTo((int) Http2Error.PROTOCOL_ERROR.code());
            bad.pass(11);
            bad.pass(11);
            clocked.engine().submitTo(0, () -> {
                open.remove().send("at last");
                return true;
            }).join();
            assertThat(bad.client.answer(slow).body()).isEqualTo("at last");
            assertThat(bad.timeouts()).isZero();
        }
    }

    @Test
    void aHeadOfWhichTheRestDoesNotComeEndsTheConnectionThoughOthersCameWithIt() throws Exception {
        try (TimedCase<Http2RawClient> slow = with((request, response) -> {}, -1)) {
            slow.client.head("GET", "/", true);
            slow.client.settle();
            ByteArrayOutputStream together = new ByteArrayOutputStream();
            together.writeBytes(Http2RawClient.framed(PING, 0, 0, new byte[8]));
            together.writeBytes(Http2RawClient.framed(HEADERS, END_STREAM, slow.client.nextStream(),
                    Http2RawClient.literal("a", "b")));
            slow.send(together.toByteArray());
            slow.pass(11);
            slow.pass(1);
            assertThat(slow.client.untilEnd()).isEqualTo((int) Http2Error.ENHANCE_YOUR_CALM.code());
        }
    }

    @Test
    void aStreamOfEventsMayGoOnForEver() throws Exception {
        LinkedBlockingQueue<ResponseStream> streams = new LinkedBlockingQueue<>();
        try (TimedCase<Http2RawClient> events = with((request, response) -> streams.add(response.stream()), -1)) {
            int id = events.client.head("GET", "/", true);
            ResponseStream stream = streams.poll(60, TimeUnit.SECONDS);
            for (int i = 0; i < 5; i++) {
                events.pass(50);
                events.client.settle();
            }
            stream.write(Unpooled.wrappedBuffer(new byte[10]));
            stream.end();
            assertThat(events.client.answer(id).length()).isEqualTo(10);
        }
    }
}
