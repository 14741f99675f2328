package io.solaster.spring;

import io.solaster.config.Internal;

/** Thrown where a shard-scoped bean is called by a thread that is no shard, and so has no instance. */
public final class OffShardException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Of a call of a shard-scoped bean that came to no shard. */
    @Internal
    public OffShardException(String bean, String type, Thread thread, String engine) {
        super("bean '" + bean + "' was called by thread " + thread.getName() + ", which is no shard of engine '"
                + engine
                + "' and has no instance of it. Send the call to a shard with engine.submitTo(shard, ...); or inject"
                + " Sharded<" + type + "> and call on(shard, ...); or put @OnShard(key = ...) on the method, so that it"
                + " goes to the shard that owns the key");
    }
}
