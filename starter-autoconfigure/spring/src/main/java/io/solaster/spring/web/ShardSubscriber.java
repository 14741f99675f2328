package io.solaster.spring.web;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

import io.solaster.engine.Shard;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * Takes what the application publishes, on whatever thread it does, in its order, on one shard: at once what comes there
 * anyhow, the rest by one hop for all that has come meanwhile. Asks for more when there is room for it. To whoever waits
 * for the end it is the subscription.
 */
abstract class ShardSubscriber<T> implements CoreSubscriber<T>, Subscription, Runnable {
    /** Elements on their way from the application; more are asked for when three quarters of them have come. */
    private static final int WINDOW = 32;
    private static final int REFILL = WINDOW * 3 / 4;

    private final Shard shard;
    private final Executor home;
    private final CoreSubscriber<? super Void> written;
    private final long first;
    /** Set where it is subscribed; whoever gives up first, and finds none, has it cancelled there. */
    private volatile @Nullable Subscription source;
    private volatile boolean cancelled;
    /** Signals of other threads; null while there were none. */
    private @Nullable Queue<Object> away;
    private final AtomicBoolean hopping = new AtomicBoolean();

    // On the shard.
    private boolean done;
    private int taken;
    private boolean waiting;

    /**
     * @param home runs what other threads hand over, on the shard
     * @param written told when all is taken, or why not
     * @param bounded whether the application might publish more than can be taken at once
     */
    ShardSubscriber(Shard shard, Executor home, CoreSubscriber<? super Void> written, boolean bounded) {
        this.shard = shard;
        this.home = home;
        this.written = written;
        this.first = bounded ? WINDOW : Long.MAX_VALUE;
    }

    /**
     * On the shard: takes an element over, whatever becomes of it.
     *
     * @return whether there is room for more; if not, {@link #roomAgain} is called when there is
     * @throws RuntimeException to end it
     */
    abstract boolean take(T element);

    /** On the shard: there is no more. */
    abstract void end();

    /** Any thread: nobody takes it. */
    abstract void discard(T element);

    final boolean isCancelled() {
        return cancelled;
    }

    /** On the shard. */
    final boolean isDone() {
        return done || cancelled;
    }

    @Override
    public final Context currentContext() {
        return written.currentContext();
    }

    @Override
    public final void onSubscribe(Subscription subscription) {
        if (Operators.validate(source, subscription)) {
            source = subscription;
            written.onSubscribe(this);
            if (cancelled) {
                subscription.cancel();
            } else {
                subscription.request(first);
            }
        }
    }

    @Override
    public final void onNext(T element) {
        if (isHome()) {
            next(element);
        } else {
            hop(element);
        }
    }

    @Override
    public final void onError(Throwable failure) {
        if (isHome()) {
            failed(failure);
        } else {
            hop(failure);
        }
    }

    @Override
    public final void onComplete() {
        if (isHome()) {
            completed();
        } else {
            hop(End.COMPLETE);
        }
    }

    /** Whether this is the shard, with all done that other threads have published before. */
    private boolean isHome() {
        if (!shard.inEventLoop()) {
            return false;
        }
        drain();
        return true;
    }

    private void hop(Object signal) {
        Queue<Object> queue = away;
        if (queue == null) {
            queue = new ConcurrentLinkedQueue<>();
            away = queue;
        }
        queue.add(signal);
        if (!hopping.getAndSet(true)) {
            try {
                home.execute(this);
            } catch (RejectedExecutionException stopped) {
                cancel();
                drain();
            }
        }
    }

    @Override
    public final void run() {
        hopping.set(false);
        drain();
    }

    @SuppressWarnings("unchecked") // what is neither failure nor end came by onNext
    private void drain() {
        Queue<Object> queue = away;
        if (queue == null) {
            return;
        }
        for (Object signal = queue.poll(); signal != null; signal = queue.poll()) {
            if (signal instanceof End) {
                completed();
            } else if (signal instanceof Throwable failure) {
                failed(failure);
            } else {
                next((T) signal);
            }
        }
    }

    private void next(T element) {
        if (done || cancelled) {
            discard(element);
            return;
        }
        boolean room;
        try {
            room = take(element);
        } catch (RuntimeException refused) {
            abort(refused);
            return;
        }
        if (first != Long.MAX_VALUE && ++taken >= REFILL) {
            if (room) {
                ask();
            } else {
                waiting = true;
            }
        }
    }

    /** On the shard. */
    final void roomAgain() {
        if (waiting) {
            waiting = false;
            ask();
        }
    }

    private void ask() {
        Subscription from = source;
        int more = taken;
        taken = 0;
        if (from != null && !done && !cancelled) {
            from.request(more);
        }
    }

    private void completed() {
        if (done || cancelled) {
            return;
        }
        done = true;
        try {
            end();
        } catch (RuntimeException refused) {
            written.onError(refused);
            return;
        }
        written.onComplete();
    }

    private void failed(Throwable failure) {
        if (!done && !cancelled) {
            done = true;
            written.onError(failure);
        }
    }

    /** On the shard: what is still to come has nowhere to go. */
    final void abort(Throwable cause) {
        if (!done && !cancelled && giveUp()) {
            written.onError(cause);
        }
    }

    /** On the shard: no more is wanted, and that is no fault. */
    final void stop() {
        if (!done && !cancelled && giveUp()) {
            written.onComplete();
        }
    }

    /** Whether there is somebody to be told, who has been given the subscription. */
    private boolean giveUp() {
        done = true;
        Subscription from = source;
        if (from == null) {
            cancel();
            return false;
        }
        from.cancel();
        return true;
    }

    /** There is nothing to hand over but the end. */
    @Override
    public final void request(long elements) {
        Operators.validate(elements);
    }

    @Override
    public final void cancel() {
        cancelled = true;
        Subscription from = source;
        if (from != null) {
            from.cancel();
        }
    }

    /** The signal that has no object of its own. */
    private enum End {
        COMPLETE
    }
}
