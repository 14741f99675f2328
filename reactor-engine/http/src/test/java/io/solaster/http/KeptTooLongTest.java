package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.ShardStoppedException;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.exchange.Request;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A plain handler that keeps request or response beyond its answer, against what it was told, is refused by name although
 * their exchange serves other clients by then.
 */
class KeptTooLongTest {
    private final LinkedBlockingQueue<HttpRequest> requests = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<HttpResponse> responses = new LinkedBlockingQueue<>();

    private final LinkedBlockingQueue<RequestBody> bodies = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<Exchange> exchanges = new LinkedBlockingQueue<>();

    private void handle(HttpRequest request, HttpResponse response) {
        exchanges.add(((Request) request).exchange());
        bodies.add(request.body());
        requests.add(request);
        responses.add(response);
        if (request.path().equals("/keeper")) {
            response.send("answered");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whoKeepsRequestOrResponseIsRefusedAndMeetsNoStranger(boolean http2) throws Exception {
        try (HttpFixture fixture = new HttpFixture(Transport.NIO, 1)) {
            TcpServer server = fixture.serve(this::handle);
            if (http2) {
                Http2RawClient client = fixture.open(new Http2RawClient(server.port()));
                assertThat(client.answer(client.head("GET", "/keeper", true)).body()).isEqualTo("answered");
            } else {
                assertThat(fixture.connect(server).get("/keeper").body()).isEqualTo("answered");
            }
            HttpRequest request = requests.poll(60, TimeUnit.SECONDS);
            HttpResponse response = responses.poll(60, TimeUnit.SECONDS);
            RawClient stranger = fixture.connect(server)
                    .send("GET /stranger HTTP/1.1\r\nHost: h\r\nX-Who: stranger\r\n\r\n");
            Http2RawClient other = fixture.open(new Http2RawClient(server.port()));
            int stream = other.head("GET", "/stranger", true);
            List<HttpResponse> theirs = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                theirs.add(responses.poll(60, TimeUnit.SECONDS));
            }
            assertThat(exchanges.stream().skip(1)).as("the strangers' exchanges").contains(exchanges.peek());
            RequestBody body = bodies.poll(60, TimeUnit.SECONDS);
            // On a thread of no shard.
            refuses(() -> response.header("X-Late", "yes"));
            refuses(() -> response.send("late"));
            fixture.engine().submitTo(0, () -> {
                assertThat(response.isEnded()).isTrue();
                refuses(body::content);
                refuses(body::whole);
                refuses(() -> body.request(1));
                refuses(() -> request.header("X-Who"));
                refuses(request::path);
                refuses(request::method);
                refuses(() -> request.query("q"));
                refuses(() -> request.pathParam("id"));
                refuses(() -> request.attribute("who"));
                refuses(() -> request.attribute("who", "me"));
                refuses(request::body);
                refuses(request::remoteAddress);
                for (Runnable late : List.<Runnable>of(() -> response.header("X-Late", "yes"),
                        () -> response.status(HttpResponseStatus.FORBIDDEN), () -> response.send("late"),
                        response::stream)) {
                    assertThatIllegalStateException().isThrownBy(late::run).withMessageContaining("is over");
                }
                return true;
            }).join();
            fixture.engine().submitTo(0, () -> {
                theirs.forEach(each -> each.send("hello"));
                return true;
            }).join();
            RawClient.Answer answer = stranger.answer();
            assertThat(answer.status() + " " + answer.body()).isEqualTo("200 hello");
            assertThat(answer.headers()).doesNotContainKey("x-late");
            assertThat(other.answer(stream).body()).isEqualTo("hello");
        }
    }

    /** More exchanges at once than rest for others: whoever keeps one that does not rest is refused as well. */
    @Test
    void everyRequestIsCutOffHoweverManyEndAtOnce() throws Exception {
        int many = 40;
        try (HttpFixture fixture = new HttpFixture(Transport.NIO, 1)) {
            TcpServer server = fixture.serve((request, response) -> {
                requests.add(request);
                response.send("answered");
            });
            List<RawClient> clients = new ArrayList<>();
            for (int i = 0; i < many; i++) {
                clients.add(fixture.connect(server).send("GET /" + i + " HTTP/1.1\r\nHost: h\r\nX-Who: "));
            }
            HttpFixture.await("all are connected", () -> server.connections() == many);
            // Once the second is answered, the half heads have been read.
            RawClient other = fixture.connect(server);
            assertThat(other.get("/").status()).isEqualTo(200);
            assertThat(other.get("/").status()).isEqualTo(200);
            for (RawClient client : clients) {
                assertThat(client.send("me\r\n\r\n").answer().body()).isEqualTo("answered");
            }
            List<HttpRequest> kept = new ArrayList<>(requests);
            assertThat(kept).hasSize(many + 2);
            fixture.engine().submitTo(0, () -> {
                for (HttpRequest each : kept) {
                    refuses(() -> each.header("X-Who"));
                    refuses(each::path);
                }
                return true;
            }).join();
        }
    }

    /** A thread of no shard still sees the exchange open, which another request has by the time the shard runs its task. */
    @Test
    void whatIsHandedOverTooLateIsLetGo(@TempDir Path directory) throws Exception {
        FileChannel file = FileChannel.open(Files.createFile(directory.resolve("file")));
        ByteBuf buffer = Unpooled.directBuffer(8).writeLong(1);
        IllegalStateException failure = new IllegalStateException("late");
        try (Logged logged = new Logged("io.solaster.http.exchange.Response");
                HttpFixture fixture = new HttpFixture(Transport.NIO, 1)) {
            TcpServer server = fixture.serve((request, response) -> {
                // The shard waits, so that each task comes after the answer.
                CompletableFuture.runAsync(() -> {
                    response.sendFile(file, 0, 0);
                    response.send(buffer);
                    response.fail(failure);
                }).join();
                response.send("answered");
            });
            assertThat(fixture.connect(server).get("/").body()).isEqualTo("answered");
            HttpFixture.await("the file is closed", () -> !file.isOpen());
            HttpFixture.await("the buffer is released", () -> buffer.refCnt() == 0);
            HttpFixture.await("the failure is told", () -> !logged.traces().isEmpty());
        }
    }

    /** Nobody runs what is handed to a shard that has ended. */
    @Test
    void whoAsksForTheEndAfterThatOfTheShardIsTold() throws Exception {
        List<Throwable> told = new ArrayList<>();
        HttpResponse response;
        try (HttpFixture fixture = new HttpFixture(Transport.NIO, 1)) {
            TcpServer server = fixture.serve((request, open) -> responses.add(open));
            fixture.connect(server).send("GET / HTTP/1.1\r\nHost: here\r\n\r\n");
            response = responses.poll(60, TimeUnit.SECONDS);
        }
        response.onEnd(told::add);
        assertThat(told).hasSize(1).first().isInstanceOf(ShardStoppedException.class);
        // Whoever would leave a part behind is told before.
        OutputStream output = ((ResponseStream) response).asOutputStream();
        assertThatIOException().isThrownBy(() -> output.write(1)).withMessageContaining("closed");
    }

    private static void refuses(Runnable late) {
        assertThatIllegalStateException().isThrownBy(late::run).withMessageContaining("HttpHandler.async");
    }
}
