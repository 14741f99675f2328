package io.solaster.testkit.sim.disk;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

import io.solaster.testkit.sim.disk.SimDisk.Effect;

/**
 * A file: what is seen of it, what is on the medium for certain, and what was done to it since, in order. One thread at a
 * time.
 */
final class Inode extends Node {
    static final int SECTOR = 512;

    /** A change that no sync has covered yet. */
    sealed interface Change {

        void applyTo(Content content);
    }

    static final class Write implements Change {
        private final long position;
        private final byte[] bytes;

        /** @param bytes not changed any more */
        Write(long position, byte[] bytes) {
            this.position = position;
            this.bytes = bytes;
        }

        /** The first bytes of it. */
        Write first(int length) {
            return length == bytes.length ? this : new Write(position, Arrays.copyOf(bytes, length));
        }

        @Override
        public void applyTo(Content content) {
            content.write(position, bytes, 0, bytes.length);
        }

        long end() {
            return position + bytes.length;
        }
    }

    record Resize(long size) implements Change {

        @Override
        public void applyTo(Content content) {
            content.resize(size);
        }
    }

    record Reserve(long size) implements Change {

        @Override
        public void applyTo(Content content) {
            content.reserve(size);
        }
    }

    private Content seen = new Content();
    private Content durable = new Content();
    private final List<Change> unsynced = new ArrayList<>();
    /** What was asked for and is not answered. */
    private final List<Change> underWay = new ArrayList<>();
    /** How many changes are off the list of those that are unsynced. */
    private long settled;
    private long modifiedNanos;
    private int handles;

    Inode(long nowNanos) {
        modifiedNanos = nowNanos;
    }

    Content seen() {
        return seen;
    }

    long modifiedNanos() {
        return modifiedNanos;
    }

    int handles() {
        return handles;
    }

    void opened() {
        handles++;
    }

    void closed() {
        handles--;
    }

    void begin(Change change) {
        underWay.add(change);
    }

    /** What was done of a change, which is under way still. */
    void did(Change done, long nowNanos) {
        done.applyTo(seen);
        unsynced.add(done);
        modifiedNanos = nowNanos;
    }

    /** Where the file ends once all writes under way have. */
    long end() {
        long end = seen.size();
        for (Change change : underWay) {
            if (change instanceof Write write) {
                end = Math.max(end, write.end());
            }
        }
        return end;
    }

    void end(Change begun) {
        underWay.remove(begun);
    }

    /** Where a sync that begins now is to end. */
    long mark() {
        return settled + unsynced.size();
    }

    void sync(long mark) {
        while (settled < mark) {
            unsynced.removeFirst().applyTo(durable);
            settled++;
        }
    }

    /** A sync that fails: some is on the medium, and of the rest nobody knows any more. */
    void failSync(long mark, RandomGenerator random) {
        while (settled < mark) {
            Change change = unsynced.removeFirst();
            settled++;
            if (random.nextBoolean()) {
                change.applyTo(durable);
            }
        }
    }

    /** A bit of the medium changes. */
    void flip(long position, int bit) {
        seen.flip(position, bit);
        durable.flip(position, bit);
    }

    /** The process ends, the machine does not. */
    void kill(RandomGenerator random, long nowNanos) {
        for (Change change : underWay) {
            if (random.nextBoolean()) {
                did(change, nowNanos);
            }
        }
        underWay.clear();
        handles = 0;
    }

    /** The power fails. */
    void crash(RandomGenerator random, SimDisk disk) {
        List<Change> open = new ArrayList<>(unsynced);
        open.addAll(underWay);
        boolean hole = false;
        for (Change change : open) {
            boolean stays = change instanceof Write write ? crash(write, random, disk) : random.nextBoolean();
            if (stays) {
                if (!(change instanceof Write)) {
                    change.applyTo(durable);
                }
                if (hole) {
                    disk.add(Effect.REORDERED);
                }
            } else {
                hole = true;
            }
        }
        settled += unsynced.size();
        unsynced.clear();
        underWay.clear();
        handles = 0;
        seen = durable.copy();
    }

    /** @return whether any of it is there */
    private boolean crash(Write write, RandomGenerator random, SimDisk disk) {
        long first = write.position / SECTOR;
        int sectors = write.bytes.length == 0 ? 0 : (int) ((write.end() - 1) / SECTOR - first) + 1;
        return switch (random.nextInt(sectors > 1 ? 3 : 2)) {
            case 0 -> {
                disk.add(Effect.KEPT_WRITES);
                write.applyTo(durable);
                yield true;
            }
            case 1 -> {
                disk.add(Effect.LOST_WRITES);
                if (write.end() > durable.size() && random.nextBoolean()) {
                    // The size is written apart from the bytes.
                    durable.resize(write.end());
                }
                yield false;
            }
            default -> {
                disk.add(Effect.TORN_WRITES);
                tear(write, first, sectors, random);
                yield true;
            }
        };
    }

    /** Some sectors of it, at least one, and at least one not. */
    private void tear(Write write, long first, int sectors, RandomGenerator random) {
        int kept = random.nextInt(sectors);
        int lost = (kept + 1 + random.nextInt(sectors - 1)) % sectors;
        for (int i = 0; i < sectors; i++) {
            boolean keep = random.nextBoolean();
            if (i == kept || keep && i != lost) {
                long from = Math.max(write.position, (first + i) * SECTOR);
                long to = Math.min(write.end(), (first + i + 1) * SECTOR);
                durable.write(from, write.bytes, (int) (from - write.position), (int) (to - from));
            }
        }
    }
}
