package io.solaster.testkit.sim;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The way from one machine to another: how long it takes, how much it carries, whether it is cut. The other way is a link
 * of its own. Made by {@link Network#link}. By whoever holds the baton: the test, or code that is simulated.
 */
public final class Link {
    private final Scheduler scheduler;
    private final String name;
    private long leastDelay;
    private long mostDelay;
    private long bytesPerSecond;
    private double loss;
    private boolean cut;
    private long freeAt;
    private long lost;
    private long held;
    /** What is sent again once the link is whole. */
    private final Deque<Runnable> waiting = new ArrayDeque<>();

    Link(Scheduler scheduler, String name, Duration least, Duration most) {
        this.scheduler = scheduler;
        this.name = name;
        delay(least, most);
    }

    /**
     * Each packet takes between the one and the other, as chance has it: connections overtake each other, the bytes of one
     * do not.
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
     * waits for it.
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

    /** Packets that were lost by chance so far. */
    public long lost() {
        return lost;
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
        long start = Math.max(scheduler.now(), freeAt);
        if (bytesPerSecond > 0) {
            freeAt = start + bytes * 1_000_000_000L / bytesPerSecond;
            start = freeAt;
        }
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

    @Override
    public String toString() {
        return name + (cut ? " (cut)" : "");
    }
}
