package io.solaster.store.shard;

import java.util.concurrent.RejectedExecutionException;

import io.solaster.engine.Shard;
import io.solaster.engine.task.Abandonable;

/**
 * A later turn of something that somebody waits for: what waits hears of it where the shard stops before.
 *
 * @param otherwise called instead, on whatever thread
 */
public record Turn(Runnable task, Runnable otherwise) implements Abandonable {

    /** Asks for the turn; on that shard. */
    public void on(Shard shard) {
        try {
            shard.execute(this);
        } catch (RejectedExecutionException stopped) {
            otherwise.run();
        }
    }

    @Override
    public void run() {
        task.run();
    }

    @Override
    public void abandon() {
        otherwise.run();
    }
}
