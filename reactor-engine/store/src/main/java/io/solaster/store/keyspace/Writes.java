package io.solaster.store.keyspace;

import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

/** Tells listeners and effects of writes; costs a look at one field while there are none. On the owning shard. */
final class Writes {
    private static final KeyspaceListener[] NONE = {};

    private boolean watched; // whether anybody is told
    private KeyspaceListener[] listeners = NONE;
    private @Nullable Effects effects;
    private @Nullable Effects telling; // effects, or nobody where there are listeners alone: null if there are neither
    // Who is told of effects: each, or both by one.
    private @Nullable Effects log;
    private @Nullable Effects other;
    // Of the open write: the value was changed by what no step names; it was changed by steps; the key was there.
    private boolean whole;
    private boolean told;
    private boolean existed;
    private long key;
    private int keyLength = -1; // -1 while no write is open

    /** Returns what ends that, when it is run. */
    Runnable add(KeyspaceListener listener) {
        List<KeyspaceListener> more = new ArrayList<>(list());
        more.add(listener);
        listeners = more.toArray(KeyspaceListener[]::new);
        look();
        return () -> remove(listener);
    }

    private void remove(KeyspaceListener listener) {
        List<KeyspaceListener> fewer = new ArrayList<>(list());
        fewer.remove(listener);
        listeners = fewer.toArray(KeyspaceListener[]::new);
        look();
    }

    private List<KeyspaceListener> list() {
        return List.of(listeners);
    }

    void effects(@Nullable Effects newEffects) {
        log = newEffects;
        look();
    }

    /** Tells somebody else, too, of all effects; null to end that. */
    void alsoEffects(@Nullable Effects newEffects) {
        other = newEffects;
        look();
    }

    private void look() {
        Effects one = log;
        Effects two = other;
        effects = one == null ? two : two == null ? one : new BothEffects(one, two);
        watched = listeners.length > 0 || effects != null;
        telling = effects != null || !watched ? effects : Nobody.IS_TOLD;
        leave();
    }

    /** Whom steps are told; null if nobody is, or if the value is told as a whole anyhow. */
    @Nullable
    Effects effects() {
        return whole ? null : telling;
    }

    /** What the open write has done so far was told by steps. */
    void told() {
        whole = false;
        told = true;
    }

    /** The open write changes the value by what no step names. */
    void whole() {
        whole = watched;
    }

    /** Whether somebody listens, and a write is open. */
    boolean isOpen() {
        return watched && keyLength >= 0;
    }

    long key() {
        return key;
    }

    int keyLength() {
        return keyLength;
    }

    void begin(long newKey, int newKeyLength, long entry) {
        if (watched) {
            key = newKey;
            keyLength = newKeyLength;
            existed |= entry != 0;
            for (KeyspaceListener each : listeners) {
                each.beginWrite(newKey, newKeyLength, entry);
            }
        }
    }

    /** The open write changed nothing. */
    void leave() {
        keyLength = -1;
        whole = false;
        told = false;
        existed = false;
    }

    /**
     * The open write is done.
     *
     * @param entry 0 if the key is gone
     * @param inPlace whether a string of which nothing was told has changed
     */
    void end(long entry, boolean inPlace) {
        if (watched && keyLength >= 0) {
            // An entry's own key: that which the caller gave may have lain in an entry that is gone.
            long writtenKey = entry == 0 ? key : Entries.keyAddress(entry);
            int length = keyLength;
            boolean gone = entry == 0 && existed;
            boolean changed = whole || told || inPlace || gone;
            boolean all = whole || inPlace && !told && entry != 0 && Entries.type(entry) == Keyspace.TYPE_STRING;
            leave();
            Effects toTell = effects;
            if (toTell != null) {
                if (gone) {
                    toTell.removed(writtenKey, length);
                } else if (all && entry != 0) {
                    toTell.put(entry);
                }
            }
            if (changed) {
                for (KeyspaceListener each : listeners) {
                    each.written(writtenKey, length, entry);
                }
            }
        }
    }

    /** An entry's expiry has changed, and nothing else by this. */
    void expires(long entry, int itsLength, long expiry) {
        Effects toTell = effects();
        if (toTell != null) {
            toTell.expires(Entries.keyAddress(entry), itsLength, expiry);
            told = true;
        }
        end(entry, false);
    }

    void expired(long entry) {
        if (watched) {
            for (KeyspaceListener each : listeners) {
                each.expired(entry);
            }
            removed(entry);
        }
    }

    void evicted(long entry) {
        if (watched) {
            for (KeyspaceListener each : listeners) {
                each.evicted(entry);
            }
            removed(entry);
        }
    }

    private void removed(long entry) {
        Effects toTell = effects;
        if (toTell != null) {
            toTell.removed(Entries.keyAddress(entry), Entries.keyLength(entry));
        }
    }

    /** The open write of an entry is done: it has left the selected database, or has come there. */
    void moved(long entry, boolean left) {
        leave();
        for (KeyspaceListener each : listeners) {
            each.written(Entries.keyAddress(entry), Entries.keyLength(entry), left ? 0 : entry);
        }
    }

    /** An entry has left the selected database for another one. */
    void tellMoved(long entry, int to) {
        Effects toTell = effects;
        if (toTell != null) {
            toTell.moved(entry, to);
        }
    }

    /** Two databases are called by each other's number from now on. */
    void swapped(int one, int other) {
        leave();
        if (watched) {
            Effects toTell = effects;
            if (toTell != null) {
                toTell.swapped(one, other);
            }
            for (KeyspaceListener each : listeners) {
                each.swapped(one, other);
            }
        }
    }

    /** The selected database is emptied next. */
    void emptied() {
        leave();
        if (watched) {
            for (KeyspaceListener each : listeners) {
                each.emptied();
            }
            Effects toTell = effects;
            if (toTell != null) {
                toTell.emptied();
            }
        }
    }

    void cleared() {
        leave();
        if (watched) {
            for (KeyspaceListener each : listeners) {
                each.cleared();
            }
            Effects toTell = effects;
            if (toTell != null) {
                toTell.cleared();
            }
        }
    }

    /** Whom steps are told where only listeners want to know whether there were some. */
    private enum Nobody implements Effects {
        IS_TOLD;

        @Override
        public void put(long entry) {}

        @Override
        public void removed(long key, int keyLength) {}

        @Override
        public void expires(long key, int keyLength, long expiry) {}

        @Override
        public void cleared() {}

        @Override
        public void emptied() {}

        @Override
        public void swapped(int one, int other) {}

        @Override
        public void moved(long entry, int to) {}

        @Override
        public void changed(Step step, long key, int keyLength, long number, long first, int firstLength, long second,
                int secondLength) {}
    }
}
