package io.solaster.http;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/** Percent-encoding of paths and forms. What is malformed is refused with 400. */
@Internal
public final class Escapes {

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
        ByteBuffer bytes = ByteBuffer.allocate(3 * (to - from));
        int i = from;
        while (i < to) {
            char c = text.charAt(i);
            if (c == '%') {
                int value = i + 2 < to ? hex(text.charAt(i + 1)) << 4 | hex(text.charAt(i + 2)) : -1;
                if (value < 0) {
                    throw bad("'" + text.substring(i, Math.min(i + 3, to)) + "' is not a percent-escape");
                }
                bytes.put((byte) value);
                i += 3;
            } else if (c < 0x80) {
                bytes.put((byte) (plusIsSpace && c == '+' ? ' ' : c));
                i++;
            } else {
                int end = i + 1;
                while (end < to && text.charAt(end) >= 0x80) {
                    end++;
                }
                bytes.put(text.substring(i, end).getBytes(StandardCharsets.UTF_8));
                i = end;
            }
        }
        try {
            return StandardCharsets.UTF_8.newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(bytes.flip())
                    .toString();
        } catch (CharacterCodingException e) {
            throw bad("'" + text.substring(from, to) + "' is not UTF-8, percent-encoded");
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
