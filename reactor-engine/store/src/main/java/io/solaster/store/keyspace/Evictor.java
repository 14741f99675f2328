package io.solaster.store.keyspace;

import java.util.Arrays;
import java.util.Objects;

import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.EvictionPolicy.Order;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the key that goes next, as Redis does: of some keys of each database taken by chance the best one, and of those that were good
 * before a few are remembered. They are remembered by their hash, which stays right whatever is written meanwhile. On
 * the owning shard.
 */
final class Evictor {
    private static final int REMEMBERED = 16;
    /** Segments taken by chance, each time keys are sampled. */
    private static final int LOOKS = 64;
    /** Segments looked at in their order where chance has found none that has expiring keys: some 100 ns each. */
    private static final int LONGEST_WALK = 2048;

    private final KeyspaceHash hash;
    private final AccessClock clock;
    private EvictionPolicy policy = EvictionPolicy.NONE;
    // Sorted by score, the best one last.
    private final long[] hashes = new long[REMEMBERED];
    private final long[] scores = new long[REMEMBERED];
    private final @Nullable Database[] databases = new @Nullable Database[REMEMBERED];
    private int count;
    private int turn;
    // Of the entry that was found: its hash, and where it is.
    private long chosen;
    private @Nullable Database itsDatabase;

    Evictor(KeyspaceHash hash, AccessClock clock) {
        this.hash = hash;
        this.clock = clock;
    }

    void policy(EvictionPolicy newPolicy) {
        policy = newPolicy;
        clear();
    }

    void clear() {
        count = 0;
        Arrays.fill(databases, null);
        itsDatabase = null;
    }

    /** The address of the slot of the entry to go, which {@link #hash} and {@link #database} are about then; 0 if none was found. */
    long choose(Database[] all) {
        if (policy.order() == Order.NONE) {
            return 0;
        }
        // What is remembered may all be gone, and what is sampled is there: the second round finds something.
        for (int round = 0; round < 2; round++) {
            // Another one first each time, as what is as good as what is remembered comes too late once no more fits.
            turn++;
            for (int i = 0; i < all.length; i++) {
                Database each = all[Math.floorMod(turn + i, all.length)];
                if ((policy.expiringOnly() ? each.expiring : each.size) > 0) {
                    sample(each);
                }
            }
            while (count > 0) {
                count--;
                Database its = Objects.requireNonNull(databases[count]);
                long at = find(its, hashes[count]);
                if (at != 0 && score(at) >= scores[count]) {
                    chosen = hashes[count];
                    itsDatabase = its;
                    return at;
                }
            }
        }
        return 0;
    }

    /** Where the entry is that was chosen. */
    Database database() {
        return Objects.requireNonNull(itsDatabase);
    }

    /** Of the entry that was chosen. */
    long hash() {
        return chosen;
    }

    private boolean mayGo(long slot) {
        return slot != 0 && (!policy.expiringOnly() || Segment.expires(slot));
    }

    private long find(Database database, long h) {
        long segment = database.directory.segment(h);
        int bucket = Segment.home(h);
        for (int probes = 0; probes < Segment.BUCKETS; probes++) {
            long line = Segment.bucket(segment, bucket);
            for (long at = line; at < line + Segment.LINE; at += 8) {
                long slot = Memory.getLong(at);
                if (mayGo(slot) && Segment.sameTag(slot, h) && hashOf(slot) == h) {
                    return at;
                }
            }
            bucket = Segment.next(bucket);
        }
        return 0;
    }

    private long hashOf(long slot) {
        long entry = Segment.entry(slot);
        return Entries.hash(entry, Memory.getLong(entry), hash);
    }

    private void sample(Database database) {
        Directory directory = database.directory;
        int wanted = policy.samples();
        for (int looks = 0; looks < LOOKS && wanted > 0; looks++) {
            long h = clock.next();
            wanted -= sampleFrom(database, directory.segment(h), Segment.home(h), wanted);
        }
        if (wanted == policy.samples() && count == 0) {
            for (int looks = 0; looks < LONGEST_WALK && wanted > 0; looks++) {
                long word = directory.word(database.evictionWalk);
                wanted -= sampleFrom(database, Directory.segmentOf(word), 0, wanted);
                if (wanted > 0) {
                    database.evictionWalk = Directory.after(database.evictionWalk, Directory.bits(word));
                }
            }
        }
    }

    /** Looks at the entries of a segment from a bucket on; returns at how many, at most as many as are wanted. */
    private int sampleFrom(Database database, long segment, int from, int wanted) {
        if ((policy.expiringOnly() ? Segment.expiring(segment) : Segment.count(segment)) == 0) {
            return 0;
        }
        int found = 0;
        int bucket = from;
        for (int probes = 0; probes < Segment.BUCKETS; probes++) {
            long line = Segment.bucket(segment, bucket);
            for (long at = line; at < line + Segment.LINE; at += 8) {
                long slot = Memory.getLong(at);
                if (mayGo(slot)) {
                    remember(database, at, slot);
                    if (++found == wanted) {
                        return found;
                    }
                }
            }
            bucket = Segment.next(bucket);
        }
        return found;
    }

    private void remember(Database database, long at, long slot) {
        long score = score(at);
        if (count == REMEMBERED && score <= scores[0]) {
            return;
        }
        long h = hashOf(slot);
        for (int i = 0; i < count; i++) {
            if (hashes[i] == h && databases[i] == database) {
                return;
            }
        }
        int place = Arrays.binarySearch(scores, 0, count, score);
        place = place < 0 ? ~place : place;
        if (count == REMEMBERED) {
            // The worst one makes room.
            place--;
            System.arraycopy(scores, 1, scores, 0, place);
            System.arraycopy(hashes, 1, hashes, 0, place);
            System.arraycopy(databases, 1, databases, 0, place);
        } else {
            System.arraycopy(scores, place, scores, place + 1, count - place);
            System.arraycopy(hashes, place, hashes, place + 1, count - place);
            System.arraycopy(databases, place, databases, place + 1, count - place);
            count++;
        }
        scores[place] = score;
        hashes[place] = h;
        databases[place] = database;
    }

    /** How well it is that the entry of a slot goes: the higher the better. */
    private long score(long at) {
        long entry = Segment.entry(Memory.getLong(at));
        return switch (policy.order()) {
            case LRU -> clock.idleSeconds(Entries.clock(entry));
            case LFU -> -clock.count(Entries.clock(entry));
            case TTL -> -Entries.expiry(entry);
            case RANDOM, NONE -> 0;
        };
    }
}
