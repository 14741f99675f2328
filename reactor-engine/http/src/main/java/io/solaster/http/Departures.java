package io.solaster.http;

import java.util.ArrayDeque;

import io.solaster.engine.Shard;

/**
 * Responses that leave together, behind what else the shard has taken up. To send wakes a client that has gone to sleep,
 * which costs the kernel about as much as all else of it. While requests take longer than a client is awake, each of them
 * would; sent in a row, the first does, and the others find it awake. Where requests are short, clients have no time to
 * sleep, and what they are sent leaves at once. Of one server on one shard, and on that shard.
 */
final class Departures implements Runnable {
    /** Nanoseconds from which on a request is a long one. */
    static final long LONG = 4_000;
    /** What waits is sent when it is so many, that clients have something to do while the shard goes on. */
    private static final int MOST = 16;

    private final Shard shard;
    private final ArrayDeque<HttpConnection> waiting = new ArrayDeque<>(MOST);
    private boolean scheduled;

    Departures(Shard shard) {
        this.shard = shard;
    }

    /** Has a connection send what it holds, before the turn ends. */
    void add(HttpConnection connection) {
        waiting.add(connection);
        if (waiting.size() == MOST) {
            depart();
        } else if (!scheduled) {
            scheduled = true;
            shard.execute(this);
        }
    }

    @Override
    public void run() {
        scheduled = false;
        depart();
        if (!waiting.isEmpty() && !scheduled) {
            scheduled = true;
            shard.execute(this);
        }
    }

    /** Those that come meanwhile wait for the next. */
    private void depart() {
        for (int i = waiting.size(); i > 0; i--) {
            waiting.remove().depart();
        }
    }
}
