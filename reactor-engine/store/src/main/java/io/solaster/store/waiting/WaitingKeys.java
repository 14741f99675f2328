package io.solaster.store.waiting;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.IntPredicate;

import io.solaster.engine.Shard;
import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.KeyspaceHash;
import io.solaster.store.keyspace.KeyspaceListener;
import io.solaster.store.waiting.Waiter.Place;
import org.jspecify.annotations.Nullable;

/**
 * The keys of one shard that somebody waits for, each with a queue of its waiters: who came first is told first. Listens to
 * the keyspace only while somebody waits; a key of the type that is waited for which was written then is offered to the first
 * in its queue once the command is done, until it is gone or nobody waits. On the owning shard.
 *
 * <p>
 * What a waiter takes is a place in the queue of each of its keys, which it leaves from wherever it stands.
 */
public final class WaitingKeys implements KeyspaceListener {
    private static final int FEWEST_CHAINS = 16;
    /** So many offers are made whatever the clock says, so that what one push gives to a few is given at once. */
    private static final int OFFERS_UNTIMED = 15;
    /** In the place of a database: all of them. */
    private static final int ALL = -1;

    /** Those who wait for one key to be of one type. */
    static final class Queue {
        final int database;
        final byte[] key;
        final int type;
        final long hash;
        /** In the table. */
        @Nullable
        Queue chained;
        @Nullable
        Place first;
        @Nullable
        Place last;
        /** Whether it is among those that are to be served. */
        boolean ready;
        /** Who is trying now: nobody else is offered the key meanwhile. */
        @Nullable
        Waiter trying;
        /** Whether offers to all were left off, and who comes next. */
        boolean leftOff;
        @Nullable
        Place next;
        /** Whether the key was written since then. */
        boolean again;

        Queue(int database, byte[] key, int type, long hash) {
            this.database = database;
            this.key = key;
            this.type = type;
            this.hash = hash;
        }

        boolean is(int ofDatabase, int ofType, long ofHash, long address, int length) {
            if (ofHash != hash || ofType != type || ofDatabase != database || length != key.length) {
                return false;
            }
            int at = 0;
            while (at < length && Memory.getByte(address + at) == key[at]) {
                at++;
            }
            return at == length;
        }
    }

    private final Keyspace keys;
    private final KeyspaceHash hash;
    private final Runnable serveLater;
    private @Nullable Queue[] table = new Queue[FEWEST_CHAINS];
    private int queues;
    private int places;
    private @Nullable Runnable endOfListening;
    private final ArrayDeque<Queue> ready = new ArrayDeque<>();
    private boolean serving;

    /** @param serveLater has {@link #serve} called in a later turn */
    public WaitingKeys(Keyspace keys, KeyspaceHash hash, Runnable serveLater) {
        this.keys = keys;
        this.hash = hash;
        this.serveLater = serveLater;
    }

    // ---- who waits

    /**
     * Puts a waiter behind all others that wait for a key of the selected database to be of a type.
     *
     * @param number what the waiter calls the key
     */
    public void add(Waiter waiter, int number, int type, long key, int length) {
        Queue queue = queue(type, key, length);
        Place place = new Place(waiter, number, queue);
        waiter.places = place;
        Place last = queue.last;
        place.before = last;
        if (last == null) {
            queue.first = place;
        } else {
            last.behind = place;
        }
        queue.last = place;
        places++;
        if (endOfListening == null) {
            endOfListening = keys.listen(this);
        }
    }

    /** Has a waiter leave all of its queues; does nothing if it waits for nothing. */
    public void remove(Waiter waiter) {
        Place place = waiter.places;
        waiter.places = null;
        while (place != null) {
            leave(place);
            place = place.other;
        }
        if (queues == 0 && endOfListening != null) {
            endOfListening.run();
            endOfListening = null;
        }
    }

    private void leave(Place place) {
        places--;
        Queue queue = place.queue;
        Place before = place.before;
        Place behind = place.behind;
        if (before == null) {
            queue.first = behind;
        } else {
            before.behind = behind;
        }
        if (behind == null) {
            queue.last = before;
        } else {
            behind.before = before;
        }
        if (queue.next == place) {
            queue.next = behind;
        }
        if (queue.first == null) {
            drop(queue);
        } else if (queue.trying == place.waiter) {
            queue.trying = null;
            ready(queue);
        }
    }

