package io.solaster.resp;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.solaster.testkit.gen.FuzzInputs;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compares the decoder with the model on bytes that nobody wrote by hand, each read against forbidden pages. Run with
 * {@code -Pfull} and {@code JAZZER_FUZZ=1} to let the fuzzer search; the recorded inputs are replayed always.
 */
class CommandDecoderFuzzTest {
    private static final RequestLimits SMALL = new RequestLimits(16, 1024, 64);
    private static final int TRIALS = 30_000;

    /** Its agent rewrites each class that is loaded from then on, which slows all tests of the run: not by default. */
    @Tag("full")
    @FuzzTest
    void decodesAsTheModelDoes(byte[] input) {
        receive(input);
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void decodesWhatTheFuzzerHasFoundAsTheModelDoes(Path recorded) throws IOException {
        receive(Files.readAllBytes(recorded));
    }

    static List<Path> recorded() {
        return FuzzInputs.of(CommandDecoderFuzzTest.class, "decodesAsTheModelDoes");
    }

    /** The first bytes say where to cut and which limits hold, the rest is received. */
    private static void receive(byte[] input) {
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
        String alphabet = "*$\r\n\0-0123456789 \"'\\x";
        Property.check(17, TRIALS, draw -> {
            byte[] bytes = Requests.pipeline(draw, 1 + draw.nextInt(3), 80);
            draw.repeat(draw.nextInt(6), _ -> bytes[draw.nextInt(bytes.length)] = (byte) (draw.oneIn(4)
                    ? draw.nextInt(256)
                    : alphabet.charAt(draw.nextInt(alphabet.length()))));
            int[] cuts = draw.ints(draw.nextInt(4), 0, bytes.length + 1).sorted().toArray();
            CommandDecoderTest.check(bytes, cuts, draw.of(RequestLimits.DEFAULT, SMALL), !draw.oneIn(3));
        });
    }
}
