package io.solaster.store.multi;

import io.solaster.engine.Slots;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.KeyPositions;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.StoreShard;
import io.solaster.streams.subscribe.Placement;
import io.solaster.streams.subscribe.Subscriptions;

/** Where a command is to be run, by its keys. On the shard of the client. */
public final class CommandPlace {
    /** Its keys lie on several shards, or what it does may take so long that it has to leave off in between. */
    public static final int SEVERAL = -1;
    /** Its keys may not lie on several shards, and do. */
    public static final int CROSS_SLOT = -2;
    /** It has an argument too few or too many. */
    public static final int UNEVEN = -3;
    /** It concerns the connection, and touches no key of one shard. */
    public static final int CONNECTION = -4;

    /** Commands with more keys go the way of those whose keys lie on several shards, which can leave off in between. */
    private static final int KEYS_AT_ONCE = 512;

    private CommandPlace() {}

    /** The shard that owns all of a call's keys, this shard where there are none; else one of the numbers above. */
    public static int of(Command command, CommandCall call) {
        StoreShard home = call.shard();
        int shards = home.parts().count();
        return switch (command.route()) {
            case CONNECTION -> CONNECTION;
            case EVERY_SHARD -> shards == 1 ? 0 : SEVERAL;
            case CHANNEL -> homeOf(call);
            case KEYS -> command.keys().isOne() && command.spread() == null
                    ? ownerOf(call, command.keys().first(), shards)
                    : ofKeys(command, call, shards);
        };
    }

    /**
     * As {@link #of}, of one of several commands that are one step: a script that may use keys of any shard is not run together with
     * others.
     */
    static int inSequence(Command command, CommandCall call) {
        int place = of(command, call);
        return isOnAnyKeys(command, call) && call.shard().parts().count() > 1 ? CROSS_SLOT : place;
    }

    /** Whether a command whose keys were found names none, but may use some. */
    static boolean isOnAnyKeys(Command command, CommandCall call) {
        return command.has(Command.Flag.NO_MANDATORY_KEYS) && call.keys().count() == 0;
    }

    private static int homeOf(CommandCall call) {
        StoreShard here = call.shard();
        int home = here.parts().subscriptions().home(Subscriptions.CHANNEL, call.address(1), call.length(1));
        return home == Placement.EVERYWHERE ? here.shard().id() : home;
    }

    private static int ofKeys(Command command, CommandCall call, int shards) {
        KeyPositions keys = call.keys();
        command.keys().find(call, 0, keys);
        Spread spread = command.spread();
        boolean any = keys.isAny() && shards > 1;
        if (spread == null || !any && keys.count() <= KEYS_AT_ONCE && !spread.isLong(call)) {
            if (keys.count() == 0 || shards == 1) {
                return call.shard().shard().id();
            }
            int owner = ownerOf(call, keys.at(0), shards);
            if (!isSpread(call, keys, owner, shards)) {
                return owner;
            }
        }
        return spread == null ? CROSS_SLOT : command.keys().isEven(call.count()) ? SEVERAL : UNEVEN;
    }

    private static boolean isSpread(CommandCall call, KeyPositions keys, int owner, int shards) {
        for (int key = 1; key < keys.count(); key++) {
            if (ownerOf(call, keys.at(key), shards) != owner) {
                return true;
            }
        }
        return false;
    }

    private static int ownerOf(CommandCall call, int argument, int shards) {
        return shards == 1 ? 0 : Slots.shardOf(Slots.of(call.address(argument), call.length(argument)), shards);
    }

    /** Why a command is not run there. */
    public static String refusal(Command command, int place) {
        return place == CROSS_SLOT
                ? "CROSSSLOT Keys in request don't hash to the same slot"
                : "ERR wrong number of arguments for '" + command.name() + "' command";
    }
}
