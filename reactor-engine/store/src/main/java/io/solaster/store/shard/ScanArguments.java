package io.solaster.store.shard;

import io.solaster.engine.memory.Memory;
import org.jspecify.annotations.Nullable;

/** What stands behind the key of {@code HSCAN} and its like: {@code cursor [MATCH pattern] [COUNT count]}. For one call. */
public final class ScanArguments {
    private static final int DEFAULT_COUNT = 10;
    public static final String BAD_CURSOR = "ERR invalid cursor";

    private final CommandCall call;
    private final long cursor;
    private long wanted = DEFAULT_COUNT;
    private @Nullable Glob pattern;
    private boolean withoutValues;
    private byte[] text = new byte[64];

    private ScanArguments(CommandCall call, long cursor) {
        this.call = call;
        this.cursor = cursor;
    }

    /** Reads the cursor; null after having answered that it is none. */
    public static @Nullable ScanArguments read(CommandCall call) {
        Long cursor = cursor(call, 2);
        if (cursor == null) {
            call.reply().error(BAD_CURSOR);
            return null;
        }
        return new ScanArguments(call, cursor);
    }

    /** Reads a cursor as C's {@code strtoul} does, unsigned; null if it is none. */
    public static @Nullable Long cursor(CommandCall call, int argument) {
        int length = call.length(argument);
        byte first = length == 0 ? 0 : Memory.getByte(call.address(argument));
        int signs = first == '-' || first == '+' ? 1 : 0;
        if (signs > 0 && length == signs) {
            return null;
        }
        long value = 0;
        for (int i = signs; i < length; i++) {
            int digit = Memory.getByte(call.address(argument) + i) - '0';
            if (digit < 0 || digit > 9 || Long.compareUnsigned(value, Long.divideUnsigned(-1L - digit, 10)) > 0) {
                return null;
            }
            value = value * 10 + digit;
        }
        return first == '-' ? -value : value;
    }

    /**
     * Reads what stands behind the cursor; false after having answered an error.
     *
     * @param values whether {@code NOVALUES} has a meaning
     */
    public boolean readOptions(boolean values) {
        for (int i = 3; i < call.count(); i++) {
            boolean more = i + 1 < call.count();
            if (more && call.is(i, "match")) {
                if (call.length(++i) > Glob.LONGEST) {
                    call.reply().error(Errors.PATTERN_TOO_LONG);
                    return false;
                }
                Glob glob = new Glob(call.bytes(i));
                pattern = glob.isAny() ? null : glob;
            } else if (more && call.is(i, "count")) {
                if (!call.isInteger(++i)) {
                    call.reply().error(Errors.NOT_INTEGER);
                    return false;
                }
                wanted = call.integer();
                if (wanted < 1) {
                    call.reply().error(Errors.SYNTAX);
                    return false;
                }
            } else if (values && call.is(i, "novalues")) {
                withoutValues = true;
            } else {
                call.reply().error(Errors.SYNTAX);
                return false;
            }
        }
        return true;
    }

    /** Where to go on. */
    public long cursor() {
        return cursor;
    }

    /** How many elements are to be looked at, about. */
    public long wanted() {
        return wanted;
    }

    /** Whether only names are to be answered. */
    public boolean isWithoutValues() {
        return withoutValues;
    }

    /** Whether an element is to be answered. */
    public boolean matches(long address, int length) {
        if (pattern == null) {
            return true;
        }
        if (length > text.length) {
            text = new byte[length];
        }
        Memory.copy(address, text, 0, length);
        return pattern.matches(text, length);
    }

    /** Begins the answer, an array of two: the cursor; an array of elements is to follow. */
    public void answerCursor(long next) {
        call.reply().arrayHeader(2);
        call.reply().bulk(Long.toUnsignedString(next));
    }
}
