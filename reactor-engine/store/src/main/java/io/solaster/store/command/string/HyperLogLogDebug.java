package io.solaster.store.command.string;

import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.string.HyperLogLog;

/** What shows a HyperLogLog from within. */
public final class HyperLogLogDebug {
    private static final int KEY = 2;
    private static final int MOST_RANK = 51;

    private HyperLogLogDebug() {}

    /** Answers registers or encoding of a key's value, or makes that dense. */
    public static void pfdebug(CommandCall call) {
        Keyspace keys = call.keyspace();
        long entry = call.find(KEY);
        if (entry == 0) {
            call.reply().error("ERR The specified key does not exist");
            return;
        }
        String refusal = HyperLogLogCommands.refusal(keys, entry);
        if (refusal != null) {
            call.reply().error(refusal);
            return;
        }
        boolean dense = HyperLogLog.isDense(keys.valueAddress(entry));
        if (call.is(1, "encoding")) {
            call.reply().simple(dense ? "dense" : "sparse");
        } else if (!call.is(1, "todense") && !call.is(1, "getreg")) {
            call.reply().error("ERR Unknown PFDEBUG subcommand '" + call.word(1, 128) + "'");
        } else if (!dense && !makeDense(call, entry)) {
            call.reply().error(HyperLogLogCommands.DAMAGED);
        } else if (call.is(1, "todense")) {
            call.reply().integer(dense ? 0 : 1);
        } else {
            long value = keys.valueAddress(call.find(KEY));
            call.reply().arrayHeader(HyperLogLog.REGISTERS);
            for (int i = 0; i < HyperLogLog.REGISTERS; i++) {
                call.reply().integer(HyperLogLog.register(value, i));
            }
        }
    }

    private static boolean makeDense(CommandCall call, long entry) {
        Keyspace keys = call.keyspace();
        long dense = Memory.allocate(HyperLogLog.DENSE_LENGTH);
        try {
            if (HyperLogLog.toDense(keys.valueAddress(entry), keys.valueLength(entry),
                    dense) == HyperLogLog.DAMAGED) {
                return false;
            }
            long made = keys.resizeValue(call.address(KEY), call.length(KEY), HyperLogLog.DENSE_LENGTH);
            Memory.copy(dense, keys.valueAddress(made), HyperLogLog.DENSE_LENGTH);
            keys.written();
            return true;
        } finally {
            Memory.free(dense);
        }
    }

    /** Looks whether registers keep what they are given, beside each other. */
    public static void pfselftest(CommandCall call) {
        long dense = Memory.allocate(HyperLogLog.DENSE_LENGTH);
        try {
            HyperLogLog.createDense(dense);
            boolean right = true;
            for (int i = 0; i < HyperLogLog.REGISTERS; i++) {
                HyperLogLog.raise(dense, HyperLogLog.DENSE_LENGTH, i, rank(i), 0);
            }
            for (int i = 0; i < HyperLogLog.REGISTERS; i++) {
                right &= HyperLogLog.register(dense, i) == rank(i);
            }
            if (right) {
                call.reply().ok();
            } else {
                call.reply().error("ERR TESTFAILED a register does not hold what it was given");
            }
        } finally {
            Memory.free(dense);
        }
    }

    private static int rank(int register) {
        return 1 + register * 31 % MOST_RANK;
    }
}
