package io.solaster.http;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/** Percent-encoding of paths and forms. What is malformed is refused with 400. */
@Internal
public final class Escapes {

    private static final char REPLACEMENT = '\uFFFD';
    /** Characters of a malformed text that its refusal repeats. */
    private static final int MOST_QUOTED = 100;

    private Escapes() {}

    /**
     * Refuses a path that could be understood in two ways: with {@code .} or {@code ..} between separators of any kind,
     * escaped ones too; with a NUL; with an escape that is none, or not of UTF-8. Looks closer only where something
     * could be wrong, and allocates nothing where it is not.
     *
     * @throws HttpException with status 400
     */
    public static void checkPath(String path) {
        if (path.indexOf('%') < 0 && path.indexOf("/.") < 0 && path.indexOf('\\') < 0) {
            return;
        }
        String decoded = decode(path, 0, path.length());
        if (decoded.indexOf('\0') >= 0) {
            throw bad("a NUL in the path");
        }
        int from = 0;
        for (int i = 0; i <= decoded.length(); i++) {
            if (i == decoded.length() || decoded.charAt(i) == '/' || decoded.charAt(i) == '\\') {
                if (i - from == 1 && decoded.charAt(from) == '.'
                        || i - from == 2 && decoded.charAt(from) == '.' && decoded.charAt(from + 1) == '.') {
                    throw bad("'" + decoded.substring(from, i) + "' in a path is not resolved: name what is meant");
                }
                from = i + 1;
            }
        }
    }

    /** Whether there is an escaped slash in a raw path from there on. */
    public static boolean hidesSlash(String path, int from) {
        for (int at = path.indexOf("%2", from); at >= 0; at = path.indexOf("%2", at + 2)) {
            if (at + 2 < path.length() && (path.charAt(at + 2) | 0x20) == 'f') {
                return true;
            }
        }
        return false;
    }

    /** Decodes a part of a path. */
    public static String decode(String text, int from, int to) {
        int escape = text.indexOf('%', from);
        return escape < 0 || escape >= to ? text.substring(from, to) : unescape(text, from, to, false);
    }

    /** Decodes a part of a form, where a plus stands for a space. */
    static String decodeForm(String text, int from, int to) {
        for (int i = from; i < to; i++) {
            if (text.charAt(i) == '%' || text.charAt(i) == '+') {
                return unescape(text, from, to, true);
            }
        }
        return text.substring(from, to);
    }

    private static String unescape(String text, int from, int to, boolean plusIsSpace) {
        int room = to - from;
        for (int i = from; i < to; i++) {
            // What is not ASCII has 3 bytes at most.
            room += text.charAt(i) < 0x80 ? 0 : 2;
        }
        byte[] bytes = new byte[room];
        int length = 0;
        int i = from;
        while (i < to) {
            char c = text.charAt(i);
            if (c == '%') {
                int value = i + 2 < to ? hex(text.charAt(i + 1)) << 4 | hex(text.charAt(i + 2)) : -1;
                if (value < 0) {
                    throw bad("'" + text.substring(i, Math.min(i + 3, to)) + "' is not a percent-escape");
                }
                bytes[length++] = (byte) value;
                i += 3;
            } else if (c < 0x80) {
                bytes[length++] = (byte) (plusIsSpace && c == '+' ? ' ' : c);
                i++;
            } else {
                int end = i + 1;
                while (end < to && text.charAt(end) >= 0x80) {
                    end++;
                }
                byte[] encoded = text.substring(i, end).getBytes(StandardCharsets.UTF_8);
                System.arraycopy(encoded, 0, bytes, length, encoded.length);
                length += encoded.length;
                i = end;
            }
        }
        String decoded = new String(bytes, 0, length, StandardCharsets.UTF_8);
        // What stands for malformed bytes may also have been sent, and only a decoder, which takes more memory, knows.
        if (decoded.indexOf(REPLACEMENT) >= 0 && !isUtf8(bytes, length)) {
            throw bad("'" + quoted(text, from, to) + "' is not UTF-8, percent-encoded");
        }
        return decoded;
    }

    /** So much of it that its client knows it again: a form may be long. */
    private static String quoted(String text, int from, int to) {
        return to - from <= MOST_QUOTED ? text.substring(from, to) : text.substring(from, from + MOST_QUOTED) + "…";
    }

    private static boolean isUtf8(byte[] bytes, int length) {
        try {
            // As a new decoder is, it reports what is malformed.
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, 0, length));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    private static int hex(char c) {
        return c < 0x80 ? Character.digit(c, 16) : -1;
    }

    /** Whether a part of a raw path says this, once it is decoded. */
    public static boolean says(String path, int from, int to, String text, boolean escaped) {
        if (escaped) {
            int escape = path.indexOf('%', from);
            if (escape >= 0 && escape < to) {
                return decode(path, from, to).equals(text);
            }
        }
        return to - from == text.length() && path.startsWith(text, from);
    }

    /** The end of the segment that begins there. */
    public static int segmentEnd(String path, int from) {
        int end = path.indexOf('/', from);
        return end < 0 ? path.length() : end;
    }

    public static HttpException bad(String message) {
        return new HttpException(HttpResponseStatus.BAD_REQUEST, message);
    }

    /** The same where nothing may be thrown: null if the path is fine. */
    @Nullable
    public static HttpException flaw(String path) {
        try {
            checkPath(path);
            return null;
        } catch (HttpException e) {
            return e;
        }
    }
}
