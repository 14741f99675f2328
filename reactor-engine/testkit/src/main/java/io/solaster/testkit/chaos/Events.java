package io.solaster.testkit.chaos;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;

/** What was done to a system, and when: the latest {@value #MOST} of it. Any thread. */
public final class Events {
    /** How many are kept. */
    public static final int MOST = 1000;

    /**
     * One thing that was done.
     *
     * @param at how long after the first it could be
     * @param what in words
     */
    public record Event(Duration at, String what) {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%10.3f ms  %s", at.toNanos() / 1e6, what);
        }
    }

    private final long begin = System.nanoTime();
    private final Deque<Event> events = new ArrayDeque<>();
    private long forgotten;

    /** From now on. */
    public Events() {
        // Nothing has been done yet.
    }

    /** Something was done. */
    public void add(String what) {
        Event event = new Event(Duration.ofNanos(System.nanoTime() - begin), what);
        synchronized (events) {
            if (events.size() == MOST) {
                events.removeFirst();
                forgotten++;
            }
            events.add(event);
        }
    }

    /** The latest, in their order. */
    public List<Event> list() {
        synchronized (events) {
            return new ArrayList<>(events);
        }
    }

    /** A line for each. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        synchronized (events) {
            if (forgotten > 0) {
                text.append("(").append(forgotten).append(" earlier ones left out)\n");
            }
            events.forEach(event -> text.append(event).append('\n'));
        }
        return text.toString();
    }
}
