package io.solaster.spring.pool;

import java.io.ByteArrayOutputStream;
import java.util.concurrent.CompletionStage;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.http.BodySource;
import io.solaster.pool.http.ClientRequest;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.MonoSink;
import reactor.util.context.Context;

/**
 * The body of a WebClient's request. A small one is gathered, so that the request can be tried again; of a larger one the
 * rest is asked of its publisher piece by piece, each once the one before has gone out. Signals come on the publisher's
 * threads; from the first {@link #next} on all else is on the shard that sends.
 */
final class UploadBody extends BaseSubscriber<DataBuffer> implements BodySource {
    /** Bytes up to which a body is gathered. */
    static final int WHOLE = 256 * 1024;

    private final MonoSink<Void> gathered;
    /** The publisher's until that has been asked for more than {@link #WHOLE}, then the shard's. */
    private ByteArrayOutputStream start = new ByteArrayOutputStream();
    /** Written before {@link #gathered} is told. */
    private boolean isStreamed;
    /** Once the body is asked for; from then on signals go there. */
    private volatile @Nullable Shard shard;
    /** How the body ended before it was asked for. */
    private volatile @Nullable Runnable early;

    // On the shard.
    private @Nullable ShardFuture<byte @Nullable []> waiting;
    private byte @Nullable [] piece;
    private @Nullable Throwable failure;
    private boolean ended;

    /** @param gathered told once all of a small body is there, or as much of a large one */
    UploadBody(MonoSink<Void> gathered) {
        this.gathered = gathered;
        gathered.onCancel(this);
    }

    /** The request with this for its body, once that is gathered. */
    ClientRequest in(ClientRequest request, long length) {
        return isStreamed ? request.body(this, length) : request.body(start.toByteArray());
    }

    // ---- the publisher's side

    @Override
    public Context currentContext() {
        return Context.of(gathered.contextView());
    }

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
        subscription.request(1);
    }

    @Override
    protected void hookOnNext(DataBuffer buffer) {
        byte[] bytes = new byte[buffer.readableByteCount()];
        buffer.read(bytes);
        DataBufferUtils.release(buffer);
        Shard to = shard;
        if (to != null) {
            to.executeOrElse(() -> came(bytes), this::cancel);
            return;
        }
        start.writeBytes(bytes);
        if (start.size() <= WHOLE) {
            request(1);
        } else {
            isStreamed = true;
            gathered.success();
        }
    }

    @Override
    protected void hookOnComplete() {
        if (isStreamed) {
            end(() -> ended(null));
        } else {
            gathered.success();
        }
    }

    @Override
    protected void hookOnError(Throwable cause) {
        if (isStreamed) {
            end(() -> ended(cause));
        } else {
            gathered.error(cause);
        }
    }

    private void end(Runnable end) {
        if (shard == null) {
            early = end;
        }
        Shard to = shard;
        if (to != null) {
            to.executeOrElse(early == null ? end : this::endEarly, () -> {});
        }
    }

    // ---- the shard's side

    @Override
    public CompletionStage<byte @Nullable []> next() {
        Shard here = Shard.current();
        if (here == null) {
            throw new IllegalStateException("thread " + Thread.currentThread().getName() + " is no shard");
        }
        ShardFuture<byte @Nullable []> next = here.newFuture();
        if (shard == null) {
            shard = here;
            endEarly();
            byte[] first = start.toByteArray();
            start = new ByteArrayOutputStream(0);
            next.complete(first);
            return next;
        }
        waiting = next;
        if (!serve()) {
            request(1);
        }
        return next;
    }

    private void endEarly() {
        Runnable end = early;
        early = null;
        if (end != null) {
            end.run();
        }
    }

    private void came(byte[] bytes) {
        piece = bytes;
        serve();
    }

    private void ended(@Nullable Throwable cause) {
        failure = cause;
        ended = true;
        serve();
    }

    private boolean serve() {
        ShardFuture<byte @Nullable []> next = waiting;
        if (next == null) {
            return true;
        }
        byte[] ready = piece;
        if (ready == null && !ended) {
            return false;
        }
        waiting = null;
        piece = null;
        if (ready == null && failure != null) {
            next.completeExceptionally(failure);
        } else {
            next.complete(ready);
        }
        return true;
    }

    @Override
    public void stop() {
        cancel();
    }
}
