package io.solaster.pool.streams;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.pool.resp.RespClient;

/**
 * Redis streams, over a {@link RespClient} that has connections for one at a time ({@link RespClient#withExclusive}): each reader
 * and each consumer takes one, publishers share the others. Any thread. Of what it makes each works on one shard: that of the
 * calling thread, or the next one where that is none.
 */
public final class StreamClient {
    private static final int MOST_ENTRIES = 4096;
    private static final long MOST_BYTES = 16L << 20;

    private final Engine engine;
    private final RespClient client;
    private final AtomicInteger turns = new AtomicInteger();

    private StreamClient(Engine engine, RespClient client) {
        this.engine = engine;
        this.client = client;
    }

    /** Over a client of the same engine. */
    public static StreamClient over(Engine engine, RespClient client) {
        return new StreamClient(engine, client);
    }

    /** A publisher with at most 4,096 entries of 16 MiB that are not answered. */
    public StreamPublisher publisher(String key) {
        return publisher(key, MOST_ENTRIES, MOST_BYTES);
    }

    /**
     * A publisher.
     *
     * @param mostEntries that are not answered
     * @param mostBytes of these, with what it costs to keep them
     */
    public StreamPublisher publisher(String key, int mostEntries, long mostBytes) {
        if (mostEntries < 1 || mostBytes < 1) {
            throw new IllegalArgumentException(mostEntries + " entries of " + mostBytes + " bytes: allow 1 at least");
        }
        return new StreamPublisher(shard(), client, key, mostEntries, mostBytes);
    }

    /**
     * Reads a stream.
     *
     * @param from the id behind which it begins: {@code 0} for all entries, {@code $} for those to come
     */
    public StreamReader read(String key, String from, StreamHandler handler) {
        StreamReader reader = new StreamReader(engine, shard(), client, key, from, handler);
        reader.start();
        return reader;
    }

    /** Consumes a group of a stream. */
    public StreamConsumer consume(GroupOptions options, StreamHandler handler) {
        StreamConsumer consumer = new StreamConsumer(engine, shard(), client, options, handler);
        consumer.start();
        return consumer;
    }

    private Shard shard() {
        Shard here = Shard.current();
        if (here != null && here.id() < engine.shards().size() && engine.shard(here.id()) == here) {
            return here;
        }
        return engine.shard(Math.floorMod(turns.getAndIncrement(), engine.shards().size()));
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
