package io.solaster.http.wire;

/**
 * For how long a client may still fall behind within a body. That time runs while somebody waits for more of the body,
 * and for nobody while the handler has enough. By the shard's timers, in nanoseconds; on the owning shard.
 */
public final class BodyTime {
    private long left;
    private long since;
    private boolean runs;

    /** A body begins. */
    public void begin(HttpLimits limits) {
        left = limits.bodyNanos();
        runs = false;
    }

    /** So many bytes have come. */
    public void received(int bytes, long now, HttpLimits limits) {
        if (runs) {
            left = limits.patience(left - (now - since), bytes);
            since = now;
        }
    }

    /** Has it run, or stand still. */
    public void run(boolean awaited, long now) {
        if (awaited && !runs) {
            since = now;
        } else if (!awaited && runs) {
            left -= now - since;
        }
        runs = awaited;
    }

    /** When it is over, if nothing comes until then. */
    public long deadline() {
        return since + left;
    }

    public boolean isOver(long now) {
        return runs && now - since >= left;
    }
}
