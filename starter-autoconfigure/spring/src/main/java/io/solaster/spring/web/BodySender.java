package io.solaster.spring.web;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

import io.netty.buffer.ByteBuf;
import io.solaster.http.ResponseStream;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * Writes the application's buffers into a response: a single one as the whole body, others as a stream that asks for more
 * when the client has read. What other threads publish waits in a queue that the shard empties, one hop for all that has
 * come meanwhile.
 */
final class BodySender implements CoreSubscriber<DataBuffer>, Subscription, Runnable {
    /** Buffers on their way from the application; more are asked for when three quarters of them have come. */
    private static final int WINDOW = 32;
    private static final int REFILL = WINDOW * 3 / 4;
    private static final Object COMPLETE = new Object();

    private final Exchange exchange;
    private final CoreSubscriber<? super Void> written;
    private final boolean whole;
    private @Nullable Subscription source;
    private volatile boolean cancelled;
    /** Signals of other threads; null while there were none. */
    private @Nullable Queue<Object> away;
    private final AtomicBoolean hopping;

    // On the shard.
    private @Nullable ResponseStream stream;
    private boolean sent;
    private boolean done;
    private int taken;
    private boolean waiting;

    /**
     * @param written told when all is written, or why not
     * @param whole whether there is one buffer at most
     */
    BodySender(Exchange exchange, CoreSubscriber<? super Void> written, boolean whole) {
        this.exchange = exchange;
        this.written = written;
        this.whole = whole;
        this.hopping = new AtomicBoolean();
    }

    boolean isCancelled() {
        return cancelled;
    }

    @Override
    public Context currentContext() {
        return written.currentContext();
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        if (Operators.validate(source, subscription)) {
            source = subscription;
            written.onSubscribe(this);
            subscription.request(whole ? Long.MAX_VALUE : WINDOW);
        }
    }

    @Override
    public void onNext(DataBuffer buffer) {
        if (isHome()) {
            next(buffer);
        } else {
            hop(buffer);
        }
    }

    @Override
    public void onError(Throwable failure) {
        if (isHome()) {
            failed(failure);
        } else {
            hop(failure);
        }
    }

    @Override
    public void onComplete() {
        if (isHome()) {
            completed();
        } else {
            hop(COMPLETE);
        }
    }

    /** Whether this is the shard, with all done that other threads have published before. */
    private boolean isHome() {
        if (!exchange.isOnShard()) {
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
                exchange.onShard(this);
            } catch (RejectedExecutionException stopped) {
                cancel();
                drain();
            }
        }
    }

    @Override
    public void run() {
        hopping.set(false);
        drain();
    }

    private void drain() {
        Queue<Object> queue = away;
        if (queue == null) {
            return;
        }
        for (Object signal = queue.poll(); signal != null; signal = queue.poll()) {
            if (signal instanceof DataBuffer buffer) {
                next(buffer);
            } else if (signal instanceof Throwable failure) {
                failed(failure);
            } else {
                completed();
            }
        }
    }

    private void next(DataBuffer buffer) {
        if (done || cancelled) {
            DataBufferUtils.release(buffer);
        } else if (exchange.isAnswered()) {
            DataBufferUtils.release(buffer);
            fail(new IllegalStateException("the response has been ended already"));
        } else {
            try {
                write(NettyDataBufferFactory.toByteBuf(buffer));
            } catch (RuntimeException refused) {
                fail(refused);
            }
        }
    }

    private void write(ByteBuf part) {
        if (whole) {
            sent = true;
            exchange.send(part);
            return;
        }
        ResponseStream open = stream;
        if (open == null) {
            try {
                open = exchange.stream();
            } catch (RuntimeException refused) {
                part.release();
                throw refused;
            }
            stream = open;
            open.onWritable(this::writable);
        }
        boolean room = open.write(part);
        if (++taken >= REFILL) {
            if (room) {
                ask();
            } else {
                waiting = true;
            }
        }
    }

    private void writable() {
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
            ResponseStream open = stream;
            if (open != null) {
                exchange.end(open);
            } else if (!sent && !exchange.isAnswered()) {
                exchange.send(null);
            }
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

    private void fail(Throwable failure) {
        done = true;
        Subscription from = source;
        if (from != null) {
            from.cancel();
        }
        written.onError(failure);
    }

    /** On the shard: nobody will take what is still to come. */
    void abort(Throwable cause) {
        if (!done && !cancelled) {
            fail(cause);
        }
    }

    /** There is nothing to hand over but the end. */
    @Override
    public void request(long elements) {
        Operators.validate(elements);
    }

    /** Any thread. */
    @Override
    public void cancel() {
        cancelled = true;
        Subscription from = source;
        if (from != null) {
            from.cancel();
        }
    }
}
