package io.solaster.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.Shard;
import io.solaster.rpc.client.RpcClient;
import io.solaster.rpc.frame.Frame;
import io.solaster.rpc.server.RpcServer;
import io.solaster.testkit.junit.SolasterTest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Streams either way and both, their credits, and how they end. */
@SolasterTest(shards = 1)
class StreamTest {
    private static final RpcMethod<String, String> COUNT = RpcMethod.answers("stream.count", RpcCodec.TEXT,
            RpcCodec.TEXT);
    private static final RpcMethod<String, String> JOIN = RpcMethod.requests("stream.join", RpcCodec.TEXT,
            RpcCodec.TEXT);
    private static final RpcMethod<byte[], byte[]> TALK = RpcMethod.both("stream.talk", RpcCodec.BYTES, RpcCodec.BYTES);
    private static final RpcMethod<String, String> BREAK = RpcMethod.both("stream.break", RpcCodec.TEXT, RpcCodec.TEXT);
    private static final RpcMethod<String, String> MUTE = RpcMethod.both("stream.mute", RpcCodec.TEXT, RpcCodec.TEXT);
    private static final int WINDOW = 4096;

    private final Engine engine;
    private RpcServer server;
    private RpcClient client;
    /** Of the handlers: what they were told at the end. */
    private final List<String> ends = new ArrayList<>();
    private int written;

    StreamTest(Engine engine) {
        this.engine = engine;
    }

    /** Asks as it is told to, and keeps what comes. */
    private static class Reading<T> implements RpcReader<T> {
        final List<T> messages = new ArrayList<>();
        final CompletableFuture<String> end = new CompletableFuture<>();
        final int atFirst;
        final boolean goesOn;
        @Nullable
        RpcFlow flow;

        Reading(int atFirst, boolean goesOn) {
            this.atFirst = atFirst;
            this.goesOn = goesOn;
        }

        @Override
        public void begins(RpcFlow begun) {
            flow = begun;
            if (atFirst > 0) {
                begun.request(atFirst);
            }
        }

        @Override
        public void message(T message) {
            messages.add(message);
            if (goesOn) {
                flow.request(1);
            }
        }

        @Override
        public void ended() {
            assertThat(end.complete("ended")).isTrue();
        }

        @Override
        public void failed(RpcException why) {
            assertThat(end.complete(why.status() + " " + why.words())).isTrue();
        }
    }

    /** Writes numbers while it may. */
    private final class Counting implements Runnable {
        private final RpcWriter<String> to;
        private final int most;
        private int next;

        Counting(RpcWriter<String> to, int most) {
            this.to = to;
            this.most = most;
        }

        @Override
        public void run() {
            while (to.isWritable() && next < most) {
                to.write(String.valueOf(next++));
                written++;
            }
            if (next == most) {
                to.end();
            } else if (to.isOver()) {
                ends.add("over");
            } else {
                to.whenWritable(this);
            }
        }
    }

    @BeforeEach
    void start() {
        RpcService service = RpcService.builder().streamed(COUNT, (_, answers) -> new Reading<String>(0, false) {
            @Override
            public void message(String most) {
                new Counting(answers, Integer.parseInt(most)).run();
            }
        }).streamed(JOIN, (_, answer) -> new Reading<String>(1, true) {
            @Override
            public void ended() {
                answer.write(String.join(",", messages));
            }
        }).streamed(TALK, (_, answers) -> new Reading<byte[]>(1, false) {
            @Override
            public void message(byte[] message) {
                answers.write(message);
                answers.whenWritable(() -> flow.request(1));
            }

            @Override
            public void ended() {
                answers.end();
            }

            @Override
            public void failed(RpcException why) {
                ends.add(why.status().toString());
            }
        }).streamed(BREAK, (_, answers) -> new Reading<String>(10, false) {
            @Override
            public void message(String how) {
                switch (how) {
                    case "named" -> throw new RpcException(RpcStatus.ABORTED, "enough");
                    case "thrown" -> throw new IllegalStateException("secret");
                    default -> answers.fail(new RpcException(RpcStatus.DATA_LOSS, how));
                }
            }
        }).streamed(MUTE, (_, _) -> new Reading<String>(0, false) {
            @Override
            public void failed(RpcException why) {
                ends.add(why.status().toString());
            }
        }).build();
        RpcLimits limits = RpcLimits.DEFAULTS
                .withWindow(new RpcWindow(64, new ByteSize(4 * WINDOW), new ByteSize(WINDOW)));
        server = RpcServer.bind(engine, "streams", ServerConfig.of("rpc", 0), limits, service);
        client = RpcClient.of(engine, new InetSocketAddress("127.0.0.1", server.port()), limits);
    }

