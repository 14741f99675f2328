package io.solaster.rpc;

import java.time.Duration;

import io.solaster.engine.Slots;
import org.jspecify.annotations.Nullable;

/**
 * How a call is made.
 *
 * @param deadline how long the caller waits for the answer, from now; null for as long as it takes
 * @param slot of the key that the call is about, which names the shard that serves it; -1 for any
 * @param detached whether it leaves the deadline of the call that the caller serves; else the earlier of both holds
 */
public record RpcOptions(@Nullable Duration deadline, int slot, boolean detached) {
    /** For as long as it takes, or as the call that the caller serves has; of no key. */
    public static final RpcOptions DEFAULTS = new RpcOptions(null, -1, false);

    /**
     * Checks them.
     *
     * @throws IllegalArgumentException if the deadline is not positive, or the slot is none
     */
    public RpcOptions {
        if (deadline != null && (deadline.isZero() || deadline.isNegative())) {
            throw new IllegalArgumentException("deadline " + deadline + "; give more than 0, or null for none");
        }
        if (slot < -1 || slot >= Slots.COUNT) {
            throw new IllegalArgumentException("slot " + slot + "; give 0 to " + (Slots.COUNT - 1) + ", or -1 for any");
        }
    }

    /** With a deadline. */
    public static RpcOptions within(Duration deadline) {
        return new RpcOptions(deadline, -1, false);
    }

    /** This with a deadline. */
    public RpcOptions withDeadline(Duration newDeadline) {
        return new RpcOptions(newDeadline, slot, detached);
    }

    /** This about a key, as {@link Slots#of(CharSequence)} takes it. */
    public RpcOptions withKey(CharSequence key) {
        return new RpcOptions(deadline, Slots.of(key), detached);
    }

    /** This without the deadline of the call that the caller serves. */
    public RpcOptions asDetached() {
        return new RpcOptions(deadline, slot, true);
    }
}
