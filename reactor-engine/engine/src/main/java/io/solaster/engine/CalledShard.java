package io.solaster.engine;

import org.jspecify.annotations.Nullable;

/**
 * Says where a failure happened: stands among the suppressed exceptions of what a call threw, whose own type, message
 * and stack are those of the shard that was called.
 */
public final class CalledShard extends Exception {
    private static final long serialVersionUID = 1;

    private final int shard;

    private CalledShard(int shard, @Nullable Shard home) {
        super("thrown on shard " + shard + ", called by "
                + (home == null ? "a thread that is no shard" : "shard " + home.id()), null, false, false);
        this.shard = shard;
    }

    /** The shard that was called. */
    public int shard() {
        return shard;
    }

    /** Once per exception, since some are thrown again and again. */
    static Throwable nameIn(Throwable failure, int shard, @Nullable Shard home) {
        for (Throwable suppressed : failure.getSuppressed()) {
            if (suppressed instanceof CalledShard) {
                return failure;
            }
        }
        failure.addSuppressed(new CalledShard(shard, home));
        return failure;
    }
}
