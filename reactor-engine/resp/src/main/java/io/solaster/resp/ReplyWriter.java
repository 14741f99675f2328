package io.solaster.resp;

import static io.solaster.engine.memory.Memory.littleEndian;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.Digits;

/**
 * Writes replies straight into the memory of a direct buffer. Nothing is allocated, except by the buffer when it grows
 * and by {@link #doubleValue} for numbers with a fraction.
 *
 * <p>
 * {@link #to}, then replies, then {@link #finish}: in between the buffer's own indices are behind, and nobody else may
 * write to it. One writer may serve all connections of a shard in turn; which protocol a connection speaks is said by
 * {@link #resp3}.
 *
 * <p>
 * Called on the owning shard only.
 */
public final class ReplyWriter {
    /** Room beside the payload that every reply finds: its longest header, CR LF twice, and what whole words overrun. */
    private static final int MARGIN = 48;
    /** The longest payload that is copied word by word: a call to the bulk copy costs more than it saves below this. */
    private static final int COPIED_BY_WORD = 64;
    /** From here on it matters that a buffer is no larger than it has to be. */
    private static final int LARGE = 256 << 10;
    private static final int TABLE = 1024;

    /** Digits and CR LF of each small number in the low bytes, their length in the highest one. */
    private static final long[] NUMBERS = new long[TABLE];

    private static final long OK = Bytes.word("+OK\r\n");
    private static final long PONG = Bytes.word("+PONG\r\n");
    private static final long NULL_2 = Bytes.word("$-1\r\n");
    private static final long NULL_ARRAY_2 = Bytes.word("*-1\r\n");
    private static final long NULL_3 = Bytes.word("_\r\n");
    private static final long TRUE_2 = Bytes.word(":1\r\n");
    private static final long FALSE_2 = Bytes.word(":0\r\n");
    private static final long TRUE_3 = Bytes.word("#t\r\n");
    private static final long FALSE_3 = Bytes.word("#f\r\n");

    static {
        for (int i = 0; i < TABLE; i++) {
            String digits = Integer.toString(i);
            NUMBERS[i] = littleEndian(Bytes.word(digits + "\r\n")) | (long) (digits.length() + 2) << 56;
        }
    }

    private ByteBuf out = Unpooled.EMPTY_BUFFER;
    private long base;
    private long at;
    private long end;
    private boolean resp3;
    private long errors;
    private Consumer<String> onError = error -> {};

    /**
     * Begins to write at {@code buffer}'s writer index.
     *
     * @throws IllegalArgumentException
     *             if the buffer has no address in memory: it must be direct and not composite
     */
    public void to(ByteBuf buffer) {
        if (!buffer.hasMemoryAddress()) {
            throw new IllegalArgumentException("replies are written to memory, and this buffer has none: " + buffer);
        }
        out = buffer;
        locate();
    }

    /** Publishes what was written by moving the buffer's writer index, and lets go of the buffer. */
    public void finish() {
        out.writerIndex(position());
        out = Unpooled.EMPTY_BUFFER;
        base = 0;
        at = 0;
        end = 0;
    }

    /** Index in the buffer at which the next reply will begin. */
    public int position() {
        return (int) (at - base);
    }

    /** Takes back everything written from {@code position} on, for a handler that fails midway through its reply. */
    public void rewind(int position) {
        at = base + position;
    }

    /** The buffer being written to. */
    public ByteBuf buffer() {
        return out;
    }

    /** Whether the replies to come are RESP3's (true) or RESP2's. */
    public void resp3(boolean yes) {
        resp3 = yes;
    }

    /** Whether replies are RESP3's. */
    public boolean resp3() {
        return resp3;
    }

    /** Errors written since this writer was made, those taken back included. */
    public long errors() {
        return errors;
    }

    /** Says who is told the text of each error that is written. */
    public void onError(Consumer<String> told) {
        onError = told;
    }

    /** {@code +OK}. */
    public void ok() {
        word(OK, 5);
    }

    /** {@code +PONG}. */
    public void pong() {
        word(PONG, 7);
    }

    /** A status. Its text must be Latin-1 without CR and LF, and is not looked at. */
    public void simple(String text) {
        reserve(text.length());
        put('+');
        latin1(text);
        crlf();
    }

