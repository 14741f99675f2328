package io.solaster.rpc.server;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionStage;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.Fork;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.timer.Timer;
import io.solaster.rpc.CurrentCall;
import io.solaster.rpc.RpcCall;
import io.solaster.rpc.RpcException;
import io.solaster.rpc.RpcHandler;
import io.solaster.rpc.RpcMethod;
import io.solaster.rpc.RpcReader;
import io.solaster.rpc.RpcStatus;
import io.solaster.rpc.RpcWriter;
import io.solaster.rpc.connection.LaneStream;
import org.jspecify.annotations.Nullable;

/**
 * A call whose handler may answer later. It is its own deadline's timer. There are two ends: nobody waits for it any more, since it
 * was answered, cancelled or out of time; and its handler has ended, which gives the permit back. Whoever cancels again and again
 * has therefore no more handlers at work than whoever waits. On the shard that serves it.
 */
final class ServerCall<Q, A> extends Timer implements RpcCall, OpenCall, LaneStream.Owner {
    private final CallHome home;
    private final ServedMethod<Q, A> served;
    private final Shard shard;
    private final long id;
    private final int slot;
    private final long deadline;
    private @Nullable Fork<A> fork;
    private @Nullable CompletionStage<A> stage;
    private @Nullable LaneStream<Q, A> stream;
    private @Nullable Runnable onCancel;
    /** Nobody waits for it. */
    private volatile boolean over;
    private volatile boolean cancelled;
    /** Its handler has ended. */
    private boolean returned;

    ServerCall(CallHome home, ServedMethod<Q, A> served, long id, int slot, long nanosLeft) {
        super(home.shard().lanes.timers(), true);
        this.home = home;
        this.served = served;
        this.shard = home.shard().shard;
        this.id = id;
        this.slot = slot;
        long now = home.shard().lanes.now();
        this.deadline = nanosLeft >= Long.MAX_VALUE - now ? Long.MAX_VALUE : now + nanosLeft;
        if (deadline != Long.MAX_VALUE) {
            arm(nanosLeft);
        }
    }

    // ---- what the handler sees

    @Override
    public RpcMethod<Q, A> method() {
        return served.method;
    }

    @Override
    public int slot() {
        return slot;
    }

    @Override
    public @Nullable Duration timeLeft() {
        return deadline == Long.MAX_VALUE
                ? null
                : Duration.ofNanos(Math.max(0, deadline - shard.environment().timerClock().nanoTime()));
    }

    @Override
    public long deadline() {
        return deadline;
    }

    @Override
    public boolean isCancelled() {
        return cancelled;
    }

    @Override
    public void onCancel(Runnable action) {
        shard.assertOwner("a call");
        if (cancelled) {
            action.run();
        } else {
            onCancel = action;
        }
    }

    @Override
    public String toString() {
        return "call " + id + " of '" + served.method + "'";
    }

    // ---- its way

    /** @param body whose readable bytes are the message; valid until this returns */
    void begin(ByteBuf body) {
        if (served.handler instanceof RpcHandler.Direct<Q, A> direct) {
            byte[] request = new byte[body.readableBytes()];
            body.readBytes(request);
            inGroup(() -> direct(direct, request));
            return;
        }
        if (served.handler instanceof RpcHandler.Streamed<Q, A> streamed) {
            stream(streamed, body);
            return;
        }
        Q request;
        try {
            request = served.method.requests().decode(body);
        } catch (RuntimeException | Error unreadable) {
            // A deep message may have overflown the stack.
            ended(null, new RpcException(RpcStatus.INTERNAL,
                    "the request is no message of '" + served.method + "': " + unreadable.getMessage()));
            return;
        }
        if (served.handler instanceof RpcHandler.Forked<Q, A> forked) {
            fork(forked, request);
        } else if (served.group == null) {
            async((RpcHandler.Async<Q, A>) served.handler, request);
        } else {
            inGroup(() -> async((RpcHandler.Async<Q, A>) served.handler, request));
        }
    }

    private void inGroup(Runnable task) {
        if (served.group == null) {
            task.run();
        } else {
            shard.executeOrElse(served.group, task, () -> home.abandoned(false));
        }
    }

    private void direct(RpcHandler.Direct<Q, A> handler, byte[] request) {
        handlerEnded();
        if (finish()) {
            direct(handler, Unpooled.wrappedBuffer(request));
        }
        home.goIfDone();
    }

    private void direct(RpcHandler.Direct<Q, A> handler, ByteBuf request) {
        ByteBuf to = Unpooled.directBuffer();
        try {
            handler.handle(request, to);
            if (served.method.kind() != RpcMethod.Kind.ONE_WAY) {
                home.answeredBytes(id, to);
            }
        } catch (Throwable failure) {
            home.failed(served.method, id, served.method.kind() != RpcMethod.Kind.ONE_WAY, failure);
        } finally {
            to.release();
        }
    }

    private void stream(RpcHandler.Streamed<Q, A> handler, ByteBuf body) {
        ServerConnection connection = (ServerConnection) home;
        LaneStream<Q, A> made = new LaneStream<>(shard, this, served.method.requests(), served.method.answers(),
                connection.streamWindow());
        stream = made;
        made.attach(connection, id, false);
        if (served.group == null) {
            stream(handler, made, body);
        } else {
            byte[] request = new byte[body.readableBytes()];
            body.readBytes(request);
            inGroup(() -> stream(handler, made, Unpooled.wrappedBuffer(request)));
        }
    }

