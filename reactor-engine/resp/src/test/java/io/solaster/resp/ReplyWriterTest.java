package io.solaster.resp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.GuardedBlock;
import org.junit.jupiter.api.Test;

class ReplyWriterTest {
    private static final GuardedBlock SOURCE = new GuardedBlock(128 * 1024);
    private static final GuardedBlock TARGET = new GuardedBlock(1);

    @Test
    void writesWhatHasOneFormOnly() {
        assertThat(both(ReplyWriter::ok)).isEqualTo("+OK\r\n");
        assertThat(both(ReplyWriter::pong)).isEqualTo("+PONG\r\n");
        assertThat(both(w -> w.simple("QUEUED"))).isEqualTo("+QUEUED\r\n");
        assertThat(both(w -> w.error("ERR a\r\nb \377"))).isEqualTo("-ERR a  b \377\r\n");
        assertThat(both(w -> w.bulk("text"))).isEqualTo("$4\r\ntext\r\n");
        assertThat(both(w -> w.bulk(""))).isEqualTo("$0\r\n\r\n");
        assertThat(both(w -> w.bulk("h\u00e9"))).isEqualTo("$3\r\nh\303\251\r\n");
        assertThat(both(w -> w.bulk(new byte[]{1, 0, -1}))).isEqualTo("$3\r\n\1\0\377\r\n");
        assertThat(both(w -> w.bulkInteger(7))).isEqualTo("$1\r\n7\r\n");
        assertThat(both(w -> w.bulkInteger(Long.MIN_VALUE))).isEqualTo("$20\r\n-9223372036854775808\r\n");
        assertThat(both(w -> w.bulkDouble(3))).isEqualTo("$1\r\n3\r\n");
        assertThat(both(w -> w.bulkDouble(0.1))).isEqualTo("$19\r\n0.10000000000000001\r\n");
        assertThat(both(w -> w.raw(Requests.bytes("+a\r\n")))).isEqualTo("+a\r\n");
        assertThat(both(w -> w.raw(SOURCE.putLast(Requests.bytes(":1\r\n"), 0, 4), 4))).isEqualTo(":1\r\n");
        assertThat(both(w -> w.arrayHeader(12))).isEqualTo("*12\r\n");
    }

    @Test
    void writesWhatTheProtocolsTellApart() {
        differs(ReplyWriter::nullValue, "$-1\r\n", "_\r\n");
        differs(ReplyWriter::nullArray, "*-1\r\n", "_\r\n");
        differs(w -> w.mapHeader(600), "*1200\r\n", "%600\r\n");
        differs(w -> w.setHeader(2), "*2\r\n", "~2\r\n");
        differs(w -> w.pushHeader(3), "*3\r\n", ">3\r\n");
        differs(w -> w.bool(true), ":1\r\n", "#t\r\n");
        differs(w -> w.bool(false), ":0\r\n", "#f\r\n");
        differs(w -> w.verbatim("txt", "a\u00e9"), "$3\r\na\303\251\r\n", "=7\r\ntxt:a\303\251\r\n");
        differs(w -> w.bigNumber("-12345678901234567890"), "$21\r\n-12345678901234567890\r\n",
                "(-12345678901234567890\r\n");
        differs(w -> w.doubleValue(0.1), "$19\r\n0.10000000000000001\r\n", ",0.10000000000000001\r\n");
        differs(w -> w.doubleValue(-42), "$3\r\n-42\r\n", ",-42\r\n");
        differs(w -> w.doubleValue(123_456), "$6\r\n123456\r\n", ",123456\r\n");
        differs(w -> w.doubleValue(Double.NEGATIVE_INFINITY), "$4\r\n-inf\r\n", ",-inf\r\n");
    }

    @Test
    void writesEveryWidthOfNumber() {
        for (long value = 1; value > 0; value *= 10) {
            for (long each : new long[]{value - 1, value, value + 1, 9 * (value / 2), -value, -value - 1, -value + 1}) {
                assertThat(both(w -> w.integer(each))).isEqualTo(":" + each + "\r\n");
            }
            if (value == 1_000_000_000_000_000_000L) {
                break;
            }
        }
        for (long each : new long[]{Long.MAX_VALUE, Long.MIN_VALUE, Long.MIN_VALUE + 1, 1023, 1024, 1025}) {
            assertThat(both(w -> w.integer(each))).isEqualTo(":" + each + "\r\n");
        }
    }

    @Test
    void writesFractionsAsCDoes() {
        String[] texts = {"0.0001", "1.0000000000000001e-05", "12345678901234568",
                "1.2345678901234568e+17",
                "1e+17", "10000000000000000", "4.9406564584124654e-324", "1.7976931348623157e+308", "-0", "0", "nan",
                "inf",
                "3.1415926535897931", "-1.5", "1e+100", "0.5"};
        double[] values = {0.0001, 0.00001, 12345678901234568.0, 123456789012345678.0, 1e17, 1e16, Double.MIN_VALUE,
                Double.MAX_VALUE, -0.0, 0.0, Double.NaN, Double.POSITIVE_INFINITY, Math.PI, -1.5, 1e100, 0.5};
        for (int i = 0; i < texts.length; i++) {
            double value = values[i];
            assertThat(written(true, w -> w.doubleValue(value))).isEqualTo("," + texts[i] + "\r\n");
        }
    }

