package io.solaster.resp;

import java.util.Arrays;
import java.util.Random;

import com.code_intelligence.jazzer.junit.FuzzTest;
import org.junit.jupiter.api.Test;

/**
 * Compares the decoder with the model on bytes that nobody wrote by hand, each read against forbidden pages. Run with
 * {@code JAZZER_FUZZ=1} to let the fuzzer search; otherwise the recorded inputs are replayed.
 */
class CommandDecoderFuzzTest {
    private static final RequestLimits SMALL = new RequestLimits(16, 1024, 64);
    private static final long BUDGET_NANOS = 3_000_000_000L;

    /** The first bytes say where to cut and which limits hold, the rest is received. */
    @FuzzTest
    void decodesAsTheModelDoes(byte[] input) {
        if (input.length < 3) {
            return;
        }
        byte[] received = Arrays.copyOfRange(input, 3, input.length);
        int first = Math.min(input[0] & 0xFF, received.length);
        int second = Math.min(first + (input[1] & 0xFF), received.length);
        CommandDecoderTest.check(received, new int[]{first, second},
                (input[2] & 1) == 0 ? RequestLimits.DEFAULT : SMALL, (input[2] & 2) == 0);
    }

    @Test
    void decodesMutatedPipelinesAsTheModelDoes() {
        Random random = new Random(17);
        String alphabet = "*$\r\n\0-0123456789 \"'\\x";
        long start = System.nanoTime();
        for (int round = 0; round < 200_000 && System.nanoTime() - start < BUDGET_NANOS; round++) {
            byte[] bytes = Requests.pipeline(random, 1 + random.nextInt(3), 80);
            for (int i = random.nextInt(6); i > 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) (random.nextInt(4) == 0
                        ? random.nextInt(256)
                        : alphabet.charAt(random.nextInt(alphabet.length())));
            }
            int[] cuts = random.ints(random.nextInt(4), 0, bytes.length + 1).sorted().toArray();
            CommandDecoderTest.check(bytes, cuts, round % 2 == 0 ? RequestLimits.DEFAULT : SMALL, round % 3 != 0);
        }
    }
}
