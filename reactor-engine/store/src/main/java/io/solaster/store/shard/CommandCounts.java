package io.solaster.store.shard;

import java.util.Locale;

import io.solaster.engine.env.TimeSource;

/**
 * How often each command was run on a shard, and with what outcome. Only one call in 64 is timed, the first one
 * included: looking at the clock costs as much as a short command.
 */
public final class CommandCounts {
    private static final int TIMED_EVERY = 64;

    private final TimeSource clock;
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
    }

    /** Counts a call; returns when it began if it is to be timed, else 0. */
    long begin(Command command) {
        return (calls[command.index()]++ & TIMED_EVERY - 1) == 0 ? clock.nanoTime() : 0;
    }

    /** Notes that a call that was to be timed has ended. */
    void end(Command command, long begun) {
        timed[command.index()]++;
        nanos[command.index()] += clock.nanoTime() - begun;
    }

    /** Notes that a call has answered an error. */
    public void failed(Command command) {
        failed[command.index()]++;
    }

    /** Notes that a command was not run: its arguments were too few or too many, or the client may not run it. */
    public void rejected(Command command) {
        rejected[command.index()]++;
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
