package io.solaster.store.server;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledDirectByteBuf;
import io.solaster.engine.Shard;
import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Keyspace;
import org.jspecify.annotations.Nullable;

/** A value that a socket sends from where it lies in the keyspace, which keeps it until this is released. */
final class LentValue extends UnpooledDirectByteBuf {
    private final Shard shard;
    private final Keyspace keys;
    private final long entry;

    private LentValue(Shard shard, Keyspace keys, long entry) {
        super(UnpooledByteBufAllocator.DEFAULT, Memory.view(keys.valueAddress(entry), keys.valueLength(entry)),
                keys.valueLength(entry));
        this.shard = shard;
        this.keys = keys;
        this.entry = entry;
    }

    /** On the owning shard; null if the value is too small for that. */
    static @Nullable LentValue of(Shard shard, Keyspace keys, long entry) {
        LentValue value = new LentValue(shard, keys, entry);
        return keys.hold(entry) ? value : null;
    }

    @Override
    protected void deallocate() {
        super.deallocate();
        shard.hereOrElse(() -> keys.letGo(entry), () -> {
            // The shard has ended, and its keys with it.
        });
    }
}
