package io.solaster.engine.stats;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A count that one thread writes and any thread reads: as cheap as a plain {@code long}, yet never stale for good. It
 * stands on a cache line of its own, so that two shards' counts do not disturb each other.
 */
public final class Counter extends CounterValue {
    private static final VarHandle VALUE;

    static {
        try {
            VALUE = MethodHandles.lookup().findVarHandle(CounterValue.class, "value", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @SuppressWarnings("unused")
    private long p00, p01, p02, p03, p04, p05, p06, p07;

    /** Adds one. The writing thread only. */
    public void increment() {
        add(1);
    }

    /** Adds an amount, which may be negative. The writing thread only. */
    public void add(long amount) {
        VALUE.setOpaque(this, value + amount);
    }

    /** Puts another value in its place, for what is a level rather than a count. The writing thread only. */
    public void set(long amount) {
        VALUE.setOpaque(this, amount);
    }

    /** The count. Any thread. */
    public long get() {
        return (long) VALUE.getOpaque(this);
    }
}

abstract class CounterValue extends CachePadding {
    long value;
}
