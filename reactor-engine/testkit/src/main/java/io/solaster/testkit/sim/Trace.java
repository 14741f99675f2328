package io.solaster.testkit.sim;

import java.util.ArrayList;
import java.util.List;

/** What has happened, as a running hash of all of it and the last of it in words. By whoever holds the baton. */
final class Trace {
    private static final int KEPT = 256;

    /** What a line says; the arguments follow. */
    enum Kind {
        TURN(1, "%2$d ns: %1$s goes on"), ARRIVAL(2, "%2$d ns: %1$s receives %3$d"), NOTE(3, "%2$d ns: %1$s");

        private final int code;
        private final String words;

        Kind(int code, String words) {
            this.code = code;
            this.words = words;
        }
    }

    private final Kind[] kinds = new Kind[KEPT];
    private final Object[] whose = new Object[KEPT];
    private final long[] times = new long[KEPT];
    private final long[] values = new long[KEPT];
    private long count;
    private long hash = 0x9E3779B97F4A7C15L;

    /**
     * Adds a line.
     *
     * @param id stands for {@code of} in the hash: the same in each run
     * @param of is asked for its words when the trace is printed
     */
    void add(Kind kind, long id, Object of, long time, long value) {
        int at = (int) (count++ & KEPT - 1);
        kinds[at] = kind;
        whose[at] = of;
        times[at] = time;
        values[at] = value;
        mix(kind.code + 31 * id);
        mix(time);
        mix(value);
    }

    private void mix(long value) {
        long mixed = (hash ^ value) * 0xBF58476D1CE4E5B9L;
        hash = mixed ^ mixed >>> 29;
    }

    long hash() {
        return hash;
    }

    /** The last lines, oldest first. */
    List<String> last(int most) {
        List<String> lines = new ArrayList<>();
        for (long i = Math.max(0, count - Math.min(most, KEPT)); i < count; i++) {
            int at = (int) (i & KEPT - 1);
            lines.add(String.format(kinds[at].words, whose[at], times[at], values[at]));
        }
        return lines;
    }
}
