package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import ch.qos.logback.classic.Level;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaders;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.route.Router;
import org.junit.jupiter.api.Test;

/** Bodies of handlers that block: they wait for the client, and hold no more than it takes. */
abstract class BlockingStreamsTest extends TransportTest {
    private static final int PART = 16 << 10;
    private static final int PARTS = 2_000;

    BlockingStreamsTest(Transport transport) {
        super(transport);
    }

    private static HttpHandler blocking(HttpHandler handler) {
        return HttpHandler.streaming(HttpHandler.blocking(handler));
    }

    @Test
    void aBodyIsReadAndAResponseWrittenAsStreams() {
        Router router = Router.builder().post("/echo", blocking((request, response) -> {
            ResponseStream stream = response.stream();
            try (InputStream in = request.body().asInputStream(); OutputStream out = stream.asOutputStream()) {
                in.transferTo(out);
            }
        })).build();
        TcpServer server = fixture.serve(router);
        String body = "0123456789".repeat(100_000);
        assertThat(fixture.connect(server)
                .send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: " + body.length() + "\r\n\r\n" + body).answer()
                .body()).isEqualTo(body);
        Http2RawClient client = fixture.open(new Http2RawClient(server.port()));
        int id = client.head("POST", "/echo", false);
        client.data(id, body.substring(0, 40_000), true);
        assertThat(client.answer(id).body()).isEqualTo(body.substring(0, 40_000));
        assertThat(fixture.connect(server).send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n").answer()
                .body()).isEmpty();
    }

    @Test
    void aWriteWaitsForTheClient() throws Exception {
        AtomicLong written = new AtomicLong();
        LinkedBlockingQueue<String> ends = new LinkedBlockingQueue<>();
        TcpServer server = fixture.serve(HttpHandler.blocking((request, response) -> {
            ResponseStream stream = response.stream();
            for (int i = 0; i < PARTS; i++) {
                stream.write(Unpooled.wrappedBuffer(new byte[PART]));
                written.addAndGet(PART);
            }
            stream.end();
            ends.add("written");
        }));
        RawClient client = fixture.connect(server).send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assertThat(client.line()).contains("200");
        // A response beyond limits.output-buffer would have ended the connection; this one waits.
        client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        assertThat(client.rest().length()).isGreaterThan(2 * PARTS * PART);
        assertThat(ends.poll(60, TimeUnit.SECONDS)).isNotNull();
        assertThat(written).hasValue(2L * PARTS * PART);
    }

    @Test
    void overHttp2AWriteWaitsForItsOwnStreamAndNotForTheSocketAlone() throws Exception {
        AtomicLong written = new AtomicLong();
        TcpServer server = fixture.serve(HttpHandler.blocking((request, response) -> {
            ResponseStream stream = response.stream();
            for (int i = 0; i < PARTS / 10; i++) {
                stream.write(Unpooled.wrappedBuffer(new byte[PART]));
                written.addAndGet(PART);
            }
            stream.end();
        }));
        Http2RawClient client = fixture.open(new Http2RawClient(server.port(), 0));
        int id = client.head("GET", "/", true);
        HttpFixture.await("some is written", () -> written.get() > 0);
        client.settle();
        client.settle();
        assertThat(written.get()).isLessThan(200_000);
        client.credit(id, Integer.MAX_VALUE / 2);
        assertThat(client.answer(id).length()).isEqualTo(PARTS / 10 * PART);
    }

