package io.solaster.store.keyspace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;

import io.solaster.store.keyspace.EvictionPolicy.Order;
import io.solaster.testkit.memory.CountedMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A key that somebody uses over several turns stays until then. */
final class PinnedKeysTest {
    private static final int KEYS = 100;
    private static final int PINNED = 17;
    private static final long NOW = 1_700_000_000_000L;

    private final Bytes key = new Bytes(8);
    private final OffHeapKeyspace keyspace = new OffHeapKeyspace(new CountedMemory(),
            new FoldedHash(new SplittableRandom(1)::nextLong), List.of(new ChainType()));

    @AfterEach
    void close() {
        keyspace.close();
        key.close();
    }

    private void fill(long expiry) {
        for (int i = 0; i < KEYS; i++) {
            key.put(i);
            keyspace.set(key.address, key.length, key.address, key.length, expiry);
        }
        key.put(PINNED);
        keyspace.pin(key.address, key.length);
    }

    private long look(long now) {
        key.put(PINNED);
        return keyspace.peek(key.address, key.length, now);
    }

    @Test
    void whatIsDueIsNotFoundAndGoesLater() {
        fill(NOW);
        assertThat(keyspace.expireDue(NOW + 1, 100_000)).isEqualTo(KEYS - 1);
        assertThat(look(NOW + 1)).isZero();
        assertThat(look(NOW)).isNotZero();
        keyspace.unpin(key.address, key.length);
        assertThat(keyspace.expireDue(NOW + 1, 100_000)).isEqualTo(1);
        assertThat(look(NOW)).isZero();
    }

    @Test
    void othersAreEvicted() {
        fill(0);
        keyspace.evictionPolicy(new EvictionPolicy(Order.RANDOM, false, 5, 10, 1));
        for (int i = 1; i < KEYS; i++) {
            assertThat(keyspace.evict(NOW)).isTrue();
        }
        assertThat(look(NOW)).isNotZero();
        assertThat(keyspace.evict(NOW)).isFalse();
        // Once for each that pins it.
        keyspace.pin(key.address, key.length);
        keyspace.unpin(key.address, key.length);
        assertThat(keyspace.evict(NOW)).isFalse();
        keyspace.unpin(key.address, key.length);
        assertThat(keyspace.evict(NOW)).isTrue();
    }
}
