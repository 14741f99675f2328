package io.solaster.store.command.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.solaster.engine.CallOptions;
import io.solaster.engine.Shard;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.Parts;
import io.solaster.store.shard.StoreShard;

/**
 * Looks for the keys of one slot, a few hundred a turn: nothing is kept by slot, so all keys of the shard that has it are looked
 * at. On that shard.
 */
final class SlotWalk implements Keyspace.EntryVisitor {
    private static final int STEPS_A_TURN = 500;
    private static final int KEYS_A_TURN = 500;
    /** Bytes of keys that are told. */
    private static final long MOST_BYTES = 64L << 20;

    private final StoreShard part;
    private final int slot;
    private final long wanted;
    private final List<byte[]> keys = new ArrayList<>();
    private long bytes;
    private long count;
    private int visited;
    private long position;

    private SlotWalk(StoreShard part, int slot, long wanted) {
        this.part = part;
        this.slot = slot;
        this.wanted = wanted;
    }

    /** How many keys a slot has; or, where some are wanted, so many of them. */
    static CompletionStage<SlotWalk> of(Parts parts, int slot, long wanted) {
        StoreShard part = parts.part(Slots.shardOf(slot, parts.count()));
        return parts.engine().submitStageTo(part.shard().id(), CallOptions.DEFAULTS,
                () -> new SlotWalk(part, slot, wanted).go());
    }

    private CompletionStage<SlotWalk> go() {
        Keyspace all = part.keyspace();
        all.database(0);
        visited = 0;
        int steps = 0;
        do {
            position = all.walk(position, this);
        } while (position != 0 && ++steps < STEPS_A_TURN && visited < KEYS_A_TURN && !isEnough());
        return position == 0 || isEnough()
                ? CompletableFuture.completedFuture(this)
                : Shard.yield().thenCompose(_ -> go());
    }

    private boolean isEnough() {
        return wanted >= 0 && count >= wanted || bytes > MOST_BYTES;
    }

    @Override
    public void visit(long entry) {
        visited++;
        Keyspace all = part.keyspace();
        int length = all.keyLength(entry);
        long expiry = all.expiry(entry);
        if (isEnough() || expiry != 0 && expiry < part.now() || Slots.of(all.keyAddress(entry), length) != slot) {
            return;
        }
        count++;
        if (wanted >= 0) {
            byte[] key = new byte[length];
            Memory.copy(all.keyAddress(entry), key, 0, length);
            keys.add(key);
            bytes += length;
        }
    }

    long count() {
        return count;
    }

    List<byte[]> keys() {
        return keys;
    }
}
