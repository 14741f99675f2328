package io.solaster.streams.topic;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.config.Internal;
import io.solaster.config.topic.TopicConfig;
import io.solaster.config.topic.TopicRetainConfig;
import io.solaster.config.value.Fsync;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.log.Generation;
import io.solaster.log.Log;
import io.solaster.log.LogStats;
import io.solaster.log.Patient;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One topic over all shards: opens its directory, and finds the shard for each entry. Any thread, unless a method says otherwise. */
@Internal
public final class Topics {
    private static final Logger logger = LoggerFactory.getLogger(Topics.class);

    private final String name;
    private final TopicConfig config;
    private final Engine engine;
    private final Placing placing;
    private final Router router;
    private final @Nullable TopicShard[] parts;
    private final Outbox[] outboxes;
    private final Outbox others;
    private volatile @Nullable Log log;
    private @Nullable Closeable lock;

    private Topics(Engine engine, String name, TopicConfig config, Router router) {
        this.router = router;
        this.engine = engine;
        this.name = name;
        this.config = config;
        this.placing = new Placing(name, config.partitions(), engine.shards().size());
        this.parts = new @Nullable TopicShard[engine.shards().size()];
        this.outboxes = new Outbox[parts.length];
        for (Shard each : engine.shards()) {
            outboxes[each.id()] = new ShardOutbox(this, engine, config, each);
        }
        this.others = new OutsideOutbox(this, engine, config);
    }

    /**
     * Opens a topic, and makes it where there is none. Not on a shard's loop.
     *
     * @param router where what plug-ins send to other topics goes
     */
    public static Topics open(Engine engine, String name, TopicConfig config, Router router) {
        Topics made = new Topics(engine, name, config, router);
        made.open();
        return made;
    }

    private void open() {
        Path root = Path.of(config.directory()).toAbsolutePath().normalize();
        lock = onFirst(patient -> lock(patient, root));
        int shards = engine.shards().size();
        try {
            engine.onStop(this::close);
            Generation found = onFirst(patient -> Generation.find(patient, root));
            if (found.shards() != shards) {
                Generation old = found;
                found = onFirst(patient -> old.next(patient, shards));
                writeAnew(old, found);
            }
            Log opened = openLog(found, config);
            log = opened;
            startAll(opened);
        } catch (RuntimeException failure) {
            close();
            throw failure;
        }
    }

    private Log openLog(Generation generation, TopicConfig with) {
        return Log.open(engine, "topic-" + name, with.log(generation.log().toString()), shard -> {
            TopicShard part = new TopicShard(name, config, placing, shard, engine.groups().byDefault(),
                    engine.groups().maintenance(), new PluginGate(router));
            parts[shard.id()] = part;
            return part;
        });
    }

    private void startAll(Log opened) {
        for (Shard shard : engine.shards()) {
            onShard(shard, () -> {
                part(shard.id()).start(opened.local());
                return true;
            });
        }
    }

    /** What another number of shards has written is read, and written by those that there are: synced, before the old goes. */
    private void writeAnew(Generation old, Generation made) {
        TopicConfig synced = config.withFsync(Fsync.ALWAYS)
                .withRetain(TopicRetainConfig.everything());
        try (Log opened = openLog(made, synced)) {
            startAll(opened);
            if (old.shards() != 0) {
                logger.info("Topic '{}' was written by {} shards, and is written anew by {}", name, old.shards(),
                        engine.shards().size());
                List<WriterGroups> groups = new ArrayList<>();
                for (int writer = 0; writer < old.shards(); writer++) {
                    groups.add(new WriterGroups());
                }
                Log.read(engine, "topic-" + name, old.log(), writer -> (sequence, epoch, kind, payload) -> {
                    if (!groups.get(writer).take(kind, payload)) {
                        copy(kind, payload);
                    }
                });
                for (WriterGroups each : groups) {
                    each.cursors().forEach(cursor -> copy(TopicRecords.CURSOR, Unpooled.wrappedBuffer(cursor)));
                }
            }
            for (Shard shard : engine.shards()) {
                await(engine.submitStageTo(shard.id(), CallOptions.DEFAULTS, () -> part(shard.id()).copied()));
            }
        }
        onFirst(patient -> {
            made.finish(patient);
            if (old.shards() != 0) {
                Generation.delete(patient, old.directory());
            }
            return true;
        });
    }

