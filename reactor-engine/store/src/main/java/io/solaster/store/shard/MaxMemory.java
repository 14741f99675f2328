package io.solaster.store.shard;

import io.solaster.config.StoreConfig.Eviction;
import io.solaster.store.keyspace.Keyspace;

/**
 * Keeps what the keys of all shards take within a limit, from one shard. The limit holds for the process: a shard tells
 * the others how much it holds, and may hold more than its share while they hold less. Where all hold too much, a shard
 * that holds its share evicts of its own keys; another one has the shard that holds most do that. On the owning shard.
 */
final class MaxMemory {
    /** Keys that go before one command, or in one turn, or rounds of freeing what they had: some hundred microseconds. */
    private static final int EVICTIONS = 128;
    /** Nodes of evicted values that are freed meanwhile. */
    private static final int NODES = 4_096;
    /** A shard that holds little may exceed the limit by this part of it, while another one evicts. */
    private static final int SLACK_SHIFT = 6;

    private final StoreShard shard;
    private final Parts parts;
    private final Keyspace keyspace;
    private MemorySettings settings;
    /** What the keys here may take while the engine has no more memory; negative while it has some. */
    private long ceiling = -1;
    private boolean asked;

    MaxMemory(StoreShard shard, Keyspace keyspace) {
        this.shard = shard;
        this.parts = shard.parts();
        this.keyspace = keyspace;
        this.settings = parts.memory();
        keyspace.evictionPolicy(settings.policy());
    }

    /** Whether there is anything to be looked at before a command that may need memory. */
    boolean isLimited() {
        MemorySettings now = parts.memory();
        if (!now.equals(settings)) {
            settings = now;
            keyspace.evictionPolicy(now.policy());
        }
        return settings.limit() > 0 || ceiling >= 0;
    }

    /** Whether keys may be evicted at all. */
    private boolean evicts() {
        return settings.eviction() != Eviction.NOEVICTION;
    }

    /** The engine has no more memory: from now on keys that come replace others. */
    void full() {
        ceiling = keyspace.heldBytes();
    }

    void notFull() {
        ceiling = -1;
    }

    /** Makes room for a command that may need memory; whether it may run. */
    boolean makeRoom(boolean engineIsFull) {
        if (engineIsFull && (!evicts() || ceiling >= 0 && !evictDownTo(ceiling))) {
            return false;
        }
        return settings.limit() == 0 || makeRoomInLimit();
    }

    private boolean makeRoomInLimit() {
        long over = over();
        if (over <= 0) {
            return true;
        }
        if (!evicts()) {
            return false;
        }
        int largest = parts.largest();
        long held = keyspace.heldBytes();
        if (largest != shard.shard().id() && held < settings.limit() / parts.count()) {
            ask(parts.part(largest));
            long slack = settings.limit() >>> SLACK_SHIFT;
            // Twice that where nothing here may go, as the other one's answer may take a moment.
            return over <= slack || evictDownTo(Math.max(0, held - over)) || asked && over <= 2 * slack;
        }
        return evictDownTo(Math.max(0, held - over));
    }

    /** Bytes that the keys of all shards take beyond the limit, or negative. */
    private long over() {
        parts.held(shard.shard().id(), keyspace.heldBytes());
        return parts.held() - settings.limit();
    }

    /**
     * Evicts until the keys here take no more than so much, or a turn's worth of them is gone.
     *
     * @return false if nothing may go
     */
    private boolean evictDownTo(long bytes) {
        int left = EVICTIONS;
        while (keyspace.heldBytes() > bytes && left > 0) {
            // What is being freed is room, too: no other key goes before that of the last one is there.
            if (keyspace.freeNodes(NODES / EVICTIONS) == 0 && !keyspace.evict(shard.now())) {
                return left < EVICTIONS;
            }
            left--;
        }
        parts.held(shard.shard().id(), keyspace.heldBytes());
        return true;
    }

    private void ask(StoreShard other) {
        if (!asked) {
            asked = true;
            parts.sharded().on(other.shard().id(), StoreShard::evictForOthers)
                    .whenComplete((done, failure) -> asked = false);
        }
    }

    /** Evicts as much as the keys of all shards take beyond the limit, and a little; as far as one turn goes. */
    boolean evictForOthers() {
        long over = over();
        if (isLimited() && settings.limit() > 0 && over > 0 && evicts()) {
            evictDownTo(Math.max(0, keyspace.heldBytes() - over));
        }
        return true;
    }

    /**
     * In the background: tells the other shards what is held here, and evicts where the limit was lowered.
     *
     * @return whether there is more to do
     */
    boolean maintain() {
        boolean limited = isLimited();
        long over = over();
        return limited && settings.limit() > 0 && over > 0 && evicts()
                && keyspace.heldBytes() >= settings.limit() / parts.count()
                && evictDownTo(Math.max(0, keyspace.heldBytes() - over));
    }
}
