package io.solaster.engine.trace;

import java.util.concurrent.Callable;

import org.jspecify.annotations.Nullable;

/** Told of one way of traced work: from who hands it over to where it runs, and back. */
public interface Hop {

    /** How work is handed over. */
    enum Kind {
        /** {@link io.solaster.engine.Engine#submitTo}. */
        SUBMIT("submitTo"),
        /** {@link io.solaster.engine.Shard#fork}. */
        FORK("fork"),
        /** {@link io.solaster.engine.Offload#call}. */
        OFFLOAD("offload"),
        /** A message of a protocol's own. */
        MESSAGE("message");

        private final String text;

        Kind(String text) {
            this.text = text;
        }

        /** As code writes it. */
        @Override
        public String toString() {
            return text;
        }
    }

    /** Work begins without {@link #call}. Where it runs. */
    void begun();

    /** Runs the work: what it submits and forks is traced below it. Where it runs. */
    <T extends @Nullable Object> T call(Callable<T> work) throws Exception;

    /** The answer is where it was asked for, or there will be none. Counts once. Any thread, mostly that which asked. */
    void ended(@Nullable Throwable failure);

    /** Runs what waits for the answer as part of what handed the work over. */
    void resume(Runnable completion);
}
