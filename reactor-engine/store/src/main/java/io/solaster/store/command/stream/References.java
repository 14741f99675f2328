package io.solaster.store.command.stream;

import io.solaster.store.shard.CommandCall;
import io.solaster.store.stream.Groups;
import io.solaster.store.stream.Streams;
import org.jspecify.annotations.Nullable;

/** What becomes of what is pending in groups when its entry is deleted. On the owning shard. */
enum References {
    /** An entry that is pending stays so. */
    KEEPREF,
    /** A deleted entry is pending nowhere any more. */
    DELREF,
    /** Only what all groups have read and acknowledged is deleted. */
    ACKED;

    private static final int MOST_AT_ONCE = 64;

    /** Entries that are done at once, before who does them in turns looks at the clock. */
    static int piece(Groups groups) {
        return Math.max(1, MOST_AT_ONCE / Math.max(1, groups.count()));
    }

    /** The policy that an argument names; null for none. */
    static @Nullable References named(CommandCall call, int argument) {
        if (call.is(argument, "keepref")) {
            return KEEPREF;
        }
        if (call.is(argument, "delref")) {
            return DELREF;
        }
        return call.is(argument, "acked") ? ACKED : null;
    }

    /** Has an entry be pending in no group. */
    static void drop(Groups groups, long ms, long seq) {
        for (int i = 0; i < groups.count(); i++) {
            groups.dropPending(groups.get(i), ms, seq);
        }
    }

    /** Whether a group has yet to read an entry, or to acknowledge it. */
    static boolean isReferenced(Groups groups, long ms, long seq) {
        for (int i = 0; i < groups.count(); i++) {
            long group = groups.get(i);
            if (Streams.compare(ms, seq, Groups.lastMs(group), Groups.lastSeq(group)) > 0
                    || groups.findPending(group, ms, seq)) {
                return true;
            }
        }
        return false;
    }

    /** Deletes the first entries, of which none is pending then; how many there were. */
    static long dropFirst(Streams stream, long count) {
        Groups groups = stream.groups();
        boolean more = groups.count() > 0 && stream.seekFrom(0, 0);
        for (long left = count; more && left > 0; left--) {
            drop(groups, stream.ms(), stream.seq());
            more = stream.next();
        }
        stream.dropFirst(count);
        return count;
    }

    /**
     * Deletes entries that no group needs any more, the first ones first.
     *
     * @param most deletes no more than so many
     * @param looksAt looks at no more than so many
     */
    static long dropAcknowledged(Streams stream, long most, long looksAt) {
        Acknowledged walk = new Acknowledged();
        while (!walk.goOn(stream, most, looksAt)) {
            // Goes on.
        }
        return walk.deleted;
    }

    /** The walk over the first entries, of which those are deleted that no group needs any more. */
    static final class Acknowledged {
        /** Entries that were deleted so far, and those that were looked at. */
        long deleted;
        long looked;
        private final IdArgument at = new IdArgument();

        /**
         * Goes on by some entries.
         *
         * @param most deletes no more than so many in all
         * @param looksAt looks at no more than so many in all
         * @return whether that was all
         */
        boolean goOn(Streams stream, long most, long looksAt) {
            Groups groups = stream.groups();
            IdArgument read = leastRead(groups);
            for (int left = piece(groups); left > 0; left--) {
                if (looked >= looksAt || deleted >= most || !stream.seekFrom(at.ms, at.seq)) {
                    return true;
                }
                looked++;
                at.ms = stream.ms();
                at.seq = stream.seq();
                if (Streams.compare(at.ms, at.seq, read.ms, read.seq) > 0) {
                    return true;
                }
                if (!isReferenced(groups, at.ms, at.seq)) {
                    stream.delete(at.ms, at.seq);
                    deleted++;
                }
                if (!at.increment()) {
                    return true;
                }
            }
            return false;
        }
    }

    /** The last id that the group has read which has read the least. */
    private static IdArgument leastRead(Groups groups) {
        IdArgument least = new IdArgument();
        least.ms = -1;
        least.seq = -1;
        for (int i = 0; i < groups.count(); i++) {
            long group = groups.get(i);
            if (Streams.compare(Groups.lastMs(group), Groups.lastSeq(group), least.ms, least.seq) < 0) {
                least.ms = Groups.lastMs(group);
                least.seq = Groups.lastSeq(group);
            }
        }
        return least;
    }
}
