package io.solaster.store.keyspace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.solaster.engine.memory.Memory;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.Test;

final class SlabsTest {
    private final CountedMemory memory = new CountedMemory();

    @Test
    void blocksNeverOverlap() {
        Property.check(1, 4, draw -> {
            try (Slabs slabs = new Slabs(memory, 4000)) {
                long[] blocks = new long[3000];
                int[] sizes = new int[blocks.length];
                draw.repeat(100_000, _ -> {
                    int at = draw.nextInt(blocks.length);
                    if (blocks[at] == 0) {
                        int size = draw.nextInt(1 << draw.nextInt(1, 17));
                        blocks[at] = slabs.allocate(size);
                        sizes[at] = size;
                        assertThat(blocks[at] % 8 == 0).isTrue();
                        if (size >= 8) {
                            stamp(blocks[at], size, at);
                        }
                    } else {
                        check(blocks[at], sizes[at], at);
                        free(slabs, blocks[at], sizes[at]);
                        blocks[at] = 0;
                    }
                });
                for (int at = 0; at < blocks.length; at++) {
                    if (blocks[at] != 0) {
                        check(blocks[at], sizes[at], at);
                        free(slabs, blocks[at], sizes[at]);
                    }
                }
                assertThat(slabs.live()).isZero();
                assertThat(slabs.used()).isLessThanOrEqualTo((long) Slabs.PAGE * Slabs.SLACK_PAGES);
                assertThat(memory.outstanding()).isEqualTo(1);
            }
            assertThat(memory.outstanding()).isZero();
        });
    }

    private static void free(Slabs slabs, long block, int size) {
        if (Slabs.large(size)) {
            slabs.freeLarge(block);
        } else {
            slabs.free(block);
        }
    }

    private static void stamp(long block, int size, int mark) {
        for (int i = 0; i + 8 <= size; i += Math.max(8, size / 4 & ~7)) {
            Memory.putLong(block + i, mark * 31L + i);
        }
        Memory.putLong(block + size - 8, mark);
    }

    private static void check(long block, int size, int mark) {
        if (size >= 8 && Memory.getLong(block + size - 8) != mark) {
            throw new AssertionError("overwritten: block of " + size);
        }
    }

    @Test
    void sizesWasteLittle() {
        try (Slabs slabs = new Slabs(memory, 4000)) {
            for (int size = 16; size <= Slabs.LARGEST; size++) {
                long block = slabs.allocate(size);
                int capacity = slabs.capacity(block);
                assertThat(capacity).isGreaterThanOrEqualTo(size);
                if (size <= 512) {
                    assertThat(capacity - size).isLessThan(8);
                } else if (size <= 8000) {
                    assertThat(capacity).isLessThanOrEqualTo(size + size / 3);
                }
                slabs.free(block);
            }
        }
    }

    @Test
    void emptyPagesServeOtherSizes() {
        try (Slabs slabs = new Slabs(memory, 4000)) {
            long[] blocks = new long[40_000];
            for (int size = 24; size < 2000; size += 200) {
                for (int i = 0; i < 10_000_000 / size && i < blocks.length; i++) {
                    blocks[i] = slabs.allocate(size);
                }
                assertThat(slabs.used()).isLessThan(12 << 20);
                for (int i = 0; i < 10_000_000 / size && i < blocks.length; i++) {
                    slabs.free(blocks[i]);
                }
            }
            assertThat(memory.mappings()).isEqualTo(1);
        }
    }

    @Test
    void aChunkThatCannotBeUnmappedIsUsedAgain() {
        SystemMemory stubborn = new SystemMemory() {
            @Override
            public long allocate(long bytes) {
                return memory.allocate(bytes);
            }

            @Override
            public void free(long address) {
                memory.free(address);
            }

            @Override
            public long map(long bytes) {
                return memory.map(bytes);
            }

            @Override
            public boolean unmap(long address, long bytes) {
                return false;
            }

            @Override
            public void discard(long address, long bytes) {
                memory.discard(address, bytes);
            }
        };
        Slabs slabs = new Slabs(stubborn, 4000);
        long[] blocks = new long[2000];
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < blocks.length; i++) {
                blocks[i] = slabs.allocate(10_000);
            }
            for (long block : blocks) {
                slabs.free(block);
            }
            assertThat(memory.mappings()).isLessThan(8);
        }
        slabs.close();
    }

    @Test
    void refusalChangesNothing() {
        memory.allowed = 0;
        try (Slabs slabs = new Slabs(memory, 4000)) {
            assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> slabs.allocate(100));
            assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> slabs.allocate(100_000));
            assertThat(slabs.used()).isZero();
            memory.allowed = 2;
            slabs.free(slabs.allocate(100));
            slabs.freeLarge(slabs.allocate(100_000));
            assertThat(slabs.live()).isZero();
        }
        assertThat(memory.outstanding()).isZero();
    }
}
