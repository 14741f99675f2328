package io.solaster.store.command;

import java.util.List;

import io.solaster.engine.memory.Memory;
import io.solaster.store.collection.Sets;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.ValueType;
import io.solaster.store.shard.CommandCall;

/** {@code OBJECT}: how keys and values are kept. */
final class ObjectCommands {
    private static final List<String> HELP = Help.of("OBJECT", """
            ENCODING <key>
                How the value is kept, in Redis's words.
            REFCOUNT <key>
                1: no two keys share a value.
            """);
    /** The longest string that Redis keeps together with its object, and the longest that it takes for a number. */
    private static final int LONGEST_EMBEDDED = 44;
    private static final int LONGEST_NUMBER = 20;

    private ObjectCommands() {}

    static void help(CommandCall call) {
        Help.answer(call, HELP);
    }

    static void encoding(CommandCall call) {
        long entry = KeyCommands.find(call, 2);
        if (entry == 0) {
            call.reply().nullValue();
        } else {
            call.reply().bulk(encoding(call, entry));
        }
    }

    private static String encoding(CommandCall call, long entry) {
        Keyspace keys = call.keyspace();
        long value = keys.valueAddress(entry);
        int length = keys.valueLength(entry);
        boolean packed = length == 0 || Memory.getByte(value) == ValueType.PACKED;
        return switch (keys.type(entry)) {
            case Keyspace.TYPE_LIST -> "quicklist";
            case Keyspace.TYPE_ZSET -> packed ? "listpack" : "skiplist";
            case Keyspace.TYPE_SET -> Sets.isNumbers(value) ? "intset" : packed ? "listpack" : "hashtable";
            case Keyspace.TYPE_HASH -> packed ? "listpack" : "hashtable";
            default -> length <= LONGEST_NUMBER && call.isInteger(value, length)
                    ? "int"
                    : length <= LONGEST_EMBEDDED ? "embstr" : "raw";
        };
    }

    static void refcount(CommandCall call) {
        if (KeyCommands.find(call, 2) == 0) {
            call.reply().nullValue();
        } else {
            call.reply().integer(1);
        }
    }
}
