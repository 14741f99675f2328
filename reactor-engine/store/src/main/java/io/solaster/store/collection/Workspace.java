package io.solaster.store.collection;

import java.util.Arrays;

import io.solaster.engine.Shard;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.MemoryAccount;

/**
 * Memory off the heap for what one command gathers on one shard: copies of members, and tables over them. It counts as memory
 * of that shard, has a limit, and is given back as a whole. Memory is taken on the shard; what was taken may be read elsewhere
 * once it was handed over, and is given back by whoever has it then, on any thread.
 */
public final class Workspace implements AutoCloseable {
    /** Its name in the memory budget of a shard. */
    public static final String ACCOUNT = "store-gathered";

    private final Shard shard;
    private final MemoryAccount account;
    private final long limit;
    private long[] blocks = new long[8];
    private int count;
    private long taken;

    /**
     * @param account that of the shard
     * @param limit bytes
     */
    public Workspace(Shard shard, MemoryAccount account, long limit) {
        this.shard = shard;
        this.account = account;
        this.limit = limit;
    }

    /** There is no memory for what a command would gather; the message says so to its client. */
    public static final class Full extends RuntimeException {
        private static final long serialVersionUID = 1;

        Full(String message) {
            super(message, null, false, false);
        }

        /** What the client is answered. */
        public String answer() {
            return String.valueOf(getMessage());
        }
    }

    /**
     * Takes memory, whose content is undefined.
     *
     * @throws Full if that is more than the limit, or there is none
     */
    public long allocate(long bytes) {
        charge(bytes);
        return keep(bytes, false);
    }

    /** As {@link #allocate}, all zero. */
    long allocateZero(long bytes) {
        charge(bytes);
        return keep(bytes, true);
    }

    private void charge(long bytes) {
        if (taken + bytes > limit) {
            throw new Full("OOM command not allowed: it would gather more than " + limit
                    + " bytes on one shard (solaster.store.max-gathered)");
        }
        if (!account.take(bytes)) {
            throw new Full("OOM command not allowed: no memory is left for what it would gather"
                    + " (solaster.engine.memory.limit)");
        }
        taken += bytes;
    }

    private long keep(long bytes, boolean zero) {
        if (count == blocks.length) {
            blocks = Arrays.copyOf(blocks, 2 * count);
        }
        long block;
        try {
            block = zero ? Memory.allocateZero(bytes) : Memory.allocate(bytes);
        } catch (OutOfMemoryError e) {
            account.give(bytes);
            taken -= bytes;
            throw e;
        }
        blocks[count++] = block;
        return block;
    }

    /** May be called twice. */
    @Override
    public void close() {
        for (int i = 0; i < count; i++) {
            Memory.free(blocks[i]);
        }
        count = 0;
        long given = taken;
        taken = 0;
        if (given == 0) {
            return;
        }
        if (shard.inEventLoop()) {
            account.give(given);
        } else {
            shard.executeOrElse(() -> account.give(given), () -> {
                // The account has stopped with its shard.
            });
        }
    }
}
