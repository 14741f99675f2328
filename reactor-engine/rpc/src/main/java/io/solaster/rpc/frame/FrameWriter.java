package io.solaster.rpc.frame;

import java.nio.charset.StandardCharsets;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.solaster.engine.memory.Memory;

/** Writes frames behind what a direct buffer holds already. On the shard that owns the buffer. */
public final class FrameWriter {
    private static final long MICRO = 1_000;
    private static final long MILLI = 1_000_000;
    private static final long MOST = 0xFFFFFFFFL;

    private FrameWriter() {}

    /** Writes a frame without a body. */
    public static void write(ByteBuf out, int type, int flags, long id, int first, int second) {
        int at = begin(out);
        put(out, at, 0, type, flags, 0, id, first, second);
    }

    /** Leaves room for a header; the body is written behind, and {@link #end} follows. Returns where it begins. */
    public static int begin(ByteBuf out) {
        int at = out.writerIndex();
        out.ensureWritable(Frame.HEADER);
        out.writerIndex(at + Frame.HEADER);
        return at;
    }

    /**
     * Writes the header, now that the body stands behind it.
     *
     * @param at what {@link #begin} has returned
     */
    public static void end(ByteBuf out, int at, int type, int flags, int slot, long id, int first, int second) {
        put(out, at, out.writerIndex() - at - Frame.HEADER, type, flags, slot, id, first, second);
    }

    private static void put(ByteBuf out, int at, int body, int type, int flags, int slot, long id, int first,
            int second) {
        long address = Memory.address(out) + at;
        Memory.putLong(address, Memory.littleEndian(body & MOST | (long) type << 32 | (long) flags << 40
                | (long) slot << 48));
        Memory.putLong(address + 8, Memory.littleEndian(id));
        Memory.putLong(address + 16, Memory.littleEndian(first & MOST | (long) second << 32));
    }

    /** Writes a frame whose body is words, cut off where they are too long. */
    public static void words(ByteBuf out, int type, int flags, long id, int first, String words) {
        int at = begin(out);
        // Three bytes a char at most.
        String said = words.length() > Frame.MAX_WORDS / 3 ? words.substring(0, Frame.MAX_WORDS / 3) : words;
        ByteBufUtil.writeUtf8(out, said);
        end(out, at, type, flags, 0, id, first, 0);
    }

    /** Words that {@link #words} has written, or whatever a peer has sent in their place. */
    public static String words(ByteBuf body) {
        return body.toString(StandardCharsets.UTF_8);
    }

    /**
     * What a REQUEST says in its second word of the time left.
     *
     * @param nanosLeft more than 0; {@link Long#MAX_VALUE} for as long as it takes
     */
    public static int timeLeft(long nanosLeft) {
        if (isMillis(nanosLeft)) {
            long millis = nanosLeft / MILLI;
            return millis > MOST ? 0 : (int) millis;
        }
        return (int) Math.max(1, nanosLeft / MICRO);
    }

    /** Whether {@link #timeLeft} is in milliseconds. */
    public static boolean isMillis(long nanosLeft) {
        return nanosLeft / MICRO > MOST;
    }
}
