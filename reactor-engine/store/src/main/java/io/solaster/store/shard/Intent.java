package io.solaster.store.shard;

import java.util.Arrays;

import io.solaster.engine.Slots;
import org.jspecify.annotations.Nullable;

/** That somebody is about to use some keys of one shard, for {@link IntentLocks}. Used again and again, on one shard at a time. */
public final class Intent {
    /** Beyond this it is cheaper to wait for all keys than to name them. */
    private static final int MOST_SLOTS = 1024;

    /** Where transactions stand among each other: the lower one comes first. */
    long id;
    /** Whether the number names the shard that it comes from. */
    boolean ofTransaction;
    boolean exclusive;
    /** Every key of the shard. */
    boolean all;
    int[] slots = new int[8];
    int count;

    // In the queue of a shard.
    boolean queued;
    boolean granted;
    @Nullable
    Intent before;
    @Nullable
    Intent behind;
    private final Runnable whenGranted;
    private final Runnable whenLost;

    /**
     * One of somebody who ends with the shard.
     *
     * @param whenGranted runs when the keys are free after others have used them, on the shard; takes little time
     */
    public Intent(Runnable whenGranted) {
        this(whenGranted, () -> {});
    }

    /** @param whenLost runs instead where the shard stops before, on whatever thread */
    public Intent(Runnable whenGranted, Runnable whenLost) {
        this.whenGranted = whenGranted;
        this.whenLost = whenLost;
    }

    /**
     * Begins to name keys.
     *
     * @param writes whether nobody else may use them at the same time
     */
    public void begin(boolean writes) {
        exclusive = writes;
        all = false;
        count = 0;
    }

    /** Takes the keys of a call, or all of the shard's for a command that is for every shard. */
    public void begin(Command command, CommandCall call) {
        // Of a script nobody knows whether it writes.
        begin(!command.has(Command.Flag.READONLY));
        if (command.route() == Command.Route.EVERY_SHARD) {
            all();
            return;
        }
        KeyPositions keys = call.keys();
        command.keys().find(call, 0, keys);
        if (keys.isAny()) {
            all();
            return;
        }
        for (int i = 0; i < keys.count() && !all; i++) {
            slot(Slots.of(call.address(keys.at(i)), call.length(keys.at(i))));
        }
    }

    /** Adds the slot of a key; of very many, all keys of the shard are meant. */
    public void slot(int slot) {
        if (count == MOST_SLOTS) {
            all = true;
            return;
        }
        if (count == slots.length) {
            slots = Arrays.copyOf(slots, count * 2);
        }
        slots[count++] = slot;
    }

    /** Adds all keys of the shard. */
    public void all() {
        all = true;
    }

    /** Nobody else may use the keys at the same time. */
    void writes() {
        exclusive = true;
    }

    /** Whether a key of the slot is among those that were named. */
    boolean covers(int slot) {
        for (int i = 0; i < count && !all; i++) {
            if (slots[i] == slot) {
                return true;
            }
        }
        return all;
    }

    /** Whether a shard knows of it. */
    public boolean isQueued() {
        return queued;
    }

    /** Whether the keys are its own, until it is removed. */
    public boolean isGranted() {
        return granted;
    }

    void grant() {
        granted = true;
        whenGranted.run();
    }

    void lose() {
        whenLost.run();
    }
}
