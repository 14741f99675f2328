package io.solaster.streams.topic;

import java.util.Arrays;

import io.solaster.engine.ShardFuture;
import io.solaster.log.ShardLog;
import org.jspecify.annotations.Nullable;

/** Entries that a shard has put into its own log and that are not acknowledged: a ring, in the order of their records. On the shard. */
final class Unacknowledged {
    private final ShardOutbox outbox;
    private @Nullable Published[] heard = new @Nullable Published[64];
    private long[] records = new long[64];
    private long[] sequences = new long[64];
    private int[] partitions = new int[64];
    private int[] sizes = new int[64];
    private int head;
    private int count;
    private boolean armed;

    Unacknowledged(ShardOutbox outbox) {
        this.outbox = outbox;
    }

    /** The newest entry of a partition, which is the newest record of the log. */
    void add(TopicShard part, int partition, long record, int size, Published whom) {
        if (count == records.length) {
            grow();
        }
        int at = head + count & records.length - 1;
        heard[at] = whom;
        records[at] = record;
        sequences[at] = part.next(part.column(partition)) - 1;
        partitions[at] = partition;
        sizes[at] = size;
        count++;
        if (!armed) {
            arm(part.log());
        }
    }

    /** The oldest is acknowledged together with all that was written with it. */
    private void arm(ShardLog log) {
        armed = true;
        log.whenAcknowledged(records[head]).whenComplete((synced, why) -> {
            // Armed until all have heard, since what they hear may have them publish more, and nobody is told within another's turn.
            if (why == null) {
                tell(log.acknowledged(), null);
            } else {
                tell(Long.MAX_VALUE, ShardFuture.causeOf(why));
            }
            armed = false;
            if (count > 0) {
                arm(log);
            }
        });
    }

    private void tell(long upTo, @Nullable Throwable why) {
        int ended = 0;
        long bytes = 0;
        for (int left = count; left > 0 && records[head] <= upTo; left--) {
            Published whom = heard[head];
            int partition = partitions[head];
            long sequence = sequences[head];
            heard[head] = null;
            bytes += sizes[head];
            head = head + 1 & records.length - 1;
            count--;
            ended++;
            if (whom != null) {
                Outbox.tell(whom, partition, sequence, why);
            }
        }
        Outbox.tell(outbox.giveBack(ended, bytes));
    }

    private void grow() {
        int before = records.length;
        heard = Arrays.copyOf(unrolled(heard), 2 * before);
        records = rolled(records);
        sequences = rolled(sequences);
        int[] newPartitions = new int[2 * before];
        int[] newSizes = new int[2 * before];
        for (int i = 0; i < before; i++) {
            newPartitions[i] = partitions[head + i & before - 1];
            newSizes[i] = sizes[head + i & before - 1];
        }
        partitions = newPartitions;
        sizes = newSizes;
        head = 0;
    }

    private @Nullable Published[] unrolled(@Nullable Published[] ring) {
        @Nullable
        Published[] flat = new @Nullable Published[ring.length];
        System.arraycopy(ring, head, flat, 0, ring.length - head);
        System.arraycopy(ring, 0, flat, ring.length - head, head);
        return flat;
    }

    private long[] rolled(long[] ring) {
        long[] flat = new long[2 * ring.length];
        System.arraycopy(ring, head, flat, 0, ring.length - head);
        System.arraycopy(ring, 0, flat, ring.length - head, head);
        return flat;
    }
}
