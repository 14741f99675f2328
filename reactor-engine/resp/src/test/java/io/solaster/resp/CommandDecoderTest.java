package io.solaster.resp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import io.solaster.engine.memory.GuardedBlock;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CommandDecoderTest {
    private static final RequestLimits SMALL = new RequestLimits(16, 1024, 64);
    private static final GuardedBlock BLOCK = new GuardedBlock(4 * 1024 * 1024);
    private static final GuardedBlock OTHER = new GuardedBlock(64 * 1024);

    private final CommandDecoder decoder = new CommandDecoder(RequestLimits.DEFAULT);

    @Test
    void readsOneRequestAfterTheOtherAndSaysHowFarItGot() {
        byte[] pipeline = Requests.bytes(Requests.multibulk("SET", "key", "v\r\nw") + "GET key\r\n"
                + Requests.multibulk("x".repeat(100), "", "y".repeat(70_000)));
        long address = BLOCK.putLast(pipeline, 0, pipeline.length);

        int first = decoder.decode(address, pipeline.length);
        assertThat(first).isEqualTo(32);
        assertThat(Requests.arguments(decoder)).containsExactly("SET", "key", "v\r\nw");
        assertThat(decoder.argumentAddress(1)).isEqualTo(address + 17);

        int second = decoder.decode(address + first, pipeline.length - first);
        assertThat(second).isEqualTo(9);
        assertThat(Requests.arguments(decoder)).containsExactly("GET", "key");

        int rest = pipeline.length - first - second;
        assertThat(decoder.decode(address + first + second, rest)).isEqualTo(rest);
        assertThat(Requests.arguments(decoder)).containsExactly("x".repeat(100), "", "y".repeat(70_000));
        assertThat(decoder.decode(address, 0)).isZero();
    }

    static List<String[]> wrong() {
        String tooLong = "1".repeat(65_537);
        return List.of(new String[]{"*2000000\r\n", "invalid multibulk length"},
                new String[]{"*-0\r\n", "invalid multibulk length"},
                new String[]{"*+1\r\n", "invalid multibulk length"},
                new String[]{"*01\r\n", "invalid multibulk length"}, new String[]{"*\r\n", "invalid multibulk length"},
                new String[]{"* 1\r\n", "invalid multibulk length"},
                new String[]{"*1\n$4\r\nPING\r\n", "invalid multibulk length"},
                new String[]{"*9223372036854775808\r\n", "invalid multibulk length"},
                new String[]{"*-9223372036854775809\r\n", "invalid multibulk length"},
                new String[]{"*18446744073709551617\r\n", "invalid multibulk length"},
                new String[]{"*1\r\nX\r\n", "expected '$', got 'X'"},
                new String[]{"*1\r\n\r\n", "expected '$', got ' '"},
                new String[]{"*1\r\n\n\r\n", "expected '$', got ' '"},
                new String[]{"*1\r\n\377\r\n", "expected '$', got '\377'"},
                new String[]{"*1\r\n:4\r\nPING\r\n", "expected '$', got ':'"},
                new String[]{"*2\r\n$4\r\nPING\r\n*1\r\n", "expected '$', got '*'"},
                new String[]{"*1\r\n$-1\r\n", "invalid bulk length"},
                new String[]{"*1\r\n$-0\r\n", "invalid bulk length"},
                new String[]{"*1\r\n$\r\n", "invalid bulk length"},
                new String[]{"*1\r\n$04\r\nPING\r\n", "invalid bulk length"},
                new String[]{"*1\r\n$1x\r\n", "invalid bulk length"},
                new String[]{"*1\r\n$536870913\r\n", "invalid bulk length"},
                new String[]{"*1\r\n$99999999999\r\n", "invalid bulk length"},
                new String[]{"*1\r\n$4\nPING\r\n", "invalid bulk length"},
                new String[]{"*" + tooLong, "too big mbulk count string"},
                new String[]{"*1\r\n$" + tooLong, "too big bulk count string"},
                new String[]{tooLong, "too big inline request"},
                new String[]{"\0".repeat(65_537), "too big inline request"},
                new String[]{"ECHO \"a\r\n", "unbalanced quotes in request"},
                new String[]{"ECHO 'a\r\n", "unbalanced quotes in request"},
                new String[]{"ECHO \"a\"b\r\n", "unbalanced quotes in request"},
                new String[]{"ECHO 'a'b\r\n", "unbalanced quotes in request"},
                new String[]{"ECHO \"a\\\"\r\n", "unbalanced quotes in request"});
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void saysWhatIsWrongInRedisWordsAndStaysThere(String request, String message) {
        byte[] bytes = Requests.bytes(request);
        long address = BLOCK.putLast(bytes, 0, bytes.length);
        assertThat(decoder.decode(address, bytes.length)).isEqualTo(-1);
        assertThat(decoder.errorMessage()).isEqualTo("Protocol error: " + message);
        assertThat(decoder.argumentCount()).isZero();

        byte[] good = Requests.bytes("PING\r\n");
        address = BLOCK.putLast(good, 0, good.length);
        assertThat(decoder.decode(address, good.length)).isEqualTo(-1);
        decoder.reset();
        assertThat(decoder.errorMessage()).isEmpty();
        assertThat(decoder.decode(address, good.length)).isEqualTo(good.length);
    }

    @Test
    void forgivesWhatRedisForgives() {
        assertThat(decode("*1\r.$4\r.PING..")).containsExactly("PING");
        assertThat(decode("*0\r\n")).isEmpty();
        assertThat(decode("*-1\r\n")).isEmpty();
        assertThat(decode("*-9223372036854775808\r\n")).isEmpty();
        assertThat(decode("\r\n")).isEmpty();
        assertThat(decode("\n")).isEmpty();
        assertThat(decode(" \t\13 \r\n")).isEmpty();
    }

    @Test
    void splitsInlineRequestsAsRedisDoes() {
        assertThat(decode("a\"b c\" d\n")).containsExactly("ab c", "d");
        assertThat(decode("echo 'a\\'b\\n'\r\n")).containsExactly("echo", "a'b\\n");
        assertThat(decode("echo \"\\x41\\x4g\\a\\b\\n\\q\\xfF\\x\"\r\n")).containsExactly("echo",
                "A" + "x4g\7\b\nq\377x");
        assertThat(decode("echo \13\fa\13b\r\n")).containsExactly("echo", "a\13b");
        assertThat(decode("echo \"\" ''\r\n")).containsExactly("echo", "", "");
        assertThat(decode("echo a\rb\r\r\n")).containsExactly("echo", "a", "b");
        assertThat(decode("echo \"a\"\13b\r\n")).containsExactly("echo", "a", "b");
        assertThat(decode("echo \377\240x\r\n")).containsExactly("echo", "\377\240x");
        assertThat(decode("a ".repeat(1000) + "\r\n")).hasSize(1000);
    }

    @Test
    void limitsRequestsBeforeAuthentication() {
        decoder.authenticated(false);
        assertThat(decode(Requests.multibulk("1", "2", "3", "4", "5", "6", "7", "8", "9", "10"))).hasSize(10);
        assertThat(decode(Requests.multibulk("SET", "x".repeat(16_384)))).hasSize(2);
        assertThat(fail("*11\r\n")).isEqualTo("Protocol error: unauthenticated multibulk length");
        assertThat(fail("*1\r\n$16385\r\n")).isEqualTo("Protocol error: unauthenticated bulk length");
        assertThat(fail("*11\r\n")).isEqualTo("Protocol error: unauthenticated multibulk length");
        decoder.authenticated(true);
        decoder.reset();
        assertThat(decode(Requests.multibulk("SET", "x".repeat(16_385)))).hasSize(2);
    }

    @Test
    void holdsItsOwnLimits() {
        CommandDecoder small = new CommandDecoder(SMALL);
        String[] most = new String[16];
        Arrays.fill(most, "x".repeat(1024));
        byte[] fits = Requests.bytes(Requests.multibulk(most));
        assertThat(small.decode(BLOCK.putLast(fits, 0, fits.length), fits.length)).isEqualTo(fits.length);
        for (String[] each : new String[][]{{"*17\r\n", "invalid multibulk length"},
                {"*1\r\n$1025\r\n", "invalid bulk length"}, {"x".repeat(65), "too big inline request"},
                {"x".repeat(64) + "\r\n", "too big inline request"}, {"x".repeat(65) + "\n", "too big inline request"},
                {"x ".repeat(17) + "\n", "invalid multibulk length"}}) {
            small.reset();
            byte[] bytes = Requests.bytes(each[0]);
            assertThat(small.decode(BLOCK.putLast(bytes, 0, bytes.length), bytes.length)).isEqualTo(-1);
            assertThat(small.errorMessage()).isEqualTo("Protocol error: " + each[1]);
        }
        assertThatThrownBy(() -> new RequestLimits(15, 1024, 64)).hasMessageContaining("15");
        assertThatThrownBy(() -> new RequestLimits(16, 1023, 64)).hasMessageContaining("1023");
        assertThatThrownBy(() -> new RequestLimits(16, 1024, 63)).hasMessageContaining("63");
    }

    @Test
    void refusesARequestThatCouldNotBeAddressed() {
        CommandDecoder wide = new CommandDecoder(new RequestLimits(16, Long.MAX_VALUE, 64));
        byte[] bytes = Requests.bytes("*1\r\n$2147483640\r\n");
        assertThat(wide.decode(BLOCK.putLast(bytes, 0, bytes.length), bytes.length)).isEqualTo(-1);
        assertThat(wide.errorMessage()).isEqualTo("Protocol error: invalid bulk length");
    }

    @Test
    void knowsABrowserWhenItSeesOne() {
        for (String request : List.of("POST / HTTP/1.1\r\n", "hOST: localhost\r\n", Requests.multibulk("post"))) {
            decode(request);
            assertThat(decoder.isCrossProtocol()).as(request).isTrue();
        }
        for (String request : List.of("POSTS\r\n", "Host\r\n", "Host;\r\n", "GET POST\r\n", "\r\n")) {
            decode(request);
            assertThat(decoder.isCrossProtocol()).as(request).isFalse();
        }
    }

    @Test
    void asksForNoMoreThanIsSensible() {
        assertThat(expected("")).isEqualTo(1);
        assertThat(expected("*")).isEqualTo(2);
        assertThat(expected("PIN")).isEqualTo(4);
        assertThat(expected("*2\r\n")).isEqualTo(4 + 2 * 6);
        assertThat(expected("*2\r\n$3\r\n")).isEqualTo(8 + 5 + 6);
        assertThat(expected("*2\r\n$3\r\nGET\r\n$500\r\nab")).isEqualTo(13 + 6 + 502);
        assertThat(expected("*1\r\n$536870912\r\n")).isEqualTo(16 * 1024);
        assertThat(expected("*1048576\r\n")).isEqualTo(16 * 1024);
        assertThat(expected("*1\r\n$536870912\r\n" + "x".repeat(100_000))).isEqualTo(2 * 100_016);
        assertThat(expected("*1\r\n$100\r\n" + "x".repeat(101))).isEqualTo(112);
    }

    @Test
    void decodesAHugeRequestThatArrivesByteByByteInLinearTime() {
        StringBuilder text = new StringBuilder("*200001\r\n$4\r\nMSET\r\n");
        for (int i = 0; i < 200_000; i++) {
            text.append("$6\r\n").append(100_000 + i).append("\r\n");
        }
        byte[] bytes = Requests.bytes(text.toString());
        long address = BLOCK.putLast(bytes, 0, bytes.length);
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            for (int length = 0; length < bytes.length; length++) {
                assertThat(decoder.decode(address, length) == 0).isTrue();
            }
        });
        assertThat(decoder.decode(address, bytes.length)).isEqualTo(bytes.length);
        assertThat(Requests.arguments(decoder)).hasSize(200_001).endsWith("299999");
    }

    @Test
    void looksAtALineThatDoesNotEndOnlyOnce() {
        byte[] bytes = Requests.bytes("x".repeat(2_000_000));
        long address = BLOCK.putLast(bytes, 0, bytes.length);
        CommandDecoder wide = new CommandDecoder(new RequestLimits(16, 1024, Integer.MAX_VALUE));
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            for (int length = 0; length < bytes.length; length++) {
                assertThat(wide.decode(address, length) == 0).isTrue();
            }
        });
    }

    @Test
    void decodesPipelinesCutAtEveryByte() {
        cutAtEveryByte(7, 20);
    }

    @Test
    @Tag("full")
    void decodesManyPipelinesCutAtEveryByte() {
        cutAtEveryByte(8, 300);
    }

    private static void cutAtEveryByte(long seed, int rounds) {
        Property.check(seed, rounds, draw -> {
            byte[] bytes = Requests.pipeline(draw, 1, 1100);
            for (int cut = 0; cut <= bytes.length; cut++) {
                check(bytes, new int[]{cut}, RequestLimits.DEFAULT, true);
            }
        });
    }

    @Test
    void decodesPipelinesCutAnywhereAndMoved() {
        Property.check(11, 3000, draw -> {
            byte[] bytes = Requests.pipeline(draw, 1 + draw.nextInt(12), 2000);
            int[] cuts = draw.ints(draw.nextInt(10), 0, bytes.length + 1).sorted().toArray();
            check(bytes, cuts, RequestLimits.DEFAULT, !draw.oneIn(3));
        });
    }

    @Test
    void decodesPipelinesByteByByte() {
        byteByByte(13, 20);
    }

    @Test
    @Tag("full")
    void decodesManyPipelinesByteByByte() {
        byteByByte(14, 200);
    }

    private static void byteByByte(long seed, int rounds) {
        Property.check(seed, rounds, draw -> {
            byte[] bytes = Requests.pipeline(draw, 3, 150);
            int[] cuts = IntStream.range(0, bytes.length).toArray();
            check(bytes, cuts, RequestLimits.DEFAULT, true);
        });
    }

    /**
     * Feeds bytes up to each cut and then all of them, and compares each step with the model. Between two steps the bytes
     * move, and lie against a forbidden page on either side.
     */
    static void check(byte[] bytes, int[] cuts, RequestLimits limits, boolean authenticated) {
        CommandDecoder decoder = new CommandDecoder(limits);
        decoder.authenticated(authenticated);
        RequestModel model = new RequestModel(limits, authenticated);
        int start = 0;
        for (int step = 0; step <= cuts.length; step++) {
            int to = step < cuts.length ? cuts[step] : bytes.length;
            boolean more = to >= start;
            while (more) {
                long address = step % 2 == 0 || to - start > 60_000
                        ? BLOCK.putLast(bytes, start, to)
                        : OTHER.putFirst(bytes, start, to);
                RequestModel.Outcome outcome = model.decode(bytes, start, to);
                int consumed = decoder.decode(address, to - start);
                if (consumed != outcome.consumed() || !Requests.arguments(decoder).equals(outcome.arguments())
                        || !decoder.errorMessage().equals(outcome.error())) {
                    assertThat(Requests.arguments(decoder)).isEqualTo(outcome.arguments());
                    assertThat(decoder.errorMessage()).isEqualTo(outcome.error());
                    assertThat(consumed).isEqualTo(outcome.consumed());
                }
                if (consumed < 0) {
                    return;
                }
                if (consumed == 0) {
                    int whole = model.decode(bytes, start, bytes.length).consumed();
                    assertThat(decoder.expectedBytes()).isBetween(to - start + 1L,
                            whole > 0 ? whole : Long.MAX_VALUE);
                }
                start += consumed;
                more = consumed > 0;
            }
        }
    }

    private List<String> decode(String request) {
        byte[] bytes = Requests.bytes(request);
        assertThat(decoder.decode(BLOCK.putLast(bytes, 0, bytes.length), bytes.length)).isEqualTo(bytes.length);
        return Requests.arguments(decoder);
    }

    private String fail(String request) {
        byte[] bytes = Requests.bytes(request);
        decoder.reset();
        assertThat(decoder.decode(BLOCK.putLast(bytes, 0, bytes.length), bytes.length)).isEqualTo(-1);
        return decoder.errorMessage();
    }

    private long expected(String part) {
        byte[] bytes = Requests.bytes(part);
        decoder.reset();
        assertThat(decoder.decode(BLOCK.putLast(bytes, 0, bytes.length), bytes.length)).isZero();
        return decoder.expectedBytes();
    }
}
