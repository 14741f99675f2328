package io.solaster.streams.subscribe.name;

import java.nio.charset.StandardCharsets;

import io.solaster.engine.memory.Memory;

/**
 * Filters of names by tokens: a wildcard stands for one token, or, as the last, for all that follow. A filter has at most
 * {@link #MOST_TOKENS} tokens and {@link #MOST_WILDCARDS} wildcards for one token: how long it takes to find those of a name is bounded by
 * that.
 */
public enum TokenSyntax {
    /**
     * As MQTT 5 has them (its section 4.7): tokens between slashes, which may be empty; {@code +} and {@code #}. {@code a/#} takes {@code a}
     * too, and no wildcard at the beginning takes a name that begins with {@code $}.
     */
    MQTT('/', '+', '#') {
        @Override
        void checkToken(long token, int length, String filter) {
            for (int i = 0; i < length; i++) {
                byte c = Memory.getByte(token + i);
                if (c == 0) {
                    throw new IllegalArgumentException("filter '" + filter + "' has a zero byte; leave it out");
                }
                if (length > 1 && (c == '+' || c == '#')) {
                    throw new IllegalArgumentException(
                            "filter '" + filter + "': a wildcard is a whole token; write it between slashes");
                }
            }
        }
    },
    /**
     * As NATS has them: tokens between full stops, none of them empty; {@code *} and {@code >}. {@code a.>} takes no {@code a}. A name with an
     * empty token is taken by none. A token that only holds one of the signs among others is a literal one.
     */
    NATS('.', '*', '>') {
        @Override
        void checkToken(long token, int length, String filter) {
            if (length == 0) {
                throw new IllegalArgumentException(
                        "filter '" + filter + "' has an empty token; write no two full stops in a"
                                + " row, and none at an end");
            }
            for (int i = 0; i < length; i++) {
                byte c = Memory.getByte(token + i);
                if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == 0) {
                    throw new IllegalArgumentException("filter '" + filter + "' has a blank; leave it out");
                }
            }
        }
    };

    /** Tokens of a filter. */
    public static final int MOST_TOKENS = 64;
    /** Wildcards of a filter that stand for one token. */
    public static final int MOST_WILDCARDS = 8;
    /** Bytes of a filter. */
    public static final int LONGEST = 65_535;
    private static final byte[] SHARED = "$share/".getBytes(StandardCharsets.US_ASCII);

    final byte separator;
    final byte one;
    final byte rest;

    TokenSyntax(char separator, char one, char rest) {
        this.separator = (byte) separator;
        this.one = (byte) one;
        this.rest = (byte) rest;
    }

    /** What is wrong with a token that is no wildcard. */
    abstract void checkToken(long token, int length, String filter);

    /**
     * Looks at a filter. Any thread.
     *
     * @return how many tokens it has
     * @throws IllegalArgumentException if it is none, with what is wrong and what to write
     */
    public int check(long filter, int length) {
        if (length == 0) {
            throw new IllegalArgumentException("a filter is empty; write at least one token");
        }
        if (length > LONGEST) {
            throw new IllegalArgumentException(
                    "a filter has " + length + " bytes; at most " + LONGEST + " are taken");
        }
        String text = shown(filter, length);
        if (this == MQTT && isShared(filter, length)) {
            throw new IllegalArgumentException(
                    "filter '" + text + "': shared subscriptions are not known here; subscribe to the filter itself");
        }
        int tokens = 0;
        int wildcards = 0;
        for (int start = 0; start <= length;) {
            int end = end(filter, start, length);
            tokens++;
            byte first = end == start + 1 ? Memory.getByte(filter + start) : 0;
            if (first == rest) {
                if (end < length) {
                    throw new IllegalArgumentException(
                            "filter '" + text + "': what stands for all that follows is the last"
                                    + " token; write nothing behind '" + (char) rest + "'");
                }
            } else if (first == one) {
                wildcards++;
            } else {
                checkToken(filter + start, end - start, text);
            }
            start = end + 1;
        }
        if (tokens > MOST_TOKENS || wildcards > MOST_WILDCARDS) {
            throw new IllegalArgumentException("filter '" + text + "' has " + tokens + " tokens and " + wildcards
                    + " wildcards for one; at most " + MOST_TOKENS + " and " + MOST_WILDCARDS + " are taken");
        }
        return tokens;
    }

    private static boolean isShared(long filter, int length) {
        for (int i = 0; i < SHARED.length; i++) {
            if (i == length || Memory.getByte(filter + i) != SHARED[i]) {
                return false;
            }
        }
        return true;
    }

    /** Where the token that begins there ends. */
    int end(long text, int start, int length) {
        int end = start;
        while (end < length && Memory.getByte(text + end) != separator) {
            end++;
        }
        return end;
    }

    private static String shown(long text, int length) {
        byte[] bytes = new byte[Math.min(length, 128)];
        Memory.copy(text, bytes, 0, bytes.length);
        return new String(bytes, StandardCharsets.UTF_8) + (bytes.length < length ? "…" : "");
    }
}
