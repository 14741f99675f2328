package io.solaster.store.shard;

import java.util.function.IntPredicate;
import java.util.function.Predicate;

import io.solaster.engine.Slots;
import org.jspecify.annotations.Nullable;

/**
 * Who uses which keys of one shard for longer than a moment: transactions over several shards, and whoever waits for them. On
 * the owning shard.
 *
 * <p>
 * After VLL (Ren, Thomson, Abadi: Lightweight Locking for Main Memory Database Systems, VLDB 2013): a count per slot of who
 * means to read and who means to write it, and one queue. Whoever meets no count that forbids it has its keys at once;
 * whoever does meet one waits until everybody before it in the queue is gone. A command on a key asks {@link #isFree()}, which
 * is one word, and nothing else where no transaction is under way.
 *
 * <p>
 * Transactions have numbers, made of a counter of the shard that began them and that shard's own number, and wait only for
 * lower ones: so none waits for one that waits for it. One that comes too late for that, behind a higher number that it would
 * have to wait for, is not taken and comes again with a number above; the highest of all is never late, so some transaction
 * always goes on.
 */
public final class IntentLocks {
    /** What becomes of an intent. */
    public enum Answer {
        /** The keys are its own. */
        GRANTED,
        /** They will be; it is told then. */
        QUEUED,
        /** It is not taken: its number is too low. */
        LATE
    }

    private final int shard;
    private final int shards;
    private long clock;

    private @Nullable Intent first;
    private @Nullable Intent last;
    private boolean granting;
    private boolean shut;

    /** By slot: who means to read it and who means to write it. Made when there is something to count. */
    private int[] readers = new int[0];
    private int[] writers = new int[0];
    /** How many mean to read or write every slot, and how many some slots. */
    private int readersOfAll;
    private int writersOfAll;
    private int readersOfSome;
    private int writersOfSome;

    IntentLocks(int shard, int shards) {
        this.shard = shard;
        this.shards = shards;
    }

    /** Whether nobody uses or waits for any key. */
    public boolean isFree() {
        return first == null && !shut;
    }

    /** While shut, nobody who means to write is let to keys, and those who do have them go on. */
    public void shut(boolean forWriters) {
        shut = forWriters;
        if (!shut && !granting) {
            grant();
        }
    }

    /** A number for a transaction that begins here: above all that were seen here, and nobody else's. */
    long nextId() {
        return ++clock * shards + shard;
    }

    /** Notes a number that was seen, here or elsewhere. */
    void saw(long id) {
        clock = Math.max(clock, id / shards);
    }

    /** Lets the next number be further above, for one that was late before. */
    void leap(int distance) {
        clock += distance;
    }

    /** The highest number there is here; 0 for none. */
    long highest() {
        return last == null ? 0 : last.id;
    }

    /** Adds the intent of a transaction. */
    Answer add(Intent intent, long id) {
        saw(id);
        boolean waits = isInTheWay(intent);
        if (waits && highest() > id) {
            return Answer.LATE;
        }
        intent.id = id;
        intent.ofTransaction = true;
        return enqueue(intent, waits);
    }

    /** Adds the intent of what needs this shard alone: it waits at most, and is never late. */
    public boolean addHere(Intent intent) {
        intent.id = highest();
        intent.ofTransaction = false;
        return enqueue(intent, isInTheWay(intent)) == Answer.GRANTED;
    }

    /**
     * Adds the intent of what is using its keys already, and is not done in this turn: it has them, in front of all that wait.
     * None of the others that have theirs uses the same.
     */
    public void addInFront(Intent intent) {
        intent.id = first == null ? highest() : first.id;
        intent.ofTransaction = false;
        makeCounts();
        intent.before = null;
        intent.behind = first;
        if (first == null) {
            last = intent;
        } else {
            first.before = intent;
        }
        first = intent;
        intent.queued = true;
        intent.granted = true;
        count(intent, 1);
    }

    /** Whether nobody has keys but by intents of which something is so; who waits has none. */
    public boolean isOnlyOf(Predicate<Intent> own) {
        for (Intent intent = first; intent != null; intent = intent.behind) {
            if (intent.granted && !own.test(intent)) {
                return false;
            }
        }
        return !shut;
    }

