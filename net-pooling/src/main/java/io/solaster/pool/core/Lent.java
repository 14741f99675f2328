package io.solaster.pool.core;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

import io.solaster.pool.PooledConnection;
import org.jspecify.annotations.Nullable;

/**
 * A connection that its shard has lent to a request of another shard: either the request runs with the connection, or the
 * connection is given back, whichever word of the borrower comes first. On the lender.
 */
final class Lent<C extends PooledConnection> {
    /** Null once a request has it, or it was given back. */
    private @Nullable C connection;

    Lent(C connection) {
        this.connection = connection;
    }

    <R extends @Nullable Object> CompletionStage<R> run(DefaultShardPool<C> pool,
            Function<? super C, ? extends CompletionStage<R>> work) {
        C taken = connection;
        if (taken == null) {
            throw new CancellationException("the request was given up before it began");
        }
        connection = null;
        return pool.runForOther(taken, work);
    }

    /** Nobody waits for the request any more; does nothing where it has begun, as that gives the connection back itself. */
    void takeBack(DefaultShardPool<C> pool) {
        C unused = connection;
        if (unused != null) {
            connection = null;
            pool.give(unused);
        }
    }
}
