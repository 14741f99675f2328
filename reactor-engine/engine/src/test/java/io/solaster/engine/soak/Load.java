package io.solaster.engine.soak;

import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Fork;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardStoppedException;
import io.solaster.engine.ShardThreads;
import io.solaster.engine.soak.Ledger.Ticket;
import io.solaster.engine.task.SchedulingGroup;

/** Asks an engine for one thing after another, at random; from one thread, whichever that is. */
class Load {
    /** What may be under way at once: enough to fill queues, little enough to end soon. */
    private static final int MOST = 128;

    final Engine engine;
    final Ledger ledger;
    final SplittableRandom random;
    final AtomicInteger underWay = new AtomicInteger();
    private final List<SchedulingGroup> groups;

    Load(Engine engine, Ledger ledger, SplittableRandom random) {
        this.engine = engine;
        this.ledger = ledger;
        this.random = random;
        this.groups = engine.groups().all();
    }

    boolean mayAsk() {
        return underWay.get() < MOST;
    }

    /** Asks for something. */
    void ask() {
        switch (random.nextInt(12)) {
            case 0, 1 -> offload();
            case 2 -> fork(random.nextInt(engine.shards().size()));
            case 3 -> schedule(engine.shard(random.nextInt(engine.shards().size())));
            default -> call();
        }
    }

    final Ticket open(String kind) {
        underWay.incrementAndGet();
        return ledger.open(kind);
    }

    /** The ticket ends with the future, and gives its place to another. */
    final void follow(Ticket ticket, CompletableFuture<?> future) {
        future.whenComplete((answer, failure) -> underWay.decrementAndGet());
        ticket.endsWith(future);
    }

    final boolean oneIn(int times) {
        return random.nextInt(times) == 0;
    }

    final Duration micros(int most) {
        return Duration.ofNanos(random.nextLong(most * 1_000L));
    }

    private void call() {
        Ticket ticket = open("calls");
        boolean throwing = oneIn(32);
        Callable<Long> work = () -> {
            long number = ticket.begin();
            if (throwing) {
                throw new Ledger.OnPurpose();
            }
            return number;
        };
        CallOptions options = new CallOptions(oneIn(2) ? groups.get(random.nextInt(groups.size())) : null,
                oneIn(8) ? micros(3_000) : null);
        CompletableFuture<Long> future = engine.submitTo(random.nextInt(engine.shards().size()), options, work);
        follow(ticket, future);
        maybeCancel(future);
    }

    private void maybeCancel(CompletableFuture<?> future) {
        if (oneIn(8)) {
            future.cancel(true);
        }
    }

    private void offload() {
        Ticket ticket = open("offload");
        CompletableFuture<Long> future = engine.offload().call(ticket::begin);
        follow(ticket, future);
        maybeCancel(future);
    }

    /** Straight-line code that sleeps, calls and waits. */
    final void fork(int shard) {
        int target = random.nextInt(engine.shards().size());
        Duration nap = micros(2_000);
        boolean exact = oneIn(2);
        Ticket ticket = open("forks");
        try {
            Fork<Long> fork = engine.shard(shard).fork(() -> {
                if (exact) {
                    ShardThreads.sleep(nap);
                } else {
                    Thread.sleep(nap);
                }
                int there = engine.submitTo(target, () -> Shard.current().id()).get();
                if (there != target) {
                    ledger.fault("a fork's call to shard " + target + " ran on shard " + there);
                }
                return ticket.begin();
            });
            follow(ticket, fork.future().handle((answer, failure) -> {
                if (failure == null) {
                    return answer;
                }
                // What a fork's call fails with comes wrapped.
                throw new CompletionException(
                        failure instanceof ExecutionException ? failure.getCause() : failure);
            }));
            if (oneIn(8)) {
                fork.cancel();
            }
        } catch (ShardStoppedException stopped) {
            refused(ticket, stopped);
        }
    }

    final void refused(Ticket ticket, RejectedExecutionException why) {
        underWay.decrementAndGet();
        ticket.end(null, why);
    }

    /** As Netty's libraries do. */
    final void schedule(Shard shard) {
        Ticket ticket = open("schedule");
        boolean cancel = oneIn(4);
        try {
            var future = shard.schedule(ticket::begin, random.nextLong(2_000), TimeUnit.MICROSECONDS);
            future.addListener(done -> {
                underWay.decrementAndGet();
                ticket.end(done.isSuccess() ? done.getNow() : null, done.cause());
            });
            if (cancel) {
                ((Future<?>) future).cancel(false);
            }
        } catch (RejectedExecutionException stopped) {
            refused(ticket, stopped);
        }
    }

    /** A thread off the shards that asks until it is told to be quiet, and of a stopped engine a little more. */
    static Thread outside(Load load, BooleanSupplier quiet) {
        return Thread.ofPlatform().name("soak-outside").start(() -> {
            int after = 0;
            while (!quiet.getAsBoolean() && after < 50) {
                if (load.mayAsk()) {
                    load.ask();
                    after += load.engine.shards().stream().allMatch(Shard::isTerminated) ? 1 : 0;
                } else {
                    LockSupport.parkNanos(50_000);
                }
                if (load.oneIn(64)) {
                    LockSupport.parkNanos(100_000);
                }
            }
        });
    }
}
