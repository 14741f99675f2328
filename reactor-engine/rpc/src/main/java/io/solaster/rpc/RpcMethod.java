package io.solaster.rpc;

import java.nio.charset.StandardCharsets;

import io.solaster.config.Internal;

/**
 * A method that can be called, as both sides name it. Immutable; make each once and keep it.
 *
 * @param <Q> requests
 * @param <A> answers
 */
public final class RpcMethod<Q, A> {

    /** How many messages go which way. */
    public enum Kind {
        /** A request and its answer. */
        UNARY(1),
        /** A request that nobody answers. */
        ONE_WAY(2),
        /** A request, and a stream of answers. */
        ANSWERS(3),
        /** A stream of requests, and one answer. */
        REQUESTS(4),
        /** Streams both ways. */
        BOTH(5);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        /** Its number on the wire. */
        @Internal
        public int code() {
            return code;
        }

        /** Whether requests, answers or both are a stream. */
        public boolean isStream() {
            return this == ANSWERS || this == REQUESTS || this == BOTH;
        }

        /** Whether requests are a stream. */
        public boolean isOpen() {
            return this == REQUESTS || this == BOTH;
        }
    }

    private static final int MOST_CHARACTERS = 255;

    private final String name;
    private final Kind kind;
    private final RpcCodec<Q> requests;
    private final RpcCodec<A> answers;
    private final int hash;
    private final long fingerprint;

    private RpcMethod(String name, Kind kind, RpcCodec<Q> requests, RpcCodec<A> answers) {
        if (name.isEmpty() || name.length() > MOST_CHARACTERS) {
            throw new IllegalArgumentException("method name of " + name.length() + " characters; give 1 to "
                    + MOST_CHARACTERS + ", such as 'orders.place'");
        }
        this.name = name;
        this.kind = kind;
        this.requests = requests;
        this.answers = answers;
        this.hash = hash(name);
        long q = requests.fingerprint();
        long a = answers.fingerprint();
        this.fingerprint = q == 0 || a == 0 ? 0 : Math.max(1, (q * 31 + a) & Long.MAX_VALUE);
    }

    /**
     * A request and its answer.
     *
     * @param name the same on both sides, such as {@code orders.place}
     */
    public static <Q, A> RpcMethod<Q, A> unary(String name, RpcCodec<Q> requests, RpcCodec<A> answers) {
        return new RpcMethod<>(name, Kind.UNARY, requests, answers);
    }

    /**
     * A request that nobody answers, nor hears of its failure.
     *
     * @param name the same on both sides, such as {@code orders.seen}
     */
    public static <Q> RpcMethod<Q, byte[]> oneWay(String name, RpcCodec<Q> requests) {
        return new RpcMethod<>(name, Kind.ONE_WAY, requests, RpcCodec.BYTES);
    }

    /**
     * A request, and a stream of answers.
     *
     * @param name the same on both sides, such as {@code orders.watch}
     */
    public static <Q, A> RpcMethod<Q, A> answers(String name, RpcCodec<Q> requests, RpcCodec<A> answers) {
        return new RpcMethod<>(name, Kind.ANSWERS, requests, answers);
    }

    /**
     * A stream of requests, and one answer.
     *
     * @param name the same on both sides, such as {@code orders.load}
     */
    public static <Q, A> RpcMethod<Q, A> requests(String name, RpcCodec<Q> requests, RpcCodec<A> answers) {
        return new RpcMethod<>(name, Kind.REQUESTS, requests, answers);
    }

    /**
     * Streams both ways.
     *
     * @param name the same on both sides, such as {@code orders.talk}
     */
    public static <Q, A> RpcMethod<Q, A> both(String name, RpcCodec<Q> requests, RpcCodec<A> answers) {
        return new RpcMethod<>(name, Kind.BOTH, requests, answers);
    }

    /** FNV-1a of the name in UTF-8, by which frames name the method. Neighbouring names differ in all bits. */
    private static int hash(String name) {
        int hash = 0x811C9DC5;
        for (byte each : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ each & 0xFF) * 0x01000193;
        }
        return hash ^ hash >>> 15;
    }

    /** The same on both sides. */
    public String name() {
        return name;
    }

    /** How many messages go which way. */
    public Kind kind() {
        return kind;
    }

    /** How requests become bytes. */
    public RpcCodec<Q> requests() {
        return requests;
    }

    /** How answers become bytes. */
    public RpcCodec<A> answers() {
        return answers;
    }

    /** Its number on the wire. */
    @Internal
    public int hash() {
        return hash;
    }

    /** Of both codecs; 0 where either has none. */
    @Internal
    public long fingerprint() {
        return fingerprint;
    }

    @Override
    public String toString() {
        return name;
    }
}
