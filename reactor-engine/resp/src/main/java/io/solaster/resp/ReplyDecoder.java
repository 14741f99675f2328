package io.solaster.resp;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Reads the replies of one connection as a client, RESP2's and RESP3's, at whatever byte they were cut. Attributes are
 * read and left out. Strings and aggregates of unknown length, which no Redis sends, are refused.
 *
 * <p>
 * Nothing is taken for what is merely announced: lists grow with their elements, a string is copied once it is there.
 *
 * <p>
 * Called on one thread at a time: the shard that owns the connection.
 */
public final class ReplyDecoder {
    private static final int LEAST_CAPACITY = 16;
    private static final Reply NOTHING = new Reply.Nothing();
    private static final Reply OK = new Reply.Status("OK");
    /** So many digits are a number whatever they are. */
    private static final int SURE_DIGITS = 9;

    private final ReplyLimits limits;
    private final ArrayDeque<Open> open = new ArrayDeque<>();
    private int elements;
    private int scanned;
    /** Type and length of the string whose bytes are awaited; a length below 0 while there is none. */
    private byte blobType;
    private int blobLength = -1;

    public ReplyDecoder(ReplyLimits limits) {
        this.limits = limits;
    }

    /**
     * Decodes the next reply; consumes the bytes that it has understood, also when the reply is not complete.
     *
     * @return the reply, or null when more bytes are needed
     * @throws ReplyException
     *             if the bytes are no reply or exceed a limit
     */
    public @Nullable Reply decode(ByteBuf in) {
        while (true) {
            Reply item;
            if (blobLength >= 0) {
                if (in.readableBytes() < blobLength + 2L) {
                    return null;
                }
                item = blob(in);
            } else {
                if (scanned == 0 && beginShortString(in)) {
                    continue;
                }
                int length = line(in);
                if (length < 0) {
                    return null;
                }
                item = line(in, length);
            }
            if (item == null) {
                continue;
            }
            Reply whole = place(item);
            if (whole != null) {
                return whole;
            }
        }
    }

    /** Forgets a reply under way, for a new connection. */
    public void reset() {
        open.clear();
        elements = 0;
        scanned = 0;
        blobLength = -1;
    }

    /** Length of the line at the reader index without CR LF, or -1 while its end is not there. */
    private int line(ByteBuf in) {
        int start = in.readerIndex();
        int end = in.writerIndex();
        int at = start + scanned;
        while (at < end && in.getByte(at) != '\r') {
            at++;
        }
        int length = at - start;
        if (length > limits.maxLine()) {
            throw new ReplyException("a line of a reply is longer than " + limits.maxLine() + " bytes");
        }
        if (end - at < 2) {
            scanned = length;
            return -1;
        }
        if (in.getByte(at + 1) != '\n') {
            throw new ReplyException("a line of a reply ends with a CR that no LF follows");
        }
        if (length == 0) {
            throw new ReplyException("a reply begins with an empty line");
        }
        scanned = 0;
        return length;
    }

    /** The line that a reply to GET begins with most often: of a string of 10 to 99 bytes. Two reads tell. */
    private boolean beginShortString(ByteBuf in) {
        if (in.readableBytes() < 5) {
            return false;
        }
        int start = in.readerIndex();
        int head = in.getInt(start);
        int tens = (head >> 16 & 0xff) - '0';
        int ones = (head >> 8 & 0xff) - '0';
        if (head >>> 24 != '$' || (head & 0xff) != '\r' || tens < 0 || tens > 9 || ones < 0 || ones > 9
                || in.getByte(start + 4) != '\n' || 10 * tens + ones > limits.maxBlob()) {
            return false;
        }
        in.readerIndex(start + 5);
        blobType = '$';
        blobLength = 10 * tens + ones;
        return true;
    }

    /** What the line at the reader index is, which is consumed. The most frequent ones take no detour by a text. */
    private @Nullable Reply line(ByteBuf in, int length) {
        int start = in.readerIndex();
        byte type = in.getByte(start);
        in.readerIndex(start + length + 2);
        if (type == '$' || type == ':') {
            int number = digits(in, start + 1, length - 1);
            if (number >= 0 && type == ':') {
                return new Reply.Whole(number);
            }
            if (number >= 0 && number <= limits.maxBlob()) {
                blobLength = number;
                blobType = type;
                return null;
            }
        } else if (type == '+' && length == 3 && in.getShort(start + 1) == ('O' << 8 | 'K')) {
            return OK;
        }
        return item(type, in.toString(start + 1, length - 1, StandardCharsets.UTF_8));
    }

    /** The number that a few digits are, or -1 if there are more or something else. */
    private static int digits(ByteBuf in, int start, int count) {
        if (count == 0 || count > SURE_DIGITS) {
            return -1;
        }
        int number = 0;
        for (int at = start; at < start + count; at++) {
            int digit = in.getByte(at) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            number = number * 10 + digit;
        }
        return number;
    }

