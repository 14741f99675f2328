package io.solaster.store.keyspace;

import java.util.Arrays;
import java.util.function.LongPredicate;

import io.solaster.engine.memory.Slabs;

/**
 * Empties sparse pages of nodes: it chooses some, then walks once over the keyspace and has each value move the nodes
 * that lie in them. On the owning shard.
 */
final class NodeMover {
    private static final int PAGES_A_TIME = 16;
    private static final int ROUND = 64;
    /** Calls that are passed over after a round that emptied no page. */
    private static final int RESTS = 600;
    /** What the look at a bucket counts for. */
    private static final int BUCKET_STEPS = Segment.BUCKET_SLOTS;

    /** Visits the entries of one bucket. */
    @FunctionalInterface
    interface Walk {
        long scan(long cursor, Keyspace.EntryVisitor visitor);
    }

    private final Slabs nodes;
    private final ValueTypes types;
    private final Walk walk;
    private final LongPredicate stays;
    private final Keyspace.EntryVisitor collector = this::collect;
    private boolean choosing = true;
    private int chosen;
    private long bucket; // where the walk goes on
    private boolean lastBucket;
    private long[] waiting = new long[16]; // entries of the bucket; 0 for one that is gone
    private int count;
    private int index; // in them
    private long cursor; // in its value
    private long usedBefore; // by the nodes, when the round began
    private int resting; // calls to be passed over
    private long moves;

    /** @param stays whether the nodes of an entry are to lie where they are */
    NodeMover(Slabs nodes, ValueTypes types, Walk walk, LongPredicate stays) {
        this.stays = stays;
        this.nodes = nodes;
        this.types = types;
        this.walk = walk;
    }

    /** Looks at about so many nodes and slots; returns at how many, fewer than asked for if nothing is left to do. */
    int move(int maxSteps) {
        if (resting > 0) {
            resting--;
            return 0;
        }
        int steps = 0;
        while (steps < maxSteps) {
            if (choosing) {
                int now = nodes.leave(PAGES_A_TIME);
                chosen += now;
                steps += now;
                if (now == PAGES_A_TIME) {
                    continue;
                }
                if (chosen == 0) {
                    return steps;
                }
                choosing = false;
                usedBefore = nodes.used();
                bucket = 0;
                lastBucket = false;
            }
            if (index < count) {
                steps += ROUND;
                moveNodes();
            } else if (lastBucket) {
                nodes.stay();
                start();
                // What could not be moved now is not tried again at once.
                resting = nodes.used() < usedBefore ? 0 : RESTS;
                return steps;
            } else {
                steps += BUCKET_STEPS;
                count = 0;
                index = 0;
                bucket = walk.scan(bucket, collector);
                lastBucket = bucket == 0;
            }
        }
        return steps;
    }

    private void collect(long entry) {
        if (types.hasNodes(entry)) {
            if (count == waiting.length) {
                waiting = Arrays.copyOf(waiting, 2 * count);
            }
            waiting[count++] = entry;
        }
    }

    /** How often nodes may have been moved. */
    long moves() {
        return moves;
    }

    private void moveNodes() {
        moves++;
        long entry = waiting[index];
        // Since it was collected it may have become a value without nodes.
        cursor = entry == 0 || !types.hasNodes(entry) || stays.test(entry)
                ? 0
                : types.of(Entries.type(entry)).defragment(nodes, Entries.valueAddress(entry), cursor, ROUND);
        if (cursor == 0) {
            index++;
        }
    }

    /** To be told that an entry lies elsewhere now, or that it or its value is gone: then {@code to} is 0. */
    void moved(long entry, long to) {
        for (int i = index; i < count; i++) {
            if (waiting[i] == entry) {
                waiting[i] = to;
                if (i == index && to == 0) {
                    cursor = 0;
                }
            }
        }
    }

    /** Begins anew: nothing is chosen. */
    void start() {
        choosing = true;
        chosen = 0;
        count = 0;
        index = 0;
        cursor = 0;
    }
}
