package io.solaster.store.command.admin;

import io.solaster.engine.memory.Memory;
import io.solaster.store.collection.Sets;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.ValueType;
import io.solaster.store.shard.CommandCall;

/** How values are kept, in Redis's words. On the owning shard. */
public final class Encodings {
    /** The longest string that Redis keeps together with its object, and the longest that it takes for a number. */
    private static final int LONGEST_EMBEDDED = 44;
    private static final int LONGEST_NUMBER = 20;

    private Encodings() {}

    /** How the value of an entry is kept. */
    public static String of(CommandCall call, long entry) {
        Keyspace keys = call.keyspace();
        long value = keys.valueAddress(entry);
        int length = keys.valueLength(entry);
        boolean packed = length == 0 || Memory.getByte(value) == ValueType.PACKED;
        return switch (keys.type(entry)) {
            case Keyspace.TYPE_LIST -> "quicklist";
            case Keyspace.TYPE_STREAM -> "stream";
            case Keyspace.TYPE_ZSET -> packed ? "listpack" : "skiplist";
            case Keyspace.TYPE_SET -> Sets.isNumbers(value) ? "intset" : packed ? "listpack" : "hashtable";
            case Keyspace.TYPE_HASH -> packed ? "listpack" : "hashtable";
            default -> length <= LONGEST_NUMBER && call.isInteger(value, length)
                    ? "int"
                    : length <= LONGEST_EMBEDDED ? "embstr" : "raw";
        };
    }
}
