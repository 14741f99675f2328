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
        Groups groups = stream.groups();
        long readMs = -1;
        long readSeq = -1;
        for (int i = 0; i < groups.count(); i++) {
            long group = groups.get(i);
            if (Streams.compare(Groups.lastMs(group), Groups.lastSeq(group), readMs, readSeq) < 0) {
                readMs = Groups.lastMs(group);
                readSeq = Groups.lastSeq(group);
            }
        }
        long deleted = 0;
        boolean more = stream.seekFrom(0, 0);
        for (long left = looksAt; more && left > 0 && deleted < most; left--) {
            IdArgument behind = new IdArgument();
            behind.ms = stream.ms();
            behind.seq = stream.seq();
            if (Streams.compare(behind.ms, behind.seq, readMs, readSeq) > 0) {
                return deleted;
            }
            if (isReferenced(groups, behind.ms, behind.seq)) {
                more = stream.next();
            } else {
                stream.delete(behind.ms, behind.seq);
                deleted++;
                more = behind.increment() && stream.seekFrom(behind.ms, behind.seq);
            }
        }
        return deleted;
    }
}
