package io.solaster.store.command.collection;

import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;

/** How many elements are to be drawn by chance. */
final class Drawing {
    static final String OUT_OF_RANGE = "ERR value is out of range";
    /** What {@link #count} says of an argument that is no count. */
    static final long REFUSED = Long.MIN_VALUE;
    /** So many elements can be drawn at most where each may be drawn again: an answer has an end. */
    static final long MOST = 1 << 20;

    private static final String BOUNDS = "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";

    private Drawing() {}

    /** The count that an argument is; {@link #REFUSED} after having answered an error. */
    static long count(CommandCall call, int argument) {
        if (!call.isInteger(argument)) {
            call.reply().error(Errors.NOT_INTEGER);
            return REFUSED;
        }
        if (call.integer() == REFUSED) {
            call.reply().error(BOUNDS);
        }
        return call.integer();
    }
}
