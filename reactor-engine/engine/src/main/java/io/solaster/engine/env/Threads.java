package io.solaster.engine.env;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;

import io.netty.util.concurrent.Future;

/**
 * Platform threads, and how they wait. In a simulation one of them runs at a time, so that each wait of a thread that is
 * no virtual one has to go through here. Any thread.
 */
public interface Threads {

    /** Makes daemon threads, which the caller starts. They are named by a prefix and a number, from 0. */
    ThreadFactory factory(String namePrefix);

    /** Starts a daemon thread. */
    Thread start(String name, Runnable work);

    /**
     * Starts a thread of a kind of its own.
     *
     * @param kind makes it for the work that it is given, which may not be the caller's
     */
    Thread start(ThreadFactory kind, Runnable work);

    /** A queue without a bound, whose {@code take} is a wait that this knows of. The other waits are not. */
    <T> BlockingQueue<T> queue();

    /**
     * Waits until a future is done, however that may be. Not on a shard's own thread.
     *
     * @return whether it was done in time
     * @throws InterruptedException if the thread is interrupted meanwhile
     */
    boolean await(CompletableFuture<?> future, Duration patience) throws InterruptedException;

    /** As {@link #await(CompletableFuture, Duration)}, for a future of Netty's, and whatever interrupts meanwhile. */
    boolean await(Future<?> future, Duration patience);

    /**
     * About to wait for a future on a thread that is no shard's own: a simulation waits here.
     *
     * @param nanos how long to wait at most
     * @return how long is left to wait in the caller's own way: elsewhere than in a simulation all of it
     */
    default long beforeWait(CompletableFuture<?> future, long nanos) {
        return nanos;
    }

    /**
     * A virtual thread has given the shard that carries it back: a simulation looks what it waits for. Elsewhere this does
     * nothing. On the shard.
     */
    default void unmounted(Thread virtual) {}
}
