package io.solaster.http.websocket;

import static io.solaster.http.websocket.Utf8.NOT_ASCII;

import java.nio.ByteOrder;

import io.solaster.engine.memory.Memory;

/**
 * Reads the frames of one connection where the received bytes lie: unmasks a payload in its place, and checks text as it
 * comes. What it finds is a control frame as a whole, or a part of a message: as much of a frame's payload as there is.
 *
 * <p>
 * It keeps nothing but numbers: who wants a message whole puts its parts together. Between two calls the caller keeps
 * what was not used up, which is a header or a control frame at most, 139 bytes. On the owning shard.
 */
final class FrameDecoder {
    static final int MORE = 0;
    static final int FAILED = -1;

    static final int CONTINUATION = 0;
    static final int TEXT = 1;
    static final int BINARY = 2;
    static final int CLOSE = 8;
    static final int PING = 9;
    static final int PONG = 10;

    static final int FIN = 0x80;
    static final int COMPRESSED = 0x40;
    private static final int RESERVED = 0x30;
    private static final int OPCODE = 0x0F;
    private static final int MASK = 0x80;
    private static final int LENGTH = 0x7F;
    static final int LONGEST_CONTROL = 125;
    private static final int SHORT_LENGTH = 126;
    private static final int LONG_LENGTH = 127;
    private static final boolean LITTLE_ENDIAN = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

    private final boolean masked;
    private final boolean compression;
    private final long maxFrame;
    private final long maxMessage;
    private final Utf8 utf8 = new Utf8();

    /** Of the message under way; 0 if there is none. */
    private int kind;
    private boolean compressed;
    /** Its payload so far, with all of the frame under way. */
    private long size;
    /** A part of it has been handed over. */
    private boolean begun;
    private boolean ascii;

    /** Of the frame under way: whether it is the message's last, its key as it applies to the next byte, what is left. */
    private boolean fin;
    private int key;
    private long left;
    private boolean inFrame;

    private int opcode;
    private int payload;
    private int payloadLength;
    private boolean first;
    private boolean last;

    private int closeCode;
    private String reason = "";

    /**
     * @param masked whether frames must be masked, as a client's must, or must not be
     * @param compression whether messages may be compressed
     * @param maxFrame the longest payload of a frame in bytes
     * @param maxMessage the longest payload of a message in bytes, as it is sent
     */
    FrameDecoder(boolean masked, boolean compression, long maxFrame, long maxMessage) {
        this.masked = masked;
        this.compression = compression;
        this.maxFrame = maxFrame;
        this.maxMessage = maxMessage;
    }

    /**
     * Decodes the next piece of {@code length} bytes at {@code address}, where they are unmasked.
     *
     * @return how many bytes are used up; 0 when more are needed: the next call must be given the same bytes again,
     *         possibly at another address, and more behind them. -1 if the peer broke the rules: {@link #closeCode} and
     *         {@link #reason} say how, and nothing can be decoded any more
     */
    int decode(long address, int length) {
        if (inFrame) {
            return part(address, length, 0);
        }
        if (length < 2) {
            return closeCode != 0 ? FAILED : MORE;
        }
        int head = Memory.getByte(address) & 0xFF;
        int second = Memory.getByte(address + 1) & 0xFF;
        int code = head & OPCODE;
        if (closeCode != 0 || !allowed(head, code, second)) {
            return FAILED;
        }
        int header = 2;
        long frame = second & LENGTH;
        if (frame == SHORT_LENGTH) {
            header += Short.BYTES;
            if (length < header) {
                return MORE;
            }
            frame = (Memory.getByte(address + 2) & 0xFFL) << 8 | Memory.getByte(address + 3) & 0xFFL;
            if (frame < SHORT_LENGTH) {
                return fail(CloseCode.PROTOCOL_ERROR, "length " + frame + " in 2 bytes");
            }
        } else if (frame == LONG_LENGTH) {
            header += Long.BYTES;
            if (length < header) {
                return MORE;
            }
            frame = Memory.getLong(address + 2);
            frame = LITTLE_ENDIAN ? Long.reverseBytes(frame) : frame;
            if (frame < 0) {
                // RFC 6455, 5.2: no frame is that long, so this is none.
                return fail(CloseCode.PROTOCOL_ERROR, "length " + Long.toUnsignedString(frame) + ", over 2^63 - 1");
            }
            if (frame <= 0xFFFF) {
                return fail(CloseCode.PROTOCOL_ERROR, "length " + frame + " in 8 bytes");
            }
        }
        if (code < CLOSE && !fits(frame)) {
            return FAILED;
        }
        header += masked ? Integer.BYTES : 0;
        if (length < header) {
            return MORE;
        }
        if (code >= CLOSE) {
            return control(address, length, header, code, (int) frame);
        }
        return data(address, length, header, head, frame);
    }

    private boolean allowed(int head, int code, int second) {
        if ((head & RESERVED) != 0) {
            return refuse("reserved bit");
        }
        if ((head & COMPRESSED) != 0 && (!compression || code == CONTINUATION || code >= CLOSE)) {
            return refuse("compressed frame out of place");
        }
        if ((second & MASK) != 0 != masked) {
            return refuse(masked ? "frame without a mask" : "masked frame");
        }
        if (code >= CLOSE) {
            if (code > PONG) {
                return refuse("opcode " + code);
            }
            if ((head & FIN) == 0) {
                return refuse("control frame in fragments");
            }
            return (second & LENGTH) <= LONGEST_CONTROL || refuse("control frame over 125 bytes");
        }
        if (code > BINARY) {
            return refuse("opcode " + code);
        }
        if (code == CONTINUATION != (kind != 0)) {
            return refuse(kind == 0 ? "continuation of nothing" : "message inside of another");
        }
        return true;
    }

