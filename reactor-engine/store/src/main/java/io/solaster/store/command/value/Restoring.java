package io.solaster.store.command.value;

import java.util.Objects;

import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.rdb.Crc64;
import io.solaster.store.rdb.DumpReader;
import io.solaster.store.rdb.ValueReader;
import io.solaster.store.rdb.ValueWorks;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import org.jspecify.annotations.Nullable;

/** One {@code RESTORE} under way: first its check sum, then its value, then the key. On the key's shard. */
final class Restoring implements ValueWorks.Work {
    private static final String BAD_DUMP = "ERR DUMP payload version or checksum are wrong";
    private static final String BAD_DATA = "ERR Bad data format";
    private static final String BUSY_KEY = "BUSYKEY Target key name already exists.";
    private static final String BAD_TTL = "ERR Invalid TTL value, must be >= 0";
    private static final String BAD_IDLE_TIME = "ERR Invalid IDLETIME value, must be >= 0";
    private static final String BAD_FREQUENCY = "ERR Invalid FREQ value, must be >= 0 and <= 255";
    private static final int MAX_FREQUENCY = 255;
    /** Bytes of the check sum that are added up in a step, in some microseconds; and elements that are read. */
    private static final int SUM_STEP = 8 << 10;
    private static final int ELEMENTS = 16;

    private boolean replace;
    private boolean absolute;
    private long idle = -1;
    private int frequency = -1;
    private long expiry;
    private long sum;
    private int summed;
    private @Nullable ValueReader reader;
    private @Nullable String error;

    /** Looks at all but the value; what is wrong, in Redis's words, or null. */
    @Nullable
    String begin(CommandCall call) {
        String wrong = options(call);
        if (wrong != null) {
            return wrong;
        }
        if (call.find(1) != 0 && !replace) {
            return BUSY_KEY;
        }
        if (!call.isInteger(2)) {
            return Errors.NOT_INTEGER;
        }
        expiry = call.integer();
        if (expiry < 0) {
            return BAD_TTL;
        }
        if (expiry != 0 && !absolute) {
            // One that is too far away for a number of 64 bits is as good as none that is due.
            expiry = Math.max(expiry, expiry + call.now());
        }
        return DumpReader.hasFooter(call.address(3), call.length(3)) ? null : BAD_DUMP;
    }

    private @Nullable String options(CommandCall call) {
        for (int i = 4; i < call.count(); i++) {
            boolean more = i + 1 < call.count();
            if (call.is(i, "replace")) {
                replace = true;
            } else if (call.is(i, "absttl")) {
                absolute = true;
            } else if (call.is(i, "idletime") && more && frequency < 0) {
                i++;
                if (!call.isInteger(i)) {
                    return Errors.NOT_INTEGER;
                }
                idle = call.integer();
                if (idle < 0) {
                    return BAD_IDLE_TIME;
                }
            } else if (call.is(i, "freq") && more && idle < 0) {
                i++;
                if (!call.isInteger(i)) {
                    return Errors.NOT_INTEGER;
                }
                if (call.integer() < 0 || call.integer() > MAX_FREQUENCY) {
                    return BAD_FREQUENCY;
                }
                frequency = (int) call.integer();
            } else {
                return Errors.SYNTAX;
            }
        }
        return null;
    }

    /** Goes on a little; false once it is done, or there is an {@link #error}. */
    boolean step(CommandCall call) {
        long dump = call.address(3);
        int length = call.length(3);
        int all = length - 8;
        if (summed < all) {
            int more = Math.min(SUM_STEP, all - summed);
            sum = Crc64.of(sum, dump + summed, more);
            summed += more;
            return true;
        }
        ValueReader reading = reader;
        if (reading == null) {
            if (!DumpReader.isSum(dump, length, sum)) {
                error = BAD_DUMP;
                return false;
            }
            reading = call.shard().values().reader(call.shard().parts().longestString(), call.now());
            reading.feed(dump, length - DumpReader.FOOTER);
            reader = reading;
        }
        ValueReader.State state = ValueReader.State.MORE;
        for (int i = 0; i < ELEMENTS && state == ValueReader.State.MORE; i++) {
            state = reading.step();
        }
        switch (state) {
            case MORE -> {
                return true;
            }
            case DONE -> place(call);
            default -> error = BAD_DATA;
        }
        return false;
    }

    /** What is wrong, in Redis's words; null for nothing. */
    @Nullable
    String error() {
        return error;
    }

    private void place(CommandCall call) {
        Keyspace keys = call.keyspace();
        boolean there = call.find(1) != 0;
        ValueReader whole = Objects.requireNonNull(reader);
        long entry = expiry != 0 && expiry <= call.now()
                ? 0
                : whole.place(keys, call.address(1), call.length(1), expiry);
        if (entry == 0) {
            if (there) {
                keys.remove(call.address(1), call.length(1));
            }
            return;
        }
        if (idle >= 0) {
            keys.idleSeconds(entry, idle, call.now());
        }
        if (frequency >= 0) {
            keys.frequency(entry, frequency, call.now());
        }
        if (whole.isExpiring()) {
            call.shard().fieldsExpire();
        }
    }

    @Override
    public void close() {
        if (reader != null) {
            reader.close();
            reader = null;
        }
    }
}
