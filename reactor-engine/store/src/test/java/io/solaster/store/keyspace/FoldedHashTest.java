package io.solaster.store.keyspace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

import io.solaster.engine.memory.Memory;
import io.solaster.testkit.memory.CountedMemory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class FoldedHashTest {
    private final FoldedHash hash = new FoldedHash(new Random(1)::nextLong);

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 7, 8, 12, 16, 17, 32, 33, 48, 64, 65, 100, 113, 200})
    void everyBitOfTheKeyTurnsEveryBitOfTheHash(int length) {
        Random random = new Random(length);
        int trials = 2000;
        try (Bytes key = new Bytes(length)) {
            for (int bit = 0; bit < length * 8; bit += length > 16 ? 7 : 1) {
                int[] turned = new int[64];
                for (int trial = 0; trial < trials; trial++) {
                    byte[] bytes = new byte[length];
                    random.nextBytes(bytes);
                    long before = hash.hash(key.put(bytes).address, length);
                    bytes[bit >>> 3] ^= (byte) (1 << (bit & 7));
                    long changed = before ^ hash.hash(key.put(bytes).address, length);
                    for (int i = 0; i < 64; i++) {
                        turned[i] += (int) (changed >>> i) & 1;
                    }
                }
                for (int i = 0; i < 64; i++) {
                    // Half of the trials; 6 sigma of 2000 coins.
                    assertThat(Math.abs(turned[i] - trials / 2)).isLessThan(150);
                }
            }
        }
    }

    @Test
    void keysThatCountUpSpreadEvenly() {
        int keys = 1 << 18;
        int cells = 1 << 12;
        int[] high = new int[cells];
        int[] low = new int[cells];
        int[] home = new int[Segment.BUCKETS];
        Set<Long> hashes = new HashSet<>();
        try (Bytes key = new Bytes(16)) {
            for (int i = 0; i < keys; i++) {
                key.put("key:%012d".formatted(i).getBytes());
                long h = hash.hash(key.address, key.length);
                hashes.add(h);
                high[(int) (h >>> 52)]++;
                low[(int) h & cells - 1]++;
                home[(int) ((h & (1 << 18) - 1) * home.length >>> 18)]++;
            }
        }
        assertThat(hashes).hasSize(keys);
        assertThat(chiSquare(high, keys)).isBetween(cells - 7 * 91.0, cells + 7 * 91.0);
        assertThat(chiSquare(low, keys)).isBetween(cells - 7 * 91.0, cells + 7 * 91.0);
        assertThat(chiSquare(home, keys)).isLessThan(home.length + 7 * 16.0);
    }

    private static double chiSquare(int[] cells, int total) {
        double expected = (double) total / cells.length;
        double sum = 0;
        for (int cell : cells) {
            sum += (cell - expected) * (cell - expected) / expected;
        }
        return sum;
    }

    @Test
    void lengthCounts() {
        Set<Long> hashes = new HashSet<>();
        try (Bytes zeros = new Bytes(300)) {
            zeros.put(new byte[300]);
            for (int length = 0; length <= 300; length++) {
                hashes.add(hash.hash(zeros.address, length));
            }
        }
        assertThat(hashes).hasSize(301);
    }

    @Test
    void secretsMatter() {
        FoldedHash other = new FoldedHash(new Random(2)::nextLong);
        try (Bytes key = new Bytes(20)) {
            key.put(new byte[20]);
            for (int length = 0; length <= 20; length++) {
                assertThat(hash.hash(key.address, length)).isNotEqualTo(other.hash(key.address, length));
            }
        }
    }

    @Test
    void nothingBesideTheKeyIsRead() {
        int page = 64 << 10;
        long pages = Memory.map(2 * page);
        // A read of the page behind, or of the one before, ends the process.
        Memory.unmap(pages + page, page);
        long end = pages + page;
        try (Bytes elsewhere = new Bytes(300);
                OffHeapKeyspace keyspace = new OffHeapKeyspace(new CountedMemory(), hash, List.of())) {
            for (int length = 0; length <= 300; length++) {
                byte[] bytes = new byte[length];
                new Random(length).nextBytes(bytes);
                elsewhere.put(bytes);
                Memory.copy(bytes, 0, end - length, length);
                assertThat(hash.hash(end - length, length)).isEqualTo(hash.hash(elsewhere.address, length));
                Memory.copy(bytes, 0, pages, length);
                assertThat(hash.hash(pages, length)).isEqualTo(hash.hash(elsewhere.address, length));
                keyspace.set(elsewhere.address, length, elsewhere.address, length, 0);
                Memory.copy(bytes, 0, end - length, length);
                assertThat(keyspace.find(end - length, length, 0)).isNotZero();
            }
        } finally {
            Memory.unmap(pages, page);
        }
    }
}
