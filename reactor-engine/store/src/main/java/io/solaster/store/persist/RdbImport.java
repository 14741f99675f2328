package io.solaster.store.persist;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.LongSupplier;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.rdb.ValueReader;
import io.solaster.store.rdb.file.RdbException;
import io.solaster.store.rdb.file.RdbFile;
import io.solaster.store.rdb.file.SomeKeys;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a file of Redis into the keys of all shards, which are empty, and nobody uses them yet. The file is read on the thread that
 * opens the store, to its check sum; the shards make values of it meanwhile, each a batch at a time, so that no more of the file
 * is in memory than two batches for each and the longest value.
 */
final class RdbImport implements RdbFile.Visitor {
    private static final Logger log = LoggerFactory.getLogger(RdbImport.class);
    /** A shard is given so many bytes at once, or one value. */
    private static final int BATCH = 256 << 10;
    private static final int TENTHS = 10;

    /** Keys on their way to one shard. On the thread that reads, until they are sent. */
    private static final class Batch {
        final KeptShard target;
        /** Of each key: its database, expiry, idle time and frequency, name and value, with their lengths. */
        ByteBuf bytes = ByteBufAllocator.DEFAULT.directBuffer(1024);
        CompletableFuture<?> underWay = CompletableFuture.completedFuture(null);

        Batch(KeptShard target) {
            this.target = target;
        }
    }

    private final Engine engine;
    private final Path file;
    private final int databases;
    private final LongSupplier clock;
    private final long now;
    private final List<Batch> batches = new ArrayList<>();
    private final Map<String, SomeKeys> leftOut = new LinkedHashMap<>();
    private final Map<Long, Long> keysOf = new TreeMap<>();
    private String writer = "";
    private long keys;
    private long expired;
    private long tenth = 1;

    /** @param clock Unix milliseconds */
    private RdbImport(Engine engine, Path file, int databases, List<KeptShard> shards, LongSupplier clock) {
        this.engine = engine;
        this.file = file;
        this.databases = databases;
        this.clock = clock;
        this.now = clock.getAsLong();
        shards.forEach(each -> batches.add(new Batch(each)));
    }

    /**
     * Reads it. Not on a shard's loop.
     *
     * @param databases how many there are
     * @param clock Unix milliseconds: what has expired by now is left out
     * @throws IOException names the file and what is wrong with it
     */
    static void read(Engine engine, Path file, int databases, List<KeptShard> shards, LongSupplier clock)
            throws IOException {
        RdbImport made = new RdbImport(engine, file, databases, shards, clock);
        try {
            made.read();
        } catch (IOException | RuntimeException why) {
            throw new IOException(
                    "solaster.store.persistence.import-from: " + file + " was not imported, and nothing of"
                            + " it is kept: " + (why instanceof RdbException ? why.getMessage() : why)
                            + ". Mend that or take the key away, and start again",
                    why);
        } finally {
            made.close();
        }
    }

    private void read() throws IOException {
        long begun = clock.getAsLong();
        int version = RdbFile.read(file, Keyspace.MAX_LENGTH, this);
        for (Batch each : batches) {
            send(each);
        }
        for (Batch each : batches) {
            await(each);
        }
        log.info("Imported {} keys of {} (version {}{}) within {} ms, by database {}; {} had expired", keys, file,
                version, writer, clock.getAsLong() - begun, keysOf, expired);
        leftOut.forEach((why, some) -> log.warn("Left out of {}: {} {}", file, some, why));
    }

    @Override
    public void aux(String name, String value) {
        if (name.equals("redis-ver")) {
            writer = ", written by Redis " + value;
        }
    }

    private boolean hasExpired(RdbFile.Key key) {
        return key.expiry != 0 && key.expiry <= now;
    }

    @Override
    public boolean wants(RdbFile.Key key) {
        return !hasExpired(key) && key.foreign() == null;
    }