    @AfterEach
    void nothingIsLeft() {
        client.close();
        Engines.until("all has ended", () -> server.connections() == 0 && server.stats().running() == 0);
        server.close();
        assertThat(server.stats().violations()).isZero();
    }

    /** On the shard, as all that touches a stream. */
    private <T> T here(Callable<T> work) {
        return engine.submitTo(0, work).join();
    }

    private void until(String what, Callable<Boolean> condition) {
        Engines.until(what, () -> here(condition));
    }

    @Test
    void answersComeAsTheyAreAskedForAndNoOther() {
        Reading<String> reading = new Reading<>(3, false);
        here(() -> {
            client.stream(COUNT, "1000", RpcOptions.DEFAULTS, reading);
            return true;
        });
        until("three have come", () -> reading.messages.size() == 3);
        assertThat(here(() -> written)).isEqualTo(3);
        here(() -> {
            reading.flow.request(2);
            return true;
        });
        until("five have come", () -> reading.messages.size() == 5);
        assertThat(here(() -> written)).isEqualTo(5);
        here(() -> {
            reading.flow.request(100_000);
            return true;
        });
        assertThat(reading.end.join()).isEqualTo("ended");
        assertThat(here(() -> reading.messages)).hasSize(1000).startsWith("0", "1", "2").endsWith("998", "999");
    }

    @Test
    void aStreamOfRequestsHasOneAnswer() throws Exception {
        Reading<String> reading = new Reading<>(0, false);
        engine.shard(0).fork(() -> {
            RpcWriter<String> writer = client.open(JOIN, RpcOptions.DEFAULTS, reading);
            for (int i = 0; i < 500; i++) {
                writer.writable().get();
                writer.write("x" + i);
            }
            writer.end();
            return true;
        }).future().get();
        assertThat(reading.end.join()).isEqualTo("ended");
        assertThat(here(() -> reading.messages)).singleElement().asString().startsWith("x0,x1,").endsWith(",x499");
    }

    @Test
    void streamsBothWaysGoOnAtOnceAndEachInOrder() {
        List<Reading<byte[]>> all = new ArrayList<>();
        here(() -> {
            for (int s = 0; s < 8; s++) {
                Reading<byte[]> reading = new Reading<>(2, true);
                all.add(reading);
                int stream = s;
                Shard.current().fork(() -> {
                    RpcWriter<byte[]> writer = client.open(TALK, RpcOptions.DEFAULTS, reading);
                    for (int i = 0; i < 100; i++) {
                        byte[] message = new byte[i * 20 % 1500 + 2];
                        message[0] = (byte) stream;
                        message[1] = (byte) i;
                        writer.writable().get();
                        writer.write(message);
                    }
                    writer.end();
                    return true;
                });
            }
            return true;
        });
        for (int s = 0; s < all.size(); s++) {
            Reading<byte[]> reading = all.get(s);
            assertThat(reading.end.join()).isEqualTo("ended");
            List<byte[]> messages = here(() -> reading.messages);
            assertThat(messages).hasSize(100);
            for (int i = 0; i < 100; i++) {
                assertThat(messages.get(i)).hasSize(i * 20 % 1500 + 2).startsWith((byte) s, (byte) i);
            }
        }
    }

