package io.solaster.pool.resp;

import java.io.IOException;
import java.util.Arrays;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.PoolException;
import io.solaster.pool.request.Attempt;
import io.solaster.pool.request.RequestConnection;
import io.solaster.resp.Reply;
import io.solaster.resp.ReplyDecoder;
import io.solaster.resp.ReplyException;
import org.jspecify.annotations.Nullable;

/**
 * A connection that speaks RESP. Commands go out in the order in which they are sent, all of a turn at once, and their
 * replies come in that order. On the shard that owns it.
 */
public final class RespConnection extends RequestConnection {
    private static final int SEND_AT = 64 * 1024;
    private static final int LEAST_CAPACITY = 512;

    private final boolean shared;
    private final int maxGivenUp;
    private final long silenceNanos;
    private final ReplyDecoder decoder;
    private final InFlight inFlight = new InFlight();
    /** Of the next command in flight, if it brings several replies: how many have come, and those that it keeps. */
    private int come;
    private Reply @Nullable [] gathered;
    private final Runnable flush = this::flush;
    /** What goes out at the end of the turn. */
    private @Nullable ByteBuf out;
    private int capacity = LEAST_CAPACITY;
    private boolean flushing;
    private boolean reading;
    private int givenUp;
    private long lastRead;
    /** When the first of those was sent that are awaited without a pause: before it nothing was to be heard. */
    private long waitingSince;
    private Consumer<? super Reply.Aggregate> pushes;
    /** Whether every list is a message, as RESP2 has it for a connection that subscribes. */
    private boolean subscribes;
    private Runnable lostListener = () -> {};

    RespConnection(Shard shard, Channel channel, String address, boolean shared, RespProtocol protocol) {
        super(shard, channel, address);
        this.lastRead = now();
        this.shared = shared;
        this.maxGivenUp = protocol.maxGivenUp();
        this.silenceNanos = protocol.silenceNanos();
        this.decoder = new ReplyDecoder(protocol.limits());
        this.pushes = protocol.pushes();
        channel.pipeline().addLast("resp", new Replying());
    }

    @Override
    public boolean isShared() {
        return shared;
    }

    @Override
    protected boolean isQuiet() {
        return inFlight.isEmpty();
    }

    @Override
    public boolean isUsable() {
        return super.isUsable() && (shared || inFlight.isEmpty());
    }

    @Override
    public ShardFuture<Reply> validate() {
        return call(RespCommand.of("PING"));
    }

    /** Sends a command: for whoever has the connection alone. Cancelling the answer leaves the reply alone. */
    public <R extends @Nullable Object> ShardFuture<R> call(RespCommand<R> command) {
        Awaited<R> awaited = new Awaited<>(shard);
        send(command, awaited);
        return awaited.answer;
    }

    /** As {@link #call(RespCommand)}, in words; the reply as it comes. */
    public ShardFuture<Reply> command(String... arguments) {
        return call(RespCommand.of(arguments));
    }

    <R extends @Nullable Object> void send(RespCommand<R> command, Attempt<R> attempt) {
        if (!isOpen()) {
            attempt.fail(closed(), now());
            return;
        }
        if (command.isPlain) {
            write(command);
        } else {
            command.writeTo(this);
        }
        sending();
        if (inFlight.isEmpty()) {
            waitingSince = now();
        }
        inFlight.add(command, attempt);
    }

    /** Sends what is answered by pushes alone, if at all. */
    void tell(RespCommand<?> command) {
        if (isOpen()) {
            write(command);
        }
    }

    /** Has a command go out with the others of this turn. */
    void write(RespCommand<?> command) {
        ByteBuf to = out;
        if (to == null) {
            to = channel().alloc().ioBuffer(capacity);
            out = to;
        }
        command.write(to);
        if (reading && to.readableBytes() < SEND_AT) {
            return;
        }
        if (to.readableBytes() >= SEND_AT) {
            flush();
        } else if (!flushing) {
            flushing = true;
            shard.execute(flush);
        }
    }

    private void flush() {
        flushing = false;
        ByteBuf all = out;
        if (all != null) {
            out = null;
            capacity = Math.max(LEAST_CAPACITY, Math.min(SEND_AT, all.readableBytes() + all.readableBytes() / 4));
            channel().writeAndFlush(all, channel().voidPromise());
        }
    }

    /** A reply that is awaited will be left alone. */
    void gaveUp() {
        givenUp++;
        if (!shared || givenUp >= maxGivenUp || now() - Math.max(lastRead, waitingSince) >= silenceNanos) {
            // Nobody knows when the reply comes; on a connection that others share, that is worth a while of patience.
            closeNow();
        }
    }

