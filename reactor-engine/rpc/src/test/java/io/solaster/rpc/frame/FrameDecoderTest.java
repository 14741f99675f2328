package io.solaster.rpc.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.GuardedBlock;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The decoder against a model of it, each byte lying against pages that may not be touched. */
class FrameDecoderTest {
    private static final int LONGEST = 1024;
    private static final GuardedBlock BLOCK = new GuardedBlock(1024 * 1024);
    private static final Hello HELLO = new Hello(5, "0123456789abcdef0123456789abcdef01234567", 1, 2, 7, 4096, 16,
            new Hello.Window(8, 4096, 1024), List.of(7001, 7002), List.of(new Hello.SlotRun(0, 8191, 0),
                    new Hello.SlotRun(8192, 16383, 1)),
            List.of(new Hello.Method(-5, 1, 99)));

    private final FrameDecoder decoder = new FrameDecoder(true, LONGEST);

    private static byte[] bytes(ByteBuf buffer) {
        byte[] bytes = ByteBufUtil.getBytes(buffer);
        buffer.release();
        return bytes;
    }

    private static byte[] hello() {
        ByteBuf out = Unpooled.directBuffer();
        HELLO.write(out);
        return bytes(out);
    }

    private static byte[] frame(int type, int flags, int slot, long id, int first, int second, byte[] body) {
        ByteBuf out = Unpooled.directBuffer();
        int at = FrameWriter.begin(out);
        out.writeBytes(body);
        FrameWriter.end(out, at, type, flags, slot, id, first, second);
        return bytes(out);
    }

    private int decode(byte[] bytes) {
        return decoder.decode(BLOCK.putLast(bytes, 0, bytes.length), bytes.length);
    }