    private void copy(int kind, ByteBuf record) {
        for (int target : targets(kind, record)) {
            ByteBuf copy = Unpooled.copiedBuffer(record);
            engine.submitStageTo(target, CallOptions.DEFAULTS, () -> part(target).copy(kind, copy)).join();
        }
    }

    private int[] targets(int kind, ByteBuf record) {
        if (kind == TopicRecords.ENTRY || kind == TopicRecords.CURSOR) {
            int partition = TopicRecords.partition(record);
            return new int[]{partition < placing.partitions() ? placing.shardOf(partition) : 0};
        }
        int[] all = new int[parts.length];
        Arrays.setAll(all, i -> i);
        return all;
    }

    private Closeable lock(Patient patient, Path root) throws IOException {
        patient.makeDirectory(root);
        try {
            return patient.await(() -> patient.files().lock(root.resolve("lock")));
        } catch (IOException why) {
            throw new IOException("topic '" + name + "' needs " + root + " for itself: " + why.getMessage(), why);
        }
    }

    private synchronized void unlock() {
        Closeable held = lock;
        lock = null;
        if (held != null) {
            try {
                held.close();
            } catch (IOException e) {
                logger.warn("Topic '{}' keeps its lock", name, e);
            }
        }
    }

    /**
     * Writes what is under way, closes the log and lets go of the directory: later, where a shard still writes after a while. Not
     * on a shard's loop.
     */
    public void close() {
        Log opened = log;
        if (opened == null) {
            unlock();
        } else {
            opened.close();
            opened.whenClosed().whenComplete((done, why) -> unlock());
        }
    }

    public String name() {
        return name;
    }

    public TopicConfig config() {
        return config;
    }

    public Engine engine() {
        return engine;
    }

    public Placing placing() {
        return placing;
    }

    /** The part of one shard, to be called there. */
    public TopicShard part(int shard) {
        return Objects.requireNonNull(parts[shard]);
    }

    /** Its log. */
    public Log log() {
        return Objects.requireNonNull(log);
    }

    /** What the log of each shard counts, in their order. */
    public List<LogStats> logStats() {
        return log().stats();
    }

    /** What each shard counts, in their order. */
    public List<TopicStats> stats() {
        List<TopicStats> all = new ArrayList<>();
        for (int shard = 0; shard < parts.length; shard++) {
            all.add(part(shard).stats());
        }
        return all;
    }

    private Outbox outbox() {
        Shard current = Shard.current();
        return current != null && current.id() < outboxes.length && engine.shard(current.id()) == current
                ? outboxes[current.id()]
                : others;
    }

    public boolean isWritable() {
        return outbox().isWritable();
    }

    public CompletableFuture<@Nullable Void> whenWritable() {
        return outbox().whenWritable();
    }

    /** Publishes one, whose bytes are copied. */
    public void publish(byte @Nullable [] key, byte[] headers, byte[] value, Published heard) {
        check(key, headers, value);
        outbox().publish(key, headers, value, -1, heard);
    }

    /** Publishes what a plug-in has routed here, at which none looks: {@link Router#route}. On a shard. */
    public void publishRouted(byte @Nullable [] key, byte[] headers, byte[] value, int hops, Published heard) {
        check(key, headers, value);
        outbox().publish(key, headers, value, hops, heard);
    }

    private void check(byte @Nullable [] key, byte[] headers, byte[] value) {
        long size = (key == null ? 0L : key.length) + headers.length + value.length;
        if (size > config.maxEntry().bytes()) {
            throw new IllegalArgumentException("topic '" + name + "': an entry of " + size + " bytes, and "
                    + config.maxEntry() + " is the most; raise topics." + name + ".maxEntry, or publish less");
        }
    }

    private interface OnDisk<T extends @Nullable Object> {
        T run(Patient patient) throws IOException;
    }

    private <T extends @Nullable Object> T onFirst(OnDisk<T> work) {
        Shard first = engine.shard(0);
        return onShard(first, () -> work.run(new Patient(first.files())));
    }

    /** On a virtual thread of a shard, in the group of what runs by default. */
    private <T extends @Nullable Object> T onShard(Shard shard, Callable<T> work) {
        SchedulingGroup group = engine.groups().byDefault();
        return await(shard.fork(group, work).future());
    }

    private static <T extends @Nullable Object> T await(CompletableFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException failed) {
            Throwable cause = ShardFuture.causeOf(failed);
            if (cause instanceof IOException io) {
                throw new UncheckedIOException(io.getMessage(), io);
            }
            throw cause instanceof RuntimeException runtime ? runtime : failed;
        }
    }
}
