package io.solaster.pool.health;

import java.util.concurrent.CompletionStage;

import io.solaster.engine.Shard;
import io.solaster.pool.Endpoint;

/** Asks an endpoint whether it is well. One instance serves all endpoints of an upstream. */
@FunctionalInterface
public interface HealthCheck {

    /**
     * Asks. On one shard, the same one for all endpoints of an upstream; it must not block.
     *
     * @return done if the endpoint is well; failed with what is wrong with it, of which the log tells the message.
     *         Whoever asks bounds its time, and cancels it when that is over
     */
    CompletionStage<?> check(Shard shard, Endpoint endpoint);
}