    @Test
    void readsWhatTheWriterHasWritten() {
        assertThat(decode(hello())).isEqualTo(hello().length);
        byte[] request = frame(Frame.REQUEST, Frame.METADATA | Frame.MILLIS, 16_383, Long.MAX_VALUE, -2, -1,
                new byte[]{1, 0, 9, 4, 5});
        assertThat(decode(request)).isEqualTo(request.length);
        assertThat(decoder.type()).isEqualTo(Frame.REQUEST);
        assertThat(decoder.slot()).isEqualTo(16_383);
        assertThat(decoder.id()).isEqualTo(Long.MAX_VALUE);
        assertThat(decoder.first()).isEqualTo(-2);
        assertThat(decoder.metadataLength()).isEqualTo(1);
        assertThat(decoder.messageOffset()).isEqualTo(3);
        assertThat(decoder.bodyLength()).isEqualTo(5);
        assertThat(decoder.nanosLeft()).isEqualTo(4_294_967_295L * 1_000_000);
        byte[] another = frame(Frame.REQUEST, 0, Frame.NO_SLOT, 1, 0, 0, new byte[0]);
        assertThat(decode(another)).isEqualTo(24);
        assertThat(decoder.slot()).isEqualTo(-1);
        assertThat(decoder.nanosLeft()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void believesNoAnnouncementOverItsBound() {
        decode(hello());
        byte[] request = frame(Frame.REQUEST, 0, Frame.NO_SLOT, 1, 0, 0, new byte[0]);
        ByteBuffer.wrap(request).order(ByteOrder.LITTLE_ENDIAN).putInt(0, 1 << 30);
        assertThat(decode(request)).isEqualTo(-1);
        assertThat(decoder.error()).contains("1073741824");
        assertThat(decoder.expected()).isZero();
        assertThat(decode(frame(Frame.PING, 0, 0, 1, 0, 0, new byte[0]))).as("for good").isEqualTo(-1);
    }

    @Test
    void askesForSoMuchAsTheFrameTakes() {
        byte[] hello = hello();
        assertThat(decoder.decode(BLOCK.putLast(hello, 0, 3), 3)).isZero();
        assertThat(decoder.expected()).isEqualTo(24);
        assertThat(decoder.decode(BLOCK.putLast(hello, 0, 24), 24)).isZero();
        assertThat(decoder.expected()).isEqualTo(hello.length);
    }

    @Test
    void refusesOtherProtocolsAtTheFirstFrame() {
        for (String other : List.of("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
                "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")) {
            FrameDecoder fresh = new FrameDecoder(true, LONGEST);
            byte[] bytes = other.getBytes(StandardCharsets.US_ASCII);
            assertThat(fresh.decode(BLOCK.putLast(bytes, 0, bytes.length), bytes.length)).as(other).isEqualTo(-1);
        }
        assertThat(decode(frame(Frame.PING, 0, 0, 1, 0, 0, new byte[0]))).isEqualTo(-1);
        assertThat(decoder.error()).contains("HELLO").contains("PING");
    }

    @Test
    void refusesWhatServersSendFromClientsAndTheOtherWayRound() {
        for (int type : new int[]{Frame.RESPONSE, Frame.ERROR, Frame.GOAWAY, Frame.NOT_OWNER}) {
            FrameDecoder server = new FrameDecoder(true, LONGEST);
            server.decode(BLOCK.putLast(hello(), 0, hello().length), hello().length);
            byte[] bytes = frame(type, 0, 0, 1, 0, 0, new byte[0]);
            assertThat(server.decode(BLOCK.putLast(bytes, 0, bytes.length), bytes.length)).isEqualTo(-1);
            FrameDecoder client = new FrameDecoder(false, LONGEST);
            client.decode(BLOCK.putLast(hello(), 0, hello().length), hello().length);
            assertThat(client.decode(BLOCK.putLast(bytes, 0, bytes.length), bytes.length)).isEqualTo(24);
        }
    }

    @Test
    void readsTheSameHelloAgain() {
        ByteBuf body = Unpooled.wrappedBuffer(hello()).skipBytes(Frame.HEADER);
        assertThat(Hello.read(body)).isEqualTo(HELLO);
    }

    @Test
    void readsNoHelloThatContradictsItself() {
        byte[] whole = hello();
        for (int length = Frame.HEADER; length < whole.length; length++) {
            ByteBuf cut = Unpooled.wrappedBuffer(whole, Frame.HEADER, length - Frame.HEADER);
            assertThatThrownBy(() -> Hello.read(cut)).isInstanceOf(IllegalArgumentException.class);
        }
        Property.check(3, 5_000, draw -> {
            byte[] changed = hello();
            for (int i = 0; i < 3; i++) {
                changed[Frame.HEADER + draw.nextInt(changed.length - Frame.HEADER)] = (byte) draw.nextInt(256);
            }
            try {
                Hello read = Hello.read(Unpooled.wrappedBuffer(changed).skipBytes(Frame.HEADER));
                assertThat(read.shard()).isLessThan(read.shards());
                assertThat(read.slots()).allMatch(run -> run.shard() < read.shards());
            } catch (IllegalArgumentException expected) {
                assertThat(expected).hasMessageContaining("HELLO");
            }
        });
    }

    @Test
    void timesLeftAreRoundedDownAndNeverToNone() {
        assertThat(FrameWriter.timeLeft(1)).isEqualTo(1);
        assertThat(FrameWriter.timeLeft(1_999)).isEqualTo(1);
        assertThat(Integer.toUnsignedLong(FrameWriter.timeLeft(4_000_000_000_000L))).isEqualTo(4_000_000_000L);
        assertThat(FrameWriter.isMillis(4_000_000_000_000L)).isFalse();
        assertThat(FrameWriter.isMillis(5_000_000_000_000L)).isTrue();
        assertThat(FrameWriter.timeLeft(5_000_000_000_000L)).isEqualTo(5_000_000);
        assertThat(FrameWriter.timeLeft(Long.MAX_VALUE - 1)).as("over 49 days").isZero();
    }

    // ---- the model

    @Test
    void decodesMutatedFramesAsTheModelDoes() {
        Property.check(11, 20_000, draw -> {
            ByteBuf all = Unpooled.buffer();
            if (!draw.oneIn(10)) {
                all.writeBytes(hello());
            }
            draw.repeat(draw.nextInt(5), _ -> all.writeBytes(drawn(draw)));
            byte[] bytes = bytes(all);
            if (bytes.length > 0) {
                draw.repeat(draw.nextInt(4), _ -> bytes[draw.nextInt(bytes.length)] = (byte) (draw.oneIn(2)
                        ? draw.nextInt(256)
                        : draw.nextInt(12)));
            }
            check(bytes, draw.oneIn(3), draw.nextInt(bytes.length + 1));
        });
    }

    private static byte[] drawn(Draw draw) {
        int type = 1 + draw.nextInt(12);
        byte[] body = draw.bytes(draw.oneIn(2) ? 0 : 40);
        return frame(type, draw.oneIn(2) ? 0 : draw.nextInt(16), draw.oneIn(2) ? 0 : draw.of(16_383, 16_384, 65_535),
                draw.oneIn(4) ? 0 : draw.anyLong(), draw.nextInt(), draw.nextInt(), body);
    }

    /** Its agent rewrites each class that is loaded from then on, which slows all tests of the run: not by default. */
    @Tag("full")
    @FuzzTest
    void decodesAsTheModelDoes(byte[] input) {
        if (input.length > 2) {
            byte[] rest = java.util.Arrays.copyOfRange(input, 2, input.length);
            check(rest, (input[0] & 1) == 0, Math.min(rest.length, input[1] & 0xFF));
        }
    }

    /** All at once from the cut on, and before it byte for byte. */
    private static void check(byte[] bytes, boolean fromClient, int cut) {
        FrameDecoder decoder = new FrameDecoder(fromClient, LONGEST);
        boolean greeted = false;
        int at = 0;
        int to = cut;
        while (true) {
            int used = decoder.decode(BLOCK.putLast(bytes, at, to), to - at);
            int expected = model(bytes, at, to, fromClient, greeted);
            assertThat(used).as(decoder::error).isEqualTo(expected);
            if (used < 0) {
                return;
            }
            if (used > 0) {
                greeted = true;
                at += used;
            } else if (to == bytes.length) {
                return;
            } else {
                assertThat(decoder.expected()).isGreaterThan(to - at);
                to = bytes.length;
            }
        }
    }

    private static int model(byte[] bytes, int from, int to, boolean fromClient, boolean greeted) {
        if (to - from < 24) {
            return 0;
        }
        ByteBuffer in = ByteBuffer.wrap(bytes, from, to - from).slice().order(ByteOrder.LITTLE_ENDIAN);
        long length = Integer.toUnsignedLong(in.getInt(0));
        int type = in.get(4);
        int flags = in.get(5) & 0xFF;
        int slot = Short.toUnsignedInt(in.getShort(6));
        long id = in.getLong(8);
        int first = in.getInt(16);
        int second = in.getInt(20);
        Set<Integer> allowed = fromClient ? Set.of(1, 2, 5, 6, 7, 8, 9) : Set.of(1, 3, 4, 5, 6, 7, 9, 10, 11);
        long longest = switch (type) {
            case 1 -> 512 * 1024;
            case 2 -> LONGEST + 2 + 16 * 1024;
            case 3, 5 -> LONGEST;
            case 4, 10, 11 -> 4 * 1024;
            default -> 0;
        };
        int known = type == 2 ? 15 : type == 4 || type == 9 ? 1 : 0;
        boolean numbers = switch (type) {
            case 1 -> id == 0 && slot == 0 && first == Frame.MAGIC;
            case 2 -> id > 0 && (slot < 16_384 || slot == 65_535);
            case 6 -> id >= 0 && slot == 0 && first >= 0 && second >= 0 && first + (long) second > 0;
            case 9 -> slot == 0;
            case 10 -> id >= 0 && slot == 0;
            case 11 -> id > 0 && slot < 16_384 && first >= 0 && first < 65_536;
            default -> id > 0 && slot == 0;
        };
        if (!allowed.contains(type) || !greeted && type != 1 || length > longest || (flags & ~known) != 0
                || !numbers) {
            return -1;
        }
        if (to - from < 24 + length) {
            return 0;
        }
        if (type == 2) {
            long message = length;
            if ((flags & 4) != 0) {
                if (length < 2) {
                    return -1;
                }
                int metadata = Short.toUnsignedInt(in.getShort(24));
                if (metadata + 2 > length || metadata > 16 * 1024) {
                    return -1;
                }
                message -= 2 + metadata;
            }
            if (message > LONGEST || (flags & 2) != 0 && message > 0) {
                return -1;
            }
        }
        return (int) (24 + length);
    }
}