    /**
     * A waiter that was {@link Waiter.Answer#TRIES trying} has not had what it waits for, and waits where it did, or may have
     * it now: what is there is offered to it again.
     */
    public void tried(Waiter waiter) {
        boolean told = waiter.isTold();
        waiter.told(false);
        for (Place place = waiter.places; place != null; place = place.other) {
            boolean tries = place.queue.trying == waiter;
            if (tries) {
                place.queue.trying = null;
            }
            if (tries || told) {
                ready(place.queue);
            }
        }
    }

    /** What a waiter waits for may be there now, without anybody having written it. */
    public void look(Waiter waiter) {
        for (Place place = waiter.places; place != null; place = place.other) {
            ready(place.queue);
        }
    }

    /** Removes the waiters of shards that have died. */
    public void removeOf(IntPredicate dead) {
        if (queues == 0) {
            return;
        }
        List<Waiter> gone = new ArrayList<>();
        for (Queue chain : table) {
            for (Queue queue = chain; queue != null; queue = queue.chained) {
                for (Place place = queue.first; place != null; place = place.behind) {
                    if (dead.test(place.waiter.home)) {
                        gone.add(place.waiter);
                    }
                }
            }
        }
        gone.forEach(this::remove);
    }

    /** How many places are taken in all queues together. */
    public int places() {
        return places;
    }

    /** How many keys are waited for, each counted once for each type. */
    public int size() {
        return queues;
    }

    // ---- what is there

    @Override
    public void written(long key, int keyLength, long entry) {
        if (entry == 0 || keys.type(entry) != Keyspace.TYPE_STREAM) {
            gone(key, keyLength);
        }
        if (entry == 0) {
            return;
        }
        int type = keys.type(entry);
        if (type != Keyspace.TYPE_STRING && type != Keyspace.TYPE_HASH && type != Keyspace.TYPE_SET) {
            Queue queue = find(type, hash.hash(key, keyLength), key, keyLength);
            if (queue != null) {
                ready(queue);
            }
        }
    }

    /** There is no stream any more: who reads it in a group has to know that. */
    private void gone(long key, int keyLength) {
        Queue queue = find(Keyspace.TYPE_STREAM, hash.hash(key, keyLength), key, keyLength);
        if (queue != null) {
            ready(queue);
        }
    }

    @Override
    public void expired(long entry) {
        gone(keys.keyAddress(entry), keys.keyLength(entry));
    }

    @Override
    public void evicted(long entry) {
        gone(keys.keyAddress(entry), keys.keyLength(entry));
    }

    @Override
    public void cleared() {
        streamsOf(ALL);
    }

    @Override
    public void emptied() {
        streamsOf(keys.database());
    }

    /** The streams of a database go next, or of all databases. */
    private void streamsOf(int database) {
        for (Queue chain : table) {
            for (Queue queue = chain; queue != null; queue = queue.chained) {
                if (queue.type == Keyspace.TYPE_STREAM && (database == ALL || queue.database == database)) {
                    ready(queue);
                }
            }
        }
    }

    /** What is waited for may be there now, or gone, without anybody having written it. */
    @Override
    public void swapped(int one, int other) {
        int selected = keys.database();
        for (Queue chain : table) {
            for (Queue queue = chain; queue != null; queue = queue.chained) {
                if (queue.database == one || queue.database == other) {
                    keys.database(queue.database);
                    if (queue.type == Keyspace.TYPE_STREAM || isThere(queue)) {
                        ready(queue);
                    }
                }
            }
        }
        keys.database(selected);
    }

    private boolean isThere(Queue queue) {
        long copy = Memory.allocate(Math.max(1, queue.key.length));
        try {
            Memory.copy(queue.key, 0, copy, queue.key.length);
            // As of the beginning of time nothing is due, so that this only looks.
            long entry = keys.peek(copy, queue.key.length, Long.MIN_VALUE);
            return entry != 0 && keys.type(entry) == queue.type;
        } finally {
            Memory.free(copy);
        }
    }

    private void ready(Queue queue) {
        queue.again |= queue.leftOff;
        if (!queue.ready && queue.trying == null) {
            queue.ready = true;
            if (ready.isEmpty()) {
                serveLater.run();
            }
            ready.add(queue);
        }
    }

