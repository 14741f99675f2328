package io.solaster.resp;

import static io.solaster.engine.memory.Memory.getByte;
import static io.solaster.engine.memory.Memory.littleEndian;

import java.util.Arrays;

import io.solaster.engine.memory.Memory;

/**
 * Reads the requests of one connection where the received bytes lie: an argument is an address and a length, no object.
 *
 * <p>
 * Understands arrays of bulk strings and inline requests, and answers what is malformed with redis-server 7.0's words,
 * at the byte at which Redis answers it. That includes what Redis forgives: the byte after a CR is skipped whatever it
 * is, as are the two bytes after an argument; a NUL in a line hides the line's end.
 *
 * <p>
 * A request that arrives in pieces is read once: positions are kept relative to its first byte, so the caller may move
 * what it has received. Memory grows with the arguments received, never with a number announced; what a large request
 * took is given back by the next {@link #decode}, at the latest by {@link #idle}.
 *
 * <p>
 * Called on the owning shard only.
 */
public final class CommandDecoder {
    private static final long[] NONE = {};
    /** Every request whose count has one digit fits, so that the hot loop seldom looks for room. */
    private static final int FEW = 9;
    private static final int KEPT_IDLE = 32;
    private static final int KEPT_BUSY = 1024;
    /** {@code $0 CR LF CR LF}. */
    private static final int SHORTEST_ARGUMENT = 6;
    private static final int FIRST_GUESS = 16 * 1024;

    private static final int ONE_DIGIT_COUNT = '*' | '\r' << 16 | '\n' << 24;
    private static final int ONE_DIGIT_BULK = '$' | '\r' << 16;
    private static final int TWO_DIGIT_BULK = '$' | '\r' << 24;

    private static final int MORE = 0;
    private static final int FAILED = -1;
    private static final int UNKNOWN = -1;

    private RequestLimits limits;
    private boolean authenticated = true;

    private long base;
    /** Each argument's offset from the request's first byte in the upper, its length in the lower half. */
    private long[] arguments = NONE;
    private int count;

    /** Arguments that the request under way has announced; 0 before that is known, {@link #FAILED} after an error. */
    private int announced;
    private int index;
    /** Where the argument under way begins: its header, or its bytes once {@link #bulk} is known. */
    private int position;
    private int bulk = UNKNOWN;
    /** How far the line under way holds no end, so that no byte is looked at twice. */
    private int scanned;
    private int received;
    private String error = "";

    private int lineEnd;
    private long number;

    public CommandDecoder(RequestLimits limits) {
        this.limits = limits;
    }

    /**
     * Decodes the next request from {@code length} bytes at {@code address}.
     *
     * <p>
     * Inline requests that use quotes are unescaped in place: their own bytes are overwritten.
     *
     * @return the request's length in bytes once it is there as a whole; its arguments are valid until the next call
     *         and while the bytes stay in place. 0 when more bytes are needed: the next call must be given the same
     *         bytes, possibly at another address, and more behind them. -1 on a protocol error: nothing can be decoded
     *         any more, and {@link #errorMessage} says what Redis would say
     */
    public int decode(long address, int length) {
        base = address;
        if (announced != 0) {
            return resume(address, length);
        }
        if (length >= 4) {
            int word = littleEndian(Memory.getInt(address));
            int digit = (word >>> 8 & 0xFF) - '0';
            if ((word & 0xFFFF00FF) == ONE_DIGIT_COUNT && digit > 0 && digit <= 9) {
                if (arguments.length < FEW || arguments.length > KEPT_BUSY) {
                    arguments = new long[FEW];
                }
                return arguments(address, length, digit, 0, 4);
            }
        }
        return begin(address, length);
    }

    /** Says where the first byte of the request last decoded lies now, if it was moved before its arguments were read. */
    public void moved(long address) {
        base = address;
    }

    /** Arguments of the request last decoded; 0 if it was an empty line or array, which Redis passes over silently. */
    public int argumentCount() {
        return count;
    }

