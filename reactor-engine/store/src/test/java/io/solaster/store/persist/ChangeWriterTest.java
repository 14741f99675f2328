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
}
