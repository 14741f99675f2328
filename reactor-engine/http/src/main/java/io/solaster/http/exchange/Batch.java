package io.solaster.http.exchange;

import io.solaster.engine.net.RequestStats;

/**
 * All that was read of a connection at once. What of it is answered at once is counted together, with one reading of the
 * clock. On the owning shard.
 */
public final class Batch {
    private final HttpShard shard;
    private final RequestStats requests;
    private boolean open;
    private long readAt;
    private long heardAt;
    /** Requests of it that were answered in it, and how many of those with an error. */
    private int answered;
    private int errors;

    public Batch(HttpShard shard, RequestStats requests) {
        this.shard = shard;
        this.requests = requests;
    }

    /** Between a read and the end of what that brings. */
    public boolean isOpen() {
        return open;
    }

    /** When it was read, by {@link HttpShard#nanoTime}. */
    public long readAt() {
        return readAt;
    }

    /** When something was last heard of the client, by the timers. */
    public long heardAt() {
        return heardAt;
    }

    /** Something was heard of the client. */
    public void heard() {
        heardAt = shard.timers().now();
    }

    /** The client has sent so many bytes. */
    public void received(int bytes) {
        if (!open) {
            begin();
            heard();
        }
        shard.stats().bytesIn.add(bytes);
    }

    /** Goes on with what had been read before. */
    public void begin() {
        open = true;
        stamp();
    }

    /** What is read from here on was read now. */
    public void stamp() {
        readAt = shard.now();
    }

    /** Has what follows sent at the end of it, whenever it was read. */
    public void open() {
        open = true;
    }

    public void close() {
        open = false;
    }

    /** A head is about to be written, which says what day it is. */
    public void freshDate() {
        if (!open) {
            shard.now();
        }
    }

    /** A response has been written. */
    public void answered(Exchange over) {
        boolean failed = over.response().status.code() >= 500;
        shard.stats().answered(over.response().status);
        shard.tellEnd(over, null);
        if (open && over.begunAt == readAt) {
            answered++;
            errors += failed ? 1 : 0;
        } else {
            requests.answered(shard.nanoTime() - over.begunAt, 1, failed ? 1 : 0);
        }
    }

    /** What was answered is about to be sent. */
    public void count() {
        if (answered > 0) {
            count(shard.nanoTime());
        }
    }

    /** Counts what was answered, which is about to be sent; whether that had better wait for others' responses. */
    public boolean countAndMayWait() {
        if (answered == 0) {
            return false;
        }
        long now = shard.nanoTime();
        boolean mayWait = Departures.pays((now - readAt) / answered);
        count(now);
        return mayWait;
    }

    private void count(long now) {
        requests.answered(now - readAt, answered, errors);
        answered = 0;
        errors = 0;
    }
}