    @Override
    public void key(RdbFile.Key key) throws IOException {
        if (hasExpired(key)) {
            expired++;
            return;
        }
        if (key.database < 0 || key.database >= databases) {
            throw new RdbException("key '" + key.text() + "' is in database " + Long.toUnsignedString(key.database)
                    + ", and solaster.store.databases is " + databases);
        }
        ByteBuf value = key.value;
        String foreign = key.foreign();
        if (value == null || foreign != null) {
            leftOut(foreign == null ? "whose values are too long" : foreign, key.text());
            return;
        }
        Batch batch = batches.get(Slots.shardOf(Slots.of(key.name), batches.size()));
        batch.bytes.writeInt((int) key.database).writeLong(key.expiry).writeLong(key.idle).writeInt(key.frequency)
                .writeInt(key.name.length).writeBytes(key.name)
                .writeInt(value.readableBytes()).writeBytes(value);
        keys++;
        keysOf.merge(key.database, 1L, Long::sum);
        if (batch.bytes.readableBytes() >= BATCH) {
            send(batch);
        }
    }

    private void leftOut(String why, String name) {
        leftOut.computeIfAbsent(why, none -> new SomeKeys()).add(name);
    }

    @Override
    public void function() {
        leftOut("libraries of functions", "FUNCTION");
    }

    @Override
    public void moduleAux(String module) {
        leftOut("of what modules keep beside the keys", module);
    }

    @Override
    public void progress(long bytes, long of) {
        if (bytes * TENTHS >= tenth * of && of > 0 && tenth < TENTHS) {
            log.info("Importing {}: {} %, {} keys", file, tenth * 100 / TENTHS, keys);
            tenth = bytes * TENTHS / of + 1;
        }
    }

    /** Gives a shard what it has to do next, once it has done what it had. */
    private void send(Batch batch) throws IOException {
        await(batch);
        ByteBuf bytes = batch.bytes;
        batch.bytes = ByteBufAllocator.DEFAULT.directBuffer(1024);
        KeptShard target = batch.target;
        boolean begun = false;
        try {
            batch.underWay = target.shard().fork(engine.groups().byDefault(), () -> {
                try {
                    return place(target, bytes, now);
                } finally {
                    bytes.release();
                }
            }).future();
            begun = true;
        } finally {
            if (!begun) {
                bytes.release();
            }
        }
    }

    private static void await(Batch batch) throws IOException {
        try {
            batch.underWay.join();
        } catch (CompletionException failed) {
            Throwable why = ShardFuture.causeOf(failed);
            throw why instanceof RdbException its ? its : new IOException(why.toString(), why);
        }
    }

    /** Nothing of it is under way any more. */
    private void close() {
        for (Batch each : batches) {
            each.bytes.release();
            try {
                each.underWay.join();
            } catch (CompletionException told) {
                // Whoever reads has said so.
            }
        }
    }

    // ---- on the shard

    private static boolean place(KeptShard target, ByteBuf batch, long now) throws IOException {
        Keyspace keys = target.keys();
        while (batch.isReadable()) {
            int database = batch.readInt();
            long expiry = batch.readLong();
            long idle = batch.readLong();
            int frequency = batch.readInt();
            int keyLength = batch.readInt();
            long key = Memory.address(batch) + batch.readerIndex();
            batch.skipBytes(keyLength);
            int length = batch.readInt();
            long value = Memory.address(batch) + batch.readerIndex();
            batch.skipBytes(length);
            try (ValueReader reader = target.values().reader(Keyspace.MAX_LENGTH, now)) {
                reader.feed(value, length);
                if (!isWhole(reader)) {
                    throw new RdbException("the value of key '" + text(key, keyLength) + "' in database " + database
                            + ", of type " + reader.type() + ", is damaged");
                }
                keys.database(database);
                if (keys.peek(key, keyLength, 0) != 0) {
                    throw new RdbException("key '" + text(key, keyLength) + "' is twice in database " + database);
                }
                long entry = reader.place(keys, key, keyLength, expiry);
                if (entry != 0 && idle >= 0) {
                    keys.idleSeconds(entry, idle, now);
                }
                if (entry != 0 && frequency >= 0) {
                    keys.frequency(entry, frequency, now);
                }
            }
        }
        return true;
    }

    private static boolean isWhole(ValueReader reader) {
        ValueReader.State state = ValueReader.State.MORE;
        while (state == ValueReader.State.MORE) {
            state = reader.step();
            if (Shard.needPreempt()) {
                Shard.yield();
            }
        }
        return state == ValueReader.State.DONE;
    }

    private static String text(long address, int length) {
        byte[] bytes = new byte[Math.min(length, 100)];
        Memory.copy(address, bytes, 0, bytes.length);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
