package io.solaster.store.message;

import java.nio.charset.StandardCharsets;

import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.streams.subscribe.Placement;

/**
 * Where channels are at home: on the shard of their slot, as a key of that name. The channels of events are near what happens,
 * so that to tell of it takes no message to another shard: that of a key is where the key is, those of events everywhere.
 */
public final class Channels implements Placement {
    /** What the channels begin with that tell what happened to a key. */
    public static final String KEYSPACE = "__keyspace@";
    /** What the channels begin with that tell to which key something happened. */
    public static final String KEYEVENT = "__keyevent@";
    private static final byte[] KEYSPACE_BYTES = KEYSPACE.getBytes(StandardCharsets.US_ASCII);
    private static final byte[] KEYEVENT_BYTES = KEYEVENT.getBytes(StandardCharsets.US_ASCII);
    /** A database's number has no more digits. */
    private static final int MOST_DIGITS = 3;

    private final int shards;

    public Channels(int shards) {
        this.shards = shards;
    }

    @Override
    public int of(long name, int length) {
        if (length > KEYEVENT_BYTES.length && Memory.getByte(name) == '_') {
            if (begins(name, KEYEVENT_BYTES)) {
                return EVERYWHERE;
            }
            if (begins(name, KEYSPACE_BYTES)) {
                int key = keyIn(name, length);
                if (key > 0) {
                    return Slots.shardOf(Slots.of(name + key, length - key), shards);
                }
            }
        }
        return Slots.shardOf(Slots.of(name, length), shards);
    }

    /** Where the key begins in the name of its channel, or 0. */
    private static int keyIn(long name, int length) {
        for (int at = KEYSPACE_BYTES.length; at < length && at <= KEYSPACE_BYTES.length + MOST_DIGITS; at++) {
            byte c = Memory.getByte(name + at);
            if (c == '_') {
                boolean ends = at + 3 <= length && Memory.getByte(name + at + 1) == '_'
                        && Memory.getByte(name + at + 2) == ':';
                return ends ? at + 3 : 0;
            }
            if (c < '0' || c > '9') {
                return 0;
            }
        }
        return 0;
    }

    private static boolean begins(long name, byte[] with) {
        for (int i = 0; i < with.length; i++) {
            if (Memory.getByte(name + i) != with[i]) {
                return false;
            }
        }
        return true;
    }
}