    @Test
    void copiesEveryLengthAndOverreadsNothing() {
        byte[] bytes = new byte[70_000];
        new Random(3).nextBytes(bytes);
        String all = new String(bytes, StandardCharsets.ISO_8859_1);
        for (int length = 0; length < bytes.length; length += length < 200 ? 1 : 3491) {
            int n = length;
            String expected = "$" + n + "\r\n" + all.substring(0, n) + "\r\n";
            long last = SOURCE.putLast(bytes, 0, n);
            assertThat(both(w -> w.bulk(last, n)).equals(expected)).as("%d bytes", n).isTrue();
            long first = SOURCE.putFirst(bytes, 0, n);
            assertThat(both(w -> w.bulk(first, n)).equals(expected)).as("%d bytes", n).isTrue();
        }
    }

    @Test
    void overwritesNothingBehindTheBuffer() {
        byte[] bytes = Requests.bytes("v".repeat(300));
        long value = SOURCE.putLast(bytes, 0, bytes.length);
        List<Consumer<ReplyWriter>> replies = List.of(ReplyWriter::ok, w -> w.integer(Long.MIN_VALUE),
                w -> w.integer(7), w -> w.bulk(value, 9), w -> w.bulk(value, 300), w -> w.bulk("text"),
                w -> w.error("ERR no"), w -> w.doubleValue(1.0 / 3), w -> w.bigNumber("1".repeat(40)),
                w -> w.verbatim("txt", "t".repeat(40)), w -> w.mapHeader(Integer.MAX_VALUE));
        for (Consumer<ReplyWriter> reply : replies) {
            String expected = written(false, reply);
            int fitted = 0;
            for (int capacity = 0; capacity < 400; capacity++) {
                ByteBuf exact = Unpooled.wrappedBuffer(TARGET.lastBuffer(capacity)).clear();
                ReplyWriter writer = new ReplyWriter();
                try {
                    writer.to(exact);
                    reply.accept(writer);
                    writer.finish();
                } catch (IndexOutOfBoundsException _) {
                    continue;
                }
                fitted++;
                assertThat(exact.toString(StandardCharsets.ISO_8859_1)).isEqualTo(expected);
            }
            assertThat(fitted).isPositive();
        }
    }

    @Test
    void growsTheBufferAndContinuesWhereItStood() {
        ByteBuf out = PooledByteBufAllocator.DEFAULT.directBuffer(16);
        try {
            out.writeByte('!');
            ReplyWriter writer = new ReplyWriter();
            writer.to(out);
            assertThat(writer.position()).isEqualTo(1);
            StringBuilder expected = new StringBuilder("!");
            for (int i = 0; i < 5000; i++) {
                writer.integer(i);
                expected.append(':').append(i).append("\r\n");
            }
            assertThat(writer.buffer()).isSameAs(out);
            writer.finish();
            assertThat(out.toString(StandardCharsets.ISO_8859_1)).isEqualTo(expected.toString());
        } finally {
            out.release();
        }
    }

    @Test
    void takesBackAReplyThatFailedMidway() {
        ByteBuf out = Unpooled.directBuffer(8);
        ReplyWriter writer = new ReplyWriter();
        writer.to(out);
        writer.ok();
        int before = writer.position();
        writer.arrayHeader(2);
        writer.bulk("x".repeat(1000));
        writer.rewind(before);
        writer.error("ERR internal error");
        writer.finish();
        assertThat(out.toString(StandardCharsets.ISO_8859_1)).isEqualTo("+OK\r\n-ERR internal error\r\n");
        out.release();
    }

    @Test
    void refusesWhatItCannotWriteTo() {
        ReplyWriter writer = new ReplyWriter();
        assertThatThrownBy(() -> writer.to(Unpooled.buffer())).hasMessageContaining("memory");
        assertThatThrownBy(() -> writer.verbatim("text", "")).hasMessageContaining("'text'");
    }

    private static void differs(Consumer<ReplyWriter> reply, String resp2, String resp3) {
        assertThat(written(false, reply)).isEqualTo(resp2);
        assertThat(written(true, reply)).isEqualTo(resp3);
    }

    private static String both(Consumer<ReplyWriter> reply) {
        String resp2 = written(false, reply);
        assertThat(written(true, reply)).isEqualTo(resp2);
        return resp2;
    }

    private static String written(boolean resp3, Consumer<ReplyWriter> reply) {
        ByteBuf out = Unpooled.directBuffer(1);
        try {
            ReplyWriter writer = new ReplyWriter();
            writer.resp3(resp3);
            writer.to(out);
            reply.accept(writer);
            writer.finish();
            return out.toString(StandardCharsets.ISO_8859_1);
        } finally {
            out.release();
        }
    }
}
