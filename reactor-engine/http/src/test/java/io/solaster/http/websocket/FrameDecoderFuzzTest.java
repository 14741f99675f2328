package io.solaster.http.websocket;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.solaster.testkit.gen.FuzzInputs;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The decoder finds the same however the bytes are cut, and what Netty's finds. Run with {@code -Pfull} and
 * {@code JAZZER_FUZZ=1} to let the fuzzer search; the recorded inputs are replayed always.
 */
class FrameDecoderFuzzTest {
    private static final int MAX_FRAME = 300;
    private static final long BUDGET_NANOS = 3_000_000_000L;

    /** Its agent rewrites each class that is loaded from then on, which slows all tests of the run: not by default. */
    @Tag("full")
    @FuzzTest
    void findsTheSameHoweverTheBytesAreCut(byte[] input) {
        receive(input);
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void findsTheSameInWhatTheFuzzerHasFound(Path recorded) throws IOException {
        receive(Files.readAllBytes(recorded));
    }

    static List<Path> recorded() {
        return FuzzInputs.of(FrameDecoderFuzzTest.class, "findsTheSameHoweverTheBytesAreCut");
    }

    /** The first bytes say where to cut, the rest is received. */
    private static void receive(byte[] input) {
        if (input.length < 2) {
            return;
        }
        byte[] received = Arrays.copyOfRange(input, 2, input.length);
        int first = Math.min(input[0] & 0xFF, received.length);
        int second = Math.min(first + (input[1] & 0xFF), received.length);
        FrameDecoderTest.check(received, new int[]{first, second}, MAX_FRAME);
    }

    @Test
    void findsInDamagedConversationsWhatNettyFinds() {
        Random random = new Random(11);
        long start = System.nanoTime();
        for (int round = 0; round < 100_000 && System.nanoTime() - start < BUDGET_NANOS; round++) {
            byte[] bytes = conversation(random);
            for (int i = random.nextInt(4); i > 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            int[] cuts = random.ints(random.nextInt(5), 0, bytes.length + 1).sorted().toArray();
            FrameDecoderTest.check(bytes, cuts, MAX_FRAME);
        }
    }

    private static byte[] conversation(Random random) {
        ClientFrames frames = new ClientFrames();
        boolean open = false;
        for (int i = 1 + random.nextInt(6); i > 0; i--) {
            if (random.nextInt(4) == 0) {
                byte[] payload = new byte[random.nextInt(8)];
                random.nextBytes(payload);
                frames.frame(0x89 + random.nextInt(2), payload);
                continue;
            }
            boolean ends = random.nextBoolean();
            String text = "aé€😀".repeat(random.nextInt(4)) + "x".repeat(random.nextInt(20));
            int opcode = open ? 0 : 1 + random.nextInt(2);
            frames.frame((ends ? 0x80 : 0) | opcode, text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            open = !ends;
        }
        return frames.bytes();
    }
}
