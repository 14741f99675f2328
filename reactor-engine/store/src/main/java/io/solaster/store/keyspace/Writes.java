package io.solaster.store.keyspace;

import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

/** Tells listeners of writes; costs a look at one field while there are none. On the owning shard. */
final class Writes {
    private KeyspaceListener @Nullable [] listeners; // null if there are none
    private long key;
    private int keyLength = -1; // -1 while no write is open

    /** Returns what ends that, when it is run. */
    Runnable add(KeyspaceListener listener) {
        List<KeyspaceListener> more = new ArrayList<>(list());
        more.add(listener);
        listeners = more.toArray(KeyspaceListener[]::new);
        return () -> remove(listener);
    }

    private void remove(KeyspaceListener listener) {
        List<KeyspaceListener> fewer = new ArrayList<>(list());
        fewer.remove(listener);
        listeners = fewer.isEmpty() ? null : fewer.toArray(KeyspaceListener[]::new);
    }

    private List<KeyspaceListener> list() {
        KeyspaceListener[] now = listeners;
        return now == null ? List.of() : List.of(now);
    }

    /** Whether somebody listens, and a write is open. */
    boolean isOpen() {
        return listeners != null && keyLength >= 0;
    }

    long key() {
        return key;
    }

    int keyLength() {
        return keyLength;
    }

    void begin(long newKey, int newKeyLength, long entry) {
        KeyspaceListener[] now = listeners;
        if (now != null) {
            key = newKey;
            keyLength = newKeyLength;
            for (KeyspaceListener each : now) {
                each.beginWrite(newKey, newKeyLength, entry);
            }
        }
    }

    /** The open write changed nothing. */
    void leave() {
        keyLength = -1;
    }

    /** @param entry 0 if the key is gone */
    void end(long entry) {
        KeyspaceListener[] now = listeners;
        if (now != null && keyLength >= 0) {
            // An entry's own key: that which the caller gave may have lain in an entry that is gone.
            long writtenKey = entry == 0 ? key : Entries.keyAddress(entry);
            int length = keyLength;
            keyLength = -1;
            for (KeyspaceListener each : now) {
                each.written(writtenKey, length, entry);
            }
        }
    }

    void expired(long entry) {
        KeyspaceListener[] now = listeners;
        if (now != null) {
            for (KeyspaceListener each : now) {
                each.expired(entry);
            }
        }
    }

    void evicted(long entry) {
        KeyspaceListener[] now = listeners;
        if (now != null) {
            for (KeyspaceListener each : now) {
                each.evicted(entry);
            }
        }
    }

    void cleared() {
        keyLength = -1;
        KeyspaceListener[] now = listeners;
        if (now != null) {
            for (KeyspaceListener each : now) {
                each.cleared();
            }
        }
    }
}
