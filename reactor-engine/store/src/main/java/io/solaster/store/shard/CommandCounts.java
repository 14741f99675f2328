package io.solaster.store.shard;

import java.util.Arrays;
import java.util.Locale;

import io.solaster.engine.env.TimeSource;
import org.jspecify.annotations.Nullable;

/**
 * How often each command was run on a shard, and with what outcome. Only one call in 64 is timed, the first one
 * included: looking at the clock costs as much as a short command.
 */
public final class CommandCounts {
    private static final int TIMED_EVERY = 64;
    /** Powers of two of microseconds, and what takes less than one. */
    private static final int BUCKETS = 32;

    private final TimeSource clock;
    /** A mask for each command: calls whose number has none of its bits are timed. */
    private final int[] timedEvery;
    /** For each command that was timed: calls by the power of two of their microseconds. */
    private final long[] @Nullable [] buckets;
    private final long[] calls;
    private final long[] failed;
    private final long[] rejected;
    private final long[] timed;
    private final long[] nanos;

    CommandCounts(int commands, TimeSource clock) {
        this.clock = clock;
        calls = new long[commands];
        failed = new long[commands];
        rejected = new long[commands];
        timed = new long[commands];
        nanos = new long[commands];
        timedEvery = new int[commands];
        Arrays.fill(timedEvery, TIMED_EVERY - 1);
        buckets = new long[commands][];
    }

    /** Counts a call; returns when it began if it is to be timed, else 0. */
    long begin(Command command) {
        int i = command.index();
        return (calls[i]++ & timedEvery[i]) == 0 ? clock.nanoTime() : 0;
    }

    /** Has every call of a command timed, or one in 64. */
    void timeAll(Command command, boolean all) {
        timedEvery[command.index()] = all ? 0 : TIMED_EVERY - 1;
    }

    /** Notes that a call that was to be timed has ended; returns how many nanoseconds it has taken. */
    long end(Command command, long begun) {
        int i = command.index();
        long taken = Math.max(0, clock.nanoTime() - begun);
        timed[i]++;
        nanos[i] += taken;
        long[] ofCommand = buckets[i];
        if (ofCommand == null) {
            ofCommand = new long[BUCKETS];
            buckets[i] = ofCommand;
        }
        ofCommand[bucket(taken)]++;
        return taken;
    }

    private static int bucket(long nanos) {
        return Math.min(BUCKETS - 1, Long.SIZE - Long.numberOfLeadingZeros(nanos / 1000));
    }

    /** How many calls of a command were timed that took so long: less than a microsecond, less than 2, less than 4 and so on. */
    public long[] times(Command command) {
        long[] found = buckets[command.index()];
        return found == null ? new long[BUCKETS] : found.clone();
    }

    /** Calls of a command. */
    public long calls(Command command) {
        return calls[command.index()];
    }

    /** Notes that a call has answered an error. */
    public void failed(Command command) {
        failed[command.index()]++;
    }

    /** Notes that a command was not run: its arguments were too few or too many, or the client may not run it. */
    public void rejected(Command command) {
        rejected[command.index()]++;
    }

    /** Takes a call away that is under way. */
    void withoutOne(Command command) {
        calls[command.index()]--;
    }

    CommandCounts copy() {
        CommandCounts copy = zeros();
        copy.add(this, 1);
        return copy;
    }

    /** As many counts as here, all of them 0. */
    CommandCounts zeros() {
        return new CommandCounts(calls.length, clock);
    }

    /** Adds other counts so many times; -1 takes them away. */
    void add(CommandCounts other, int times) {
        add(calls, other.calls, times);
        add(failed, other.failed, times);
        add(rejected, other.rejected, times);
        add(timed, other.timed, times);
        add(nanos, other.nanos, times);
        for (int i = 0; i < buckets.length; i++) {
            long[] theirs = other.buckets[i];
            if (theirs != null) {
                long[] ours = buckets[i];
                if (ours == null) {
                    ours = new long[BUCKETS];
                    buckets[i] = ours;
                }
                add(ours, theirs, times);
            }
        }
    }

    private static void add(long[] to, long[] from, int times) {
        for (int i = 0; i < to.length; i++) {
            to[i] += times * from[i];
        }
    }

    public boolean any(Command command) {
        return calls[command.index()] > 0 || rejected[command.index()] > 0;
    }

    /** What {@code INFO commandstats} says of a command. */
    public String describe(Command command) {
        int i = command.index();
        double micros = nanos[i] / 1000.0 / Math.max(1, timed[i]);
        return "calls=" + calls[i] + ",usec=" + Math.round(micros * calls[i])
                + String.format(Locale.ROOT, ",usec_per_call=%.2f", micros) + ",rejected_calls=" + rejected[i]
                + ",failed_calls=" + failed[i];
    }
}
