package io.solaster.engine.memory;

import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

/**
 * Objects of one shard that are used again and again, so that a steady state allocates none: for what is large, or made
 * for each request. The last one given back is the next one taken, while it is still in the cache.
 *
 * <p>
 * Whoever takes an object has it alone, and as its last user left it, until it gives it back; then it must keep no
 * reference to it. An object that is never given back is left to the collector, and costs the pool nothing. On the owning
 * shard: on another one {@link #take} and {@link #give} fail with an error that names both, as all that is handed out
 * does unless {@code solaster.engine.checks} is 'off'; what went to another shard is sent home before it is given back.
 * With assertions enabled, as tests have them, an object that is given back twice is refused too.
 */
public final class ObjectPool<T> {
    private static final int FIRST = 16;

    private final MemoryHome home;
    private final String what;
    private final Supplier<? extends T> maker;
    private final int keeps;
    private @Nullable Object[] ready;
    private int count;
    private long made;
    /** What lies ready, to be found by its identity. */
    private final @Nullable Set<Object> lying;

    /** @param remembers whether what lies ready is remembered, so that one that is given back twice is found */
    ObjectPool(MemoryHome home, String name, Supplier<? extends T> maker, int keeps, boolean remembers) {
        if (keeps < 1) {
            throw new IllegalArgumentException("pool '" + name + "' keeps " + keeps + " objects; give 1 or more");
        }
        this.home = home;
        this.what = "pool '" + name + "'";
        this.maker = maker;
        this.keeps = keeps;
        this.ready = new Object[Math.min(FIRST, keeps)];
        this.lying = remembers ? Collections.newSetFromMap(new IdentityHashMap<>()) : null;
    }

    /** An object that nobody else has: one that was given back, else a new one. What the maker throws is thrown. */
    public T take() {
        home.assertOwner(what);
        if (count == 0) {
            T fresh = maker.get();
            made++;
            return fresh;
        }
        @SuppressWarnings("unchecked") // only give() puts any there
        T last = (T) Objects.requireNonNull(ready[--count]);
        ready[count] = null;
        if (lying != null) {
            lying.remove(last);
        }
        return last;
    }

    /**
     * Takes an object back.
     *
     * @throws IllegalStateException if assertions are enabled, and the object lies here already
     */
    public void give(T object) {
        home.assertOwner(what);
        if (lying != null && lying.contains(object)) {
            throw new IllegalStateException(what + " was given " + object.getClass().getName() + "@"
                    + Integer.toHexString(System.identityHashCode(object))
                    + " twice; give an object back once, and use it no more");
        }
        if (count == keeps) {
            return;
        }
        if (count == ready.length) {
            ready = Arrays.copyOf(ready, (int) Math.min(keeps, 2L * count));
        }
        ready[count++] = object;
        if (lying != null) {
            lying.add(object);
        }
    }

    /** Objects that lie ready. */
    public int ready() {
        home.assertOwner(what);
        return count;
    }

    /** Objects that were made since none lay ready. One that grows in a steady state is a pool too small, or a leak. */
    public long made() {
        home.assertOwner(what);
        return made;
    }

    /** Leaves what lies ready to the collector. */
    public void clear() {
        home.assertOwner(what);
        Arrays.fill(ready, 0, count, null);
        count = 0;
        if (lying != null) {
            lying.clear();
        }
    }

    @Override
    public String toString() {
        return what;
    }
}
