package io.solaster.streams.subscribe;

import java.util.Arrays;

import io.solaster.streams.subscribe.name.IntIndex;

/**
 * The subscriptions of one shard's subscribers: for each name those who have it, in the order in which they came, and for each
 * subscriber its names. Links in arrays, so that a subscription costs no object. On the owning shard.
 */
final class SubscriberLists {
    static final int NONE = -1;
    private static final int LEAST = 16;
    private static final int KINDS = Subscriptions.KINDS;

    private final IntIndex index = new IntIndex();
    // By name.
    private int[] head = new int[0];
    private int[] tail = new int[0];
    private int[] counts = new int[0];
    // By subscriber.
    private int[] heldCounts = new int[0];
    // By subscriber and kind.
    private int[] ownHead = new int[0];
    private int[] ownTail = new int[0];
    private int[] ownCounts = new int[0];
    // By subscription.
    private int[] names = new int[LEAST];
    private int[] subscribers = new int[LEAST];
    private int[] next = new int[LEAST];
    private int[] previous = new int[LEAST];
    private int[] ownNext = new int[LEAST];
    private int[] ownPrevious = new int[LEAST];
    private long[] born = new long[LEAST];
    private boolean[] isHeld = new boolean[LEAST];
    private int used;
    private int free = NONE;
    private long births;

    /** Makes room for names' numbers below this. */
    void names(int capacity) {
        int before = head.length;
        if (before < capacity) {
            head = Arrays.copyOf(head, capacity);
            tail = Arrays.copyOf(tail, capacity);
            counts = Arrays.copyOf(counts, capacity);
            Arrays.fill(head, before, capacity, NONE);
            Arrays.fill(tail, before, capacity, NONE);
        }
    }

    /** Makes room for subscribers' numbers below this. */
    void subscribers(int capacity) {
        int before = ownHead.length;
        int wanted = capacity * KINDS;
        if (before < wanted) {
            ownHead = Arrays.copyOf(ownHead, wanted);
            ownTail = Arrays.copyOf(ownTail, wanted);
            ownCounts = Arrays.copyOf(ownCounts, wanted);
            heldCounts = Arrays.copyOf(heldCounts, capacity);
            Arrays.fill(ownHead, before, wanted, NONE);
            Arrays.fill(ownTail, before, wanted, NONE);
        }
    }

    /** Subscriptions that are there. */
    int size() {
        return index.size();
    }

    /** How many subscriptions there have ever been: those to come are {@link #born} then or later. */
    long births() {
        return births;
    }

    private static int hash(int name, int subscriber) {
        long mixed = ((long) name << 32 | subscriber) * 0x9E3779B97F4A7C15L;
        return (int) (mixed >>> 32);
    }

    /** The subscription of a subscriber to a name, or {@link #NONE}. */
    int find(int name, int subscriber) {
        int hash = hash(name, subscriber);
        for (int place = index.first(hash); index.at(place) != IntIndex.NONE; place = index.next(place)) {
            int at = index.at(place);
            if (names[at] == name && subscribers[at] == subscriber) {
                return at;
            }
        }
        return NONE;
    }

    /** Adds one that is not there, behind all others of the name and of the subscriber. */
    void add(int name, int kind, int subscriber) {
        int at = takeNumber();
        names[at] = name;
        subscribers[at] = subscriber;
        born[at] = births++;
        int last = tail[name];
        previous[at] = last;
        next[at] = NONE;
        if (last == NONE) {
            head[name] = at;
        } else {
            next[last] = at;
        }
        tail[name] = at;
        counts[name]++;
        int own = subscriber * KINDS + kind;
        int ownLast = ownTail[own];
        ownPrevious[at] = ownLast;
        ownNext[at] = NONE;
        if (ownLast == NONE) {
            ownHead[own] = at;
        } else {
            ownNext[ownLast] = at;
        }
        ownTail[own] = at;
        ownCounts[own]++;
        index.add(hash(name, subscriber), at);
    }

    private int takeNumber() {
        int at = free;
        if (at != NONE) {
            free = next[at];
            return at;
        }
        if (used == names.length) {
            int capacity = used * 2;
            names = Arrays.copyOf(names, capacity);
            subscribers = Arrays.copyOf(subscribers, capacity);
            next = Arrays.copyOf(next, capacity);
            previous = Arrays.copyOf(previous, capacity);
            ownNext = Arrays.copyOf(ownNext, capacity);
            ownPrevious = Arrays.copyOf(ownPrevious, capacity);
            born = Arrays.copyOf(born, capacity);
            isHeld = Arrays.copyOf(isHeld, capacity);
        }
        return used++;
    }

    /** Removes a subscription to a name of that kind. */
    void remove(int at, int kind) {
        held(at, false);
        int name = names[at];
        if (previous[at] == NONE) {
            head[name] = next[at];
        } else {
            next[previous[at]] = next[at];
        }
        if (next[at] == NONE) {
            tail[name] = previous[at];
        } else {
            previous[next[at]] = previous[at];
        }
        counts[name]--;
        int own = subscribers[at] * KINDS + kind;
        if (ownPrevious[at] == NONE) {
            ownHead[own] = ownNext[at];
        } else {
            ownNext[ownPrevious[at]] = ownNext[at];
        }
        if (ownNext[at] == NONE) {
            ownTail[own] = ownPrevious[at];
        } else {
            ownPrevious[ownNext[at]] = ownPrevious[at];
        }
        ownCounts[own]--;
        index.remove(hash(name, subscribers[at]), at);
        next[at] = free;
        free = at;
    }

    /** How many subscribers of this shard have a name. */
    int count(int name) {
        return counts[name];
    }

    /** How many names of a kind a subscriber has. */
    int count(int subscriber, int kind) {
        return ownCounts[subscriber * KINDS + kind];
    }

    /** The first subscription to a name, or {@link #NONE}. */
    int first(int name) {
        return head[name];
    }

    int next(int at) {
        return next[at];
    }

    /** The first subscription of a subscriber to names of a kind, or {@link #NONE}. */
    int firstOwn(int subscriber, int kind) {
        return ownHead[subscriber * KINDS + kind];
    }

    int nextOwn(int at) {
        return ownNext[at];
    }

    /** Whether who publishes to its name waits for a subscription. */
    boolean isHeld(int at) {
        return isHeld[at];
    }

    void held(int at, boolean yes) {
        if (isHeld[at] != yes) {
            isHeld[at] = yes;
            heldCounts[subscribers[at]] += yes ? 1 : -1;
        }
    }

    /** How many subscriptions of a subscriber are held. */
    int heldCount(int subscriber) {
        return heldCounts[subscriber];
    }

    int name(int at) {
        return names[at];
    }

    int subscriber(int at) {
        return subscribers[at];
    }

    /** Which one it was of all that there have been. */
    long born(int at) {
        return born[at];
    }
}
