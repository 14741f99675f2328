package io.solaster.store.shard;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.SystemMemory;
import io.solaster.store.collection.Hashes;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.KeyspaceHash;
import io.solaster.store.keyspace.KeyspaceListener;
import io.solaster.store.type.FieldTable;
import io.solaster.store.type.FieldTableType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the search for expired fields leaves of a key as it was. */
final class FieldExpiryTest {
    private static final long START = 1_700_000_000_000L;

    private final Keyspace keys = Keyspace.create(SystemMemory.SYSTEM, new SplittableRandom(1),
            List.of(new FieldTableType(Keyspace.TYPE_HASH)));
    private final Hashes hashes = new Hashes(keys,
            new FieldTable(keys.nodes(), KeyspaceHash.seeded(new SplittableRandom(2))));
    private final FieldExpiry expiry = new FieldExpiry(keys, hashes, _ -> false);
    private final long key = Memory.allocate(8);

    FieldExpiryTest() {
        Memory.putLong(key, 1);
        // So that the clock shows the time.
        keys.find(key, 8, START);
        hashes.open(key, 8, 0, START);
        hashes.put(key, 1, key, 8, START + 10);
        hashes.put(key + 1, 2, key, 8, 0);
        keys.written();
    }

    @AfterEach
    void close() {
        hashes.close();
        keys.close();
        Memory.free(key);
    }

    private long entry() {
        return keys.peek(key, 8, 0);
    }

    private void run(long now) {
        expiry.start();
        expiry.run(now, 1_000);
    }

    @Test
    void aKeyThatLosesAFieldDoesNotCountAsUsed() {
        run(START + 100_000);
        assertThat(FieldTable.count(keys.valueAddress(entry()))).isEqualTo(1);
        assertThat(keys.idleSeconds(entry(), START + 100_000)).isEqualTo(100);
    }

    @Test
    void aKeyThatIsDueItselfIsLeftToWhoRemovesKeys() {
        keys.setExpiry(key, 8, START + 20);
        List<String> told = new ArrayList<>();
        keys.listen(new KeyspaceListener() {
            @Override
            public void beginWrite(long begun, int keyLength, long entry) {
                told.add("begun");
            }

            @Override
            public void expired(long entry) {
                told.add("expired");
            }
        });
        run(START + 100);
        assertThat(told).isEmpty();
        assertThat(keys.expireDue(START + 100, 1_000)).isEqualTo(1);
        assertThat(told).containsExactly("expired");
    }
}