    private void makeCounts() {
        if (readers.length == 0) {
            // Both or none: there may be no memory for the second.
            int[] forReaders = new int[Slots.COUNT];
            writers = new int[Slots.COUNT];
            readers = forReaders;
        }
    }

    private Answer enqueue(Intent intent, boolean waits) {
        makeCounts();
        Intent before = last;
        while (before != null && before.id > intent.id) {
            before = before.before;
        }
        Intent behind = before == null ? first : before.behind;
        intent.before = before;
        intent.behind = behind;
        if (before == null) {
            first = intent;
        } else {
            before.behind = intent;
        }
        if (behind == null) {
            last = intent;
        } else {
            behind.before = intent;
        }
        intent.queued = true;
        intent.granted = !waits;
        count(intent, 1);
        return waits ? Answer.QUEUED : Answer.GRANTED;
    }

    /** Whether an intent, which is not here yet, would have to wait. */
    public boolean isInTheWay(Intent intent) {
        if (shut && intent.exclusive) {
            return true;
        }
        if (first == null) {
            return false;
        }
        if (writersOfAll > 0 || intent.exclusive && readersOfAll > 0) {
            return true;
        }
        if (intent.all) {
            return writersOfSome > 0 || intent.exclusive && readersOfSome > 0;
        }
        for (int i = 0; i < intent.count; i++) {
            int slot = intent.slots[i];
            if (writers[slot] > 0 || intent.exclusive && readers[slot] > 0) {
                return true;
            }
        }
        return false;
    }

    private void count(Intent intent, int one) {
        if (intent.all) {
            writersOfAll += intent.exclusive ? one : 0;
            readersOfAll += intent.exclusive ? 0 : one;
            return;
        }
        writersOfSome += intent.exclusive ? one : 0;
        readersOfSome += intent.exclusive ? 0 : one;
        int[] counts = intent.exclusive ? writers : readers;
        for (int i = 0; i < intent.count; i++) {
            counts[intent.slots[i]] += one;
        }
    }

    /** Whether somebody means to write a slot, by name or with all others. */
    boolean isWritten(int slot) {
        return first != null && (writersOfAll > 0 || writers[slot] > 0);
    }

    /** Whether somebody uses a slot, or waits for it, by name or with all others. */
    public boolean isUsed(int slot) {
        return first != null && (writersOfAll > 0 || readersOfAll > 0 || writers[slot] > 0 || readers[slot] > 0);
    }

    /** Removes an intent, whether it has its keys or waits for them; others may have theirs then. */
    public void remove(Intent intent) {
        if (!intent.queued) {
            return;
        }
        unlink(intent);
        if (!granting) {
            grant();
        }
    }

    private void unlink(Intent intent) {
        Intent before = intent.before;
        Intent behind = intent.behind;
        if (before == null) {
            first = behind;
        } else {
            before.behind = behind;
        }
        if (behind == null) {
            last = before;
        } else {
            behind.before = before;
        }
        intent.before = null;
        intent.behind = null;
        intent.queued = false;
        intent.granted = false;
        count(intent, -1);
    }

    /** Gives the keys to the first in the queue, and to those who only read behind others that only read. */
    private void grant() {
        granting = true;
        try {
            Intent next = first;
            while (next != null && (next == first || !next.exclusive)) {
                if (next.granted) {
                    if (next.exclusive) {
                        break;
                    }
                    next = next.behind;
                } else if (shut && next.exclusive) {
                    break;
                } else {
                    next.grant();
                    // It may be gone by now, and others with it.
                    next = first;
                }
            }
        } finally {
            granting = false;
        }
    }

    /** Tells all who wait for keys here that they wait in vain. Where the shard has ended: on whatever thread. */
    void abandonAll() {
        Intent next = first;
        while (next != null) {
            Intent intent = next;
            next = next.behind;
            if (!intent.granted) {
                // Not by remove, which would have others go on.
                unlink(intent);
                intent.lose();
            }
        }
    }

    /** Removes what shards have left that have died: nobody else does. */
    void removeOf(IntPredicate dead) {
        Intent next = first;
        while (next != null) {
            Intent intent = next;
            next = next.behind;
            if (intent.ofTransaction && dead.test((int) (intent.id % shards))) {
                remove(intent);
                next = first;
            }
        }
    }
}