    /** Where argument {@code i} begins; {@code i} must be below {@link #argumentCount}. */
    public long argumentAddress(int i) {
        return base + (arguments[i] >>> 32);
    }

    /** Length of argument {@code i} in bytes; {@code i} must be below {@link #argumentCount}. */
    public int argumentLength(int i) {
        return (int) arguments[i];
    }

    /**
     * Whether the request last decoded shows that a browser was tricked into speaking to us: its first word is that of
     * an HTTP request. Redis then closes the connection without a word, and without what it had still to answer.
     */
    public boolean isCrossProtocol() {
        return count > 0 && (firstIs("post") || firstIs("host:"));
    }

    /** What was wrong, without the leading {@code ERR}, one byte a character; empty before {@link #decode} fails. */
    public String errorMessage() {
        return error;
    }

    /** Puts other limits in force, from the next call on. */
    public void limits(RequestLimits limits) {
        this.limits = limits;
    }

    /**
     * Says whether the client has proved who it is, or need not. Until told otherwise, the decoder takes it that it has;
     * after {@code false} a request may announce 10 arguments of 16,384 bytes at most.
     */
    public void authenticated(boolean yes) {
        authenticated = yes;
    }

    /**
     * After {@link #decode} returned 0: the least number of bytes that the whole request can have. For a large
     * announcement no more than twice what has been received (at least 16 KiB), so that whoever announces must also
     * send.
     */
    public long expectedBytes() {
        long least = received + 1L;
        if (announced > 0) {
            long argument = bulk == UNKNOWN ? SHORTEST_ARGUMENT : bulk + 2L;
            least = Math.max(least, position + argument + (announced - index - 1L) * SHORTEST_ARGUMENT);
        }
        return Math.min(least, Math.max(FIRST_GUESS, 2L * received));
    }

    /** To be called when the connection has nothing more to decode for now: lets go of what a large request took. */
    public void idle() {
        if (announced == 0) {
            received = 0;
            if (arguments.length > KEPT_IDLE) {
                arguments = NONE;
                count = 0;
            }
        }
    }

    /** Forgets the request under way, an error, and all memory; what {@link #authenticated} was told stays. */
    public void reset() {
        arguments = NONE;
        count = 0;
        error = "";
        received = 0;
        beginNext();
    }

    /** Arguments for which there is room, for tests. */
    int capacity() {
        return arguments.length;
    }

    private void beginNext() {
        announced = 0;
        index = 0;
        position = 0;
        bulk = UNKNOWN;
        scanned = 0;
    }

    private int begin(long address, int length) {
        count = 0;
        if (length <= 0) {
            idle();
            return more(0);
        }
        if (arguments.length > KEPT_BUSY) {
            arguments = NONE;
        }
        if (getByte(address) != '*') {
            return inline(address, length);
        }
        if (!line(address, length, 0)) {
            return lineEnd < 0 && length > limits.maxInline() ? fail("too big mbulk count string") : more(length);
        }
        if (!parse(address + 1, lineEnd - 1) || number > limits.maxArguments()) {
            return fail("invalid multibulk length");
        }
        if (number > RequestLimits.UNAUTHENTICATED_ARGUMENTS && !authenticated) {
            return fail("unauthenticated multibulk length");
        }
        int body = lineEnd + 2;
        if (number <= 0) {
            beginNext();
            return body;
        }
        return arguments(address, length, (int) number, 0, body);
    }

    private int resume(long address, int length) {
        count = 0;
        if (announced == FAILED) {
            return FAILED;
        }
        int at = position;
        int i = index;
        if (bulk != UNKNOWN) {
            if (length - at - 2 < bulk) {
                return more(length);
            }
            room(i, announced, length - at);
            arguments[i++] = (long) at << 32 | bulk;
            at += bulk + 2;
            bulk = UNKNOWN;
            if (i == announced) {
                count = i;
                beginNext();
                return at;
            }
        }
        return arguments(address, length, announced, i, at);
    }

