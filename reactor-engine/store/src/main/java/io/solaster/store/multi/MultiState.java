package io.solaster.store.multi;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.KeyWatches;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/**
 * What one client has begun with MULTI and WATCH: commands that wait for EXEC, and the keys that must not change until then. The
 * keys are watched on the shards that own them ({@link KeyWatches}), under a number that nobody had before, so that what is
 * said late of the last one means nothing to the next. On the shard of the client.
 */
public final class MultiState {
    /** Keys that one client may watch. */
    public static final int MOST_WATCHED = 4096;

    private final StoreShard shard;
    private @Nullable QueuedCommands queue;
    private boolean open;

    private long watcher;
    private int watched;
    private @Nullable SlotSet slots;
    private boolean[] shards = {};

    public MultiState(StoreShard shard) {
        this.shard = shard;
    }

    // ---- MULTI

    /** Whether commands are kept for EXEC. */
    public boolean isOpen() {
        return open;
    }

    public void open() {
        open = true;
    }

    /** The commands that are kept. */
    public QueuedCommands queue() {
        QueuedCommands made = queue;
        if (made == null) {
            made = new QueuedCommands(shard);
            queue = made;
        }
        return made;
    }

    /** How many commands wait for EXEC; -1 without MULTI. */
    public int queued() {
        return !open ? -1 : queue == null ? 0 : queue.count();
    }

    /** Bytes that those take. */
    public long queuedBytes() {
        return queue == null ? 0 : queue.size();
    }

    /** Whether a command could not be taken. */
    public boolean isSpoiled() {
        return queue != null && queue.isSpoiled();
    }

    /** A command could not be taken, if there was MULTI. */
    public void spoil() {
        if (open) {
            queue().spoil();
        }
    }

    /** EXEC has begun: what comes now is run at once again. The commands stay until {@link #discard}. */
    public void closed() {
        open = false;
    }

    /** Forgets the commands. */
    public void discard() {
        open = false;
        if (queue != null) {
            queue.close();
            queue = null;
        }
    }

    // ---- WATCH

    /** Whether a key is watched. */
    public boolean isWatching() {
        return watched > 0;
    }

    /** Whether so many keys more may not be watched. */
    public boolean isTooMuch(int more) {
        return watched + more > MOST_WATCHED;
    }

    /**
     * Watches keys.
     *
     * @return null if they are watched already; else done when they are
     */
    public @Nullable CompletionStage<?> watch(CommandCall call) {
        int all = shard.parts().count();
        if (watched == 0) {
            watcher = shard.nextWatcher();
            slots = new SlotSet();
            shards = new boolean[all];
        }
        List<CompletableFuture<?>> others = new ArrayList<>();
        @Nullable
        List<byte[]>[] byShard = grouped(call, all);
        long number = watcher;
        int database = call.database();
        for (int target = 0; target < all; target++) {
            List<byte[]> keys = byShard[target];
            if (keys == null) {
                continue;
            }
            shards[target] = true;
            if (target == shard.shard().id()) {
                watch(shard, number, database, keys);
            } else {
                others.add(shard.parts().sharded().on(target, part -> watch(part, number, database, keys)));
            }
        }
        return others.isEmpty() ? null : CompletableFuture.allOf(others.toArray(CompletableFuture<?>[]::new));
    }

    @SuppressWarnings("unchecked")
    private @Nullable List<byte[]>[] grouped(CommandCall call, int all) {
        @Nullable
        List<byte[]>[] byShard = (List<byte[]>[]) new List<?>[all];
        SlotSet named = slots;
        for (int i = 1; i < call.count(); i++) {
            int slot = Slots.of(call.address(i), call.length(i));
            if (named != null) {
                named.add(slot);
            }
            int owner = Slots.shardOf(slot, all);
            List<byte[]> keys = byShard[owner];
            if (keys == null) {
                keys = new ArrayList<>();
                byShard[owner] = keys;
            }
            keys.add(call.bytes(i));
            watched++;
        }
        return byShard;
    }

    private static boolean watch(StoreShard part, long number, int database, List<byte[]> keys) {
        part.keyspace().database(database);
        long now = part.now();
        for (byte[] key : keys) {
            long copy = Memory.allocate(Math.max(1, key.length));
            try {
                Memory.copy(key, 0, copy, key.length);
                part.watches().watch(number, copy, key.length, now);
            } finally {
                Memory.free(copy);
            }
        }
        return true;
    }

    /** Watches nothing any more. */
    public void unwatch() {
        if (watched == 0) {
            return;
        }
        long number = watcher;
        watched = 0;
        slots = null;
        for (int target = 0; target < shards.length; target++) {
            if (!shards[target]) {
                continue;
            }
            if (target == shard.shard().id()) {
                shard.watches().forget(number);
            } else {
                shard.parts().sharded().on(target, part -> {
                    part.watches().forget(number);
                    return true;
                });
            }
        }
    }

    // ---- EXEC

    /** Names the keys of all commands, and those that are watched. */
    void keysTo(CommandSequence sequence) {
        if (queue != null) {
            queue.keysTo(sequence);
        }
        if (slots != null) {
            slots.forEach(slot -> sequence.slot(slot, false));
        }
    }

    /**
     * Begins to describe EXEC of all commands.
     *
     * @param waiter told when they are run
     */
    public void begin(CommandSequence sequence, CommandSequence.Waiter waiter, Client client) {
        long number = watcher;
        sequence.begin(waiter,
                watched == 0 ? null : part -> part.watches().unchangedUntil(number, part.now()), client);
        keysTo(sequence);
    }

    /** The commands. */
    public CommandList commands() {
        return queue().list();
    }

    /** Whether a command is not kept for EXEC, but says what becomes of those that are. */
    public static boolean isOfMulti(Command command) {
        return switch (command.name()) {
            case "exec", "discard", "multi", "watch", "quit", "reset" -> true;
            default -> false;
        };
    }

    /** The client is gone. */
    public void close() {
        unwatch();
        discard();
    }
}
