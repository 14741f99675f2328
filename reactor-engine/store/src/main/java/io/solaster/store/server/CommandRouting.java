package io.solaster.store.server;

import java.util.Objects;

import io.solaster.engine.Slots;
import io.solaster.engine.trace.RequestTrace;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/**
 * Runs each command of one client where its key lives: here at once, elsewhere in one message per shard and read batch.
 * On the owning shard only.
 */
final class CommandRouting {

    /** What became of one request. */
    enum Outcome {
        /** Answered, or on its way; go on with the next. */
        NEXT,
        /** Begun; nothing behind it may begin before it is answered. */
        WAIT,
        /** Not begun: it must be looked at again later. */
        AGAIN
    }

    private final ClientConnection connection;
    private final ServerShard server;
    private final StoreShard shard;
    private final int shards;
    /** Where some commands of this read batch run elsewhere. */
    private @Nullable Assembly assembly;
    private int ownMark;
    private boolean sent;

    CommandRouting(ClientConnection connection, ServerShard server) {
        this.connection = connection;
        this.server = server;
        this.shard = server.part();
        this.shards = shard.parts().count();
    }

    /** Whether commands of this read batch run elsewhere, or are to. */
    boolean hasParts() {
        return assembly != null;
    }

    Outcome route(Command command, CommandCall call, ReplyWriter reply) {
        return switch (command.route()) {
            case CONNECTION -> onConnection(command, call);
            case KEYS -> shards == 1 ? onThisShard(command, call) : byKeys(command, call, reply);
            case EVERY_SHARD -> shards == 1 ? onThisShard(command, call) : onEveryShard(command, call, reply);
        };
    }

    private Outcome onThisShard(Command command, CommandCall call) {
        shard.run(command, call);
        return Outcome.NEXT;
    }

    private Outcome onConnection(Command command, CommandCall call) {
        if (assembly != null) {
            return Outcome.AGAIN;
        }
        shard.run(command, call);
        return connection.isSuspended() ? Outcome.WAIT : Outcome.NEXT;
    }

    private Outcome byKeys(Command command, CommandCall call, ReplyWriter reply) {
        int first = command.keys().first();
        int owner = ownerOf(call, first);
        if (command.keys().last() != first && isSpread(command, call, owner)) {
            return split(command, call, reply);
        }
        if (owner == shard.shard().id()) {
            return onThisShard(command, call);
        }
        if (!mayReach(owner)) {
            return Outcome.AGAIN;
        }
        add(open(reply), owner, command, call);
        shard.stats().foreignCommands.increment();
        return Outcome.NEXT;
    }

    private void add(Assembly parts, int target, Command command, CommandCall call) {
        CommandBatch batch = parts.foreign(target, reply3());
        batch.command(command);
        for (int i = 0; i < call.count(); i++) {
            batch.argument(call.address(i), call.length(i));
        }
    }

    private boolean reply3() {
        return connection.state().resp3();
    }

    private int ownerOf(CommandCall call, int argument) {
        return Slots.shardOf(Slots.of(call.address(argument), call.length(argument)), shards);
    }

    private boolean isSpread(Command command, CommandCall call, int owner) {
        int end = command.keys().end(call.count());
        for (int key = command.keys().first(); key <= end; key += command.keys().step()) {
            if (ownerOf(call, key) != owner) {
                return true;
            }
        }
        return false;
    }

    /** Runs one part per key on the key's shard. */
    private Outcome split(Command command, CommandCall call, ReplyWriter reply) {
        if (assembly != null) {
            return Outcome.AGAIN;
        }
        Command.Keys keys = command.keys();
        if (command.gather() == Command.Gather.NONE) {
            reply.error("CROSSSLOT Keys in request don't hash to the same slot");
            return Outcome.NEXT;
        }
        if ((call.count() - keys.first()) % keys.step() != 0) {
            reply.error("ERR wrong number of arguments for '" + command.name() + "' command");
            return Outcome.NEXT;
        }
        for (int target = 0; target < shards; target++) {
            if (!mayReach(target)) {
                return Outcome.AGAIN;
            }
        }
        int parts = keys.count(call.count());
        if (command.gather() == Command.Gather.ARRAY) {
            reply.arrayHeader(parts);
        }
        Assembly all = open(reply);
        all.gather(command.gather());
        for (int part = 0; part < parts; part++) {
            int key = keys.first() + part * keys.step();
            CommandBatch batch = all.foreign(ownerOf(call, key), reply3());
            batch.command(command);
            batch.argument(call.address(0), call.length(0));
            for (int i = 0; i < keys.step(); i++) {
                batch.argument(call.address(key + i), call.length(key + i));
            }
        }
        return Outcome.WAIT;
    }

    private Outcome onEveryShard(Command command, CommandCall call, ReplyWriter reply) {
        if (assembly != null) {
            return Outcome.AGAIN;
        }
        Assembly all = open(reply);
        all.gather(command.gather());
        for (int target = 0; target < shards; target++) {
            add(all, target, command, call);
        }
        return Outcome.WAIT;
    }

    private boolean mayReach(int target) {
        if (target == shard.shard().id() || shard.shard().mesh().isWritable(target)) {
            return true;
        }
        if (assembly == null) {
            // With parts under way, the wait for them comes first anyhow.
            connection.suspend();
            shard.shard().mesh().whenWritable(target, connection);
        }
        return false;
    }

    private Assembly open(ReplyWriter reply) {
        Assembly open = assembly;
        if (open == null) {
            open = server.takeAssembly();
            open.begin(connection);
            assembly = open;
            ownMark = 0;
            sent = false;
        }
        open.own(reply.position() - ownMark);
        ownMark = reply.position();
        return open;
    }

    /** The read batch is through: {@code position} is where this shard's own replies end. */
    void through(int position) {
        if (assembly != null) {
            assembly.own(position - ownMark);
        }
    }

    /**
     * Sends the parts on their way, once {@link #hasParts}; this shard's own replies are kept until they are back.
     *
     * @param outputRoom as {@link Assembly#send} takes it
     * @return whether they are waited for
     */
    boolean send(ReplyOutput replies, @Nullable RequestTrace trace, long outputRoom) {
        Assembly parts = Objects.requireNonNull(assembly);
        replies.keepIn(parts);
        sent = true;
        parts.send(trace, outputRoom);
        return parts.isPending();
    }

    /** The parts, which are all back; the caller gives them to the shard. */
    Assembly takeParts() {
        Assembly parts = Objects.requireNonNull(assembly);
        assembly = null;
        return parts;
    }

    /** The client is gone: gives back the parts that were not sent. Those under way come back by themselves. */
    void release() {
        Assembly parts = assembly;
        if (parts != null && !sent) {
            assembly = null;
            parts.clear();
            server.giveAssembly(parts);
        }
    }
}
