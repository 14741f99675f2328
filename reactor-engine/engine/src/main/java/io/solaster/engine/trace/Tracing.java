package io.solaster.engine.trace;

import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.ShardView;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the requests and calls that are traced, and is told of those: see {@link io.solaster.engine.Engine#trace}. Without one nothing
 * is asked; with one it is asked for each request and each call, so where it answers null it must be quick and allocate
 * nothing.
 */
public interface Tracing {

    /**
     * A request begins. On the shard that owns its connection.
     *
     * @return what is told of the request; null where it is not traced
     */
    @Nullable
    RequestTrace request(ShardView shard, TracedRequest request);

    /**
     * The calling thread hands work over. Any thread.
     *
     * @param from the shard that calls; null for a thread that is no shard
     * @param to the shard that is called; null for {@link io.solaster.engine.Offload}
     * @param group where the work runs; null off the shards
     * @return what is told of the work; null where the calling thread runs nothing that is traced
     */
    @Nullable
    Hop hop(Hop.Kind kind, @Nullable ShardView from, @Nullable ShardView to, @Nullable SchedulingGroup group);
}
