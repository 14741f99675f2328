package io.solaster.store.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.SystemMemory;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.KeyspaceHash;
import io.solaster.store.type.FieldTable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A change for which there is no memory leaves nothing of itself behind those that were written. */
final class ChangeWriterTest {
    private final SplittableRandom random = new SplittableRandom(1);
    private final Keyspace keys = Keyspace.create(SystemMemory.SYSTEM, random, List.of());
    private final ByteBuf out = Unpooled.directBuffer(64, 64);
    private final ChangeWriter writer = new ChangeWriter(keys,
            new FieldTable(keys.nodes(), KeyspaceHash.seeded(random)), out);
    private final long memory = Memory.allocate(200);

    @BeforeEach
    void listen() {
        Memory.copy("k".repeat(200).getBytes(StandardCharsets.US_ASCII), 0, memory, 200);
        keys.effects(writer);
        keys.set(memory, 1, memory, 10, 0);
    }

    @AfterEach
    void close() {
        keys.effects(null);
        writer.close();
        out.release();
        keys.close();
        Memory.free(memory);
    }

    @Test
    void isThrown() {
        int before = out.writerIndex();
        assertThatThrownBy(() -> keys.set(memory, 2, memory, 100, 0)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(out.writerIndex()).isEqualTo(before).isPositive();
        assertThatThrownBy(() -> writer.removed(memory, 100)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(out.writerIndex()).isEqualTo(before);
    }

    @Test
    void isToldInstead() {
        List<Throwable> told = new ArrayList<>();
        writer.whenFailed(told::add);
        int before = out.writerIndex();
        keys.set(memory, 2, memory, 100, 0);
        assertThat(keys.peek(memory, 2, 0)).isNotZero();
        assertThat(out.writerIndex()).isEqualTo(before);
        assertThat(told).hasSize(1);
    }

    /** Who has never left database 0 has logs that releases without databases read. */
    @Test
    void namesADatabaseOnceAndNumberZeroNever() {
        out.clear();
        keys.remove(memory, 1);
        writer.endStep();
        assertThat(written()).containsExactly(0, 1, 'k');
        keys.database(3);
        keys.set(memory, 1, memory, 2, 0);
        writer.endStep();
        out.clear();
        keys.setExpiry(memory, 1, 0);
        keys.remove(memory, 1);
        writer.endStep();
        assertThat(written()).startsWith(4, 3).endsWith(0, 1, 'k', 4, 0).hasSize(2 + 11 + 3 + 2);
        keys.set(memory, 1, memory, 2, 0);
        keys.database(200);
        keys.set(memory, 1, memory, 2, 0);
        writer.endStep();
        out.clear();
        keys.remove(memory, 1);
        keys.database(0);
        keys.set(memory, 1, memory, 0, 0);
        keys.remove(memory, 1);
        assertThat(written()).startsWith(4, 200, 1, 0, 1, 'k', 4, 0, 1).endsWith(0, 1, 'k');
        assertThat(ChangeReader.wholeLength(out)).isEqualTo(out.readableBytes());
        assertThat(ChangeReader.wholeLength(out.slice(0, 2))).isZero();
        assertThat(ChangeReader.wholeLength(out.slice(0, 5))).isEqualTo(3);
    }

    private int[] written() {
        int[] bytes = new int[out.readableBytes()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = out.getByte(out.readerIndex() + i) & 0xff;
        }
        return bytes;
    }
}
