package io.solaster.engine;

/** Thrown when a shard's state is touched by another thread than the shard's own. */
public final class WrongShardException extends IllegalStateException {

    WrongShardException(String what, Shard owner, Thread thread) {
        super(what + " belongs to shard " + owner.id() + " of engine '" + owner.engineName() + "' and was touched by "
                + describe(thread) + "; send the work there with Engine.submitTo(" + owner.id() + ", ...)");
    }

    private static String describe(Thread thread) {
        return thread instanceof ShardThread shardThread && shardThread.shard != null
                ? "shard " + shardThread.shard.id() + " (thread " + thread.getName() + ")"
                : "thread " + thread.getName();
    }
}
