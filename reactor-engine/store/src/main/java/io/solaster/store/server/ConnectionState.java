package io.solaster.store.server;

/**
 * Where one client's connection stands: what it does now, and how near its end is. One of each at any time, and every
 * change is named here, so that none of them can be forgotten. On the owning shard.
 */
final class ConnectionState {
    /** What the connection does now. */
    enum Phase {
        /** Everything that arrived was run; what arrives next is run at once. */
        IDLE,
        /** Its requests are gone through, in this turn of the loop. */
        RUNNING,
        /** Its share of the turn is used up: it goes on in a later one. */
        YIELDED,
        /** The lane to a shard is full: it goes on once that has drained. */
        WAITING_FOR_LANE,
        /** Parts of its requests are under way on other shards, and the replies before them are kept. */
        WAITING_FOR_SHARDS,
        /** Other shards learn of its subscriptions, and what was answered is kept until they have. */
        SETTLING,
        /** A command answers once a result is there. */
        WAITING_FOR_RESULT,
        /** A command waits for keys that others use. */
        BLOCKED,
        /** A command waits for the end of a pause that was asked for. */
        PAUSED,
        /** A command waits for keys that are not there. */
        WAITING_FOR_KEYS
    }

    /** How near the end is; it only ever comes nearer. */
    enum End {
        OPEN,
        /** What has arrived is answered still. */
        DRAINING,
        /** Nothing more is run; what was answered leaves. */
        CLOSING,
        /** The last reply is on its way. */
        LEAVING
    }

    private Phase phase = Phase.IDLE;
    private End end = End.OPEN;

    Phase phase() {
        return phase;
    }

    boolean is(Phase wanted) {
        return phase == wanted;
    }

    /** Whether nothing is run now, and something else than bytes from the client is waited for. */
    boolean isWaiting() {
        return phase != Phase.IDLE && phase != Phase.RUNNING;
    }

    /** Whether what was answered, and what is pushed behind it, may not leave yet. */
    boolean keepsReplies() {
        return phase == Phase.WAITING_FOR_SHARDS || phase == Phase.SETTLING;
    }

    /** Begins to go through requests. */
    void running() {
        expect(Phase.IDLE);
        phase = Phase.RUNNING;
    }

    /** Leaves the requests that are left until something has happened; {@link #resumed} follows then. */
    void waiting(Phase reason) {
        expect(Phase.RUNNING);
        phase = reason;
    }

    /** Waits for something else than before, and was waiting all the time. */
    void waitingNow(Phase reason) {
        if (!isWaiting()) {
            throw new IllegalStateException("the connection is " + phase + ", and waits for nothing");
        }
        phase = reason;
    }

    /** Has gone through the requests; says whether nothing is waited for. */
    boolean ranAll() {
        if (phase == Phase.RUNNING) {
            phase = Phase.IDLE;
        }
        return phase == Phase.IDLE;
    }

    /** What was waited for has happened. */
    void resumed() {
        phase = Phase.IDLE;
    }

    private void expect(Phase wanted) {
        if (phase != wanted) {
            throw new IllegalStateException("the connection is " + phase + ", not " + wanted);
        }
    }

    /** Whether what has arrived is the last that is answered. */
    boolean isDraining() {
        return end == End.DRAINING;
    }

    /** Whether nothing more is run. */
    boolean isClosing() {
        return end.compareTo(End.CLOSING) >= 0;
    }

    boolean isLeaving() {
        return end == End.LEAVING;
    }

    void draining() {
        to(End.DRAINING);
    }

    void closing() {
        to(End.CLOSING);
    }

    void leaving() {
        to(End.LEAVING);
    }

    private void to(End nearer) {
        if (nearer.compareTo(end) > 0) {
            end = nearer;
        }
    }
}
