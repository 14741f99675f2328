package io.solaster.testkit.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;
import io.solaster.engine.memory.SystemMemory;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.Test;

final class SlabsTest {
    private final CountedMemory memory = new CountedMemory();

    @Test
    void blocksNeverOverlap() {
        blocksNeverOverlap(memory, (long) Slabs.PAGE * Slabs.SLACK_PAGES);
    }

    @Test
    void blocksNeverOverlapInHugePages() {
        blocksNeverOverlap(new CountedMemory(true), SystemMemory.ALIGNMENT);
    }

    private static void blocksNeverOverlap(CountedMemory memory, long slack) {
        Property.check(1, 4, draw -> {
            try (Slabs slabs = new Slabs(memory)) {
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
                    if (draw.nextInt(1000) == 0) {
                        slabs.trim();
                    }
                    if (draw.nextInt(100) == 0) {
                        slabs.release(1 << 20);
                    }
                    assertThat(memory.told()).isEqualTo(slabs.used()).isGreaterThanOrEqualTo(slabs.live());
                });
                for (int at = 0; at < blocks.length; at++) {
                    if (blocks[at] != 0) {
                        check(blocks[at], sizes[at], at);
                        free(slabs, blocks[at], sizes[at]);
                    }
                }
                assertThat(slabs.live()).isZero();
                while (slabs.release(1 << 20)) {
                    assertThat(memory.outstanding()).isPositive();
                }
                assertThat(slabs.used()).isLessThanOrEqualTo(slack);
                assertThat(memory.outstanding()).isEqualTo(1);
            }
            assertThat(memory.outstanding()).isZero();
            assertThat(memory.told()).isZero();
        });
    }

    @Test
    void aHugePageIsResidentAsAWholeAndGivenBackAsAWhole() {
        CountedMemory huge = new CountedMemory(true);
        long unit = SystemMemory.ALIGNMENT;
        try (Slabs slabs = new Slabs(huge)) {
            long[] blocks = new long[400];
            for (int i = 0; i < blocks.length; i++) {
                blocks[i] = slabs.allocate(20_000);
                assertThat(slabs.used() % unit).isZero();
            }
            // Three blocks a page, 32 pages each.
            assertThat(slabs.used()).isEqualTo(5 * unit);
            for (int i = 0; i < 399; i++) {
                slabs.free(blocks[i]);
            }
            assertThat(huge.returns()).isPositive();
            assertThat(huge.longestReturn()).isIn(0L, unit);
            assertThat(slabs.used()).as("that of the last block, and one to spare").isEqualTo(2 * unit);
            slabs.free(blocks[399]);
            assertThat(slabs.used()).isEqualTo(unit);
        }
        assertThat(huge.outstanding()).isZero();
    }

    @Test
    void trimmingLeavesNothingResidentThatHoldsNoBlock() {
        for (boolean isHuge : new boolean[]{false, true}) {
            CountedMemory system = new CountedMemory(isHuge);
            try (Slabs slabs = new Slabs(system)) {
                long[] blocks = new long[1000];
                for (int i = 0; i < blocks.length; i++) {
                    blocks[i] = slabs.allocate(20_000);
                    stamp(blocks[i], 20_000, i);
                }
                for (int i = 0; i < blocks.length; i++) {
                    if (i % 30 != 0) {
                        slabs.free(blocks[i]);
                    }
                }
                slabs.trim();
                while (slabs.release(1 << 20)) {
                    assertThat(slabs.used()).isPositive();
                }
                assertThat(slabs.used()).isEqualTo(34L * Slabs.PAGE);
                for (int i = 0; i < blocks.length; i += 30) {
                    check(blocks[i], 20_000, i);
                    slabs.free(blocks[i]);
                }
                // What is left has been touched since: it is at most the slack.
                assertThat(slabs.live()).isZero();
                assertThat(slabs.used()).isLessThanOrEqualTo(32L * Slabs.PAGE);
                assertThat(system.told()).isEqualTo(slabs.used());
            }
            assertThat(system.outstanding()).isZero();
        }
    }

    @Test
    void closedSlabsBeginAnew() {
        Slabs slabs = new Slabs(memory);
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 1000; i++) {
                slabs.allocate(i % 3 == 0 ? 100_000 : 9000);
            }
            slabs.close();
            assertThat(memory.outstanding()).isZero();
            assertThat(slabs.used() + slabs.live() + memory.told()).isZero();
        }
    }

    @Test
    void aBlockThatIsHeldOutlivesThatItIsTakenBack() {
        int size = 3 << 20;
        for (String way : new String[]{"free", "drop", "close"}) {
            Slabs slabs = new Slabs(memory);
            long other = slabs.allocate(size);
            long block = slabs.allocate(size);
            long last = slabs.allocate(size);
            stamp(block, size, 7);
            assertThat(Slabs.isHeldLarge(block)).isFalse();
            slabs.holdLarge(block);
            slabs.holdLarge(block);
            slabs.letGoLarge(block);
            assertThat(Slabs.isHeldLarge(block)).isTrue();
            assertThat(slabs.live()).isEqualTo(3L * size);
            switch (way) {
                case "free" -> slabs.freeLarge(block);
                case "drop" -> slabs.drop();
                default -> slabs.close();
            }
            assertThat(slabs.live()).isEqualTo(way.equals("free") ? 2L * size : 0);
            while (slabs.release(1 << 20)) {
                assertThat(slabs.used()).isGreaterThanOrEqualTo(size);
            }
            check(block, size, 7);
            assertThat(slabs.used()).isEqualTo(memory.told()).isEqualTo(slabs.live() + size);
            slabs.letGoLarge(block);
            while (slabs.release(1 << 20)) {
                assertThat(slabs.used()).isNotNegative();
            }
            assertThat(slabs.used()).isEqualTo(memory.told()).isEqualTo(slabs.live());
            if (way.equals("free")) {
                slabs.freeLarge(other);
                slabs.freeLarge(last);
            }
            slabs.close();
            assertThat(memory.outstanding() + memory.told()).isZero();
        }
    }

    @Test
    void aBlockThatIsLetGoIsAsTheOthers() {
        try (Slabs slabs = new Slabs(memory)) {
            long[] blocks = new long[3];
            for (int round = 0; round < 3; round++) {
                for (int i = 0; i < blocks.length; i++) {
                    blocks[i] = slabs.allocate(100_000);
                    slabs.holdLarge(blocks[i]);
                }
                for (int i = 0; i < blocks.length; i++) {
                    slabs.letGoLarge(blocks[(i + round) % blocks.length]);
                }
                for (long block : blocks) {
                    slabs.freeLarge(block);
                }
                assertThat(slabs.live() + memory.told() + memory.outstanding()).isZero();
            }
            slabs.holdLarge(slabs.allocate(100_000));
            slabs.allocate(100_000);
            slabs.drop();
        }
    }

    @Test
    void chunksAreAlignedToHugePages() {
        long address = SystemMemory.SYSTEM.map(2 * SystemMemory.ALIGNMENT);
        try {
            assertThat(address % SystemMemory.ALIGNMENT).isZero();
        } finally {
            SystemMemory.SYSTEM.unmap(address, 2 * SystemMemory.ALIGNMENT);
        }
        // The kernel may align of itself what is large; this it does not.
        long odd = Memory.map(Slabs.PAGE, 8 * SystemMemory.ALIGNMENT);
        assertThat(odd % (8 * SystemMemory.ALIGNMENT)).isZero();
        Memory.putByte(odd + Slabs.PAGE - 1, (byte) 1);
        assertThat(Memory.unmap(odd, Slabs.PAGE)).isTrue();
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
        try (Slabs slabs = new Slabs(memory)) {
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
        try (Slabs slabs = new Slabs(memory)) {
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
        Slabs slabs = new Slabs(stubborn);
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
        memory.allow(0);
        try (Slabs slabs = new Slabs(memory)) {
            assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> slabs.allocate(100));
            assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> slabs.allocate(100_000));
            assertThat(slabs.used()).isZero();
            memory.allow(2);
            slabs.free(slabs.allocate(100));
            slabs.freeLarge(slabs.allocate(100_000));
            assertThat(slabs.live()).isZero();
        }
        assertThat(memory.outstanding()).isZero();
    }
}
