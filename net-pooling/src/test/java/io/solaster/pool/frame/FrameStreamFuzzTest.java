package io.solaster.pool.frame;

import static io.solaster.pool.TestEngines.on;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.pool.Endpoint;
import io.solaster.pool.PoolException;
import io.solaster.pool.TestEngines;
import io.solaster.pool.request.Attempt;
import io.solaster.testkit.gen.FuzzInputs;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever a server sends, and however it comes in pieces: what comes of requests does not depend on the cuts, each is
 * answered or fails once, memory is bounded by the largest frame, and no buffer is forgotten. Run with
 * {@code -Pfull} and {@code JAZZER_FUZZ=1} to let the fuzzer search; the recorded inputs are replayed always.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class FrameStreamFuzzTest {
    private static final long BUDGET_NANOS = 500_000_000L;
    private static final int REQUESTS = 8;
    private static final int MAX_FRAME = 300;

    private static Engine engine;

    @BeforeAll
    static void start() {
        engine = TestEngines.start(Transport.NIO, 1);
    }

    @AfterAll
    static void stop() {
        engine.close();
    }

    /** Every way to write lengths, in order and with numbers. */
    static Stream<FramedProtocol> protocols() {
        FramedProtocol inOrder = FramedProtocol.defaults().withMaxFrame(MAX_FRAME);
        FramedProtocol numbered = inOrder.withIds(frame -> frame.isReadable() ? frame.getByte(frame.readerIndex()) : 0);
        return Stream.of(inOrder, numbered).flatMap(each -> Stream.of(1, 2, 3, 4, 8)
                .flatMap(bytes -> Stream.of(each.withLength(bytes, false), each.withLength(bytes, true))));
    }

    /** What came of a request: the bytes of its answer, or what it failed with. */
    private static final class Asked implements Attempt<byte[]> {
        private String outcome = "";
        private boolean isOver;

        @Override
        public void succeed(byte[] answer, long now) {
            become("answer " + Arrays.toString(answer));
        }

        @Override
        public void answer(byte[] answer, long now) {
            throw new AssertionError("frames come whole");
        }

        @Override
        public void release() {
            throw new AssertionError("frames come whole");
        }

        @Override
        public void fail(Throwable failure, long now) {
            assertThat(failure).isInstanceOf(PoolException.class);
            become("failed " + ((PoolException) failure).reason());
        }

        private void become(String what) {
            assertThat(isOver).as("told twice: %s, %s", outcome, what).isFalse();
            outcome = what;
            isOver = true;
        }

        @Override
        public boolean isOver() {
            return isOver;
        }
    }

    /** A connection with requests under way. On its shard. */
    private static final class Talk {
        private final EmbeddedChannel channel = new EmbeddedChannel();
        private final FramedConnection connection;
        private final List<Asked> asked = new ArrayList<>();

        Talk(FramedProtocol protocol) {
            connection = new FramedConnection(Shard.current(), channel, Endpoint.of("server", 1), protocol);
            for (int i = 0; i < REQUESTS; i++) {
                asked.add(new Asked());
                connection.send(new byte[]{(byte) i}, i, asked.get(i));
            }
        }

        void receive(byte[] piece) {
            if (channel.isOpen()) {
                channel.writeInbound(Unpooled.copiedBuffer(piece));
            }
        }

        List<String> end() {
            channel.finishAndReleaseAll();
            assertThat(connection.isUsable()).isFalse();
            assertThat(asked).as("nobody waits for ever").allMatch(Asked::isOver);
            return asked.stream().map(each -> each.outcome).toList();
        }
    }

    /** What comes of requests that are all under way when these pieces arrive one by one, and then the end. On a shard. */
    private static List<String> outcomes(FramedProtocol protocol, byte[]... pieces) {
        Talk talk = new Talk(protocol);
        for (byte[] piece : pieces) {
            talk.receive(piece);
        }
        return talk.end();
    }

    private static byte[] frame(FramedProtocol protocol, byte[] body) {
        int bytes = protocol.lengthBytes();
        long length = body.length + (protocol.lengthIncluded() ? bytes : 0);
        byte[] eight = ByteBuffer.allocate(8).putLong(length).array();
        ByteBuffer frame = ByteBuffer.allocate(bytes + body.length);
        return frame.put(eight, 8 - bytes, bytes).put(body).array();
    }

    private static byte[] stream(FramedProtocol protocol, int... lengths) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < lengths.length; i++) {
            byte[] body = new byte[lengths[i]];
            Arrays.fill(body, (byte) i);
            all.writeBytes(frame(protocol, body));
        }
        return all.toByteArray();
    }

    @ParameterizedTest
    @MethodSource("protocols")
    void readsTheSameAtEveryCut(FramedProtocol protocol) {
        byte[] stream = stream(protocol, 0, 1, 3, 60, 2, 17);
        on(engine, 0, () -> {
            List<String> whole = outcomes(protocol, stream);
            assertThat(whole.subList(0, 6)).allMatch(each -> each.startsWith("answer"));
            assertThat(whole.subList(6, REQUESTS)).containsOnly("failed CONNECTION_LOST");
            for (int cut = 1; cut < stream.length; cut++) {
                byte[] before = Arrays.copyOf(stream, cut);
                assertThat(outcomes(protocol, before, Arrays.copyOfRange(stream, cut, stream.length)))
                        .as("cut at %s", cut).isEqualTo(whole);
                // What is never finished: those whose frames are whole are answered, the others fail.
                List<String> some = outcomes(protocol, before);
                for (int i = 0; i < REQUESTS; i++) {
                    assertThat(some.get(i)).as("ended at %s", cut).isIn(whole.get(i), "failed CONNECTION_LOST");
                }
            }
            byte[][] single = new byte[stream.length][];
            for (int i = 0; i < stream.length; i++) {
                single[i] = new byte[]{stream[i]};
            }
            assertThat(outcomes(protocol, single)).as("byte by byte").isEqualTo(whole);
            return null;
        });
    }

    @ParameterizedTest
    @MethodSource("protocols")
    void refusesALengthThatIsTooMuchWhenItIsSaid(FramedProtocol protocol) {
        int bytes = protocol.lengthBytes();
        for (long length : new long[]{MAX_FRAME + 9, 65_535, (1 << 24) - 1, 1 << 30, Integer.MAX_VALUE, 0xFFFF_FFFFL,
                Long.MAX_VALUE, -1, Long.MIN_VALUE}) {
            if (bytes == 8 || length > 0 && length < 1L << 8 * bytes) {
                byte[] eight = ByteBuffer.allocate(8).putLong(length).array();
                List<String> outcomes = on(engine, 0, () -> {
                    Talk talk = new Talk(protocol);
                    talk.receive(stream(protocol, 1));
                    assertThat(talk.connection.isUsable()).isTrue();
                    talk.receive(Arrays.copyOfRange(eight, 8 - bytes, 8));
                    assertThat(talk.connection.isUsable()).as("length %s in %s bytes", length, bytes).isFalse();
                    return talk.end();
                });
                assertThat(outcomes.getFirst()).isEqualTo("answer [0]");
                assertThat(outcomes.subList(1, REQUESTS)).containsOnly("failed CONNECTION_LOST");
            }
        }
    }

    /** Its agent rewrites each class that is loaded from then on, which slows all tests of the run: not by default. */
    @Tag("full")
    @FuzzTest
    void readsTheSameHoweverItIsCut(byte[] input) {
        receive(input);
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void readsWhatTheFuzzerHasFoundTheSameHoweverItIsCut(Path recorded) throws IOException {
        receive(Files.readAllBytes(recorded));
    }

    static List<Path> recorded() {
        return FuzzInputs.of(FrameStreamFuzzTest.class, "readsTheSameHoweverItIsCut");
    }

    /** The first byte chooses the protocol, the rest is received. */
    private static void receive(byte[] input) {
        if (input.length > 1) {
            List<FramedProtocol> all = protocols().toList();
            FramedProtocol protocol = all.get(Math.floorMod(input[0], all.size()));
            on(engine, 0, () -> check(protocol, Arrays.copyOfRange(input, 1, input.length), new Random(input[0])));
        }
    }

    @Test
    void readsMutatedFramesTheSameHoweverTheyAreCut() {
        Random random = new Random(17);
        List<FramedProtocol> all = protocols().toList();
        long start = System.nanoTime();
        for (int round = 0; round < 20_000 && System.nanoTime() - start < BUDGET_NANOS; round++) {
            on(engine, 0, () -> check(random, all));
        }
    }

    private static boolean check(Random random, List<FramedProtocol> all) {
        FramedProtocol protocol = all.get(random.nextInt(all.size()));
        byte[] stream = stream(protocol, random.nextInt(5), random.nextInt(60), random.nextInt(MAX_FRAME + 20));
        for (int i = random.nextInt(4); i > 0; i--) {
            stream[random.nextInt(Math.min(stream.length, 80))] = (byte) random.nextInt();
        }
        return check(protocol, stream, random);
    }

    private static boolean check(FramedProtocol protocol, byte[] received, Random random) {
        List<String> whole = outcomes(protocol, received);
        List<byte[]> pieces = new ArrayList<>();
        for (int at = 0; at < received.length;) {
            int next = Math.min(received.length, at + 1 + random.nextInt(random.nextBoolean() ? 3 : 40));
            pieces.add(Arrays.copyOfRange(received, at, next));
            at = next;
        }
        assertThat(outcomes(protocol, pieces.toArray(byte[][]::new))).isEqualTo(whole);
        return true;
    }
}
