package io.solaster.streams;

import java.time.Duration;

import io.solaster.config.value.ByteSize;
import org.jspecify.annotations.Nullable;

/**
 * How a group's member takes entries.
 *
 * @param member its name among the members of the group, by which partitions are shared out where the topic's order is
 *            {@code key}; null for one that is drawn
 * @param start where a group begins that is not there yet; of no effect later
 * @param entries how many entries it has under way on each shard at most, 1 to 65536
 * @param bytes how many bytes those have at most; one is let through, however large
 * @param run where the handler runs
 * @param acknowledge who says that an entry is done with
 * @param backOff how long an entry waits that failed or was handed back; twice as long each time after
 * @param longestBackOff and at most
 */
public record ConsumeOptions(@Nullable String member, Start start, int entries, ByteSize bytes, Run run,
        Acknowledge acknowledge, Duration backOff, Duration longestBackOff) {

    /** Where a new group begins. */
    public enum Start {
        /** With the oldest entry that is kept. */
        OLDEST,
        /** With what is published from then on. */
        NEXT
    }

    /** Where a handler runs, on the shard that has the partition. */
    public enum Run {
        /** Each entry in a virtual thread of its own: the handler may wait, and as many run as are under way. */
        FORK,
        /** On the loop, one after the other: the handler may not wait, and costs less. */
        LOOP
    }

    /** Who acknowledges. */
    public enum Acknowledge {
        /** A handler that returns has. */
        ON_RETURN,
        /** The handler calls {@link Delivery#ack()}, now or later. */
        BY_HAND
    }

    /** From the oldest on, in forks, acknowledged on return; 256 entries of up to 4 MB; back-off from 100 ms to 30 s. */
    public static final ConsumeOptions DEFAULTS = new ConsumeOptions(null, Start.OLDEST, 256, new ByteSize(4 << 20),
            Run.FORK, Acknowledge.ON_RETURN, Duration.ofMillis(100), Duration.ofSeconds(30));

    public ConsumeOptions {
        if (entries < 1 || entries > 65536) {
            throw new IllegalArgumentException(entries + " entries under way; give 1 to 65536");
        }
        if (backOff.isNegative() || longestBackOff.compareTo(backOff) < 0) {
            throw new IllegalArgumentException("a back-off from " + backOff + " to " + longestBackOff
                    + "; give durations of which the second is no shorter");
        }
    }

    /** These for a member of another name. */
    public ConsumeOptions withMember(String newMember) {
        return new ConsumeOptions(newMember, start, entries, bytes, run, acknowledge, backOff, longestBackOff);
    }

    /** These with another beginning for a new group. */
    public ConsumeOptions withStart(Start newStart) {
        return new ConsumeOptions(member, newStart, entries, bytes, run, acknowledge, backOff, longestBackOff);
    }

    /** These with another bound on what is under way, on each shard. */
    public ConsumeOptions withWindow(int newEntries, ByteSize newBytes) {
        return new ConsumeOptions(member, start, newEntries, newBytes, run, acknowledge, backOff, longestBackOff);
    }

    /** These with a handler that runs elsewhere. */
    public ConsumeOptions withRun(Run newRun) {
        return new ConsumeOptions(member, start, entries, bytes, newRun, acknowledge, backOff, longestBackOff);
    }

    /** These with somebody else who acknowledges. */
    public ConsumeOptions withAcknowledge(Acknowledge newAcknowledge) {
        return new ConsumeOptions(member, start, entries, bytes, run, newAcknowledge, backOff, longestBackOff);
    }

    /** These with other waits before an entry is delivered again. */
    public ConsumeOptions withBackOff(Duration first, Duration longest) {
        return new ConsumeOptions(member, start, entries, bytes, run, acknowledge, first, longest);
    }
}