    private boolean fits(long frame) {
        if (frame > maxFrame) {
            fail(CloseCode.TOO_BIG, "frame over " + maxFrame + " bytes");
        } else if (frame > maxMessage - (kind == 0 ? 0 : size)) {
            fail(CloseCode.TOO_BIG, "message over " + maxMessage + " bytes");
        }
        return closeCode == 0;
    }

    private int control(long address, int length, int header, int code, int frame) {
        if (length < header + frame) {
            return MORE;
        }
        if (masked) {
            unmask(address + header, frame, Memory.getInt(address + header - 4));
        }
        opcode = code;
        payload = header;
        payloadLength = frame;
        first = true;
        last = true;
        return header + frame;
    }

    private int data(long address, int length, int header, int head, long frame) {
        if (length == header && frame > 0) {
            return MORE;
        }
        if (kind == 0) {
            kind = head & OPCODE;
            compressed = (head & COMPRESSED) != 0;
            size = 0;
            begun = false;
            ascii = true;
            utf8.reset();
        }
        size += frame;
        fin = (head & FIN) != 0;
        left = frame;
        key = masked ? Memory.getInt(address + header - 4) : 0;
        inFrame = true;
        return part(address, length, header);
    }

    private int part(long address, int length, int header) {
        if (left > 0 && length == header) {
            return MORE;
        }
        int bytes = (int) Math.min(left, length - header);
        long from = address + header;
        long seen = NOT_ASCII;
        if (masked) {
            seen = unmask(from, bytes, key);
            int shift = (bytes & 3) << 3;
            key = LITTLE_ENDIAN ? Integer.rotateRight(key, shift) : Integer.rotateLeft(key, shift);
        }
        left -= bytes;
        boolean ends = left == 0 && fin;
        if (kind == TEXT && !compressed && !isText(from, bytes, seen, ends)) {
            return FAILED;
        }
        opcode = kind;
        payload = header;
        payloadLength = bytes;
        first = !begun;
        last = ends;
        begun = true;
        if (left == 0) {
            inFrame = false;
            if (fin) {
                kind = 0;
            }
        }
        return header + bytes;
    }

    private boolean isText(long from, int bytes, long seen, boolean ends) {
        if ((seen & NOT_ASCII) != 0 || !utf8.isComplete()) {
            ascii = false;
            if (!utf8.accept(from, bytes)) {
                fail(CloseCode.BAD_DATA, "text is no UTF-8");
                return false;
            }
        }
        if (ends && !utf8.isComplete()) {
            fail(CloseCode.BAD_DATA, "text ends inside of a character");
            return false;
        }
        return true;
    }

    /**
     * Takes a key off bytes, in their place.
     *
     * @param key four bytes as memory has them
     * @return what the unmasked bytes or-ed together are: all of it ASCII where that is
     */
    static long unmask(long address, int length, int key) {
        long wide = key & 0xFFFF_FFFFL | (long) key << 32;
        long seen = 0;
        long at = address;
        long end = address + length;
        for (; end - at >= 4 * Long.BYTES; at += 4 * Long.BYTES) {
            long a = Memory.getLong(at) ^ wide;
            long b = Memory.getLong(at + 8) ^ wide;
            long c = Memory.getLong(at + 16) ^ wide;
            long d = Memory.getLong(at + 24) ^ wide;
            Memory.putLong(at, a);
            Memory.putLong(at + 8, b);
            Memory.putLong(at + 16, c);
            Memory.putLong(at + 24, d);
            seen |= a | b | c | d;
        }
        for (; end - at >= Long.BYTES; at += Long.BYTES) {
            long a = Memory.getLong(at) ^ wide;
            Memory.putLong(at, a);
            seen |= a;
        }
        int rest = key;
        for (; at < end; at++) {
            int b = Memory.getByte(at) ^ (LITTLE_ENDIAN ? rest : rest >>> 24);
            rest = LITTLE_ENDIAN ? Integer.rotateRight(rest, 8) : Integer.rotateLeft(rest, 8);
            Memory.putByte(at, (byte) b);
            seen |= b & 0xFF;
        }
        return seen;
    }

    private boolean refuse(String what) {
        fail(CloseCode.PROTOCOL_ERROR, what);
        return false;
    }

    private int fail(int code, String what) {
        closeCode = code;
        reason = what;
        inFrame = false;
        return FAILED;
    }

    /** What was found: {@link #CLOSE}, {@link #PING}, {@link #PONG}, or of which kind the message is. */
    int opcode() {
        return opcode;
    }

    /** Where its payload begins, from the address that was given. */
    int payload() {
        return payload;
    }

    /** How long its payload is, or this part of it. */
    int payloadLength() {
        return payloadLength;
    }

    /** Whether it is the first part of its message. */
    boolean isFirst() {
        return first;
    }

    /** Whether it is the last part of its message. */
    boolean isLast() {
        return last;
    }

    /** Whether the message is compressed. */
    boolean isCompressed() {
        return compressed;
    }

    /** Whether the text so far is ASCII; only an uncompressed one's. */
    boolean isAscii() {
        return ascii;
    }

    /** How much of the frame under way is still to come, in bytes. */
    long missing() {
        return inFrame ? left : 0;
    }

    /** With what the conversation is to end, after {@link #FAILED}. */
    int closeCode() {
        return closeCode;
    }

    /** What was wrong. */
    String reason() {
        return reason;
    }
}
