package io.solaster.store.command;

import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.rdb.DumpReader;
import io.solaster.store.rdb.DumpWriter;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;

/** {@code DUMP} and {@code RESTORE}: a value in the form that Redis's files have. So far of strings only. */
final class DumpCommands {
    private static final String BAD_DUMP = "ERR DUMP payload version or checksum are wrong";
    private static final String BAD_DATA = "ERR Bad data format";
    private static final String BUSY_KEY = "BUSYKEY Target key name already exists.";
    private static final String BAD_TTL = "ERR Invalid TTL value, must be >= 0";
    private static final String BAD_IDLE_TIME = "ERR Invalid IDLETIME value, must be >= 0";
    private static final String BAD_FREQUENCY = "ERR Invalid FREQ value, must be >= 0 and <= 255";
    private static final int MAX_FREQUENCY = 255;

    private static final int REPLACE = 1;
    private static final int ABSTTL = 1 << 1;

    private DumpCommands() {}

    static void dump(CommandCall call) {
        long entry = KeyCommands.read(call, 1);
        if (entry == 0) {
            call.reply().nullValue();
            return;
        }
        Keyspace keys = call.keyspace();
        if (keys.type(entry) != Keyspace.TYPE_STRING) {
            call.reply().error("ERR DUMP of a " + TypeNames.of(keys.type(entry)) + " is not supported yet");
            return;
        }
        long value = keys.valueAddress(entry);
        int length = keys.valueLength(entry);
        long block = Memory.allocate((long) length + DumpWriter.STRING_OVERHEAD);
        try {
            Memory.putByte(block, (byte) DumpReader.STRING);
            boolean number = length <= DumpWriter.LONGEST_NUMBER && call.isInteger(value, length)
                    && call.integer() == (int) call.integer();
            long end = number
                    ? DumpWriter.number(block + 1, (int) call.integer())
                    : DumpWriter.string(block + 1, value, length);
            call.reply().bulk(block, (int) (DumpWriter.footer(block, end) - block));
        } finally {
            Memory.free(block);
        }
    }

    static void restore(CommandCall call) {
        int options = options(call);
        if (options < 0) {
            return;
        }
        boolean there = KeyCommands.find(call, 1) != 0;
        if (there && (options & REPLACE) == 0) {
            call.reply().error(BUSY_KEY);
            return;
        }
        if (!call.isInteger(2)) {
            call.reply().error(Errors.NOT_INTEGER);
            return;
        }
        long expiry = call.integer();
        if (expiry < 0) {
            call.reply().error(BAD_TTL);
            return;
        }
        if (!DumpReader.isWhole(call.address(3), call.length(3))) {
            call.reply().error(BAD_DUMP);
            return;
        }
        DumpReader dump = new DumpReader();
        dump.begin(call.address(3), call.length(3));
        if (dump.type() != DumpReader.STRING || !dump.isString()
                || dump.length() > call.shard().parts().longestString()) {
            call.reply().error(BAD_DATA);
            return;
        }
        if (expiry != 0 && (options & ABSTTL) == 0) {
            // One that is too far away for a number of 64 bits is as good as none that is due.
            expiry = Math.max(expiry, expiry + call.now());
        }
        store(call, dump, there, expiry);
        call.reply().ok();
    }

    private static void store(CommandCall call, DumpReader dump, boolean there, long expiry) {
        Keyspace keys = call.keyspace();
        if (expiry != 0 && expiry <= call.now()) {
            if (there) {
                keys.remove(call.address(1), call.length(1));
            }
            return;
        }
        long entry = keys.create(call.address(1), call.length(1), Keyspace.TYPE_STRING, (int) dump.length(), expiry);
        dump.write(keys.valueAddress(entry));
        keys.written();
    }

    /** Which options there are; -1 after having answered an error. How old or used the key is said to be is not kept. */
    private static int options(CommandCall call) {
        int options = 0;
        boolean idle = false;
        boolean used = false;
        for (int i = 4; i < call.count(); i++) {
            boolean more = i + 1 < call.count();
            if (call.is(i, "replace")) {
                options |= REPLACE;
            } else if (call.is(i, "absttl")) {
                options |= ABSTTL;
            } else if (call.is(i, "idletime") && more && !used) {
                idle = true;
                if (!isWithin(call, ++i, Long.MAX_VALUE, BAD_IDLE_TIME)) {
                    return -1;
                }
            } else if (call.is(i, "freq") && more && !idle) {
                used = true;
                if (!isWithin(call, ++i, MAX_FREQUENCY, BAD_FREQUENCY)) {
                    return -1;
                }
            } else {
                call.reply().error(Errors.SYNTAX);
                return -1;
            }
        }
        return options;
    }

    private static boolean isWithin(CommandCall call, int argument, long most, String error) {
        if (!call.isInteger(argument)) {
            call.reply().error(Errors.NOT_INTEGER);
            return false;
        }
        if (call.integer() < 0 || call.integer() > most) {
            call.reply().error(error);
            return false;
        }
        return true;
    }
}
