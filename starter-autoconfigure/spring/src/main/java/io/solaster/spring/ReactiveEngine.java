package io.solaster.spring;

import java.util.concurrent.Callable;
import java.util.function.Function;

import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.Sharded;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * The engine's calls as {@code Mono} and {@code Flux}: made for each subscriber, when it subscribes, with its signals on
 * the shard that subscribed. Cancelling keeps work from beginning. Null is an empty {@code Mono}, and is left out of a
 * {@code Flux}. Needs Reactor. Any thread.
 */
public final class ReactiveEngine {
    private final Engine engine;

    /** Over an engine; it has {@code block()} throw on the loops of shards. */
    public ReactiveEngine(Engine engine) {
        this.engine = engine;
        ShardSchedulers.refuseBlocking();
    }

    /** As {@link Engine#submitTo(int, Callable)}. */
    public <T> Mono<T> submitTo(int shard, Callable<? extends @Nullable T> work) {
        return submitTo(shard, CallOptions.DEFAULTS, work);
    }

    /** As {@link Engine#submitTo(int, CallOptions, Callable)}. */
    public <T> Mono<T> submitTo(int shard, CallOptions options, Callable<? extends @Nullable T> work) {
        return Mono.fromFuture(() -> engine.<@Nullable T>submitTo(shard, options, work::call));
    }

    /** Runs work on every shard at once; what they answer comes in the order of the shards. */
    public <T> Flux<T> submitToAll(Function<Shard, ? extends @Nullable T> work) {
        return Flux.fromIterable(engine.shards()).flatMapSequential(shard -> call(shard, work), engine.shards().size());
    }

    /** Runs work on every shard at once; what they answer comes as they answer. */
    public <T> Flux<T> submitToEach(Function<Shard, ? extends @Nullable T> work) {
        return Flux.fromIterable(engine.shards()).flatMap(shard -> call(shard, work), engine.shards().size());
    }

    private <T> Mono<T> call(Shard shard, Function<Shard, ? extends @Nullable T> work) {
        return submitTo(shard.id(), () -> work.apply(shard));
    }

    /** Calls the instance that owns a key, as {@link Sharded#onOwner}. */
    public <T, R> Mono<R> onOwner(Sharded<T> sharded, Object key, Function<? super T, ? extends @Nullable R> call) {
        return Mono.fromFuture(() -> sharded.<@Nullable R>onOwner(key, call::apply));
    }

    /** A scheduler over a shard: {@link ShardSchedulers#of}. */
    public Scheduler scheduler(int shard) {
        return ShardSchedulers.of(engine.shard(shard));
    }
}