    @Test
    void whoWritesHearsThatTheClientHasGone() throws Exception {
        LinkedBlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
        TcpServer server = fixture.serve(HttpHandler.blocking((request, response) -> {
            try (OutputStream out = response.stream().asOutputStream()) {
                byte[] part = new byte[PART];
                while (true) {
                    out.write(part);
                }
            } catch (IOException e) {
                failures.add(e);
            }
        }));
        RawClient client = fixture.connect(server).send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assertThat(client.line()).contains("200");
        client.close();
        assertThat(failures.poll(60, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
    }

    @Test
    void whoReadsHearsThatTheBodyDoesNotCome() throws Exception {
        LinkedBlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
        TcpServer server = fixture.serve(blocking((request, response) -> {
            try (InputStream in = request.body().asInputStream()) {
                in.readAllBytes();
            } catch (IOException e) {
                failures.add(e);
            }
        }));
        RawClient client = fixture.connect(server)
                .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345");
        client.close();
        assertThat(failures.poll(60, TimeUnit.SECONDS)).hasMessageContaining("does not come whole");
    }

    @Test
    void whoReadsHearsThatAnotherHasEndedTheResponse() throws Exception {
        LinkedBlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
        TcpServer server = fixture.serve(blocking((request, response) -> {
            request.shard().execute(() -> response.send("enough"));
            try (InputStream in = request.body().asInputStream()) {
                in.readAllBytes();
            } catch (IOException e) {
                failures.add(e);
                throw e;
            }
        }));
        whoWaitsForTheBodyIsTold(server, failures);
    }

    @Test
    void whoWaitsForAllOfABodyHearsThatAnotherHasEndedTheResponse() throws Exception {
        LinkedBlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
        whoWaitsForTheBodyIsTold(fixture.serve(HttpHandler.async((request, response) -> {
            request.shard().execute(() -> response.send("enough"));
            return request.body().whole().whenComplete((body, failure) -> failures.add(failure));
        })), failures);
    }

    @Test
    void whoWaitsForAPartOfABodyHearsThatAnotherHasEndedTheResponse() throws Exception {
        LinkedBlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
        whoWaitsForTheBodyIsTold(fixture.serve((request, response) -> {
            request.body().read(new RequestBody.Reader() {
                @Override
                public void part(ByteBuf part) {
                    part.release();
                    request.body().request(1);
                }

                @Override
                public void end(HttpHeaders trailers) {
                    failures.add(new AssertionError("it never ends"));
                }

                @Override
                public void failed(Throwable cause) {
                    failures.add(cause);
                    response.fail(cause);
                }
            });
            request.body().request(1);
            request.shard().execute(() -> response.send("enough"));
        }), failures);
    }

    private void whoWaitsForTheBodyIsTold(TcpServer server, LinkedBlockingQueue<Throwable> failures) throws Exception {
        try (Logged logged = new Logged("io.solaster")) {
            assertThat(fixture.connect(server).send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345")
                    .answer().body()).isEqualTo("enough");
            assertThat(failures.poll(60, TimeUnit.SECONDS)).hasMessageContaining("the response has ended");
            Http2RawClient client = fixture.open(new Http2RawClient(server.port()));
            int id = client.head("POST", "/", false);
            client.data(id, "12345", false);
            assertThat(client.answer(id).body()).isEqualTo("enough");
            assertThat(failures.poll(60, TimeUnit.SECONDS)).hasMessageContaining("the response has ended");
            client.settle();
            assertThat(logged.lines(Level.WARN)).as("what a client may cause as often as it likes").isEmpty();
        }
    }

    @Test
    void onTheLoopNothingWaits() {
        TcpServer server = fixture.serve((request, response) -> {
            try {
                request.body().asInputStream();
            } catch (IllegalStateException e) {
                response.send(String.valueOf(e.getMessage()));
            }
        });
        assertThat(fixture.connect(server).send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n1").answer()
                .body())
                .contains("would block shard");
    }

    @Test
    void writableIsDoneOnceThereIsRoom() throws Exception {
        int[] waits = new int[1];
        TcpServer server = fixture.serve((request, response) -> {
            ResponseStream stream = response.stream();
            new Object() {
                private int left = PARTS;

                void pump() {
                    while (left-- > 0) {
                        if (!stream.write(Unpooled.wrappedBuffer(new byte[PART]))) {
                            waits[0]++;
                            stream.writable().thenRun(this::pump);
                            return;
                        }
                    }
                    stream.end();
                }
            }.pump();
        });
        assertThat(fixture.connect(server).get("/").body()).hasSize(PARTS * PART);
        assertThat(waits[0]).isPositive();
    }

    @Test
    void theMarkForStreamsGoesAroundTheOthers() {
        assertThatThrownBy(() -> HttpHandler.blocking(HttpHandler.streaming((request, response) -> response.send())))
                .hasMessageContaining("streaming(blocking(handler))");
    }
}
