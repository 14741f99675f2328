package io.solaster.engine.env;

import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;

import io.netty.util.concurrent.Future;

/** The machine's time, chance and threads. */
final class SystemEnvironment implements Environment, Threads {
    private final SecureRandom secrets = new SecureRandom();

    @Override
    public TimeSource clock() {
        return TimeSource.SYSTEM;
    }

    @Override
    public InstantSource wallClock() {
        return InstantSource.system();
    }

    @Override
    public RandomGenerator random() {
        return ThreadLocalRandom.current();
    }

    @Override
    public RandomGenerator secrets() {
        return secrets;
    }

    @Override
    public Threads threads() {
        return this;
    }

    @Override
    public ThreadFactory factory(String namePrefix) {
        return Thread.ofPlatform().daemon().name(namePrefix, 0).factory();
    }

    @Override
    public Thread start(String name, Runnable work) {
        return Thread.ofPlatform().daemon().name(name).start(work);
    }

    @Override
    public Thread start(ThreadFactory kind, Runnable work) {
        Thread thread = kind.newThread(work);
        thread.start();
        return thread;
    }

    @Override
    public <T> BlockingQueue<T> queue() {
        return new LinkedTransferQueue<>();
    }

    @Override
    public boolean await(CompletableFuture<?> future, Duration patience) throws InterruptedException {
        try {
            future.get(Math.max(0, patience.toNanos()), TimeUnit.NANOSECONDS);
        } catch (ExecutionException | CancellationException failed) {
            return true;
        } catch (TimeoutException late) {
            return false;
        }
        return true;
    }

    @Override
    public boolean await(Future<?> future, Duration patience) {
        return future.awaitUninterruptibly(patience.toMillis());
    }

    @Override
    public String toString() {
        return "system";
    }
}
