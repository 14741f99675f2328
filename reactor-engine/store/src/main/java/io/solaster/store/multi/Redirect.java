package io.solaster.store.multi;

import io.solaster.engine.Ownership;
import io.solaster.engine.Ownership.Node;
import io.solaster.engine.Slots;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.KeyPositions;
import org.jspecify.annotations.Nullable;

/** Where commands go whose keys another node of the cluster serves. On the shard of the client. */
public final class Redirect {
    private Redirect() {}

    /**
     * What a client is told of a command whose keys are not all served here; null if they are. Where this node keeps a copy of
     * them it may answer what only reads, if the client wants that.
     *
     * @param readOnly whether the client has said {@code READONLY}
     */
    public static @Nullable String of(Command command, CommandCall call, boolean readOnly) {
        Ownership ownership = call.shard().parts().ownership();
        if (ownership == null || ownership.isWhole() || command.route() == Command.Route.EVERY_SHARD
                || command.route() == Command.Route.CHANNEL) {
            return null;
        }
        KeyPositions keys = call.keys();
        command.keys().find(call, 0, keys);
        boolean copies = readOnly && !command.has(Command.Flag.WRITE);
        int foreign = -1;
        boolean several = false;
        for (int i = 0; i < keys.count(); i++) {
            int slot = Slots.of(call.address(keys.at(i)), call.length(keys.at(i)));
            several |= i > 0 && slot != Slots.of(call.address(keys.at(0)), call.length(keys.at(0)));
            if (!isHere(ownership, slot, copies)) {
                foreign = slot;
            }
        }
        if (foreign < 0) {
            return null;
        }
        if (several) {
            return CommandPlace.refusal(command, CommandPlace.CROSS_SLOT);
        }
        Node owner = ownership.owner(foreign);
        return owner == null
                ? "CLUSTERDOWN Hash slot not served"
                : "MOVED " + foreign + " " + owner.host() + ":" + owner.port();
    }

    private static boolean isHere(Ownership ownership, int slot, boolean copies) {
        Node self = ownership.self();
        return self.equals(ownership.owner(slot)) || copies && ownership.replicas(slot).contains(self);
    }
}
