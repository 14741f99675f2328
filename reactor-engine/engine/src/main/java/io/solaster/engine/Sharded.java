package io.solaster.engine;

import java.util.List;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

/**
 * One instance of something per shard, each made and touched on its shard only. Made by {@link Engine#sharded}; when the
 * engine stops, instances that are {@link AutoCloseable} are closed on their shards.
 */
public final class Sharded<T> {
    private final Engine engine;
    private final List<T> instances;

    Sharded(Engine engine, List<T> instances) {
        this.engine = engine;
        this.instances = instances;
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
        return instances.get(shard.id());
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
        return instances.get(shard.id());
    }

    /** Calls the instance of a shard, there. Any thread. */
    public <R extends @Nullable Object> ShardFuture<R> on(int shard, Function<? super T, R> call) {
        T instance = instances.get(shard);
        return engine.submitTo(shard, () -> call.apply(instance));
    }

    /** Calls every instance on its shard. Any thread; the results stand in the order of the shards. */
    public <R extends @Nullable Object> ShardFuture<List<R>> onAll(Function<? super T, R> call) {
        return engine.submitToAll(shard -> call.apply(instances.get(shard.id())));
    }
}
