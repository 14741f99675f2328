package io.solaster.http.websocket;

import java.util.Map;
import java.util.TreeMap;

import io.solaster.engine.stats.Counter;

/** What one shard counts of its WebSocket connections. Written by the shard, read by any thread. */
public final class WebSocketStats {
    private static final int CODES = 16;

    /** Connections that were opened. */
    public final Counter opened = new Counter();
    /** Connections that have ended. */
    public final Counter closed = new Counter();
    /** Messages received. */
    public final Counter messagesIn = new Counter();
    /** Messages handed to sockets. */
    public final Counter messagesOut = new Counter();
    /** Bytes received, frames and all. */
    public final Counter bytesIn = new Counter();
    /** Bytes handed to sockets, frames and all. */
    public final Counter bytesOut = new Counter();
    /** Messages that were dropped because a client did not read. */
    public final Counter dropped = new Counter();
    /** Pings sent because a client was silent. */
    public final Counter pings = new Counter();
    /** Requests for a WebSocket that were refused. */
    public final Counter refused = new Counter();
    private final Counter[] byCode = new Counter[CODES];
    private final Counter applications = new Counter();
    private final Counter others = new Counter();

    WebSocketStats() {
        for (int i = 0; i < CODES; i++) {
            byCode[i] = new Counter();
        }
    }

    /** Connections that are open. */
    public long open() {
        return opened.get() - closed.get();
    }

    /**
     * Connections that have ended with this code: {@link CloseCode#ABNORMAL} those without a Close.
     *
     * @param code codes from 3000 on are counted together, and so are those that nobody has registered
     */
    public long closed(int code) {
        return counter(code).get();
    }

    /** Connections that have ended, by code as words: {@code 1000} to {@code 1015}, {@code application}, {@code other}. */
    public Map<String, Long> closedByCode() {
        Map<String, Long> counts = new TreeMap<>();
        for (int i = 0; i < CODES; i++) {
            if (byCode[i].get() > 0) {
                counts.put(String.valueOf(CloseCode.NORMAL + i), byCode[i].get());
            }
        }
        if (applications.get() > 0) {
            counts.put("application", applications.get());
        }
        if (others.get() > 0) {
            counts.put("other", others.get());
        }
        return counts;
    }

    void close(int code) {
        closed.increment();
        counter(code).increment();
    }

    private Counter counter(int code) {
        int registered = code - CloseCode.NORMAL;
        if (registered >= 0 && registered < CODES) {
            return byCode[registered];
        }
        return code >= CloseCode.APPLICATIONS ? applications : others;
    }
}
