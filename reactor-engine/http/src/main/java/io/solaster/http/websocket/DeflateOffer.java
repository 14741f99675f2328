package io.solaster.http.websocket;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

import io.solaster.config.server.WebSocketCompressionConfig;
import org.jspecify.annotations.Nullable;

/**
 * What was agreed upon about permessage-deflate (RFC 7692, section 7.1).
 *
 * @param ourTakeover whether our messages may refer to those before them
 * @param clientTakeover whether the client's may
 * @param ourBits within how much of a message, as a power of two, we refer to what was before; 0 where the client does not
 *            care
 */
record DeflateOffer(boolean ourTakeover, boolean clientTakeover, int ourBits) {
    static final String NAME = "permessage-deflate";
    private static final int WINDOW_BITS = 15;

    /** The first of a client's offers that can be met; null if there is none. */
    static @Nullable DeflateOffer choose(List<String> extensions, WebSocketCompressionConfig config) {
        if (!config.enabled()) {
            return null;
        }
        for (String header : extensions) {
            for (String offer : header.split(",", -1)) {
                DeflateOffer met = meet(offer.strip(), config);
                if (met != null) {
                    return met;
                }
            }
        }
        return null;
    }

    private static @Nullable DeflateOffer meet(String offer, WebSocketCompressionConfig config) {
        String[] parts = offer.split(";", -1);
        if (!parts[0].strip().equalsIgnoreCase(NAME)) {
            return null;
        }
        boolean ours = config.contextTakeover();
        int ourBits = 0;
        Set<String> seen = new HashSet<>();
        for (int i = 1; i < parts.length; i++) {
            String[] pair = parts[i].split("=", 2);
            String name = pair[0].strip().toLowerCase(Locale.ROOT);
            String value = pair.length < 2 ? null : unquoted(pair[1].strip());
            if (!seen.add(name)) {
                return null;
            }
            boolean fits = switch (name) {
                case "server_no_context_takeover" -> {
                    ours = false;
                    yield value == null;
                }
                case "client_no_context_takeover" -> value == null;
                case "server_max_window_bits" -> {
                    ourBits = value == null ? 0 : bits(value);
                    yield ourBits > 0;
                }
                // The JDK's zlib can read a client's window whatever it is.
                case "client_max_window_bits" -> value == null || bits(value) > 0;
                default -> false;
            };
            if (!fits) {
                return null;
            }
        }
        // Of messages before, a small window would hold hardly anything.
        return new DeflateOffer(ours && (ourBits == 0 || ourBits == WINDOW_BITS),
                config.contextTakeover() && !seen.contains("client_no_context_takeover"),
                ourBits);
    }

    private static String unquoted(String value) {
        return value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"")
                ? value.substring(1, value.length() - 1)
                : value;
    }

    private static int bits(String value) {
        return value.matches("[89]|1[0-5]") ? Integer.parseInt(value) : 0;
    }

    /** What the client is answered. */
    String answer() {
        return NAME + (ourTakeover ? "" : "; server_no_context_takeover")
                + (clientTakeover ? "" : "; client_no_context_takeover")
                + (ourBits == 0 ? "" : "; server_max_window_bits=" + ourBits);
    }

    /** The most bytes of a message that are compressed without a new beginning. */
    int window() {
        return ourBits == 0 || ourBits == WINDOW_BITS ? Integer.MAX_VALUE : 1 << ourBits;
    }
}
