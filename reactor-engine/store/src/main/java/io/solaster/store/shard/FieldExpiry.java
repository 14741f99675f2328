package io.solaster.store.shard;

import java.util.function.LongPredicate;

import io.solaster.store.collection.Hashes;
import io.solaster.store.keyspace.Keyspace;

/**
 * Removes the fields of hashes that have expired, and keys whose last field that was. Nobody sees such a field any more;
 * it is looked for so that its memory is used again. All keys are looked through in turn, as long as there are fields
 * that expire.
 */
final class FieldExpiry implements Keyspace.EntryVisitor {
    /** A call of a scan costs about as much as so many fields that are looked at. */
    private static final int SCAN_STEPS = 8;
    private static final int FIELD_STEPS = 200;

    private final Keyspace keys;
    private final Hashes hashes;
    private final LongPredicate used;
    private boolean needed;
    private boolean seen; // in this round
    private int database;
    private long cursor;
    private long due; // the entry of a hash, or 0
    private long now;

    /** @param used whether somebody uses an entry over several turns: then it stays as it is */
    FieldExpiry(Keyspace keys, Hashes hashes, LongPredicate used) {
        this.keys = keys;
        this.used = used;
        this.hashes = hashes;
    }

    /** Says that a field has come to expire. */
    void start() {
        needed = true;
        seen = true;
    }

    boolean isNeeded() {
        return needed;
    }

    /** Goes on where the last call stopped, to the end of the keys at most. */
    void run(long newNow, int steps) {
        now = newNow;
        int selected = keys.database();
        look(steps);
        keys.database(selected);
    }

    private void look(int steps) {
        int left = steps;
        while (needed && left > 0) {
            due = 0;
            keys.database(database);
            long next = keys.scan(cursor, this);
            left -= SCAN_STEPS;
            if (due != 0) {
                // More of it may be due, and others in the same place: that is looked at again.
                hashes.open(keys.keyAddress(due), keys.keyLength(due), due, now);
                hashes.expireDue(FIELD_STEPS);
                left -= FIELD_STEPS;
                continue;
            }
            cursor = next;
            if (next == 0 && ++database >= keys.databases()) {
                database = 0;
                needed = seen;
                seen = false;
                return;
            }
        }
    }

    @Override
    public void visit(long entry) {
        if (keys.type(entry) != Keyspace.TYPE_HASH) {
            return;
        }
        long earliest = Hashes.earliestExpiry(keys.valueAddress(entry));
        seen |= earliest != Long.MAX_VALUE;
        long expiry = keys.expiry(entry);
        // A key that is due goes as a whole.
        if (earliest < now && (expiry == 0 || expiry >= now) && !used.test(entry)) {
            due = entry;
        }
    }
}
