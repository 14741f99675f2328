package io.solaster.engine;

import java.util.List;
import java.util.function.Function;
import java.util.function.IntFunction;

import org.jspecify.annotations.Nullable;

/**
 * One instance of something per shard, each made and touched on its shard only. Made by {@link Engine#sharded}; when the
 * engine stops, instances that are {@link AutoCloseable} are closed on their shards. What is kept elsewhere is seen
 * through {@link #over}.
 */
public final class Sharded<T> {
    private final Engine engine;
    private final IntFunction<T> instances;

    Sharded(Engine engine, IntFunction<T> instances) {
        this.engine = engine;
        this.instances = instances;
    }

    /**
     * Instances that somebody else makes and ends.
     *
     * @param instances asked on the owning shard, each time that its instance is wanted
     */
    public static <T> Sharded<T> over(Engine engine, Function<Shard, T> instances) {
        return new Sharded<>(engine, id -> instances.apply(engine.shard(id)));
    }

    /**
     * The instance of the calling shard.
     *
     * @throws IllegalStateException on a thread that is no shard of this engine
     */
    public T local() {
        Shard shard = Shard.current();
        if (shard == null || !engine.owns(shard)) {
            throw new IllegalStateException("thread " + Thread.currentThread().getName() + " is no shard of engine '"
                    + engine.name() + "' and has no instance; use on(shard, ...)");
        }
        return instances.apply(shard.id());
    }

    /**
     * The instance of a shard, for code that runs there.
     *
     * @throws WrongShardException on any other thread, unless checks are off
     * @throws IllegalArgumentException if it is a shard of another engine
     */
    public T on(Shard shard) {
        if (!engine.owns(shard)) {
            throw new IllegalArgumentException(
                    "shard " + shard.id() + " of engine '" + shard.engineName() + "' has no instance of engine '"
                            + engine.name() + "'");
        }
        shard.assertOwner("an instance");
        return instances.apply(shard.id());
    }

    /** Calls the instance of a shard, there. Any thread. */
    public <R extends @Nullable Object> ShardFuture<R> on(int shard, Function<? super T, R> call) {
        return engine.submitTo(shard, () -> call.apply(instances.apply(shard)));
    }

    /**
     * Calls the instance that owns a key, on its shard. Any thread.
     *
     * @param key as {@link Engine#shardOf} takes it
     */
    public <R extends @Nullable Object> ShardFuture<R> onOwner(Object key, Function<? super T, R> call) {
        return on(engine.shardOf(key), call);
    }

    /** Calls every instance on its shard. Any thread; the results stand in the order of the shards. */
    public <R extends @Nullable Object> ShardFuture<List<R>> onAll(Function<? super T, R> call) {
        return engine.submitToAll(shard -> call.apply(instances.apply(shard.id())));
    }
}
