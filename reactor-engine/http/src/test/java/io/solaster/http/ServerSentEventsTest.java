package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.ServerSentEvents.Options;
import io.solaster.http.ServerSentEvents.WhenFull;
import io.solaster.http.route.Router;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ServerSentEventsTest {
    /** Far more than all buffers between server and client. */
    private static final int MANY = 2_000;
    private static final String BIG = "x".repeat(64 << 10);

    private HttpFixture fixture;
    private final LinkedBlockingQueue<ServerSentEvents> begun = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<String> closed = new LinkedBlockingQueue<>();

    @BeforeAll
    void start() {
        fixture = new HttpFixture(Transport.AUTO, 1);
    }

    @AfterEach
    void closeAll() throws Exception {
        fixture.closeAll();
        begun.clear();
        closed.clear();
    }

    @AfterAll
    void stop() throws Exception {
        fixture.close();
    }

    private RawClient client(Options options) {
        return fixture.connect(fixture.serve(Router.builder().get("/events", (request, response) -> {
            ServerSentEvents events = ServerSentEvents.on(request, response, options);
            events.onClose(() -> closed.add("closed"));
            begun.add(events);
        }).build()));
    }

    private ServerSentEvents open(RawClient client) throws InterruptedException {
        client.send("GET /events HTTP/1.1\r\nHost: test\r\nLast-Event-ID: 41\r\n\r\n");
        return begun.poll(60, TimeUnit.SECONDS);
    }

    private <T> T onShard(Callable<T> call) throws Exception {
        return fixture.engine().submitTo(0, call).get(60, TimeUnit.SECONDS);
    }

    private static String head(RawClient client) {
        StringBuilder head = new StringBuilder();
        for (String line = client.line(); !line.isEmpty(); line = client.line()) {
            head.append(line).append('\n');
        }
        return head.toString();
    }

    private static String chunk(RawClient client) {
        int size = Integer.parseInt(client.line(), 16);
        String text = new String(client.read(size), StandardCharsets.UTF_8);
        client.line();
        return text;
    }

    @Test
    void sendsTheHeadAtOnceAndThenEventsAsTheyCome() throws Exception {
        RawClient client = client(Options.DEFAULT.withRetry(Duration.ofSeconds(3)));
        ServerSentEvents events = open(client);
        assertThat(head(client)).startsWith("HTTP/1.1 200 OK\n")
                .containsIgnoringCase("content-type: text/event-stream\n")
                .containsIgnoringCase("cache-control: no-cache\n");
        assertThat(chunk(client)).isEqualTo("retry: 3000\n\n");
        assertThat(events.lastEventId()).isEqualTo("41");
        assertThat(onShard(() -> events.send(new ServerSentEvent("42", "price", "1\n2")))).isTrue();
        assertThat(chunk(client)).isEqualTo("id: 42\nevent: price\ndata: 1\ndata: 2\n\n");
        ByteBuf encoded = ServerSentEvent.of("for many").encode();
        onShard(() -> events.send(encoded.retainedDuplicate()));
        onShard(() -> events.send(encoded.retainedDuplicate()));
        assertThat(chunk(client)).isEqualTo("data: for many\n\n");
        assertThat(chunk(client)).isEqualTo("data: for many\n\n");
        HttpFixture.await("the copies are released", () -> encoded.refCnt() == 1);
        encoded.release();
        onShard(() -> events.comment("psst"));
        assertThat(chunk(client)).isEqualTo(": psst\n\n");
        onShard(() -> {
            events.close();
            events.close();
            return events.send("too late");
        });
        assertThat(client.line()).isEqualTo("0");
        assertThat(closed.poll(60, TimeUnit.SECONDS)).isEqualTo("closed");
        assertThat(onShard(() -> closed.isEmpty() && !events.isOpen())).isTrue();
    }

    /** A virtual thread's event is on its way to a loop that has ended. */
    @Test
    void letsGoOfAnEventThatComesAfterTheEndOfTheShard() throws Exception {
        ByteBuf encoded = ServerSentEvent.of("too late").encode();
        CompletableFuture<@Nullable Object> sent = new CompletableFuture<>();
        try (HttpFixture ending = new HttpFixture(Transport.NIO, 1)) {
            CountDownLatch begins = new CountDownLatch(1);
            TcpServer server = ending.serve(HttpHandler.blocking((request, response) -> {
                ServerSentEvents events = ServerSentEvents.on(request, response);
                begins.countDown();
                try {
                    // Until the shard interrupts it, which ends.
                    new CountDownLatch(1).await();
                } catch (InterruptedException ends) {
                    sent.complete(attempt(events, encoded));
                }
            }));
            ending.connect(server).send("GET /events HTTP/1.1\r\nHost: test\r\n\r\n");
            assertThat(begins.await(60, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(sent.get(60, TimeUnit.SECONDS)).isNotInstanceOf(RejectedExecutionException.class);
        HttpFixture.await("the event is let go of", () -> encoded.refCnt() == 0);
    }

    private static @Nullable Object attempt(ServerSentEvents events, ByteBuf encoded) {
        try {
            return events.send(encoded);
        } catch (RuntimeException failure) {
            return failure;
        }
    }

    @Test
    void beatsWhileThereIsNothingToSay() throws Exception {
        RawClient client = client(Options.DEFAULT.withHeartbeat(Duration.ofMillis(5)));
        open(client);
        head(client);
        assertThat(chunk(client)).isEqualTo(":\n\n");
        assertThat(chunk(client)).isEqualTo(":\n\n");
    }

    @Test
    void hearsOfAClientThatLeaves() throws Exception {
        RawClient client = client(Options.DEFAULT);
        ServerSentEvents events = open(client);
        head(client);
        client.close();
        assertThat(closed.poll(60, TimeUnit.SECONDS)).isEqualTo("closed");
        assertThat(onShard(() -> events.send("nobody"))).isFalse();
        assertThat(onShard(() -> events.writable().isDone())).isTrue();
    }

    @Test
    void endsWhenTheServerDrainsSoThatClientsGoElsewhere() throws Exception {
        TcpServer server = fixture.serve((request, response) -> {
            ServerSentEvents events = ServerSentEvents.on(request, response);
            events.onClose(() -> closed.add("closed"));
            begun.add(events);
        });
        RawClient client = fixture.connect(server);
        open(client);
        head(client);
        assertThat(server.drain(Duration.ofSeconds(60))).isZero();
        assertThat(client.line()).isEqualTo("0");
        assertThat(client.line()).isEmpty();
        assertThat(client.line()).isNull();
        assertThat(closed.poll(60, TimeUnit.SECONDS)).isEqualTo("closed");
    }

    @Test
    void answersHeadWithTheHeadAlone() throws Exception {
        RawClient client = client(Options.DEFAULT);
        client.send("HEAD /events HTTP/1.1\r\nHost: test\r\n\r\n");
        assertThat(client.answerToHead().header("content-type")).isEqualTo("text/event-stream");
        assertThat(client.get("/nothing").status()).isEqualTo(404);
        assertThat(begun.take().isOpen()).isFalse();
    }

    /** Sends big events to a client that does not read, until one is dropped; how many were sent. */
    private int fill(ServerSentEvents events) throws Exception {
        for (int i = 0; i < MANY; i++) {
            String data = i + BIG;
            boolean room = onShard(() -> events.send(data));
            if (onShard(events::dropped) > 0) {
                assertThat(room).isFalse();
                return i + 1;
            }
        }
        throw new AssertionError("no event was dropped");
    }

    @Test
    void dropsTheNewestWhereToldSo() throws Exception {
        RawClient client = client(Options.DEFAULT.withQueue(4, WhenFull.DROP_NEWEST));
        ServerSentEvents events = open(client);
        int sent = fill(events);
        head(client);
        for (int i = 0; i < sent - 1; i++) {
            assertThat(chunk(client)).startsWith("data: " + i + "x");
        }
        assertThat(onShard(() -> events.send("next"))).isTrue();
        assertThat(chunk(client)).isEqualTo("data: next\n\n");
        assertThat(onShard(events::dropped)).isEqualTo(1);
    }

    @Test
    void dropsTheOldestWhereToldSo() throws Exception {
        RawClient client = client(Options.DEFAULT.withQueue(4, WhenFull.DROP_OLDEST));
        ServerSentEvents events = open(client);
        int sent = fill(events);
        head(client);
        for (int i = 0; i < sent; i++) {
            if (i != sent - 5) {
                assertThat(chunk(client)).startsWith("data: " + i + "x");
            }
        }
    }

    @Test
    void closesAClientThatDoesNotKeepUpWhereToldSo() throws Exception {
        RawClient client = client(Options.DEFAULT.withQueue(4, WhenFull.CLOSE));
        ServerSentEvents events = open(client);
        fill(events);
        assertThat(closed.poll(60, TimeUnit.SECONDS)).isEqualTo("closed");
        assertThat(onShard(() -> events.isOpen())).isFalse();
    }

    /** One that waits finds room, so that nothing is dropped although it may be. */
    @Test
    void letsASenderWaitForAClientThatReadsSlowly() throws Exception {
        RawClient client = client(Options.DEFAULT.withQueue(4, WhenFull.DROP_NEWEST));
        ServerSentEvents events = open(client);
        int all = 400;
        fixture.engine().shard(0).fork(() -> {
            for (int i = 0; i < all; i++) {
                events.writable().join();
                events.send(i + BIG);
            }
            events.close();
        });
        head(client);
        for (int i = 0; i < all; i++) {
            assertThat(chunk(client)).startsWith("data: " + i + "x");
        }
        assertThat(client.line()).isEqualTo("0");
        assertThat(closed.poll(60, TimeUnit.SECONDS)).isEqualTo("closed");
        assertThat(onShard(events::dropped)).isZero();
    }

    @Test
    void keepsWhatIsTooMuchWhereTheSenderIsToWait() throws Exception {
        RawClient client = client(Options.DEFAULT.withQueue(4, WhenFull.WAIT));
        ServerSentEvents events = open(client);
        int all = 400;
        assertThat(onShard(() -> {
            boolean room = true;
            for (int i = 0; i < all; i++) {
                room = events.send(i + BIG);
            }
            return room || events.writable().isDone();
        })).isFalse();
        head(client);
        for (int i = 0; i < all; i++) {
            assertThat(chunk(client)).startsWith("data: " + i + "x");
        }
    }
}
