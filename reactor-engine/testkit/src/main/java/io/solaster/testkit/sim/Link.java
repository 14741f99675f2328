package io.solaster.testkit.sim;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The way from one machine to another: how long it takes, how much it carries, whether it is cut. The other way is a link
 * of its own. Made by {@link Network#link}. By whoever holds the baton: the test, or code that is simulated.
 */
public final class Link {
    /** What waits for longer before a narrow link is lost, if it is a datagram. */
    private static final long LONGEST_QUEUE = Duration.ofSeconds(1).toNanos();
    private static final int DATAGRAM_HEADER = 28;
    /** What one packet carries of a datagram. */
    private static final int FRAGMENT = 1480;

    private final Scheduler scheduler;
    private final String name;
    private long leastDelay;
    private long mostDelay;
    private long bytesPerSecond;
    private double loss;
    private double doubles;
    private int largestDatagram = Integer.MAX_VALUE;
    private boolean cut;
    private long freeAt;
    private long lost;
    private long held;
    private long doubled;
    /** What is sent again once the link is whole. */
    private final Deque<Runnable> waiting = new ArrayDeque<>();

    Link(Scheduler scheduler, String name, Duration least, Duration most) {
        this.scheduler = scheduler;
        this.name = name;
        delay(least, most);
    }

    /**
     * Each packet takes between the one and the other, as chance has it: connections and datagrams overtake each other, the
     * bytes of one connection do not.
     *
     * @throws IllegalArgumentException if the least is negative, or above the most
     */
    public Link delay(Duration least, Duration most) {
        if (least.isNegative() || least.compareTo(most) > 0) {
            throw new IllegalArgumentException(
                    "a delay from " + least + " to " + most + "; give 0 or more, the least first");
        }
        leastDelay = least.toNanos();
        mostDelay = most.toNanos();
        return this;
    }

    /**
     * What it carries; 0 for no bound.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public Link bandwidth(long newBytesPerSecond) {
        if (newBytesPerSecond < 0) {
            throw new IllegalArgumentException("a bandwidth of " + newBytesPerSecond + " bytes/s; give 0 for no bound");
        }
        bytesPerSecond = newBytesPerSecond;
        return this;
    }

    /**
     * Packets are lost with this probability. What belongs to a connection is sent again after a while, and what follows
     * waits for it; a datagram is gone, and if it needs several packets, with any of them.
     *
     * @throws IllegalArgumentException if it is below 0, or not below 1
     */
    public Link loss(double probability) {
        if (!(probability >= 0 && probability < 1)) {
            throw new IllegalArgumentException("a loss of " + probability + "; give 0 to below 1, or cut the link");
        }
        loss = probability;
        return this;
    }

    /**
     * Datagrams arrive twice with this probability.
     *
     * @throws IllegalArgumentException if it is not 0 to 1
     */
    public Link doubles(double probability) {
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalArgumentException("doubles of " + probability + "; give 0 to 1");
        }
        doubles = probability;
        return this;
    }

    /**
     * Longer datagrams never arrive, as where fragments are dropped on the way. What a connection sends fits anywhere.
     *
     * @param bytes without headers, 0 or more
     */
    public Link largestDatagram(int bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("datagrams of " + bytes + " bytes at most; give 0 or more");
        }
        largestDatagram = bytes;
        return this;
    }

    /** Nothing passes any more, and nobody is told. */
    public Link cut() {
        cut = true;
        return this;
    }

    /** Ends {@link #cut}: what belongs to a connection is sent again. */
    public Link heal() {
        cut = false;
        while (!waiting.isEmpty()) {
            send(0, waiting.poll());
        }
        return this;
    }

    /** Whether nothing passes. */
    public boolean isCut() {
        return cut;
    }

    /** Packets that were lost by chance so far, and datagrams that were lost on the way for whatever reason. */
    public long lost() {
        return lost;
    }

    /** Datagrams that arrive twice, so far. */
    public long doubled() {
        return doubled;
    }

    /** Packets that came while the link was cut so far. */
    public long held() {
        return held;
    }

    private long draw() {
        return leastDelay == mostDelay ? leastDelay : scheduler.random().nextLong(leastDelay, mostDelay + 1);
    }

    /** Carries a packet of a connection, which is sent again until it arrives. */
    void send(int bytes, Runnable arrival) {
        if (cut) {
            held++;
            waiting.add(arrival);
            return;
        }
        long start = onItsWay(bytes);
        long delay = draw();
        if (loss > 0) {
            long retry = Network.FIRST_RETRY;
            while (scheduler.random().nextDouble() < loss) {
                lost++;
                delay += retry;
                retry *= 2;
            }
        }
        scheduler.at(start + delay, () -> {
            if (cut) {
                held++;
                waiting.add(arrival);
            } else {
                arrival.run();
            }
        });
    }

    /** When all of it has left. */
    private long onItsWay(int bytes) {
        long start = Math.max(scheduler.now(), freeAt);
        if (bytesPerSecond > 0) {
            freeAt = start + bytes * 1_000_000_000L / bytesPerSecond;
            start = freeAt;
        }
        return start;
    }

    /** Carries a datagram, as chance has it: never, once or twice, and before earlier ones. */
    void sendDatagram(int bytes, Runnable arrival) {
        if (cut || bytes > largestDatagram || freeAt - scheduler.now() > LONGEST_QUEUE || losesAny(bytes)) {
            lost++;
            return;
        }
        long start = onItsWay(DATAGRAM_HEADER + bytes);
        arrive(start + draw(), arrival);
        if (doubles > 0 && scheduler.random().nextDouble() < doubles) {
            doubled++;
            arrive(start + draw(), arrival);
        }
    }

    private void arrive(long at, Runnable arrival) {
        scheduler.at(at, () -> {
            if (cut) {
                lost++;
            } else {
                arrival.run();
            }
        });
    }

    private boolean losesAny(int bytes) {
        boolean any = false;
        for (int sent = 0; loss > 0 && !any && sent <= bytes; sent += FRAGMENT) {
            any = scheduler.random().nextDouble() < loss;
        }
        return any;
    }

    @Override
    public String toString() {
        return name + (cut ? " (cut)" : "");
    }
}
