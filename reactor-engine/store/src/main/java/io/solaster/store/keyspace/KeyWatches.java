package io.solaster.store.keyspace;

import java.util.HashMap;
import java.util.Map;
import java.util.function.LongPredicate;
import java.util.function.Predicate;

import io.solaster.engine.memory.Memory;
import org.jspecify.annotations.Nullable;

/**
 * Who is to know whether keys were changed since: by a command, by code of the process, as they expired or were evicted, or as
 * all were removed. Listens to the keyspace only while there is somebody, and looks at one place of a table for each write then.
 * On the owning shard.
 */
public final class KeyWatches implements KeyspaceListener, AutoCloseable {
    private static final int SMALLEST = 64;
    /** Somebody, and the keys that are watched for it. */
    private static final class Watcher {
        private boolean changed;
        private @Nullable Watched first;
    }

    /** One key for one watcher; its bytes lie off the heap. */
    private static final class Watched {
        private final Watcher watcher;
        private final int database;
        private final long key;
        private final int length;
        private final long hash;
        private @Nullable Watched behind;
        private @Nullable Watched ofWatcher;

        Watched(Watcher watcher, int database, long key, int length, long hash) {
            this.watcher = watcher;
            this.database = database;
            this.key = key;
            this.length = length;
            this.hash = hash;
        }

        boolean is(int otherDatabase, long otherHash, long otherKey, int otherLength) {
            return hash == otherHash && length == otherLength && database == otherDatabase
                    && Memory.equal(key, otherKey, length);
        }
    }

    private final Keyspace keys;
    private final KeyspaceHash hash;
    private final Map<Long, Watcher> watchers = new HashMap<>();
    private @Nullable Watched[] table = new @Nullable Watched[SMALLEST];
    private int count;
    private @Nullable Runnable end;

    public KeyWatches(Keyspace keys, KeyspaceHash hash) {
        this.keys = keys;
        this.hash = hash;
    }

    /** Watches a key of the selected database, from now on. One that is due is gone already, and so is not changed by that. */
    public void watch(long watcher, long key, int length, long now) {
        keys.peek(key, length, now);
        Watcher known = watchers.computeIfAbsent(watcher, _ -> new Watcher());
        if (known.changed) {
            return;
        }
        long h = hash.hash(key, length);
        for (Watched each = table[place(h)]; each != null; each = each.behind) {
            if (each.watcher == known && each.is(keys.database(), h, key, length)) {
                return;
            }
        }
        long copy = Memory.allocate(Math.max(1, length));
        Memory.copy(key, copy, length);
        Watched watched = new Watched(known, keys.database(), copy, length, h);
        watched.ofWatcher = known.first;
        known.first = watched;
        put(watched);
        if (end == null) {
            end = keys.listen(this);
        }
    }

    /**
     * Until when none of a watcher's keys has changed if nobody writes them: the last time at which none of them is due.
     *
     * @return {@link Long#MAX_VALUE} also for one that watches none here, {@link Long#MIN_VALUE} if one has changed
     */
    public long unchangedUntil(long watcher, long now) {
        Watcher known = watchers.get(watcher);
        if (known == null) {
            return Long.MAX_VALUE;
        }
        long until = Long.MAX_VALUE;
        int selected = keys.database();
        Watched each = known.first;
        while (each != null && !known.changed) {
            // What is due is gone; this hears of it then.
            Watched next = each.ofWatcher;
            keys.database(each.database);
            long entry = keys.peek(each.key, each.length, now);
            if (entry != 0 && keys.expiry(entry) != 0) {
                until = Math.min(until, keys.expiry(entry));
            }
            each = next;
        }
        keys.database(selected);
        return known.changed ? Long.MIN_VALUE : until;
    }

    /** A watcher is not interested any more. */
    public void forget(long watcher) {
        Watcher known = watchers.remove(watcher);
        if (known != null) {
            release(known);
        }
        if (watchers.isEmpty()) {
            stop();
        }
    }

    /** As {@link #forget}, for all watchers with such numbers. */
    public void forgetIf(LongPredicate which) {
        for (Long each : watchers.keySet().toArray(Long[]::new)) {
            if (which.test(each)) {
                forget(each);
            }
        }
    }

    /** How many keys are watched, each for as many watchers as there are. */
    public int count() {
        return count;
    }

    private void stop() {
        if (end != null) {
            end.run();
            end = null;
        }
        table = new @Nullable Watched[SMALLEST];
    }

    private int place(long h) {
        return (int) h & table.length - 1;
    }

    private void put(Watched watched) {
        if (count >= table.length) {
            @Nullable
            Watched[] old = table;
            table = new @Nullable Watched[old.length * 2];
            for (Watched first : old) {
                Watched each = first;
                while (each != null) {
                    Watched next = each.behind;
                    each.behind = table[place(each.hash)];
                    table[place(each.hash)] = each;
                    each = next;
                }
            }
        }
        watched.behind = table[place(watched.hash)];
        table[place(watched.hash)] = watched;
        count++;
    }

    private void release(Watcher watcher) {
        for (Watched each = watcher.first; each != null; each = each.ofWatcher) {
            int at = place(each.hash);
            if (table[at] == each) {
                table[at] = each.behind;
            } else {
                Watched previous = table[at];
                while (previous != null && previous.behind != each) {
                    previous = previous.behind;
                }
                if (previous != null) {
                    previous.behind = each.behind;
                }
            }
            count--;
            Memory.free(each.key);
        }
        watcher.first = null;
    }

    private void changed(long key, int length) {
        long h = hash.hash(key, length);
        Watched each = table[place(h)];
        while (each != null) {
            if (each.is(keys.database(), h, key, length)) {
                // Nothing more is to be known for who watches it. Others may have gone from the table with it.
                each.watcher.changed = true;
                release(each.watcher);
                each = table[place(h)];
            } else {
                each = each.behind;
            }
        }
    }

    @Override
    public void written(long key, int keyLength, long entry) {
        if (count > 0) {
            changed(key, keyLength);
        }
    }

    @Override
    public void expired(long entry) {
        if (count > 0) {
            changed(keys.keyAddress(entry), keys.keyLength(entry));
        }
    }

    @Override
    public void evicted(long entry) {
        if (count > 0) {
            changed(keys.keyAddress(entry), keys.keyLength(entry));
        }
    }

    @Override
    public void cleared() {
        changeWhatIsThere(_ -> true, each -> isThere(each, each.database));
    }

    @Override
    public void emptied() {
        int emptied = keys.database();
        changeWhatIsThere(each -> each.database == emptied, each -> isThere(each, emptied));
    }

    /** A key that is in neither database is not changed by that. */
    @Override
    public void swapped(int one, int other) {
        changeWhatIsThere(each -> each.database == one || each.database == other,
                each -> isThere(each, one) || isThere(each, other));
    }

    /** Only a key that is there is changed where all keys are. */
    private void changeWhatIsThere(Predicate<Watched> concerned, Predicate<Watched> there) {
        int selected = keys.database();
        for (Watcher each : watchers.values()) {
            for (Watched watched = each.first; watched != null; watched = watched.ofWatcher) {
                each.changed |= concerned.test(watched) && there.test(watched);
            }
            if (each.changed) {
                release(each);
            }
        }
        keys.database(selected);
    }

    private boolean isThere(Watched watched, int database) {
        keys.database(database);
        // As of the beginning of time nothing is due, so that this only looks.
        return keys.peek(watched.key, watched.length, Long.MIN_VALUE) != 0;
    }

    @Override
    public void close() {
        forgetIf(_ -> true);
    }
}
