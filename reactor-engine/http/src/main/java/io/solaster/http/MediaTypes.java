package io.solaster.http;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

import io.netty.handler.codec.http.HttpUtil;
import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/** What Content-Type and Accept say. */
@Internal
public final class MediaTypes {

    private MediaTypes() {}

    /** Whether a Content-Type is this type, whatever its parameters; null is not. */
    public static boolean is(@Nullable String contentType, String type) {
        return contentType != null && essence(contentType).equals(type);
    }

    /** Whether it is JSON, or one of the types made of it, such as {@code application/problem+json}, in UTF-8. */
    static boolean isJson(@Nullable String contentType) {
        if (contentType == null) {
            return false;
        }
        String type = essence(contentType);
        if (!type.equals("application/json") && !(type.startsWith("application/") && type.endsWith("+json"))) {
            return false;
        }
        Charset charset = HttpUtil.getCharset(contentType, StandardCharsets.UTF_8);
        return charset.equals(StandardCharsets.UTF_8) || charset.equals(StandardCharsets.US_ASCII);
    }

    private static String essence(String contentType) {
        int end = contentType.indexOf(';');
        return (end < 0 ? contentType : contentType.substring(0, end)).trim().toLowerCase(Locale.ROOT);
    }

    /**
     * Whether an Accept header takes a type: what is said of the type itself counts more than of all its kind, and that
     * more than of all types; a weight of 0 refuses (RFC 9110, 12.5.1). A range that is no such thing says nothing.
     *
     * @param accept null takes everything
     */
    static boolean accepts(@Nullable String accept, String type) {
        if (accept == null || accept.isBlank()) {
            return true;
        }
        String kind = type.substring(0, type.indexOf('/')) + "/*";
        int best = 0;
        boolean taken = false;
        for (String range : accept.toLowerCase(Locale.ROOT).split(",", -1)) {
            String essence = essence(range);
            int rank = essence.equals(type) ? 3 : essence.equals(kind) ? 2 : essence.equals("*/*") ? 1 : 0;
            if (rank > best || rank == best && rank > 0 && !taken) {
                best = rank;
                taken = !isRefused(range);
            }
        }
        return taken;
    }

    /** Whether an Accept-Encoding header names a coding, or all, with a weight other than 0. */
    public static boolean acceptsCoding(String accept, String coding) {
        boolean all = false;
        for (String range : accept.toLowerCase(Locale.ROOT).split(",", -1)) {
            String essence = essence(range);
            if (essence.equals(coding)) {
                return !isRefused(range);
            }
            all |= essence.equals("*") && !isRefused(range);
        }
        return all;
    }

    private static boolean isRefused(String range) {
        String[] parts = range.split(";", -1);
        for (int i = 1; i < parts.length; i++) {
            String parameter = parts[i].trim();
            if (parameter.startsWith("q=")) {
                return parameter.substring(2).trim().matches("0(\\.0{0,3})?");
            }
        }
        return false;
    }
}