    @Test
    void messagesLargerThanTheWindowsGoOneByOne() {
        Reading<byte[]> reading = new Reading<>(1, true);
        here(() -> Shard.current().fork(() -> {
            RpcWriter<byte[]> writer = client.open(TALK, RpcOptions.DEFAULTS, reading);
            for (int i = 0; i < 10; i++) {
                writer.writable().get();
                writer.write(new byte[10 * WINDOW]);
            }
            writer.end();
            return true;
        }));
        assertThat(reading.end.join()).isEqualTo("ended");
        assertThat(here(() -> reading.messages)).hasSize(10).allMatch(each -> each.length == 10 * WINDOW);
    }

    @Test
    void whatIsWrittenBeforeItMayBeWaitsUpToABound() {
        Reading<String> reading = new Reading<>(0, false);
        here(() -> {
            RpcWriter<String> writer = client.open(MUTE, RpcOptions.DEFAULTS, reading);
            assertThat(writer.isWritable()).isFalse();
            for (int i = 0; i < 16; i++) {
                writer.write("waits");
            }
            assertThatThrownBy(() -> writer.write("too many")).isInstanceOf(RpcException.class)
                    .hasMessageContaining("RESOURCE_EXHAUSTED");
            return true;
        });
        Engines.until("it runs", () -> server.stats().running() == 1);
        here(() -> {
            reading.flow.cancel();
            return true;
        });
        assertThat(reading.end.join()).startsWith("CANCELLED");
        until("the handler was told", () -> ends.equals(List.of("CANCELLED")));
    }

    @Test
    void failuresEndBothSides() {
        for (String[] each : new String[][]{{"named", "ABORTED enough"}, {"thrown", "UNKNOWN the handler of"},
                {"told", "DATA_LOSS told"}}) {
            Reading<String> reading = new Reading<>(1, false);
            RpcWriter<String> writer = here(() -> {
                RpcWriter<String> made = client.open(BREAK, RpcOptions.DEFAULTS, reading);
                made.write(each[0]);
                return made;
            });
            assertThat(reading.end.join()).startsWith(each[1]);
            assertThat(here(writer::isOver)).isTrue();
            here(() -> {
                assertThatThrownBy(() -> writer.write("more")).hasMessageContaining("ended");
                return true;
            });
        }
    }

    @Test
    void aDeadlineEndsStreamsAtBothSides() {
        Reading<String> reading = new Reading<>(1, false);
        here(() -> client.open(MUTE, RpcOptions.within(Duration.ofMillis(30)), reading));
        assertThat(reading.end.join()).startsWith("DEADLINE_EXCEEDED");
        until("the handler was told", () -> ends.size() == 1);
    }

    @Test
    void aLostConnectionEndsStreamsAtBothSides() {
        Reading<String> reading = new Reading<>(1, false);
        here(() -> {
            client.stream(COUNT, "1000", RpcOptions.DEFAULTS, reading);
            return true;
        });
        until("it runs", () -> reading.messages.size() == 1);
        client.close();
        assertThat(reading.end.join()).startsWith("UNAVAILABLE");
        until("whoever waited to write was told", () -> ends.equals(List.of("over")));
    }

    @Test
    void aWriterThatWaitsHearsOfTheEnd() {
        CompletableFuture<String> heard = new CompletableFuture<>();
        Reading<String> reading = new Reading<>(1, false);
        here(() -> {
            RpcWriter<String> writer = client.open(MUTE, RpcOptions.DEFAULTS, reading);
            writer.writable().whenComplete((_, failure) -> heard.complete(String.valueOf(failure)));
            Shard.current().execute(() -> reading.flow.cancel());
            return true;
        });
        assertThat(heard.join()).contains("CANCELLED");
    }