    private void stream(RpcHandler.Streamed<Q, A> handler, LaneStream<Q, A> made, ByteBuf request) {
        if (over) {
            return;
        }
        RpcMethod.Kind kind = served.method.kind();
        RpcWriter<A> answers = kind == RpcMethod.Kind.REQUESTS ? new SingleAnswer<>(this, made) : made;
        RpcCall outer = RpcCall.current();
        CurrentCall.set(this);
        try {
            RpcReader<Q> reader = handler.handle(this, answers);
            made.readBy(reader);
            if (!kind.isOpen()) {
                if (!over) {
                    made.read(request);
                }
                if (!over) {
                    made.peerEnded();
                }
            }
        } catch (Throwable failure) {
            fail(failure instanceof RpcException known
                    ? known
                    : new RpcException(RpcStatus.UNKNOWN, "the handler failed", false, failure));
        } finally {
            CurrentCall.set(outer);
        }
    }

    @Override
    public @Nullable LaneStream<Q, A> stream() {
        return stream;
    }

    /** The one answer to a stream of requests. */
    void answer(A answer) {
        if (finish()) {
            handlerEnded();
            home.answered(served.method, id, answer);
            finishStream();
            home.goIfDone();
        }
    }

    private void finishStream() {
        if (stream != null) {
            stream.finish();
        }
    }

    @Override
    public void wroteAll() {
        if (finish()) {
            handlerEnded();
            finishStream();
            home.goIfDone();
        }
    }

    @Override
    public void fail(RpcException why) {
        if (finish()) {
            handlerEnded();
            Throwable cause = why.getCause();
            home.failed(served.method, id, true,
                    why.status() == RpcStatus.UNKNOWN && cause != null ? cause : why);
            if (stream != null) {
                stream.abort(why);
            }
            home.goIfDone();
        }
    }

    private void fork(RpcHandler.Forked<Q, A> handler, Q request) {
        try {
            Callable<A> work = () -> {
                if (over) {
                    throw new CancellationException("nobody waits for " + this + " any more");
                }
                return CurrentCall.call(this, () -> handler.handle(this, request));
            };
            Fork<A> begun = served.group == null ? shard.fork(work) : shard.fork(served.group, work);
            fork = begun;
            begun.future().whenComplete(this::ended);
        } catch (RuntimeException | Error refused) {
            handlerEnded();
            if (finish()) {
                home.refused(id, served.method.kind() != RpcMethod.Kind.ONE_WAY, new RpcException(RpcStatus.UNAVAILABLE,
                        "no fork: " + refused.getMessage(), true, refused));
            }
            home.goIfDone();
        }
    }

    private void async(RpcHandler.Async<Q, A> handler, Q request) {
        if (over) {
            handlerEnded();
            home.goIfDone();
            return;
        }
        RpcCall outer = RpcCall.current();
        CurrentCall.set(this);
        CompletionStage<A> begun;
        try {
            begun = Objects.requireNonNull(handler.handle(this, request), "the handler gave no stage");
        } catch (Throwable failure) {
            ended(null, failure);
            return;
        } finally {
            CurrentCall.set(outer);
        }
        if (over) {
            heard(() -> begun.toCompletableFuture().cancel(true));
        }
        stage = begun;
        try {
            begun.whenComplete((answer, failure) -> shard.hereOrElse(() -> ended(answer, failure),
                    () -> home.abandoned(true)));
        } catch (RuntimeException | Error unusual) {
            ended(null, unusual);
        }
    }

    /** The handler has ended. */
    private void ended(@Nullable A answer, @Nullable Throwable failure) {
        handlerEnded();
        if (!finish()) {
            home.goIfDone();
            return;
        }
        boolean answers = served.method.kind() != RpcMethod.Kind.ONE_WAY;
        if (failure != null) {
            home.failed(served.method, id, answers, ShardFuture.causeOf(failure));
        } else if (answer != null && answers) {
            home.answered(served.method, id, answer);
        } else if (answers) {
            home.failed(served.method, id, true, new NullPointerException("the answer is null"));
        }
        home.goIfDone();
    }

    private void handlerEnded() {
        if (!returned) {
            returned = true;
            served.release();
            home.handlerEnded();
        }
    }

    /** Whether somebody has waited for it until now. */
    private boolean finish() {
        if (over) {
            return false;
        }
        over = true;
        cancel();
        onCancel = null;
        home.forget(id);
        return true;
    }

    @Override
    public void callerLeft() {
        end(null);
    }

    /** Its time is over. */
    @Override
    protected void fire() {
        end("the time was over at the server");
    }

    /**
     * Nobody waits for it any more.
     *
     * @param words what the caller is told as {@link RpcStatus#DEADLINE_EXCEEDED}; null where the caller knows
     */
    private void end(@Nullable String words) {
        Runnable action = onCancel;
        if (!finish()) {
            return;
        }
        cancelled = true;
        home.shard().counts.cancelled.increment();
        if (words != null && served.method.kind() != RpcMethod.Kind.ONE_WAY) {
            home.outOfTime(id, words);
        }
        CompletionStage<A> begun = stage;
        if (fork != null) {
            fork.cancel();
        } else if (begun != null) {
            heard(() -> begun.toCompletableFuture().cancel(true));
        } else if (stream != null) {
            handlerEnded();
            stream.abort(words == null
                    ? new RpcException(RpcStatus.CANCELLED, "the caller has left, or was lost")
                    : new RpcException(RpcStatus.DEADLINE_EXCEEDED, words));
        }
        if (action != null) {
            heard(action);
        }
        home.goIfDone();
    }

    /** Others are to hear of their end, whatever this one does. */
    private void heard(Runnable action) {
        try {
            action.run();
        } catch (RuntimeException | Error thrown) {
            home.unheard(served.method, thrown);
        }
    }
}
