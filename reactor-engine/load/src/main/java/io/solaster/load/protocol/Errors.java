package io.solaster.load.protocol;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

import io.netty.buffer.ByteBuf;

/** The kinds of a connection's error answers: few texts, made once. On one shard. */
final class Errors {
    /** A server that makes up errors must not fill the memory. */
    private static final int MOST_KINDS = 32;
    private static final int LONGEST = 32;

    private final Map<String, String> kinds = new HashMap<>();

    /** The first word of a text, as {@code WRONGTYPE}. */
    String code(ByteBuf in, int from, int to) {
        int end = from;
        while (end < to && end - from < LONGEST && in.getByte(end) > ' ' && in.getByte(end) < 127) {
            end++;
        }
        return kind(in.toString(from, end - from, StandardCharsets.US_ASCII));
    }

    String status(int status) {
        return kind("HTTP " + status);
    }

    private String kind(String text) {
        String known = kinds.get(text);
        if (known != null) {
            return known;
        }
        if (kinds.size() >= MOST_KINDS) {
            return "other error answers";
        }
        kinds.put(text, text);
        return text;
    }
}
