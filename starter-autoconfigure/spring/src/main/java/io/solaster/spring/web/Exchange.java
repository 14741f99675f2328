package io.solaster.spring.web;

import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Shard;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.http.HttpRequest;
import io.solaster.http.HttpResponse;
import io.solaster.http.ResponseStream;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;

/**
 * A request and its response, from when Spring is asked until it has done. It ends the response, takes what comes from
 * other threads home to the owning shard, and cancels the application's work when the client has gone.
 */
final class Exchange implements CoreSubscriber<Void>, Consumer<@Nullable Throwable> {
    private final Shard shard;
    private final SchedulingGroup group;
    private final HttpResponse response;
    private @Nullable Subscription work;
    private @Nullable BodySender sender;
    private BodyFlux.@Nullable Reading reading;
    private @Nullable Runnable head;
    /** On the shard: the response is ended or handed over, so that request and response are no longer ours. */
    private boolean answered;
    private boolean gone;

    Exchange(HttpRequest request, HttpResponse response) {
        this.shard = request.shard();
        this.group = shard.currentGroup();
        this.response = response;
    }

    /** What puts status and headers into the response; it may refuse them. */
    void headBy(Runnable newHead) {
        head = newHead;
    }

    boolean isOnShard() {
        return shard.inEventLoop();
    }

    /** Runs it on the shard: at once, or after a hop if another thread calls. */
    void onShard(Runnable task) {
        if (isOnShard()) {
            task.run();
        } else {
            shard.execute(group, task);
        }
    }

    boolean isAnswered() {
        return answered;
    }

    void reads(BodyFlux.Reading newReading) {
        reading = newReading;
    }

    void sends(BodySender newSender) {
        sender = newSender;
    }

    /** On the shard: ends the response with these bytes, or with none. */
    void send(@Nullable ByteBuf body) {
        try {
            writeHead();
        } catch (RuntimeException refused) {
            if (body != null) {
                body.release();
            }
            throw refused;
        }
        answered = true;
        if (body == null) {
            response.send();
        } else {
            response.send(body);
        }
    }

    /** On the shard: begins the response. */
    ResponseStream stream() {
        writeHead();
        return response.stream();
    }

    /** On the shard: ends what was begun. */
    void end(ResponseStream stream) {
        answered = true;
        stream.end();
    }

    /** On the shard: the connection is no longer HTTP's. */
    void upgrade(Consumer<io.netty.channel.Channel> connection) {
        writeHead();
        answered = true;
        response.upgrade(connection);
    }

    private void writeHead() {
        Runnable once = head;
        if (once != null) {
            head = null;
            once.run();
        }
    }

    /** The application's work has begun. */
    @Override
    public void onSubscribe(Subscription subscription) {
        if (Operators.validate(work, subscription)) {
            work = subscription;
            subscription.request(Long.MAX_VALUE);
        }
    }

    @Override
    public void onNext(Void nothing) {
        // There is none.
    }

    @Override
    public void onComplete() {
        finish(null);
    }

    @Override
    public void onError(Throwable failure) {
        finish(failure);
    }

    private void finish(@Nullable Throwable failure) {
        if (isOnShard()) {
            done(failure);
        } else {
            try {
                shard.execute(group, () -> done(failure));
            } catch (RejectedExecutionException stopped) {
                // The connection has gone with its shard.
            }
        }
    }

    private void done(@Nullable Throwable failure) {
        BodySender body = sender;
        if (answered || gone) {
            return;
        }
        if (failure != null || body != null && body.isCancelled()) {
            answered = true;
            response.fail(failure != null
                    ? failure
                    : new IllegalStateException("the application has cancelled the body that it was sending"));
        } else if (body == null) {
            try {
                send(null);
            } catch (RuntimeException refused) {
                answered = true;
                response.fail(refused);
            }
        }
        // Else a body that the application does not wait for is still on its way, and ends the response itself.
    }

    /** On the shard, by the server: the exchange is over. */
    @Override
    public void accept(@Nullable Throwable cause) {
        boolean early = !answered;
        answered = true;
        gone = true;
        BodyFlux.Reading stillReading = reading;
        BodySender stillSending = sender;
        Subscription stillWorking = work;
        if ((cause != null || early) && stillWorking != null) {
            stillWorking.cancel();
        }
        Throwable reason = cause != null ? cause : new IllegalStateException("the request has been answered");
        if (stillSending != null) {
            stillSending.abort(reason);
        }
        if (stillReading != null) {
            stillReading.abort(reason);
        }
    }
}
