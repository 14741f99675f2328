package io.solaster.benchmarks.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;

import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Keyspace;
import org.HdrHistogram.Histogram;

/**
 * Inserts keys of 16 bytes with values of 64 and prints what a key takes of resident memory, and the worst pauses; then
 * what overwriting with other sizes, moving together and clearing do. Argument: how many keys (10 million).
 */
public final class KeyspaceMemory {
    private static final int VALUE_BYTES = 64;

    private KeyspaceMemory() {}

    public static void main(String[] args) throws IOException {
        int keys = args.length > 0 ? Integer.parseInt(args[0]) : 10_000_000;
        long key = Memory.allocate(16);
        long value = Memory.allocate(4096);
        Memory.fill(value, 4096, (byte) 'v');
        // Compiled before it counts.
        try (Keyspace warm = Keyspace.create(new SecureRandom())) {
            insert(warm, 500_000, key, value, new Histogram(3));
        }
        Histogram nanos = new Histogram(3);
        long before = residentKiB();
        try (Keyspace keyspace = Keyspace.create(new SecureRandom())) {
            long start = System.nanoTime();
            insert(keyspace, keys, key, value, nanos);
            double seconds = (System.nanoTime() - start) / 1e9;
            long resident = (residentKiB() - before) * 1024;
            System.out.printf("%d keys in %.2f s%n", keys, seconds);
            System.out.printf("bytes a key: %.1f resident, %.1f used, %.1f in blocks%n", (double) resident / keys,
                    (double) keyspace.usedMemory() / keys, (double) keyspace.liveBytes() / keys);
            print("set (insert)", nanos);
            nanos.reset();
            long random = 1;
            for (int i = 0; i < keys; i++) {
                random = random * 6364136223846793005L + 1442695040888963407L;
                KeyspaceBenchmark.writeKey(key, i);
                long t = System.nanoTime();
                keyspace.set(key, 16, value, (int) (random >>> 58), 0);
                nanos.recordValue(System.nanoTime() - t);
            }
            print("set (values of 0 to 63 bytes now)", nanos);
            System.out.printf("used %.1f bytes a key, in blocks %.1f%n", (double) keyspace.usedMemory() / keys,
                    (double) keyspace.liveBytes() / keys);
            nanos.reset();
            int steps;
            do {
                long t = System.nanoTime();
                steps = keyspace.defragment(100);
                nanos.recordValue(System.nanoTime() - t);
            } while (steps == 100);
            print("defragment (100 blocks)", nanos);
            System.out.printf("used %.1f bytes a key%n", (double) keyspace.usedMemory() / keys);
            nanos.reset();
            for (int i = 0; i < keys / 2; i++) {
                KeyspaceBenchmark.writeKey(key, i);
                long t = System.nanoTime();
                keyspace.remove(key, 16);
                nanos.recordValue(System.nanoTime() - t);
            }
            print("remove (the first half)", nanos);
            System.out.printf("used %.1f bytes a key left%n", (double) keyspace.usedMemory() / (keys - keys / 2));
            start = System.nanoTime();
            keyspace.clear();
            System.out.printf("clear: %.1f ms%n", (System.nanoTime() - start) / 1e6);
            System.out.printf("resident after it: %.1f MiB more than at first%n", (residentKiB() - before) / 1024.0);
        }
        Memory.free(key);
        Memory.free(value);
    }

    private static void insert(Keyspace keyspace, int keys, long key, long value, Histogram nanos) {
        for (int i = 0; i < keys; i++) {
            KeyspaceBenchmark.writeKey(key, i);
            long t = System.nanoTime();
            keyspace.set(key, 16, value, VALUE_BYTES, 0);
            nanos.recordValue(System.nanoTime() - t);
        }
    }

    private static void print(String what, Histogram nanos) {
        System.out.printf("%s, us: p50 %.2f  p99 %.2f  p99.9 %.2f  p99.99 %.2f  p99.999 %.2f  max %.1f%n", what,
                nanos.getValueAtPercentile(50) / 1e3, nanos.getValueAtPercentile(99) / 1e3,
                nanos.getValueAtPercentile(99.9) / 1e3, nanos.getValueAtPercentile(99.99) / 1e3,
                nanos.getValueAtPercentile(99.999) / 1e3, nanos.getMaxValue() / 1e3);
    }

    private static long residentKiB() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("no VmRSS in /proc/self/status");
    }
}
