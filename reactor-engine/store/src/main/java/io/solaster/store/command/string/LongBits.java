package io.solaster.store.command.string;

import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.InTurns;
import io.solaster.store.string.Bits;

/** What commands do that look at the bits of a string, which may be long: steps of some KiB each. */
public final class LongBits {
    /** Bits that are looked at in a step, in some microseconds. */
    private static final long STEP = 64 << 13;

    private LongBits() {}

    /** Answers how many of some bits of a string are set, which lies there now. */
    public static void count(CommandCall call, long address, long first, long last) {
        if (last - first < STEP) {
            call.reply().integer(Bits.count(address, first, last));
        } else {
            InTurns.run(call, 1, new Count(first, last));
        }
    }

    /**
     * Answers the first of some bits of a string that has a value.
     *
     * @param address where the string lies now
     * @param none what is answered if none has
     */
    public static void find(CommandCall call, long address, long first, long last, boolean value, long none) {
        if (last - first < STEP) {
            long found = Bits.find(address, first, last, value);
            call.reply().integer(found < 0 ? none : found);
        } else {
            InTurns.run(call, 1, new Find(first, last, value, none));
        }
    }

    private static long value(CommandCall call) {
        Keyspace keys = call.keyspace();
        long entry = keys.peek(call.address(1), call.length(1), call.now());
        if (entry == 0 || keys.type(entry) != Keyspace.TYPE_STRING) {
            throw new IllegalStateException("the string has gone while it was used");
        }
        return keys.valueAddress(entry);
    }

    private static final class Count implements InTurns.Steps {
        private long next;
        private final long last;
        private long counted;

        Count(long first, long last) {
            this.next = first;
            this.last = last;
        }

        @Override
        public boolean goOn(CommandCall call) {
            long value = value(call);
            while (next <= last) {
                long end = Math.min(last, next + STEP - 1);
                counted += Bits.count(value, next, end);
                next = end + 1;
                if (next <= last && call.isToPause(STEP >>> 3)) {
                    return false;
                }
            }
            call.reply().integer(counted);
            return true;
        }
    }

    private static final class Find implements InTurns.Steps {
        private long next;
        private final long last;
        private final boolean value;
        private final long none;

        Find(long first, long last, boolean value, long none) {
            this.next = first;
            this.last = last;
            this.value = value;
            this.none = none;
        }

        @Override
        public boolean goOn(CommandCall call) {
            long address = value(call);
            long found = -1;
            while (found < 0 && next <= last) {
                long end = Math.min(last, next + STEP - 1);
                found = Bits.find(address, next, end, value);
                next = end + 1;
                if (found < 0 && next <= last && call.isToPause(STEP >>> 3)) {
                    return false;
                }
            }
            call.reply().integer(found < 0 ? none : found);
            return true;
        }
    }
}