    private int arguments(long address, int length, int announcedCount, int from, int start) {
        long[] found = arguments;
        int at = start;
        int i = from;
        while (true) {
            int size = UNKNOWN;
            int body = at;
            if (length - at >= SHORTEST_ARGUMENT) {
                int word = littleEndian(Memory.getInt(address + at));
                int first = (word >>> 8 & 0xFF) - '0';
                if ((word & 0x00FF00FF) == ONE_DIGIT_BULK) {
                    if (first >= 0 && first <= 9) {
                        size = first;
                        body = at + 4;
                    }
                } else if ((word & 0xFF0000FF) == TWO_DIGIT_BULK) {
                    int second = (word >>> 16 & 0xFF) - '0';
                    if (first > 0 && first <= 9 && second >= 0 && second <= 9) {
                        size = first * 10 + second;
                        body = at + 5;
                    }
                } else if ((word & 0xFF) == '$' && getByte(address + at + 4) == '\r') {
                    int second = (word >>> 16 & 0xFF) - '0';
                    int third = (word >>> 24) - '0';
                    if (first > 0 && first <= 9 && second >= 0 && second <= 9 && third >= 0 && third <= 9) {
                        size = first * 100 + second * 10 + third;
                        body = at + 6;
                    }
                }
            }
            if (size < 0) {
                int outcome = header(address, length, at);
                if (outcome != FAILED && outcome != MORE) {
                    body = outcome;
                    size = (int) number;
                } else {
                    return outcome == FAILED ? FAILED : suspend(length, announcedCount, i, at, UNKNOWN);
                }
            }
            if (length - body - 2 < size) {
                return suspend(length, announcedCount, i, body, size);
            }
            if (i >= found.length) {
                found = room(i, announcedCount, length - at);
            }
            found[i++] = (long) body << 32 | size;
            at = body + size + 2;
            if (i == announcedCount) {
                announced = 0;
                scanned = 0;
                count = i;
                return at;
            }
        }
    }

    private int suspend(int length, int announcedCount, int i, int at, int size) {
        if (size != UNKNOWN) {
            scanned = 0;
        }
        announced = announcedCount;
        index = i;
        position = at;
        bulk = size;
        count = 0;
        return more(length);
    }

    private int more(int length) {
        received = length;
        return MORE;
    }

    private int fail(String what) {
        error = "Protocol error: " + what;
        announced = FAILED;
        count = 0;
        return FAILED;
    }

    /** Reads the line that announces an argument's length: leaves it in {@link #number}, returns where the bytes begin. */
    private int header(long address, int length, int at) {
        if (!plain(address, length, at) && !announcement(address, length, at)) {
            return announced == FAILED ? FAILED : MORE;
        }
        int body = lineEnd + 2;
        if (number < 0 || number > limits.maxBulk() || number > Integer.MAX_VALUE - 2 - body) {
            return fail("invalid bulk length");
        }
        if (number > RequestLimits.UNAUTHENTICATED_BULK && !authenticated) {
            return fail("unauthenticated bulk length");
        }
        scanned = 0;
        return body;
    }

    /** Reads a well-formed announcement of at most 8 digits in one pass; false leaves the judgement to others. */
    private boolean plain(long address, int length, int at) {
        if (length - at < SHORTEST_ARGUMENT || getByte(address + at) != '$') {
            return false;
        }
        int value = getByte(address + at + 1) - '0';
        if (value < 1 || value > 9) {
            return false;
        }
        int stop = Math.min(length - 1, at + 10);
        for (int i = at + 2; i < stop; i++) {
            int digit = getByte(address + i) - '0';
            if (digit < 0 || digit > 9) {
                lineEnd = i;
                number = value;
                return digit == '\r' - '0';
            }
            value = value * 10 + digit;
        }
        return false;
    }

