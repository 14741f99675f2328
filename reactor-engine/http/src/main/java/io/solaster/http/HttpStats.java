package io.solaster.http;

import java.util.Arrays;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.config.Internal;
import io.solaster.engine.stats.Counter;

/** What one shard counts of one HTTP server. Written by the shard, read by any thread. */
@SuppressWarnings("EnumOrdinal") // a place in an array
public final class HttpStats {
    /** Responses of 200 to 299. */
    public final Counter succeeded = new Counter();
    /** Responses of 300 to 399. */
    public final Counter redirected = new Counter();
    /** Responses of 400 to 499, those to malformed requests included. */
    public final Counter clientErrors = new Counter();
    /** Responses of 500 to 599. */
    public final Counter serverErrors = new Counter();
    /** Connections that were handed over to another protocol. */
    public final Counter upgrades = new Counter();
    /** Connections that have begun to speak HTTP/2. */
    public final Counter http2Connections = new Counter();
    /** Requests that came over HTTP/2; they are among the others, too. */
    public final Counter http2Requests = new Counter();
    /** Requests that came over HTTP/2 and that the client has cancelled. */
    public final Counter http2Resets = new Counter();
    /** Clients that were cut off since they did not read: their connection, or one response of HTTP/2. */
    public final Counter outputOverflows = new Counter();
    /** Bytes received, decrypted. */
    public final Counter bytesIn = new Counter();
    /** Bytes handed to sockets, before they are encrypted. */
    public final Counter bytesOut = new Counter();
    /** Lines of the access log. */
    public final Counter logged = new Counter();
    /** Lines of the access log that were dropped, since they came faster than they could be logged. */
    public final Counter logDropped = new Counter();
    private final Counter[] malformed = counters(Malformed.values().length);
    private final Counter[] timeouts = counters(Timeout.values().length);

    /** Why a request was refused as it was read. */
    public enum Malformed {
        /** It is no HTTP, or might be read in more ways than one, or the chunks of its body are none: 400. */
        SYNTAX,
        /** Its target is too long: 414. */
        TARGET,
        /** Its headers are too long, or too many: 431. */
        HEADERS,
        /** It expects what is not known: 417. */
        EXPECTATION,
        /** A method, a coding or a version that is not known: 501, 505. */
        UNSUPPORTED;

        static Malformed of(HttpResponseStatus status) {
            return switch (status.code()) {
                case 414 -> TARGET;
                case 431 -> HEADERS;
                case 417 -> EXPECTATION;
                case 501, 505 -> UNSUPPORTED;
                default -> SYNTAX;
            };
        }
    }

    /** What took too long; that a connection was idle is no fault and not counted. */
    public enum Timeout {
        /** A request's head: {@code http.header-timeout}. */
        HEADER,
        /** A request's body: {@code http.body-timeout}. */
        BODY,
        /** A handler: {@code http.request-timeout}. */
        REQUEST,
        /** A client that does not read: {@code http.body-timeout}. */
        UNREAD
    }

    @Internal
    public HttpStats() {}

    private static Counter[] counters(int count) {
        Counter[] counters = new Counter[count];
        Arrays.setAll(counters, i -> new Counter());
        return counters;
    }

    /** Requests that were refused for this reason. Any thread. */
    public long malformed(Malformed reason) {
        return malformed[reason.ordinal()].get();
    }

    /** Requests that were refused as they were read. Any thread. */
    public long malformed() {
        return sum(malformed);
    }

    /** How often this took too long. Any thread. */
    public long timeouts(Timeout kind) {
        return timeouts[kind.ordinal()].get();
    }

    /** How often anything took too long. Any thread. */
    public long timeouts() {
        return sum(timeouts);
    }

    private static long sum(Counter[] counters) {
        long sum = 0;
        for (Counter each : counters) {
            sum += each.get();
        }
        return sum;
    }

    @Internal
    public void refused(HttpResponseStatus status) {
        malformed[Malformed.of(status).ordinal()].increment();
    }

    @Internal
    public void timedOut(Timeout kind) {
        timeouts[kind.ordinal()].increment();
    }

    @Internal
    public void answered(HttpResponseStatus status) {
        switch (status.code() / 100) {
            case 1 -> upgrades.increment();
            case 2 -> succeeded.increment();
            case 3 -> redirected.increment();
            case 4 -> clientErrors.increment();
            default -> serverErrors.increment();
        }
    }
}
