package io.solaster.resp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReplyDecoderTest {
    private static final String EVERYTHING = "+OK\r\n-ERR no\r\n:-12\r\n$3\r\na\r\n\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n"
            + "*2\r\n:1\r\n*1\r\n$1\r\nx\r\n_\r\n#t\r\n#f\r\n,1.5\r\n,inf\r\n,-inf\r\n,nan\r\n,1e3\r\n"
            + "(-12345678901234567890\r\n!5\r\nERR x\r\n=7\r\ntxt:abc\r\n%1\r\n+k\r\n:1\r\n~2\r\n:1\r\n:2\r\n"
            + ">2\r\n+message\r\n+x\r\n|1\r\n+ttl\r\n*1\r\n:9\r\n:5\r\n*1\r\n|1\r\n+a\r\n+b\r\n:6\r\n|0\r\n:7\r\n";

    private static final List<Reply> ALL = List.of(new Reply.Status("OK"), new Reply.Failure("ERR no"),
            new Reply.Whole(-12), blob("a\r\n"), blob(""), new Reply.Nothing(), new Reply.Nothing(), array(),
            array(new Reply.Whole(1), array(blob("x"))), new Reply.Nothing(), new Reply.Truth(true),
            new Reply.Truth(false), new Reply.Fraction(1.5), new Reply.Fraction(Double.POSITIVE_INFINITY),
            new Reply.Fraction(Double.NEGATIVE_INFINITY), new Reply.Fraction(Double.NaN), new Reply.Fraction(1000),
            new Reply.Big(new BigInteger("-12345678901234567890")), new Reply.Failure("ERR x"),
            new Reply.Verbatim("txt", blob("abc")),
            new Reply.Aggregate(Reply.Kind.MAP, List.of(new Reply.Status("k"), new Reply.Whole(1))),
            new Reply.Aggregate(Reply.Kind.SET, List.of(new Reply.Whole(1), new Reply.Whole(2))),
            new Reply.Aggregate(Reply.Kind.PUSH, List.of(new Reply.Status("message"), new Reply.Status("x"))),
            new Reply.Whole(5), array(new Reply.Whole(6)), new Reply.Whole(7));

    private final ReplyDecoder decoder = new ReplyDecoder(ReplyLimits.DEFAULT);

    @Test
    void decodesEveryTypeCutAtEveryByte() {
        byte[] bytes = Requests.bytes(EVERYTHING);
        for (int cut = 0; cut <= bytes.length; cut++) {
            assertThat(decode(bytes, new int[]{cut})).isEqualTo(ALL);
        }
    }

    @Test
    void decodesRepliesInPiecesOfAnySize() {
        byte[] bytes = Requests.bytes(EVERYTHING);
        Random random = new Random(5);
        for (int round = 0; round < 200; round++) {
            assertThat(decode(bytes, random.ints(round % 12, 0, bytes.length + 1).sorted().toArray())).isEqualTo(ALL);
        }
        assertThat(decode(bytes, IntStream.range(0, bytes.length).toArray())).isEqualTo(ALL);
    }

    @ParameterizedTest
    @ValueSource(strings = {"x\r\n", "\r\n", ":\r\n", ":1x\r\n", ":\u0661\r\n", "+a\rb\r\n", "$-2\r\n", "$x\r\n",
            "$1\r\nab\r\n", "*-2\r\n", "#x\r\n", "_x\r\n", ",0x1p3\r\n", ",1d\r\n", ",NaN\r\n", "(1.5\r\n",
            "=3\r\ntxt\r\n",
            "=5\r\ntext:\r\n", "$?\r\n", "*?\r\n", "%-1\r\n", ":9223372036854775808\r\n"})
    void refusesWhatIsNoReply(String text) {
        assertThatThrownBy(() -> decoder.decode(Unpooled.copiedBuffer(text, StandardCharsets.UTF_8)))
                .isInstanceOf(ReplyException.class);
        decoder.reset();
        assertThat(decoder.decode(Unpooled.copiedBuffer("+OK\r\n", StandardCharsets.UTF_8)))
                .isEqualTo(new Reply.Status("OK"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"$101\r\n", "*11\r\n", "%6\r\n", "*6\r\n*5\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n", "|6\r\n",
            "+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})
    void refusesWhatIsTooLarge(String text) {
        ReplyDecoder small = new ReplyDecoder(new ReplyLimits(3, 10, 100, 100));
        assertThatThrownBy(() -> small.decode(Unpooled.copiedBuffer(text, StandardCharsets.UTF_8)))
                .isInstanceOf(ReplyException.class);
        assertThatThrownBy(() -> new ReplyLimits(0, 1, 1, 1)).hasMessageContaining("maxDepth 0");
    }

    @Test
    void countsElementsReplyByReply() {
        ReplyDecoder small = new ReplyDecoder(new ReplyLimits(3, 3, 100, 100));
        ByteBuf in = Unpooled.copiedBuffer("*3\r\n:1\r\n:2\r\n:3\r\n".repeat(10), StandardCharsets.UTF_8);
        for (int i = 0; i < 10; i++) {
            assertThat(small.decode(in)).isEqualTo(array(new Reply.Whole(1), new Reply.Whole(2), new Reply.Whole(3)));
        }
        assertThat(small.decode(in)).isNull();
    }

    @Test
    void understandsWhatTheReplyWriterWrites() {
        ByteBuf out = Unpooled.directBuffer();
        ReplyWriter writer = new ReplyWriter();
        writer.resp3(true);
        writer.to(out);
        writer.mapHeader(2);
        writer.bulk("a");
        writer.doubleValue(0.25);
        writer.verbatim("mkd", "b");
        writer.setHeader(1);
        writer.bigNumber("7");
        writer.pushHeader(1);
        writer.nullValue();
        writer.finish();
        assertThat(decoder.decode(out)).isEqualTo(new Reply.Aggregate(Reply.Kind.MAP,
                List.of(blob("a"), new Reply.Fraction(0.25), new Reply.Verbatim("mkd", blob("b")),
                        new Reply.Aggregate(Reply.Kind.SET, List.of(new Reply.Big(BigInteger.valueOf(7)))))));
        assertThat(decoder.decode(out))
                .isEqualTo(new Reply.Aggregate(Reply.Kind.PUSH, List.of(new Reply.Nothing())));
        assertThat(decoder.decode(out)).isNull();
        out.release();
    }

    @Test
    void writesRequestsThatTheServerSideReads() {
        ByteBuf out = Unpooled.directBuffer();
        RequestWriter.request(out, "SET", "h\u00e9", "");
        RequestWriter.begin(out, 4);
        RequestWriter.argument(out, "X");
        RequestWriter.argument(out, new byte[]{0, -1});
        RequestWriter.argument(out, Long.MIN_VALUE);
        ByteBuf bytes = Unpooled.copiedBuffer("b", StandardCharsets.UTF_8);
        RequestWriter.argument(out, bytes);
        assertThat(bytes.readableBytes()).isEqualTo(1);

        CommandDecoder requests = new CommandDecoder(RequestLimits.DEFAULT);
        int first = requests.decode(out.memoryAddress(), out.readableBytes());
        assertThat(Requests.arguments(requests)).containsExactly("SET", "h\303\251", "");
        int second = requests.decode(out.memoryAddress() + first, out.readableBytes() - first);
        assertThat(Requests.arguments(requests)).containsExactly("X", "\0\377", "-9223372036854775808", "b");
        assertThat(first + second).isEqualTo(out.readableBytes());
        assertThatThrownBy(() -> RequestWriter.begin(out, 0)).hasMessageContaining("arguments: 0");
        out.release();
    }

    private static List<Reply> decode(byte[] bytes, int[] cuts) {
        ReplyDecoder decoder = new ReplyDecoder(ReplyLimits.DEFAULT);
        ByteBuf in = Unpooled.buffer();
        List<Reply> replies = new ArrayList<>();
        int from = 0;
        for (int step = 0; step <= cuts.length; step++) {
            int to = step < cuts.length ? cuts[step] : bytes.length;
            in.writeBytes(bytes, from, to - from);
            from = to;
            Reply reply;
            while ((reply = decoder.decode(in)) != null) {
                replies.add(reply);
            }
            in.discardReadBytes();
        }
        assertThat(in.isReadable()).isFalse();
        return replies;
    }

    private static Reply.Blob blob(String text) {
        return new Reply.Blob(Requests.bytes(text));
    }

    private static Reply array(Reply... elements) {
        return new Reply.Aggregate(Reply.Kind.ARRAY, List.of(elements));
    }
}