    /** The reply that a line is, or null if its bytes or elements are yet to come. */
    private @Nullable Reply item(byte type, String text) {
        return switch (type) {
            case '+' -> new Reply.Status(text);
            case '-' -> new Reply.Failure(text);
            case ':' -> new Reply.Whole(number(text));
            case ',' -> new Reply.Fraction(fraction(text));
            case '(' -> new Reply.Big(big(text));
            case '_' -> nothing(text);
            case '#' -> truth(text);
            case '$', '=', '!' -> beginBlob(type, text);
            case '*' -> beginAggregate(Reply.Kind.ARRAY, 1, text);
            case '~' -> beginAggregate(Reply.Kind.SET, 1, text);
            case '>' -> beginAggregate(Reply.Kind.PUSH, 1, text);
            case '%' -> beginAggregate(Reply.Kind.MAP, 2, text);
            case '|' -> beginAggregate(null, 2, text);
            default -> throw new ReplyException(String.format("no reply begins with byte 0x%02x", type));
        };
    }

    private @Nullable Reply beginBlob(byte type, String text) {
        if (type == '$' && text.equals("-1")) {
            return NOTHING;
        }
        blobLength = length(text, limits.maxBlob());
        blobType = type;
        return null;
    }

    private Reply blob(ByteBuf in) {
        byte[] bytes = new byte[blobLength];
        in.readBytes(bytes);
        if (in.readByte() != '\r' || in.readByte() != '\n') {
            throw new ReplyException("a string of " + blobLength + " bytes is not followed by CR LF");
        }
        blobLength = -1;
        if (blobType == '!') {
            return new Reply.Failure(new String(bytes, StandardCharsets.UTF_8));
        }
        if (blobType == '=') {
            if (bytes.length < 4 || bytes[3] != ':') {
                throw new ReplyException("a verbatim string does not begin with its format and a colon");
            }
            String format = new String(bytes, 0, 3, StandardCharsets.ISO_8859_1);
            return new Reply.Verbatim(format, new Reply.Blob(Arrays.copyOfRange(bytes, 4, bytes.length)));
        }
        return new Reply.Blob(bytes);
    }

    private @Nullable Reply beginAggregate(Reply.@Nullable Kind kind, int perEntry, String text) {
        if (kind == Reply.Kind.ARRAY && text.equals("-1")) {
            return NOTHING;
        }
        int count = length(text, (limits.maxElements() - elements) / perEntry) * perEntry;
        elements += count;
        if (count == 0) {
            return kind == null ? null : new Reply.Aggregate(kind, List.of());
        }
        if (open.size() >= limits.maxDepth()) {
            throw new ReplyException("a reply is nested deeper than " + limits.maxDepth());
        }
        open.push(new Open(kind, count));
        return null;
    }

    /** Puts an item where it belongs; returns the whole reply if that completes it. */
    private @Nullable Reply place(Reply item) {
        Reply done = item;
        while (true) {
            Open around = open.peek();
            if (around == null) {
                elements = 0;
                return done;
            }
            around.elements.add(done);
            if (--around.missing > 0) {
                return null;
            }
            open.pop();
            if (around.kind == null) {
                return null;
            }
            done = new Reply.Aggregate(around.kind, around.elements);
        }
    }

    private static Reply nothing(String text) {
        if (!text.isEmpty()) {
            throw new ReplyException("a null carries a value: '" + text + "'");
        }
        return NOTHING;
    }

    private static Reply truth(String text) {
        return switch (text) {
            case "t" -> new Reply.Truth(true);
            case "f" -> new Reply.Truth(false);
            default -> throw new ReplyException("neither true nor false: '" + text + "'");
        };
    }

    private static int length(String text, int limit) {
        long length = number(text);
        if (length < 0 || length > limit) {
            throw new ReplyException("a length of " + text + " in a reply is not within 0 and " + limit);
        }
        return (int) length;
    }

    private static long number(String text) {
        try {
            return Long.parseLong(numeric(text));
        } catch (NumberFormatException _) {
            throw new ReplyException("not a number: '" + text + "'");
        }
    }

    private static BigInteger big(String text) {
        try {
            return new BigInteger(numeric(text));
        } catch (NumberFormatException _) {
            throw new ReplyException("not a number: '" + text + "'");
        }
    }

    private static double fraction(String text) {
        switch (text) {
            case "inf", "+inf" -> {
                return Double.POSITIVE_INFINITY;
            }
            case "-inf" -> {
                return Double.NEGATIVE_INFINITY;
            }
            case "nan", "-nan" -> {
                return Double.NaN;
            }
            default -> {
                try {
                    return Double.parseDouble(numeric(text));
                } catch (NumberFormatException _) {
                    throw new ReplyException("not a number: '" + text + "'");
                }
            }
        }
    }

    /** Java's own parsers take more than RESP allows: other scripts' digits, hexadecimal numbers, suffixes. */
    private static String numeric(String text) {
        for (int i = 0; i < text.length(); i++) {
            if ("0123456789+-.eE".indexOf(text.charAt(i)) < 0) {
                throw new ReplyException("not a number: '" + text + "'");
            }
        }
        return text;
    }

    /** An aggregate that misses elements; without a kind it is an attribute. */
    private static final class Open {
        private final Reply.@Nullable Kind kind;
        private final List<Reply> elements;
        private int missing;

        Open(Reply.@Nullable Kind kind, int count) {
            this.kind = kind;
            elements = new ArrayList<>(Math.min(count, LEAST_CAPACITY));
            missing = count;
        }
    }
}
