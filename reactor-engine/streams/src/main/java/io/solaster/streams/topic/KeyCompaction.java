package io.solaster.streams.topic;

import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

import io.netty.buffer.ByteBuf;
import io.solaster.log.LogReader;
import io.solaster.log.ShardLog;
import org.jspecify.annotations.Nullable;

/**
 * Lets go of entries of which a later one has the same key, and of what checkpoints say anew: one pass over a shard's log. What it
 * knows of keys are parts of their hashes, in a table that has a bound: of keys beyond it nothing goes before the next pass. On a
 * virtual thread of the shard.
 */
final class KeyCompaction {
    private static final int FIRST = 1 << 10;
    private static final int MOST_KEYS = 1 << 19;
    private static final int BYTES = 1 << 20;

    private final ShardLog log;
    /** What is before this record, and about groups and partitions, a checkpoint has said anew. */
    private final long saidFrom;
    private final MessageDigest digest;
    /** Entries of before that go, in milliseconds since 1970: segments that became one go by the age of the newest. */
    private final long tooOld;
    private byte[] key = new byte[64];
    private long upper;
    private long lower;

    // By slot: two parts of a key's hash, and its newest record; 0 where there is none.
    private long[] uppers = new long[FIRST];
    private long[] lowers = new long[FIRST];
    private long[] newest = new long[FIRST];
    private int keys;
    private long overflow;
    private long end;
    private long freed;

    KeyCompaction(ShardLog log, long saidFrom, long tooOld) {
        this.log = log;
        this.saidFrom = saidFrom;
        this.tooOld = tooOld;
        try {
            // Whoever chooses keys must not be able to have another one's entry go.
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("each JDK has SHA-256", e);
        }
    }

    /**
     * One pass.
     *
     * @param from before this record no key has two entries
     * @return from where on keys may have two: what to hand the next pass
     */
    long run(long from) throws IOException {
        // Of what is not synced nothing counts: a crash may take it, and what was before must be there then.
        end = log.fullBefore();
        try (LogReader reader = log.reader(Math.clamp(from, log.oldest(), log.next()))) {
            while (reader.next() < end && reader.read(this::note, BYTES) > 0) {
                // Until all is known.
            }
        }
        freed = log.compact(end, this::keeps);
        return overflow == 0 ? end : overflow;
    }

    /** Bytes of the disk that the pass has given back. */
    long freed() {
        return freed;
    }

    private void note(long record, long epoch, int kind, ByteBuf payload) {
        if (record < end && kind == TopicRecords.ENTRY && hash(payload)) {
            int slot = slot();
            if (newest[slot] == 0) {
                if (keys >= MOST_KEYS) {
                    overflow = overflow == 0 ? record : overflow;
                    return;
                }
                keys++;
            }
            uppers[slot] = upper;
            lowers[slot] = lower;
            newest[slot] = record;
            if (keys * 2 > newest.length) {
                grow();
            }
        }
    }

    private boolean keeps(long record, int kind, ByteBuf payload) {
        if (kind != TopicRecords.ENTRY) {
            // What says that a group is no more stays: what had said how far it had come may be in a segment that is left as it is.
            return record >= saidFrom || kind == TopicRecords.GROUP_END;
        }
        return TopicRecords.time(payload) >= tooOld && (!hash(payload) || newest[slot()] <= record);
    }

    /** Of the entry's key, if it has one. */
    private boolean hash(ByteBuf entry) {
        int length = entry.getIntLE(entry.readerIndex() + TopicRecords.KEY_AT);
        if (length < 0) {
            return false;
        }
        if (length > key.length) {
            key = new byte[Math.max(length, 2 * key.length)];
        }
        entry.getBytes(entry.readerIndex() + TopicRecords.ENTRY_HEADER, key, 0, length);
        digest.update(key, 0, length);
        byte[] hash = digest.digest();
        upper = TopicRecords.longAt(hash, 0);
        lower = TopicRecords.longAt(hash, Long.BYTES);
        return true;
    }

    private int slot() {
        int slot = (int) upper & newest.length - 1;
        while (newest[slot] != 0 && (uppers[slot] != upper || lowers[slot] != lower)) {
            slot = slot + 1 & newest.length - 1;
        }
        return slot;
    }

    private void grow() {
        long[] oldUppers = uppers;
        long[] oldLowers = lowers;
        long[] oldNewest = newest;
        uppers = new long[2 * oldNewest.length];
        lowers = new long[2 * oldNewest.length];
        newest = new long[2 * oldNewest.length];
        for (int i = 0; i < oldNewest.length; i++) {
            if (oldNewest[i] != 0) {
                upper = oldUppers[i];
                lower = oldLowers[i];
                int slot = slot();
                uppers[slot] = upper;
                lowers[slot] = lower;
                newest[slot] = oldNewest[i];
            }
        }
    }
}