    private boolean announcement(long address, int length, int at) {
        if (!line(address, length, at)) {
            if (lineEnd < 0 && length - at > limits.maxInline()) {
                fail("too big bulk count string");
            }
            return false;
        }
        byte type = getByte(address + at);
        if (type != '$') {
            char shown = type == '\r' || type == '\n' ? ' ' : (char) (type & 0xFF);
            fail("expected '$', got '" + shown + "'");
            return false;
        }
        if (!parse(address + at + 1, lineEnd - at - 1)) {
            fail("invalid bulk length");
            return false;
        }
        return true;
    }

    /**
     * Finds the end of the line that begins {@code at} and leaves it in {@link #lineEnd}: its CR, or -1 if there is none
     * yet. The line is whole once a byte follows the CR.
     */
    private boolean line(long address, int length, int at) {
        int end = Math.max(at, scanned);
        byte last = 0;
        while (end < length && (last = getByte(address + end)) != '\r' && last != 0) {
            end++;
        }
        scanned = end;
        lineEnd = end < length && last == '\r' ? end : UNKNOWN;
        return lineEnd >= 0 && end + 1 < length;
    }

    /** Reads a number as strictly as Redis: no blanks, no plus, no leading zero, nothing beyond 64 bits. */
    private boolean parse(long from, int length) {
        if (length == 1 && getByte(from) == '0') {
            number = 0;
            return true;
        }
        boolean negative = length > 0 && getByte(from) == '-';
        int at = negative ? 1 : 0;
        if (at >= length || length - at > 19 || getByte(from + at) == '0') {
            return false;
        }
        long value = 0;
        for (; at < length; at++) {
            int digit = getByte(from + at) - '0';
            if (digit < 0 || digit > 9) {
                return false;
            }
            value = value * 10 + digit;
        }
        // 19 digits stay below 2^64, so a sum past 2^63 shows as negative.
        if (value < 0 && !(negative && value == Long.MIN_VALUE)) {
            return false;
        }
        number = negative ? -value : value;
        return true;
    }

    private long[] room(int i, int announcedCount, int remaining) {
        if (i >= arguments.length) {
            long possible = Math.max(2L * arguments.length, i + 1L + remaining / SHORTEST_ARGUMENT);
            arguments = Arrays.copyOf(arguments, (int) Math.min(announcedCount, possible));
        }
        return arguments;
    }

    private int inline(long address, int length) {
        int end = scanned;
        byte last = 0;
        while (end < length && (last = getByte(address + end)) != '\n' && last != 0) {
            end++;
        }
        if (end == length || last == 0) {
            scanned = end;
            return length > limits.maxInline() ? fail("too big inline request") : more(length);
        }
        scanned = 0;
        if (end > limits.maxInline()) {
            // As a line of this length is refused that has not ended yet.
            return fail("too big inline request");
        }
        int found = split(address, end > 0 && getByte(address + end - 1) == '\r' ? end - 1 : end);
        if (found < 0) {
            return fail("unbalanced quotes in request");
        }
        if (found > limits.maxArguments()) {
            return fail("invalid multibulk length");
        }
        count = found;
        return end + 1;
    }

    /** Splits a line as Redis does; returns the number of words, or {@link #FAILED} if a quote does not close. */
    private int split(long line, int end) {
        int words = 0;
        int at = InlineWords.begin(line, 0, end);
        while (at < end) {
            long word = InlineWords.read(line, at, end);
            if (word < 0) {
                return FAILED;
            }
            if (words >= arguments.length) {
                arguments = Arrays.copyOf(arguments, Math.max(FEW, 2 * words));
            }
            arguments[words++] = (long) at << 32 | (int) word - at;
            at = InlineWords.begin(line, (int) (word >>> 32), end);
        }
        return words;
    }

    private boolean firstIs(String lowerCase) {
        if (argumentLength(0) != lowerCase.length()) {
            return false;
        }
        long first = argumentAddress(0);
        for (int i = 0; i < lowerCase.length(); i++) {
            byte b = getByte(first + i);
            if ((b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b) != lowerCase.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
