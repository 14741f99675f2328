package io.solaster.load.protocol;

import java.util.concurrent.CompletionStage;

import io.solaster.engine.Shard;

/** A request that is a call. On the shard that it is given. */
@FunctionalInterface
public interface Call {
    /**
     * Begins a request; must not block.
     *
     * @return the answer; failed, it counts as an error by the name of its exception
     */
    CompletionStage<?> begin(Shard shard) throws Exception;
}