    /** Whether a key has been written that somebody waits for. */
    public boolean isReady() {
        return !ready.isEmpty();
    }

    /**
     * Offers the keys that were written to who waits for them, in the order in which they were written; in a later turn
     * where there is no more time in this one. No command may be under way on this shard.
     */
    public void serve() {
        if (serving) {
            return;
        }
        serving = true;
        try {
            for (int offers = 1; !ready.isEmpty(); offers++) {
                offer(ready.getFirst());
                boolean leftOff = !ready.isEmpty() && ready.getFirst().leftOff;
                if (leftOff || (offers & OFFERS_UNTIMED) == 0 && Shard.needPreempt()) {
                    serveLater.run();
                    return;
                }
            }
        } finally {
            serving = false;
        }
    }

    /** Offers a key to its first waiter. */
    private void offer(Queue queue) {
        Place first = queue.first;
        keys.database(queue.database);
        if (queue.type == Keyspace.TYPE_STREAM) {
            offerToAll(queue);
            return;
        }
        Waiter.Answer answer = first == null || queue.trying != null
                ? Waiter.Answer.NOTHING
                : first.waiter.offer.made(first.key);
        if (answer == Waiter.Answer.NOTHING || answer == Waiter.Answer.TRIES) {
            ready.removeFirst();
            queue.ready = false;
            queue.trying = answer == Waiter.Answer.TRIES ? Objects.requireNonNull(first).waiter : queue.trying;
        }
    }

    /**
     * Offers a stream to all who wait for it: each wants something else of it, and what one reads is there for others. Leaves off
     * where they are very many.
     */
    private void offerToAll(Queue queue) {
        ready.removeFirst();
        queue.ready = false;
        Place each = queue.leftOff ? queue.next : queue.first;
        boolean again = queue.again;
        queue.leftOff = false;
        queue.again = false;
        int offers = 0;
        while (each != null && queue.trying == null) {
            // Whoever leaves meanwhile is skipped.
            queue.next = each.behind;
            if (each.waiter.offer.made(each.key) == Waiter.Answer.TRIES) {
                queue.trying = each.waiter;
            }
            each = queue.next;
            if (each != null && queue.trying == null && (++offers & OFFERS_UNTIMED) == 0 && Shard.needPreempt()) {
                leaveOff(queue, again);
                return;
            }
        }
        queue.next = null;
        if (again) {
            ready(queue);
        }
    }

    private void leaveOff(Queue queue, boolean again) {
        queue.leftOff = true;
        queue.again = again || queue.ready;
        if (!queue.ready) {
            queue.ready = true;
            ready.addFirst(queue);
        }
    }

    // ---- the table of queues

    private Queue queue(int type, long key, int length) {
        long h = hash.hash(key, length);
        Queue found = find(type, h, key, length);
        if (found != null) {
            return found;
        }
        if (queues == table.length) {
            resize(table.length * 2);
        }
        byte[] copy = new byte[length];
        Memory.copy(key, copy, 0, length);
        Queue made = new Queue(keys.database(), copy, type, h);
        chain(made);
        queues++;
        return made;
    }

    private @Nullable Queue find(int type, long h, long key, int length) {
        Queue queue = table[at(h)];
        while (queue != null && !queue.is(keys.database(), type, h, key, length)) {
            queue = queue.chained;
        }
        return queue;
    }

    private int at(long h) {
        return (int) h & table.length - 1;
    }

    private void chain(Queue queue) {
        int at = at(queue.hash);
        queue.chained = table[at];
        table[at] = queue;
    }

    private void drop(Queue queue) {
        int at = at(queue.hash);
        Queue each = table[at];
        if (each == queue) {
            table[at] = queue.chained;
        } else {
            while (each != null && each.chained != queue) {
                each = each.chained;
            }
            if (each != null) {
                each.chained = queue.chained;
            }
        }
        queues--;
        if (table.length > FEWEST_CHAINS && queues < table.length / 8) {
            resize(table.length / 4);
        }
    }

    private void resize(int length) {
        @Nullable
        Queue[] old = table;
        table = new Queue[Math.max(FEWEST_CHAINS, length)];
        for (Queue chain : old) {
            Queue queue = chain;
            while (queue != null) {
                Queue next = queue.chained;
                chain(queue);
                queue = next;
            }
        }
    }
}
