package io.solaster.http.http1;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.solaster.http.wire.ChunkDecoderTest;
import io.solaster.http.wire.HttpLimits;
import io.solaster.testkit.gen.FuzzInputs;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Reads what nobody wrote by hand, cut in every way, against forbidden pages: what comes of it may not depend on the
 * cuts, and what is accepted must mean the same to Netty's decoder. Run with {@code -Pfull} and {@code JAZZER_FUZZ=1}
 * to let the fuzzer search; the recorded inputs are replayed always.
 */
class HeadDecoderFuzzTest {
    private static final long BUDGET_NANOS = 1_500_000_000L;

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
        return FuzzInputs.of(HeadDecoderFuzzTest.class, "readsTheSameHoweverItIsCut");
    }

    /** The first byte chooses the limits, the rest is received. */
    private static void receive(byte[] input) {
        if (input.length > 1) {
            byte[] received = Arrays.copyOfRange(input, 1, input.length);
            check(received, (input[0] & 1) == 0 ? Heads.LIMITS : Heads.SMALL, new Random(input[0]));
            ChunkDecoderTest.readInEveryWay(received);
        }
    }

    @Test
    void readsMutatedRequestsTheSameHoweverTheyAreCut() {
        Random random = new Random(11);
        String alphabet = "\r\n\0\t :,;#*/-_aAzZ09\u007f\u00e4[]@%";
        long start = System.nanoTime();
        for (int round = 0; round < 100_000 && System.nanoTime() - start < BUDGET_NANOS; round++) {
            StringBuilder text = new StringBuilder(request(random));
            for (int i = random.nextInt(4); i > 0; i--) {
                int at = random.nextInt(text.length());
                switch (random.nextInt(3)) {
                    case 0 -> text.setCharAt(at, alphabet.charAt(random.nextInt(alphabet.length())));
                    case 1 -> text.insert(at, alphabet.charAt(random.nextInt(alphabet.length())));
                    default -> text.deleteCharAt(at);
                }
            }
            check(text.toString().getBytes(StandardCharsets.ISO_8859_1), round % 3 == 0 ? Heads.SMALL : Heads.LIMITS,
                    random);
        }
    }

    @Test
    void readsMutatedChunksTheSameHoweverTheyAreCut() {
        Random random = new Random(13);
        String alphabet = "\r\n\0 ;:0123456789abcdefABCDEFxg";
        long start = System.nanoTime();
        for (int round = 0; round < 100_000 && System.nanoTime() - start < BUDGET_NANOS; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(3); i >= 0; i--) {
                int size = 1 + random.nextInt(20);
                text.append(Integer.toHexString(size)).append(random.nextBoolean() ? "" : ";e=f").append("\r\n")
                        .append("d".repeat(size)).append("\r\n");
            }
            text.append("0\r\n").append(random.nextBoolean() ? "" : "T: u\r\n").append("\r\nnext");
            for (int i = random.nextInt(4); i > 0; i--) {
                text.setCharAt(random.nextInt(text.length()), alphabet.charAt(random.nextInt(alphabet.length())));
            }
            ChunkDecoderTest.readInEveryWay(text.toString().getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    private static String request(Random random) {
        String[] methods = {"GET", "POST", "OPTIONS", "DELETE", "PROPFIND"};
        String[] targets = {"/", "/a/b?c=d", "*", "http://a.example:1/x", "/%41;x",
                "/" + "y".repeat(random.nextInt(40))};
        String[] headers = {"Content-Length: 5", "Transfer-Encoding: chunked", "Connection: close, x",
                "Expect: 100-continue",
                "Accept: text/html, */*;q=0.8", "X-Long: " + "z".repeat(random.nextInt(60)), "Host: b:1",
                "Cookie: a=b; c=d",
                "Upgrade: websocket", "A:", "B: \t c \t"};
        StringBuilder request = new StringBuilder(methods[random.nextInt(methods.length)]).append(' ')
                .append(targets[random.nextInt(targets.length)])
                .append(random.nextInt(5) == 0 ? " HTTP/1.0" : " HTTP/1.1")
                .append("\r\nHost: [::1]:8080\r\n");
        for (int i = random.nextInt(5); i > 0; i--) {
            request.append(headers[random.nextInt(headers.length)]).append("\r\n");
        }
        return request.append("\r\nbehind").toString();
    }

    private static void check(byte[] bytes, HttpLimits limits, Random random) {
        String read = Heads.readInEveryWay(bytes, limits, random);
        if (Character.isDigit(read.charAt(0)) && !read.matches("(?s)[45]\\d\\d [a-zA-Z].*")) {
            compareWithNetty(bytes, read);
        }
    }

    /** Netty forgives more; what it is sure of must be what we read. */
    private static void compareWithNetty(byte[] bytes, String ours) {
        EmbeddedChannel channel = new EmbeddedChannel(new HttpRequestDecoder(16 << 10, 64 << 10, 8 << 10));
        channel.writeInbound(Unpooled.wrappedBuffer(bytes));
        HttpRequest request = channel.readInbound();
        if (request != null && request.decoderResult().isSuccess() && !ours.contains("://")) {
            List<String> headers = new ArrayList<>();
            for (Map.Entry<String, String> header : request.headers()) {
                headers.add(header.getKey() + "=" + header.getValue());
            }
            assertThat(ours).contains(" " + request.method() + " " + request.uri() + " "
                    + request.protocolVersion().majorVersion() + "."
                    + Math.min(1, request.protocolVersion().minorVersion())
                    + " " + headers);
        }
        channel.finishAndReleaseAll();
    }
}