    @Test
    void moreThanWasCreditedEndsTheConnection() throws Exception {
        byte[] open = RawPeer.frame(Frame.REQUEST, Frame.OPEN, Frame.NO_SLOT, 1, MUTE.hash(), 0);
        byte[][][] wrong = {{RawPeer.frame(Frame.DATA, 0, 0, 1, 0, 0, (byte) 1)},
                {RawPeer.frame(Frame.CREDIT, 0, 0, 1, Integer.MAX_VALUE, 1),
                        RawPeer.frame(Frame.CREDIT, 0, 0, 1, 1, 0)},
                {RawPeer.frame(Frame.CREDIT, 0, 0, 0, Integer.MAX_VALUE, 1)},
                {RawPeer.frame(Frame.END, 0, 0, 1, 0, 0), RawPeer.frame(Frame.END, 0, 0, 1, 0, 0)},
                {RawPeer.frame(Frame.DATA, 0, 0, 9, 0, 0)}, {RawPeer.frame(Frame.CREDIT, 0, 0, 9, 1, 0)},
                {RawPeer.frame(Frame.END, 0, 0, 9, 0, 0)}};
        for (byte[][] frames : wrong) {
            try (RawPeer peer = new RawPeer(server.port()).greet()) {
                peer.send(open);
                peer.send(frames);
                assertThat(peer.read().type()).isEqualTo(Frame.GOAWAY);
                assertThat(peer.isEnded()).isTrue();
            }
        }
        assertThat(server.stats().violations()).isEqualTo(wrong.length);
        server.close();
        start();
    }

    @Test
    void streamsThatWaitForTheConnectionAreServedInTurnAndThoseThatAreCancelledMakeWay() throws Exception {
        try (RawPeer peer = new RawPeer(server.port()).greet()) {
            byte[] many = "100000".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
            int streams = 40;
            // The connection has credit for 64 messages; the first stream takes them all.
            for (int i = 1; i <= streams; i++) {
                peer.send(RawPeer.frame(Frame.REQUEST, 0, Frame.NO_SLOT, i, COUNT.hash(), 0, many),
                        RawPeer.frame(Frame.CREDIT, 0, 0, i, 1_000, 1 << 20));
            }
            for (int i = 0; i < 64; i++) {
                assertThat(peer.read().id()).isEqualTo(1);
            }
            for (int i = 1; i < streams; i++) {
                peer.send(RawPeer.frame(Frame.CANCEL, 0, 0, i, 1, 0));
            }
            Engines.until("one is left", () -> server.stats().running() == 1);
            peer.send(RawPeer.frame(Frame.CREDIT, 0, 0, 0, 5, 1 << 20));
            for (int i = 0; i < 5; i++) {
                RawPeer.Received next = peer.read();
                assertThat(next.id()).isEqualTo(streams);
                assertThat(next.words()).isEqualTo(String.valueOf(i));
            }
        }
        Engines.until("ended", () -> server.stats().running() == 0);
    }

    @Test
    void whoGivesCreditAndDoesNotReadIsWrittenToNoFurther() throws Exception {
        try (RawPeer peer = new RawPeer(server.port()).greet()) {
            peer.send(RawPeer.frame(Frame.REQUEST, 0, Frame.NO_SLOT, 1, COUNT.hash(), 0,
                    "2000000000".getBytes(java.nio.charset.StandardCharsets.US_ASCII)),
                    RawPeer.frame(Frame.CREDIT, 0, 0, 1, 2_000_000_000, 2_000_000_000),
                    RawPeer.frame(Frame.CREDIT, 0, 0, 0, 2_000_000_000, 2_000_000_000));
            int[] last = {-1};
            until("it has stopped", () -> {
                boolean same = written > 0 && last[0] == written;
                last[0] = written;
                return same;
            });
            assertThat(here(() -> written)).isLessThan(2_000_000);
            for (int i = 0; i < 20_000; i++) {
                assertThat(peer.read().words()).isEqualTo(String.valueOf(i));
            }
        }
        Engines.until("ended", () -> server.stats().running() == 0);
    }
}
