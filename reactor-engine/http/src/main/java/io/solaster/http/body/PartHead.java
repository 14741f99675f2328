package io.solaster.http.body;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

import io.solaster.http.Escapes;
import io.solaster.http.HttpException;
import org.jspecify.annotations.Nullable;

/**
 * The head of one part of a form: RFC 7578. What is missing or could be read in two ways is refused with 400.
 *
 * @param name the field's
 * @param filename the last segment of what the client calls the file; null of a field that is none
 * @param type of the content
 * @param charset of a field's text
 */
record PartHead(String name, @Nullable String filename, String type, Charset charset) {
    private static final String TEXT = "text/plain";
    private static final String BINARY = "application/octet-stream";

    static HttpException malformed(String what) {
        return Escapes.bad("a malformed multipart/form-data body: " + what);
    }

    /** @param text the lines, without the empty one at their end */
    static PartHead parse(String text) {
        String disposition = null;
        String type = null;
        for (String line : text.isEmpty() ? new String[0] : text.split("\r\n", -1)) {
            int colon = line.indexOf(':');
            if (colon <= 0 || line.indexOf('\0') >= 0) {
                throw malformed("a part's header that is none");
            }
            String value = line.substring(colon + 1).strip();
            switch (line.substring(0, colon).toLowerCase(Locale.ROOT)) {
                case "content-disposition" -> disposition = once(disposition, value, "Content-Disposition");
                case "content-type" -> type = once(type, value, "Content-Type");
                case "content-transfer-encoding" -> {
                    if (!value.matches("(?i)7bit|8bit|binary")) {
                        throw malformed("the Content-Transfer-Encoding '" + value + "'");
                    }
                }
                default -> {
                    // RFC 7578, 4.8: the others are ignored.
                }
            }
        }
        if (disposition == null) {
            throw malformed("a part without Content-Disposition");
        }
        Map<String, String> parameters = parameters(disposition, "form-data");
        String name = parameters.get("name");
        if (name == null) {
            throw malformed("a part without a name");
        }
        String filename = filename(parameters);
        Map<String, String> ofType = type == null ? Map.of() : parameters(type, null);
        return new PartHead(name, filename, type == null ? filename == null ? TEXT : BINARY : type(type),
                charset(ofType.get("charset")));
    }

    private static String once(@Nullable String before, String value, String header) {
        if (before != null) {
            throw malformed("two " + header + " in a part");
        }
        return value;
    }

    private static String type(String type) {
        int end = type.indexOf(';');
        return (end < 0 ? type : type.substring(0, end)).strip();
    }

    /** What a Content-Type has as its boundary; empty if it has none. */
    static String boundary(String contentType) {
        return parameters(contentType, null).getOrDefault("boundary", "");
    }

    /** The parameters of a header by their names in lower case, none of them twice. */
    private static Map<String, String> parameters(String header, @Nullable String type) {
        int at = header.indexOf(';');
        String first = (at < 0 ? header : header.substring(0, at)).strip();
        if (type != null && !first.equalsIgnoreCase(type)) {
            throw malformed("a part that is '" + first + "'");
        }
        Map<String, String> parameters = new LinkedHashMap<>();
        while (at >= 0 && at < header.length()) {
            int equals = header.indexOf('=', at);
            if (equals < 0) {
                if (!header.substring(at + 1).isBlank()) {
                    throw malformed("a parameter without a value");
                }
                break;
            }
            String name = header.substring(at + 1, equals).strip().toLowerCase(Locale.ROOT);
            StringBuilder value = new StringBuilder();
            at = value(header, equals + 1, value);
            if (parameters.put(name, value.toString()) != null) {
                throw malformed("'" + name + "' twice in a header");
            }
        }
        return parameters;
    }

    /** Reads a token or what is quoted; where the next semicolon is, or -1. */
    private static int value(String header, int from, StringBuilder value) {
        int at = from;
        while (at < header.length() && header.charAt(at) == ' ') {
            at++;
        }
        if (at == header.length() || header.charAt(at) != '"') {
            int end = header.indexOf(';', at);
            value.append(header, at, end < 0 ? header.length() : end);
            value.setLength(value.toString().stripTrailing().length());
            return end;
        }
        for (at++; at < header.length() && header.charAt(at) != '"'; at++) {
            char c = header.charAt(at);
            // A path of Windows has backslashes that escape nothing.
            if (c == '\\' && at + 1 < header.length()
                    && (header.charAt(at + 1) == '"' || header.charAt(at + 1) == '\\')) {
                c = header.charAt(++at);
            }
            value.append(c);
        }
        if (at == header.length()) {
            throw malformed("a quoted text without an end");
        }
        int end = header.indexOf(';', at);
        if (!header.substring(at + 1, end < 0 ? header.length() : end).isBlank()) {
            throw malformed("something behind a quoted text");
        }
        return end;
    }

    private static @Nullable String filename(Map<String, String> parameters) {
        String extended = parameters.get("filename*");
        String text = parameters.get("filename");
        if (extended != null) {
            String prefix = "utf-8'";
            int language = extended.indexOf('\'', prefix.length());
            if (!extended.regionMatches(true, 0, prefix, 0, prefix.length()) || language < 0) {
                throw malformed("a filename* that is not in UTF-8");
            }
            text = Escapes.decode(extended, language + 1, extended.length());
        }
        if (text == null) {
            return null;
        }
        StringBuilder plain = new StringBuilder();
        text.chars().filter(c -> !Character.isISOControl(c)).forEach(c -> plain.append((char) c));
        String last = plain.substring(Math.max(plain.lastIndexOf("/"), plain.lastIndexOf("\\")) + 1);
        if (last.equals(".") || last.equals("..")) {
            throw malformed("a file that is called '" + last + "'");
        }
        return last;
    }

    private static Charset charset(@Nullable String name) {
        try {
            return name == null || name.isEmpty() ? StandardCharsets.UTF_8 : Charset.forName(name);
        } catch (IllegalArgumentException e) {
            throw malformed("the charset '" + name + "'");
        }
    }

    /** The text of a field. */
    String text(ByteBuffer bytes) {
        try {
            return charset.newDecoder().onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT).decode(bytes).toString();
        } catch (CharacterCodingException e) {
            throw malformed("the field '" + name + "' is not in " + charset);
        }
    }
}
