package io.solaster.spring.web;

import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Offload;
import io.solaster.engine.Offload.Purpose;
import io.solaster.engine.Shard;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.http.HttpRequest;
import io.solaster.http.HttpResponse;
import io.solaster.http.ResponseStream;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Operators;

/**
 * Spring's handling of one request, from when Spring is asked until it has done. It ends the response, takes what comes
 * from other threads home to the owning shard, and cancels the application's work when the client has gone.
 */
final class Handling implements CoreSubscriber<Void>, Consumer<@Nullable Throwable>, Executor {
    private final Shard shard;
    private final SchedulingGroup group;
    private final HttpResponse response;
    private final Offload offload;
    private @Nullable Subscription work;
    private @Nullable BodySender sender;
    private BodyFlux.@Nullable Reading reading;
    private @Nullable Runnable head;
    private boolean answered;
    private boolean sentWhole;

    Handling(HttpRequest request, HttpResponse response, Offload offload) {
        this.shard = request.shard();
        this.group = shard.currentGroup();
        this.response = response;
        this.offload = offload;
    }

    /** What puts status and headers into the response; it may refuse them. */
    void headBy(Runnable newHead) {
        head = newHead;
    }

    Shard shard() {
        return shard;
    }

    boolean isOnShard() {
        return shard.inEventLoop();
    }

    /** Runs it on the shard: at once, or after a hop if another thread calls. */
    void onShard(Runnable task) {
        if (isOnShard()) {
            task.run();
        } else {
            execute(task);
        }
    }

    /** Has the shard run it, in the group of the connection. */
    @Override
    public void execute(Runnable task) {
        shard.execute(group, task);
    }

    /** On the shard: whether the response is ended or given up, so that request and response are no longer ours. */
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
        sentWhole = true;
        if (body == null) {
            response.send();
        } else {
            response.send(body);
        }
    }

    /** On the shard: ends the response with a part of a file, once that is open. */
    void sendFile(Path path, long position, long count, MonoSink<Void> written) {
        offload.call(Purpose.FILES, () -> FileChannel.open(path)).whenComplete((file, failure) -> {
            if (failure != null) {
                written.error(failure);
            } else if (answered) {
                close(file);
                written.error(new IllegalStateException("the request has been answered, or its client has gone"));
            } else {
                try {
                    writeHead();
                } catch (RuntimeException refused) {
                    close(file);
                    written.error(refused);
                    return;
                }
                answered = true;
                response.sendFile(file, position, count);
                written.success();
            }
        });
    }

    private void close(FileChannel file) {
        offload.call(Purpose.FILES, () -> {
            file.close();
            return true;
        });
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

    /** On the shard: leaves the response, with the head in it, to somebody else, who ends it at once. */
    void handOver(Consumer<HttpResponse> other) {
        writeHead();
        answered = true;
        other.accept(response);
    }

    private void writeHead() {
        Runnable once = head;
        if (once != null) {
            head = null;
            once.run();
        }
    }

    /** On the shard, once the application has been asked: what is answered by now needs no watch. */
    void watch() {
        if (!answered) {
            response.onEnd(this);
        } else if (reading != null) {
            reading.abort(new IllegalStateException("the request has been answered"));
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
                execute(() -> done(failure));
            } catch (RejectedExecutionException stopped) {
                // The connection has gone with its shard.
            }
        }
    }

    private void done(@Nullable Throwable failure) {
        BodySender body = sender;
        if (answered) {
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
        BodyFlux.Reading stillReading = reading;
        BodySender stillSending = sender;
        Subscription stillWorking = work;
        if ((cause != null || early) && stillWorking != null) {
            stillWorking.cancel();
        }
        Throwable reason = cause != null ? cause : new IllegalStateException("the request has been answered");
        // What was sent whole may be over before its publisher has said that there is no more.
        if (stillSending != null && !sentWhole) {
            stillSending.abort(reason);
        }
        if (stillReading != null) {
            stillReading.abort(reason);
        }
    }
}
