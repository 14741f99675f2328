package io.solaster.http.http2;

import java.util.Arrays;

/**
 * The streams of one client that were reset last: before it hears of that, it may send on them what it likes (RFC 9113,
 * 5.1). To the client they are under way until then, so that there can be no more of them than there may be streams. On the
 * owning shard.
 */
final class StreamIds {
    private static final int FEW = 8;
    private static final int MANY = 1024;

    private final int most;
    private int[] ids = {};
    private int next;

    /** @param streams of the client that may be under way */
    StreamIds(int streams) {
        this.most = Math.min(streams, MANY);
    }

    void add(int id) {
        if (next == ids.length && ids.length < most) {
            ids = Arrays.copyOf(ids, Math.min(most, Math.max(FEW, 2 * ids.length)));
        } else if (next == ids.length) {
            next = 0;
        }
        ids[next++] = id;
    }

    boolean has(int id) {
        for (int each : ids) {
            if (each == id) {
                return true;
            }
        }
        return false;
    }
}
