package io.solaster.engine;

import java.util.concurrent.RejectedExecutionException;

/** What a call fails with when its shard has stopped, or its engine stops, before the call was answered. */
public final class ShardStoppedException extends RejectedExecutionException {

    public ShardStoppedException(String engine, int shard) {
        super("shard " + shard + " of engine '" + engine + "' has stopped");
    }
}
