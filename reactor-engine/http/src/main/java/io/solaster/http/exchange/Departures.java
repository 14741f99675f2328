package io.solaster.http.exchange;

import java.util.ArrayDeque;

import io.solaster.engine.Shard;

/**
 * Responses that leave together, behind what else the shard has taken up. To send wakes a client that has gone to sleep,
 * which costs the kernel about as much as all else of it. While requests take longer than a client is awake, each of them
 * would; sent in a row, the first does, and the others find it awake. Where requests are short, clients have no time to
 * sleep, and where they are very long, a client's waking is little beside them: what those are sent leaves at once. Of one
 * server on one shard, and on that shard.
 */
public final class Departures implements Runnable {
    /** Nanoseconds that a request takes from which on it pays. */
    public static final long SHORTEST = 4_000;
    /** Nanoseconds that a request takes from which on it does not pay any more. */
    public static final long LONGEST = 50_000;
    /** What waits is sent when it is so many, that clients have something to do while the shard goes on. */
    private static final int MOST = 16;

    /** A connection that holds something to be sent. */
    public interface Waiting {

        /** Sends it. */
        void depart();
    }

    private final Shard shard;
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>(MOST);
    private boolean scheduled;

    Departures(Shard shard) {
        this.shard = shard;
    }

    /** Whether responses had better wait for others to requests that took so many nanoseconds each. */
    static boolean pays(long nanos) {
        return nanos >= SHORTEST && nanos < LONGEST;
    }

    /** Has a connection send what it holds, soon. */
    public void add(Waiting connection) {
        waiting.add(connection);
        if (waiting.size() >= MOST || isHeldBack()) {
            depart();
        } else if (!scheduled) {
            scheduled = true;
            shard.execute(this);
        }
    }

    /**
     * Whether the task by which all leave might come late: where much is queued before it, or its group may run only so
     * many and wait for its time.
     */
    private boolean isHeldBack() {
        return !scheduled && (shard.pendingTasks() >= MOST || shard.currentGroup().config().rateLimit() > 0);
    }

    @Override
    public void run() {
        scheduled = false;
        try {
            depart();
        } finally {
            if (!waiting.isEmpty() && !scheduled) {
                scheduled = true;
                shard.execute(this);
            }
        }
    }

    /** Those that come meanwhile may wait for the next. */
    private void depart() {
        for (int i = waiting.size(); i > 0; i--) {
            Waiting next = waiting.poll();
            if (next != null) {
                next.depart();
            }
        }
    }
}
