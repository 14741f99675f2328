package io.solaster.store.keyspace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.SystemMemory;
import io.solaster.testkit.memory.CountedMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class OffHeapKeyspaceTest {
    private final CountedMemory memory = new CountedMemory();
    private final Bytes key = new Bytes(5000);
    private final Bytes value = new Bytes(1 << 20);
    private OffHeapKeyspace keyspace = new OffHeapKeyspace(memory, new FoldedHash(new SplittableRandom(1)::nextLong),
            List.of());

    @AfterEach
    void close() {
        keyspace.close();
        key.close();
        value.close();
        assertThat(memory.outstanding()).isZero();
        assertThat(memory.told()).isZero();
    }

    private void useKeyAsHash() {
        keyspace.close();
        keyspace = new OffHeapKeyspace(memory, (address, length) -> Long.reverseBytes(Memory.getLong(address)),
                List.of());
    }

    private long set(long k) {
        key.put(k);
        return keyspace.set(key.address, key.length, key.address, key.length, 0);
    }

    private boolean present(long k) {
        key.put(k);
        return keyspace.find(key.address, key.length, 0) != 0;
    }

    private boolean remove(long k) {
        key.put(k);
        return keyspace.remove(key.address, key.length);
    }

    private BitSet scanAll() {
        BitSet seen = new BitSet();
        long cursor = 0;
        do {
            cursor = keyspace.scan(cursor, this.visitor(seen));
        } while (cursor != 0);
        return seen;
    }

    private Keyspace.EntryVisitor visitor(BitSet seen) {
        return entry -> seen.set((int) Long.reverseBytes(Memory.getLong(keyspace.keyAddress(entry))));
    }

    @Test
    void splitsAndMergesAtEveryDepth() {
        int keys = 200_000;
        for (int i = 0; i < keys; i++) {
            set(i);
        }
        assertThat(keyspace.segments()).isBetween(keys / (long) Directory.SPLIT_AT, keys / 200L);
        assertThat(keyspace.depth()).isBetween(9, 11);
        for (int i = 0; i < keys; i++) {
            assertThat(present(i)).isTrue();
        }
        assertThat(present(keys)).isFalse();
        for (int i = keys; i-- > 0;) {
            assertThat(remove(i)).isTrue();
        }
        assertThat(keyspace.segments()).isEqualTo(1);
        assertThat(keyspace.depth()).isEqualTo(1);
    }

    @Test
    void followsAHashThatCrowdsOneCorner() {
        useKeyAsHash();
        Random random = new Random(1);
        // Each round's keys share four bits more: splits go deep where the directory is long enough for it.
        long[] all = new long[12_000];
        for (int i = 0; i < all.length; i++) {
            all[i] = random.nextLong() >>> i / 1000 * 4 % 12;
            set(all[i]);
        }
        assertThat(keyspace.depth()).isGreaterThan(10);
        for (long k : all) {
            assertThat(present(k)).isTrue();
        }
        for (long k : all) {
            assertThat(remove(k)).isTrue();
        }
        assertThat(keyspace.segments()).isEqualTo(1);
    }

    @Test
    void aValueThatIsHeldOutlivesTheKeyspace() {
        for (int length : new int[]{40_000, 1 << 20}) {
            byte[] bytes = new byte[length];
            new Random(length).nextBytes(bytes);
            keyspace.close();
            keyspace = new OffHeapKeyspace(memory, new FoldedHash(new SplittableRandom(1)::nextLong), List.of());
            key.put(1);
            value.put(bytes);
            long entry = keyspace.set(key.address, key.length, value.address, value.length, 0);
            long address = keyspace.valueAddress(entry);
            assertThat(keyspace.hold(entry)).isTrue();
            keyspace.close();
            assertThat(memory.told()).isGreaterThan(length);
            assertThat(Bytes.read(address, length)).isEqualTo(bytes);
            keyspace.letGo(entry);
            assertThat(memory.outstanding()).isZero();
        }
    }

    @Test
    void smallValuesAreNotHeld() {
        long entry = set(1);
        assertThat(keyspace.hold(entry)).isFalse();
        assertThat(keyspace.isHeld(entry)).isFalse();
    }

    @Test
    void refusesAHashWithoutSpread() {
        keyspace.close();
        keyspace = new OffHeapKeyspace(memory, (address, length) -> 42, List.of());
        for (int i = 0; i < Segment.SLOTS; i++) {
            set(i);
        }
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> set(-1))
                .withMessageContaining("hash is broken");
        assertThat(present(-1)).isFalse();
        for (int i = 0; i < Segment.SLOTS; i++) {
            assertThat(remove(i)).isTrue();
        }
    }

    @Test
    void churnLeavesNoTrace() {
        churn(2);
    }

    @Tag("full")
    @Test
    void norDoesALongOneWhichTakesNoLongerInTheEnd() {
        long[] times = churn(10);
        System.out.println("1 M times removed and inserted, ms of CPU: " + Arrays.toString(times));
        assertThat(Arrays.stream(times, 5, 10).min().getAsLong())
                .isLessThan(3 * Arrays.stream(times, 0, 5).min().getAsLong());
    }

    /** Of this thread, in nanoseconds: others may have the CPU meanwhile. */
    private static long cpuTime() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private long[] churn(int rounds) {
        int keys = 3000;
        for (int i = 0; i < keys; i++) {
            set(i);
        }
        long used = keyspace.usedMemory();
        long live = keyspace.liveBytes();
        long segments = keyspace.segments();
        long[] times = new long[rounds];
        for (int round = 0; round < times.length; round++) {
            long start = cpuTime();
            for (int i = 0; i < 1_000_000; i++) {
                long out = i % keys + (long) (i / keys + round * 334) * keys;
                if (!remove(out)) {
                    throw new AssertionError(out);
                }
                set(out + keys);
            }
            times[round] = (cpuTime() - start) / 1_000_000;
            // The next round starts with a whole set of keys.
            for (int i = 0; i < keys; i++) {
                long first = i % keys;
                long last = first + (1_000_000 / keys + (first < 1_000_000 % keys ? 1 : 0) + round * 334L) * keys;
                remove(last);
                set(first + (round + 1) * 334L * keys);
            }
        }
        assertThat(keyspace.size()).isEqualTo(keys);
        assertThat(keyspace.liveBytes()).isEqualTo(live);
        assertThat(keyspace.segments()).isLessThanOrEqualTo(segments * 2);
        assertThat(keyspace.usedMemory()).isLessThanOrEqualTo(used + (1 << 20));
        return times;
    }

    @Test
    void overwritingWithOtherSizesWastesLittle() {
        Random random = new Random(3);
        int keys = 50_000;
        int[] lengths = new int[keys];
        for (int i = 0; i < 1_500_000; i++) {
            int k = i < keys ? i : random.nextInt(keys);
            // The range moves, as when an application starts to store other things.
            int length = random.nextInt(1000) + (i / 500_000) * 300;
            lengths[k] = length;
            key.put(k);
            keyspace.set(key.address, key.length, value.address, length, 0);
        }
        long payload = 8L * keys;
        for (int length : lengths) {
            payload += length;
        }
        double ratio = (double) keyspace.usedMemory() / payload;
        System.out.printf("payload %d, live %d, used %d: %.3f of payload%n", payload, keyspace.liveBytes(),
                keyspace.usedMemory(), ratio);
        assertThat(ratio).isLessThan(1.35);
    }

    @Test
    void extendsValuesByZeros() {
        int most = 40 << 20;
        try (OffHeapKeyspace real = new OffHeapKeyspace(SystemMemory.SYSTEM,
                new FoldedHash(new SplittableRandom(1)::nextLong), List.of())) {
            key.put(1);
            int length = 0;
            for (int next : new int[]{100, 90, 200, 1 << 20, most, most - 5000, most, 50, 1000, most, 300, most}) {
                long entry = real.extendValue(key.address, key.length, next);
                long at = real.valueAddress(entry);
                int kept = Math.min(length, next);
                assertThat(kept == 0 || Memory.getByte(at + kept - 1) == 'x').isTrue();
                for (int i = kept; i < next; i++) {
                    if (Memory.getByte(at + i) != 0) {
                        throw new AssertionError("from " + length + " to " + next + ": not zero at " + i);
                    }
                }
                Memory.fill(at, next, (byte) 'x');
                real.written();
                length = next;
            }
        }
    }

    @Test
    void sparsePagesAreEmptied() {
        Random random = new Random(6);
        int keys = 200_000;
        for (int i = 0; i < keys; i++) {
            key.put(i);
            keyspace.set(key.address, key.length, value.address, 200, 0);
        }
        for (int i = 0; i < 3 * keys; i++) {
            int k = random.nextInt(keys);
            key.put(k);
            keyspace.set(key.address, key.length, key.address, 8 + random.nextInt(100), 0);
        }
        for (int i = 0; i < keys; i++) {
            if (i % 3 != 0) {
                remove(i);
            }
        }
        long before = keyspace.usedMemory();
        long live = keyspace.liveBytes();
        int steps = 0;
        int now;
        while ((now = keyspace.defragment(100)) > 0) {
            steps += now;
            // Other work goes on meanwhile.
            set(random.nextInt(keys / 3) * 3L);
        }
        System.out.printf("live %d: used %d, and %d after %d steps%n", live, before, keyspace.usedMemory(), steps);
        assertThat(keyspace.usedMemory()).isLessThan(before / 3);
        assertThat(keyspace.usedMemory()).isLessThan(keyspace.liveBytes() * 5 / 4 + (16 << 20));
        for (int i = 0; i < keys; i++) {
            assertThat(present(i)).isEqualTo(i % 3 == 0);
            if (i % 3 == 0) {
                key.put(i);
                long entry = keyspace.find(key.address, key.length, 0);
                assertThat(Memory.getLong(keyspace.keyAddress(entry))).isEqualTo(Memory.getLong(key.address));
            }
        }
    }

    @Test
    void removingMostKeysGivesMemoryBack() {
        int keys = 400_000;
        for (int i = 0; i < keys; i++) {
            key.put(i);
            keyspace.set(key.address, key.length, value.address, 64, 0);
        }
        long full = keyspace.usedMemory();
        for (int i = 0; i < keys * 9 / 10; i++) {
            remove(i);
        }
        assertThat(keyspace.usedMemory()).isLessThan(full / 3);
        keyspace.clear();
        assertThat(keyspace.size()).isZero();
        assertThat(keyspace.liveBytes()).isZero();
        releaseAll();
        assertThat(keyspace.usedMemory()).isLessThan(100_000);
        assertThat(memory.mappings()).isLessThanOrEqualTo(3);
        assertThat(present(keys - 1)).isFalse();
        set(1);
        assertThat(present(1)).isTrue();
    }

    private void releaseAll() {
        while (keyspace.release(1 << 20)) {
            assertThat(memory.longestReturn()).isLessThanOrEqualTo(1 << 20);
        }
    }

    /** Short values, and some that are blocks of their own, the longest of 8 MiB. */
    private void fill(int keys) {
        for (int i = 0; i < keys; i++) {
            key.put(i);
            keyspace.set(key.address, key.length, value.address, 64, 0);
        }
        for (int i = 0; i < 16; i++) {
            key.put(-1 - i);
            keyspace.resizeValue(key.address, key.length, 64 << 10 << (i & 7));
        }
    }

    @Test
    void clearingGivesNothingBackAtOnceAndAllOfItLittleByLittle() {
        for (int round = 0; round < 3; round++) {
            fill(200_000);
            long full = keyspace.usedMemory();
            int returns = memory.returns();
            memory.longestReturn();
            keyspace.clear();
            assertThat(memory.returns() - returns).as("directories").isLessThanOrEqualTo(2);
            assertThat(keyspace.size() + keyspace.liveBytes()).isZero();
            assertThat(keyspace.usedMemory()).isGreaterThan(full - (2 << 20));
            releaseAll();
            assertThat(keyspace.usedMemory()).isLessThan(100_000);
            assertThat(memory.mappings()).isLessThanOrEqualTo(3);
        }
        keyspace.close();
        assertThat(memory.outstanding()).isZero();
        assertThat(memory.told()).isZero();
    }

    @Test
    void whatIsWrittenAfterClearingTakesTheMemoryOfWhatWasThere() {
        fill(200_000);
        long full = keyspace.usedMemory();
        for (int round = 0; round < 4; round++) {
            keyspace.clear();
            keyspace.clear();
            for (int i = 0; i < 200_000; i++) {
                key.put(i);
                keyspace.set(key.address, key.length, value.address, 64, 0);
                if (i % 10_000 == 0) {
                    assertThat(keyspace.usedMemory()).isLessThan(full + (8 << 20));
                }
            }
            for (int i = 0; i < 10; i++) {
                key.put(-1 - i);
                keyspace.resizeValue(key.address, key.length, 8 << 20);
                assertThat(keyspace.usedMemory()).isLessThan(Math.max(full, keyspace.liveBytes()) + (16 << 20));
            }
            assertThat(present(199_999)).isTrue();
            full = Math.max(full, keyspace.usedMemory());
        }
        keyspace.clear();
        keyspace.close();
        assertThat(memory.outstanding()).isZero();
        assertThat(memory.told()).isZero();
    }

    @Test
    void aLongValueThatIsRemovedIsGivenBackLittleByLittle() {
        key.put(1);
        long entry = keyspace.resizeValue(key.address, key.length, 100 << 20);
        Memory.fill(keyspace.valueAddress(entry), 100 << 20, (byte) 7);
        int returns = memory.returns();
        assertThat(keyspace.remove(key.address, key.length)).isTrue();
        assertThat(memory.returns()).isEqualTo(returns);
        assertThat(keyspace.release(1 << 20)).isTrue();
        assertThat(keyspace.usedMemory()).isBetween(98L << 20, 100L << 20);
        releaseAll();
        assertThat(memory.returns() - returns).isBetween(100, 120);
        assertThat(keyspace.usedMemory()).isLessThan(1 << 20);
    }

    @Test
    void aValueGetsShorterWhereNoMemoryIsLeft() {
        key.put(1);
        long entry = keyspace.resizeValue(key.address, key.length, 100_000);
        Memory.fill(keyspace.valueAddress(entry), 100_000, (byte) 7);
        keyspace.written();
        memory.allow(0);
        entry = keyspace.resizeValue(key.address, key.length, 10);
        keyspace.written();
        assertThat(entry).isEqualTo(keyspace.find(key.address, key.length, 0));
        assertThat(keyspace.valueLength(entry)).isEqualTo(10);
        assertThat(Memory.getByte(keyspace.valueAddress(entry) + 9)).isEqualTo((byte) 7);
        memory.allow(Long.MAX_VALUE);
        keyspace.resizeValue(key.address, key.length, 9);
        keyspace.written();
        assertThat(keyspace.liveBytes()).isLessThan(1000);
    }

    @Test
    void appendingIsLinear() {
        key.put(1);
        long entry = keyspace.set(key.address, key.length, value.address, 0, 0);
        int copies = 0;
        for (int length = 1; length <= 1_000_000; length++) {
            long next = keyspace.resizeValue(key.address, key.length, length);
            copies += next == entry ? 0 : 1;
            entry = next;
            Memory.putByte(keyspace.valueAddress(entry) + length - 1, (byte) length);
        }
        assertThat(copies).isLessThan(50);
        for (int i = 0; i < 1_000_000; i++) {
            assertThat(Memory.getByte(keyspace.valueAddress(entry) + i) == (byte) (i + 1)).isTrue();
        }
    }

    @Test
    void takesKeysAndValuesFromItself() {
        key.put(1);
        value.put("a value of some length, which the other key is given too".getBytes());
        long entry = keyspace.set(key.address, key.length, value.address, value.length, 0);
        key.put(2);
        long other = keyspace.set(key.address, key.length, keyspace.valueAddress(entry), value.length, 0);
        assertThat(Bytes.read(keyspace.valueAddress(other), value.length))
                .isEqualTo(Bytes.read(value.address, value.length));
        // Part of its own value, with a key that is the entry's own.
        long mine = keyspace.set(keyspace.keyAddress(other), 8, keyspace.valueAddress(other) + 2, value.length - 2, 7);
        assertThat(Bytes.read(keyspace.valueAddress(mine), value.length - 2))
                .isEqualTo(Bytes.read(value.address + 2, value.length - 2));
        long kept = keyspace.setExpiry(keyspace.keyAddress(mine), 8, 9);
        assertThat(keyspace.expiry(kept)).isEqualTo(9);
    }

    @Test
    void aKeyIsDueOnlyAfterItsExpiry() {
        key.put(1);
        keyspace.set(key.address, key.length, value.address, 10, 1000);
        assertThat(keyspace.find(key.address, key.length, 1000)).isNotZero();
        assertThat(keyspace.expireDue(1000, 10_000)).isZero();
        assertThat(keyspace.find(key.address, key.length, 1001)).isZero();
        assertThat(keyspace.expired()).isEqualTo(1);
        assertThat(keyspace.size()).isZero();
        assertThat(keyspace.expiring()).isZero();
    }

    @Test
    void expiringTakesBoundedSteps() {
        for (int i = 0; i < 100_000; i++) {
            key.put(i);
            keyspace.set(key.address, key.length, value.address, 10, i % 2 == 0 ? 1000 : 0);
        }
        int calls = 0;
        int removed = 0;
        while (keyspace.expiring() > 0) {
            int now = keyspace.expireDue(2000, 200);
            assertThat(now).isLessThanOrEqualTo(200);
            removed += now;
            calls++;
        }
        assertThat(removed).isEqualTo(50_000);
        assertThat(keyspace.expired()).isEqualTo(50_000);
        assertThat(calls).isBetween(500, 3000);
        assertThat(keyspace.expireDue(2000, Integer.MAX_VALUE)).isZero();
    }

    @Test
    void scanFindsWhatStaysThroughGrowthAndShrinking() {
        Random random = new Random(5);
        for (int trial = 0; trial < 20; trial++) {
            int stays = 2000;
            int extra = 60_000;
            boolean growing = trial % 2 == 0;
            for (int i = 0; i < stays; i++) {
                set(i);
            }
            for (int i = stays; !growing && i < stays + extra; i++) {
                set(i);
            }
            BitSet seen = new BitSet();
            long cursor = 0;
            int at = stays;
            int calls = 0;
            do {
                cursor = keyspace.scan(cursor, visitor(seen));
                assertThat(cursor).isBetween(0L, (1L << 41) - 1);
                calls++;
                for (int n = random.nextInt(80); n > 0 && at < stays + extra; n--, at++) {
                    if (growing) {
                        set(at);
                    } else {
                        remove(at);
                    }
                }
            } while (cursor != 0);
            assertThat(seen.nextClearBit(0)).isGreaterThanOrEqualTo(stays);
            assertThat(calls).isLessThan(40_000);
            keyspace.clear();
        }
    }

    @Test
    void scanTakesAnyCursor() {
        for (int i = 0; i < 5000; i++) {
            set(i);
        }
        assertThat(scanAll().cardinality()).isEqualTo(5000);
        Random random = new Random(4);
        for (int i = 0; i < 10_000; i++) {
            keyspace.scan(random.nextLong() >>> random.nextInt(64), entry -> {});
        }
    }

    @Test
    void refusesLengthsThatCannotBe() {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> keyspace.set(key.address, 8, value.address, Keyspace.MAX_LENGTH + 1, 0));
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> keyspace.resizeValue(key.address, -1, 0));
    }

    @Test
    void aClosedKeyspaceSaysSo() {
        set(1);
        keyspace.close();
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> present(1))
                .withMessageContaining("closed");
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> set(1));
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(keyspace::aside)
                .withMessageContaining("closed");
        keyspace.clear();
        keyspace.close();
        assertThat(keyspace.scan(0, entry -> {})).isZero();
        assertThat(keyspace.expireDue(1, 1000) + keyspace.defragment(1000)).isZero();
        assertThat(keyspace.release(1000)).isFalse();
        assertThat(keyspace.size()).isZero();
    }
}