    /**
     * An error, whose text begins with its code, as in {@code ERR syntax error}. CR and LF become spaces. Characters
     * below 256 are written as one byte each, so that what a client sent comes back as it was.
     */
    public void error(String text) {
        errors++;
        onError.accept(text);
        reserve(text.length());
        put('-');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            put(c == '\r' || c == '\n' ? ' ' : c < 256 ? c : '?');
        }
        crlf();
    }

    /** A number. */
    public void integer(long value) {
        header(':', value);
    }

    /** A string: {@code length} bytes at {@code address}. */
    public void bulk(long address, int length) {
        reserve(length);
        if (length < TABLE) {
            long number = NUMBERS[length];
            Memory.putLong(at, littleEndian(number << 8 | '$'));
            at += 1 + (number >>> 56);
        } else {
            header('$', length);
        }
        long to = at;
        if (length <= COPIED_BY_WORD) {
            copySmall(address, to, length);
        } else {
            Memory.copy(address, to, length);
        }
        at = to + length;
        crlf();
    }

    /**
     * A string of {@code length} bytes that the caller sends itself, behind the buffer written to until now, whose writer index
     * is moved: what follows it, and all further replies, go to another one.
     *
     * @param behind where to write from now on
     * @return that
     */
    public ByteBuf lend(int length, ByteBuf behind) {
        header('$', length);
        out.writerIndex(position());
        to(behind);
        reserve(0);
        crlf();
        return behind;
    }

    /** A string. */
    public void bulk(byte[] bytes) {
        reserve(bytes.length);
        header('$', bytes.length);
        Memory.copy(bytes, 0, at, bytes.length);
        at += bytes.length;
        crlf();
    }

    /** A string, in UTF-8. */
    public void bulk(String text) {
        blob('$', text, "");
    }

    /** A string that is the digits of a whole number. */
    public void bulkInteger(long value) {
        header('$', Digits.length(value));
        at = Digits.write(value, at);
        crlf();
    }

    /** Nothing: {@code $-1} in RESP2, {@code _} in RESP3. */
    public void nullValue() {
        word(resp3 ? NULL_3 : NULL_2, resp3 ? 3 : 5);
    }

    /** No array: {@code *-1} in RESP2, {@code _} in RESP3. */
    public void nullArray() {
        word(resp3 ? NULL_3 : NULL_ARRAY_2, resp3 ? 3 : 5);
    }

    /** Begins an array: {@code elements} replies follow. */
    public void arrayHeader(int elements) {
        header('*', elements);
    }

    /** Begins a map: {@code entries} times a key and a value follow. In RESP2 an array of both. */
    public void mapHeader(int entries) {
        header(resp3 ? '%' : '*', resp3 ? entries : 2L * entries);
    }

    /** Begins a set: {@code elements} replies follow. In RESP2 an array. */
    public void setHeader(int elements) {
        header(resp3 ? '~' : '*', elements);
    }

    /** Begins a message that answers no request: {@code elements} replies follow. In RESP2 an array. */
    public void pushHeader(int elements) {
        header(resp3 ? '>' : '*', elements);
    }

    /** A number with a fraction, in 17 significant digits as C's {@code %.17g} writes it; in RESP2 as a string. */
    public void doubleValue(double value) {
        doubleValue(value, resp3);
    }

    /** As {@link #doubleValue}, always as a string. */
    public void bulkDouble(double value) {
        doubleValue(value, false);
    }

    private void doubleValue(double value, boolean typed) {
        if (value == (long) value && Math.abs(value) < 1e15 && (value != 0 || 1 / value > 0)) {
            long whole = (long) value;
            if (typed) {
                header(',', whole);
            } else {
                bulkInteger(whole);
            }
            return;
        }
        String text = format(value);
        reserve(text.length());
        if (typed) {
            put(',');
        } else {
            header('$', text.length());
        }
        latin1(text);
        crlf();
    }

    /** A truth: {@code #t} or {@code #f}; in RESP2 1 or 0. */
    public void bool(boolean value) {
        word(resp3 ? value ? TRUE_3 : FALSE_3 : value ? TRUE_2 : FALSE_2, 4);
    }

    /**
     * A text that says its format, three characters such as {@code txt}; in RESP2 a plain string.
     *
     * @throws IllegalArgumentException
     *             if the format has not three characters
     */
    public void verbatim(String format, String text) {
        if (format.length() != 3) {
            throw new IllegalArgumentException("format: '" + format + "' must have three characters, as 'txt' has");
        }
        if (resp3) {
            blob('=', text, format + ":");
        } else {
            blob('$', text, "");
        }
    }

    /** A whole number of any size in decimal digits, which are not looked at; in RESP2 a string. */
    public void bigNumber(String digits) {
        if (resp3) {
            reserve(digits.length());
            put('(');
            latin1(digits);
            crlf();
        } else {
            blob('$', digits, "");
        }
    }

    /** Bytes that are a reply, or a part of one, already. */
    public void raw(long address, int length) {
        reserve(length);
        Memory.copy(address, at, length);
        at += length;
    }

    /** Bytes that are a reply, or a part of one, already. */
    public void raw(byte[] encoded) {
        reserve(encoded.length);
        Memory.copy(encoded, 0, at, encoded.length);
        at += encoded.length;
    }

    private void word(long word, int length) {
        reserve(0);
        Memory.putLong(at, word);
        at += length;
    }

    /** A type byte, a number, CR LF. Reserves for itself, and leaves what was reserved for a payload untouched. */
    private void header(char type, long value) {
        reserve(0);
        if (value >= 0 && value < TABLE) {
            long number = NUMBERS[(int) value];
            Memory.putLong(at, littleEndian(number << 8 | type));
            at += 1 + (number >>> 56);
            return;
        }
        put(type);
        at = Digits.write(value, at);
        crlf();
    }

    private void blob(char type, String text, String prefix) {
        int length = text.length();
        boolean ascii = true;
        for (int i = 0; i < length && ascii; i++) {
            ascii = text.charAt(i) < 128;
        }
        if (ascii) {
            reserve(length + prefix.length());
            header(type, length + prefix.length());
            latin1(prefix);
            latin1(text);
            crlf();
            return;
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        reserve(bytes.length + prefix.length());
        header(type, bytes.length + prefix.length());
        latin1(prefix);
        Memory.copy(bytes, 0, at, bytes.length);
        at += bytes.length;
        crlf();
    }

    private void latin1(String text) {
        long to = at;
        for (int i = 0; i < text.length(); i++) {
            Memory.putByte(to + i, (byte) text.charAt(i));
        }
        at = to + text.length();
    }

    private void put(int b) {
        Memory.putByte(at++, (byte) b);
    }

    private void crlf() {
        Memory.putByte(at, (byte) '\r');
        Memory.putByte(at + 1, (byte) '\n');
        at += 2;
    }

    /** Copies at most {@link #COPIED_BY_WORD} bytes: the last word overlaps the one before, so nothing is overread. */
    private static void copySmall(long from, long to, int length) {
        if (length >= 8) {
            int last = length - 8;
            for (int i = 0; i < last; i += 8) {
                Memory.putLong(to + i, Memory.getLong(from + i));
            }
            Memory.putLong(to + last, Memory.getLong(from + last));
        } else if (length >= 4) {
            int head = Memory.getInt(from);
            Memory.putInt(to + length - 4, Memory.getInt(from + length - 4));
            Memory.putInt(to, head);
        } else {
            for (int i = 0; i < length; i++) {
                Memory.putByte(to + i, Memory.getByte(from + i));
            }
        }
    }

    private void reserve(int payload) {
        if (end - at < (long) payload + MARGIN) {
            grow(payload);
        }
    }

    private void grow(int payload) {
        int written = position();
        out.writerIndex(written);
        int more = Math.addExact(payload, MARGIN);
        if (payload >= LARGE && written < payload / 2) {
            // A buffer that grows by itself takes up to twice as much, and what is behind such a value is little.
            out.capacity(Math.addExact(written, more));
        } else {
            out.ensureWritable(more);
        }
        locate();
    }

    private void locate() {
        base = out.memoryAddress();
        at = base + out.writerIndex();
        end = base + out.capacity();
    }

    /** A number in 17 significant digits, as C's {@code %.17g} writes it. */
    public static String format(double value) {
        return format(value, 17);
    }

    /** A number with a fraction in so many significant digits at most, as C's {@code %.*g} writes it. */
    public static String format(double value, int significant) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0" : "0";
        }
        BigDecimal exact = new BigDecimal(value).round(new MathContext(significant, RoundingMode.HALF_EVEN));
        int exponent = exact.precision() - exact.scale() - 1;
        BigDecimal shortest = exact.stripTrailingZeros();
        if (exponent >= -4 && exponent < significant) {
            return shortest.toPlainString();
        }
        String digits = shortest.unscaledValue().abs().toString();
        StringBuilder text = new StringBuilder(24);
        if (value < 0) {
            text.append('-');
        }
        text.append(digits.charAt(0));
        if (digits.length() > 1) {
            text.append('.').append(digits, 1, digits.length());
        }
        text.append('e').append(exponent < 0 ? '-' : '+');
        int magnitude = Math.abs(exponent);
        if (magnitude < 10) {
            text.append('0');
        }
        return text.append(magnitude).toString();
    }
}
