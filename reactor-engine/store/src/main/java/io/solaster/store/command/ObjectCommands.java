package io.solaster.store.command;

import java.util.List;

import io.solaster.config.StoreConfig.Eviction;
import io.solaster.store.command.admin.Encodings;
import io.solaster.store.command.admin.Help;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;

/** {@code OBJECT} and {@code MEMORY}: how keys and values are kept. */
final class ObjectCommands {
    private static final List<String> HELP = Help.of("OBJECT", """
            ENCODING <key>
                How the value is kept, in Redis's words.
            FREQ <key>
                How often the key is used, from 0 to 255; where maxmemory-policy is an LFU one.
            IDLETIME <key>
                For how many seconds the key was not used; where maxmemory-policy is no LFU one.
            REFCOUNT <key>
                1: no two keys share a value.
            """);
    private static final String SWITCHED = " Please note that when switching between policies at runtime LRU and LFU data"
            + " will take some time to adjust.";
    private static final String IS_LFU = "ERR An LFU maxmemory policy is selected, idle time not tracked." + SWITCHED;
    private static final String IS_NOT_LFU = "ERR An LFU maxmemory policy is not selected, access frequency not tracked."
            + SWITCHED;
    private static final List<String> MEMORY_HELP = Help.of("MEMORY", """
            DOCTOR
                Whether something is wrong with the memory, in words.
            MALLOC-STATS
                What each shard has taken from the system.
            PURGE
                Give back what is not needed.
            STATS
                What takes memory.
            USAGE <key> [SAMPLES <count>]
                How many bytes the key and its value take.
            """);

    private ObjectCommands() {}

    static void help(CommandCall call) {
        Help.answer(call, HELP);
    }

    /** The entry of the key, or 0; who asks for it does not use it. */
    private static long entry(CommandCall call) {
        return call.keyspace().peek(call.address(2), call.length(2), call.now());
    }

    static void encoding(CommandCall call) {
        long entry = entry(call);
        if (entry == 0) {
            call.reply().nullValue();
        } else {
            call.reply().bulk(Encodings.of(call, entry));
        }
    }

    static void refcount(CommandCall call) {
        if (entry(call) == 0) {
            call.reply().nullValue();
        } else {
            call.reply().integer(1);
        }
    }

    static void freq(CommandCall call) {
        long entry = entry(call);
        if (entry == 0) {
            call.reply().nullValue();
        } else if (!isLfu(call)) {
            call.reply().error(IS_NOT_LFU);
        } else {
            call.reply().integer(call.keyspace().frequency(entry, call.now()));
        }
    }

    static void idletime(CommandCall call) {
        long entry = entry(call);
        if (entry == 0) {
            call.reply().nullValue();
        } else if (isLfu(call)) {
            call.reply().error(IS_LFU);
        } else {
            call.reply().integer(call.keyspace().idleSeconds(entry, call.now()));
        }
    }

    private static boolean isLfu(CommandCall call) {
        Eviction eviction = call.shard().parts().memory().eviction();
        return eviction == Eviction.ALLKEYS_LFU || eviction == Eviction.VOLATILE_LFU;
    }

    /** {@code MEMORY USAGE}: of a collection too, all is counted, whatever SAMPLES says. */
    static void usage(CommandCall call) {
        for (int i = 3; i < call.count(); i += 2) {
            if (!call.is(i, "samples") || i + 1 == call.count()) {
                call.reply().error(Errors.SYNTAX);
                return;
            }
            if (!call.isInteger(i + 1)) {
                call.reply().error(Errors.NOT_INTEGER);
                return;
            }
            if (call.integer() < 0) {
                call.reply().error(Errors.SYNTAX);
                return;
            }
        }
        long entry = entry(call);
        if (entry == 0) {
            call.reply().nullValue();
        } else {
            call.reply().integer(call.keyspace().bytes(entry));
        }
    }

    static void memoryHelp(CommandCall call) {
        Help.answer(call, MEMORY_HELP);
    }
}
