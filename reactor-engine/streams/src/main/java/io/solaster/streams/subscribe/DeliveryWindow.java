package io.solaster.streams.subscribe;

/**
 * How much may be under way to a subscriber at once: a little more whenever something got through within a time, half of it where that
 * took longer (additive increase, multiplicative decrease, as TCP's congestion avoidance in RFC 5681). Only what was handed over after the last
 * cut can cut again. On the subscriber's shard.
 */
public final class DeliveryWindow {
    private final long least;
    private final long most;
    private final long step;
    private final long targetNanos;
    private long size;
    private long cutAt;
    private boolean wasCut;

    /**
     * @param least it never gets smaller, and begins so
     * @param most it never gets larger
     * @param step what it grows by
     * @param targetNanos how long something may be under way
     */
    public DeliveryWindow(long least, long most, long step, long targetNanos) {
        this.least = least;
        this.most = Math.max(least, most);
        this.step = step;
        this.targetNanos = targetNanos;
        this.size = least;
    }

    /** How much may be under way. */
    public long size() {
        return size;
    }

    /** Something that was handed over at a time has got through by now, both in nanoseconds of one clock. */
    public void drained(long handedAt, long now) {
        if (now - handedAt <= targetNanos) {
            size = Math.min(most, size + step);
        } else if (!wasCut || handedAt - cutAt >= 0) {
            size = Math.max(least, size / 2);
            cutAt = now;
            wasCut = true;
        }
    }
}