    /** All lists go to the listener from now on, as messages and confirmations of subscriptions do. */
    void subscribing(Consumer<? super Reply.Aggregate> listener, Runnable whenLost) {
        pushes = listener;
        subscribes = true;
        lostListener = whenLost;
        if (!isOpen()) {
            whenLost.run();
        }
    }

    private void received(Reply reply, long now) {
        if (reply instanceof Reply.Aggregate list && (list.kind() == Reply.Kind.PUSH || subscribes)) {
            pushes.accept(list);
            return;
        }
        if (inFlight.isEmpty()) {
            throw new ReplyException("a reply came that nobody asked for: " + reply);
        }
        served();
        RespCommand<?> command = inFlight.command();
        if (command.isPlain) {
            answered(command, reply, now);
            return;
        }
        Reply[] all = gathered;
        if (come == 0 && command.keepsReplies) {
            all = new Reply[command.replies];
            gathered = all;
        }
        if (all != null) {
            all[come] = reply;
        }
        if (++come == command.replies) {
            come = 0;
            gathered = null;
            answered(command, all == null ? reply : new Reply.Aggregate(Reply.Kind.ARRAY, Arrays.asList(all)), now);
        }
    }

    private void answered(RespCommand<?> command, Reply reply, long now) {
        Attempt<?> attempt = inFlight.attempt();
        inFlight.remove();
        if (attempt.isOver()) {
            givenUp--;
            return;
        }
        tell(command, attempt, reply, now);
    }

    @SuppressWarnings("unchecked") // they stand in the ring as a pair
    private static <R extends @Nullable Object> void tell(RespCommand<R> command, Attempt<?> attempt, Reply reply,
            long now) {
        Attempt<R> asking = (Attempt<R>) attempt;
        if (reply instanceof Reply.Failure failure) {
            asking.fail(new RespException(failure.text()), now);
            return;
        }
        R answer;
        try {
            answer = command.read(reply);
        } catch (RuntimeException e) {
            asking.fail(e, now);
            return;
        }
        asking.succeed(answer, now);
    }

    private void ended(@Nullable Throwable cause) {
        if (!isOpen()) {
            return;
        }
        gone();
        if (out != null) {
            out.release();
            out = null;
        }
        PoolException failure = lost("was lost" + (cause == null ? "" : ": " + cause.getMessage()), cause);
        long now = now();
        while (!inFlight.isEmpty()) {
            Attempt<?> attempt = inFlight.attempt();
            inFlight.remove();
            attempt.fail(failure, now);
        }
        lostListener.run();
    }

    private final class Replying extends ChannelInboundHandlerAdapter {
        private @Nullable ByteBuf received;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            received = received == null
                    ? bytes
                    : ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(context.alloc(), received, bytes);
            long now = now();
            lastRead = now;
            heard();
            reading = true;
            try {
                decode(now);
            } catch (ReplyException e) {
                fail(context, e);
            } finally {
                if (received != null && !received.isReadable()) {
                    received.release();
                    received = null;
                }
            }
        }

        private void decode(long now) {
            while (received != null && received.isReadable()) {
                Reply reply = decoder.decode(received);
                if (reply == null) {
                    return;
                }
                received(reply, now);
            }
        }

        private void received(Reply reply, long now) {
            RespConnection.this.received(reply, now);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            reading = false;
            flush();
            closeIfDrained();
            context.fireChannelReadComplete();
        }

        private void fail(ChannelHandlerContext context, Throwable cause) {
            ended(cause);
            context.close();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            ended(null);
            context.fireChannelInactive();
        }

        @Override
        public void handlerRemoved(ChannelHandlerContext context) {
            if (received != null) {
                received.release();
                received = null;
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            fail(context, cause instanceof IOException || cause.getMessage() != null ? cause : new IOException(cause));
        }
    }

    /** A command without a pool's machinery around it. */
    private static final class Awaited<R extends @Nullable Object> implements Attempt<R> {
        private final ShardFuture<R> answer;

        Awaited(Shard shard) {
            answer = shard.newFuture();
        }

        @Override
        public void succeed(R reply, long now) {
            answer.resolve(reply);
        }

        @Override
        public void answer(R reply, long now) {
            succeed(reply, now);
        }

        @Override
        public void release() {}

        @Override
        public void fail(Throwable failure, long now) {
            answer.fail(failure);
        }

        @Override
        public boolean isOver() {
            // Its reply counts as one that is awaited to the end.
            return false;
        }
    }
}
