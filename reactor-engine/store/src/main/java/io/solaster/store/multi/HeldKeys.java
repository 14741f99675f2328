package io.solaster.store.multi;

import io.solaster.engine.Slots;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.KeyHold;
import io.solaster.store.shard.KeyPositions;

/** The keys of commands, as they are named to who holds them. On the shard of the client. */
final class HeldKeys {
    private final KeyHold hold;
    private final int shards;

    HeldKeys(KeyHold hold, int shards) {
        this.hold = hold;
        this.shards = shards;
    }

    /** Whether a command looks at keys without naming them, such as DBSIZE and SCAN. */
    static boolean areAll(Command command) {
        return switch (command.route()) {
            case EVERY_SHARD -> true;
            case CONNECTION -> command.has(Command.Flag.READONLY) || command.has(Command.Flag.WRITE);
            case KEYS, CHANNEL -> false;
        };
    }

    void slot(int slot, boolean writes) {
        hold.keysOf(Slots.shardOf(slot, shards), writes).slot(slot);
    }

    void all(boolean writes) {
        for (int i = 0; i < shards; i++) {
            hold.keysOf(i, writes).all();
        }
    }

    void add(Command command, CommandCall call) {
        boolean writes = command.has(Command.Flag.WRITE);
        if (areAll(command)) {
            all(writes);
            return;
        }
        if (command.route() == Command.Route.CHANNEL) {
            hold.keysOf(CommandPlace.of(command, call), false);
            return;
        }
        KeyPositions keys = call.keys();
        command.keys().find(call, 0, keys);
        if (keys.isAny()) {
            all(writes);
            return;
        }
        for (int i = 0; i < keys.count(); i++) {
            slot(Slots.of(call.address(keys.at(i)), call.length(keys.at(i))), writes);
        }
    }

    /** Whether all keys of a command are held. */
    boolean hold(Command command, CommandCall call) {
        KeyPositions keys = call.keys();
        command.keys().find(call, 0, keys);
        if (areAll(command) || keys.isAny()) {
            for (int i = 0; i < shards; i++) {
                if (!hold.holds(i, Slots.COUNT)) {
                    return false;
                }
            }
            return true;
        }
        for (int i = 0; i < keys.count(); i++) {
            int slot = Slots.of(call.address(keys.at(i)), call.length(keys.at(i)));
            if (!hold.holds(Slots.shardOf(slot, shards), slot)) {
                return false;
            }
        }
        return true;
    }
}
