package io.solaster.store.server;

import java.util.Objects;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.SubscriberConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.net.Linger;
import io.solaster.engine.net.SocketWatch;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.persist.Journal;
import io.solaster.store.shard.StoreShard;
import io.solaster.streams.subscribe.Subscriber;
import org.jspecify.annotations.Nullable;

/** The replies of one client: one write per read batch, a limit on what it leaves unread, and the end. On the shard. */
final class ReplyOutput {
    /** Replies beyond this are sent before more requests are run, rather than kept with those under way. */
    private static final int ENOUGH_TO_SEND = 16 * 1024;
    /** Replies beyond this wait for another turn, however much a client may leave unread. */
    private static final long MAX_TURN_OUTPUT = 64L << 20;

    private final ClientConnection connection;
    private final ServerShard server;
    private final ConnectionState progress;
    /** Of this read batch. */
    private @Nullable ByteBuf output;
    /** Bytes of this read batch that the channel has already, and may not have sent. */
    private long lent;
    // What the log had before the replies that are written now, and has to have before those leave; 0 for nothing.
    private long before;
    private long mark;
    private boolean waits;
    private long turnLimit;
    /** What goes behind it. Made when something comes first. */
    private @Nullable Pushes pushes;
    /** What waits since the client does not read. Made when it is first so, and the policy is to keep it. */
    private @Nullable MessageBacklog behind;
    /** When a subscriber left more unread than it may for long; 0 while it does not. */
    private long slowSince;
    /** Once the last reply is about to leave. */
    private @Nullable Linger linger;

    ReplyOutput(ClientConnection connection, ServerShard server, ConnectionState progress) {
        this.connection = connection;
        this.server = server;
        this.progress = progress;
    }

    /** Begins to write, behind what this read batch has already; {@link ReplyWriter#finish} follows. */
    ReplyWriter open() {
        ByteBuf open = output;
        if (open == null) {
            open = server.takeReplies();
            output = open;
        }
        ReplyWriter reply = server.part().call().reply();
        turnLimit = Math.min(limit(), MAX_TURN_OUTPUT);
        reply.to(open);
        reply.resp3(connection.state().resp3());
        return reply;
    }

    /** Replies are written from here on: what was put into the log until then is nothing of theirs. */
    void begin() {
        Journal journal = server.part().journal();
        before = journal == null ? 0 : journal.mark();
    }

    /** Replies were written: they leave once the log has what they tell of. */
    void end() {
        Journal journal = server.part().journal();
        if (journal != null && journal.mark() != before) {
            mark = journal.mark();
            before = mark;
        }
    }

    /** Whether the log does not have yet what was answered; then {@link ClientConnection#kept} follows. */
    private boolean isHeld() {
        Journal journal = mark == 0 ? null : server.part().journal();
        if (journal == null || journal.isKept(mark)) {
            mark = 0;
            return false;
        }
        if (!waits) {
            waits = true;
            journal.whenKept(mark).whenComplete((kept, why) -> {
                waits = false;
                connection.kept(why);
            });
        }
        return true;
    }

    /** Sends a value from where it lies, behind what this read batch has; false if it is too small for that. */
    @SuppressWarnings("ReferenceEquality") // buffers are equal by what they hold
    boolean lend(ChannelHandlerContext context, long entry) {
        StoreShard part = server.part();
        Journal journal = part.journal();
        if (journal != null && (mark != 0 || journal.mark() != this.before)) {
            // What was answered before may have to wait.
            return false;
        }
        Keyspace keys = part.keyspace();
        ReplyWriter reply = part.call().reply();
        ByteBuf before = reply.buffer();
        // Anything else is a part that is kept until others are there.
        ByteBuf value = before == output ? LentValue.of(part.shard(), keys, entry) : null;
        if (value == null) {
            return false;
        }
        try {
            output = reply.lend(value.readableBytes(), server.takeReplies());
        } catch (Throwable failure) {
            value.release();
            throw failure;
        }
        long bytes = before.readableBytes() + (long) value.readableBytes();
        lent += bytes;
        part.stats().bytesOut.add(bytes);
        context.write(before, context.voidPromise());
        context.write(value, context.voidPromise());
        return true;
    }

    /** Whether the requests that are left wait for another turn; while replies are being written. */
    boolean isEnoughForATurn() {
        return lent + server.part().call().reply().position() > turnLimit;
    }

    /** Hands this read batch's replies over, which wait for those of other shards. */
    void keepIn(Consumer<ByteBuf> parts) {
        ByteBuf own = output;
        if (own == null) {
            return;
        }
        output = null;
        try {
            parts.accept(own);
        } finally {
            own.release();
        }
    }

    /** Whether they had better leave than be kept with more of them. */
    boolean isEnoughToSend() {
        return output != null && output.readableBytes() > ENOUGH_TO_SEND;
    }

    /**
     * Takes a message that answers no request: it leaves behind the replies that are written by now, those of other
     * shards that are under way among them, so that nothing overtakes what was read before it. {@link #flush} follows.
     *
     * @param message is released
     */
    void push(ByteBuf message) {
        try {
            pushBehind(message, message.readerIndex(), message.readableBytes());
        } finally {
            message.release();
        }
    }

    /**
     * As {@link #push}, of one that others get too: it is copied, or retained, or does as the policy says where the client does not read.
     *
     * @param key as of {@link Subscriber#take}
     * @return false if who publishes is to wait
     */
    boolean message(ByteBuf buffer, int from, int length, long key) {
        if (progress.isClosing()) {
            return true;
        }
        if (isBehind()) {
            return Objects.requireNonNull(behind).offer(buffer, key);
        }
        pushBehind(buffer, from, length);
        return true;
    }

    /**
     * Whether messages wait in a queue of the client's own, by the policy, since it does not read as fast as they come. It stays so until
     * the queue is empty.
     */
    boolean isBehind() {
        MessageBacklog own = behind;
        if (own != null && !own.isEmpty()) {
            return true;
        }
        SubscriberConfig limits = connection.settings().limits().subscribers();
        if (limits.policy() == SubscriberConfig.Policy.CLOSE
                || connection.channel().isWritable() && pushed() < MessageBacklog.WINDOW) {
            return false;
        }
        if (own == null || !own.isOf(limits)) {
            behind = new MessageBacklog(limits, server.part().subscriptions().stats(), connection);
        }
        return true;
    }

    /** Messages that wait are of no concern to the client any more. */
    void forgetMessages() {
        if (behind != null) {
            behind.clear();
        }
    }

    private void pushBehind(ByteBuf buffer, int from, int length) {
        if (progress.isClosing()) {
            return;
        }
        long unread = unread(connection.channel());
        long waiting = unread + pushed() + length;
        if (waiting > limit()) {
            overflow(waiting);
        } else {
            Pushes into = pushes == null ? new Pushes() : pushes;
            pushes = into;
            // What may stay for long is not to keep what others got alive.
            into.add(buffer, from, length, unread == 0);
        }
    }

    /** Sends what this read batch has, and what was pushed. */
    void flush(ChannelHandlerContext context) {
        if (isHeld()) {
            return;
        }
        MessageBacklog waiting = behind;
        if (waiting != null && !waiting.isEmpty() && context.channel().isWritable()) {
            if (pushes == null) {
                pushes = new Pushes();
            }
            waiting.moveTo(pushes);
        }
        if (pushes != null && !pushes.isEmpty()) {
            appendPushes(context, pushes);
        }
        send(context);
        if (waiting != null && !waiting.isEmpty() && context.channel().isWritable()) {
            // The socket has taken all: there is more for it, in another turn.
            waiting.flushLater(context.executor());
        }
    }

    /** Sends what there is of a reply that is not whole yet: what was pushed stays behind it. */
    void send(ChannelHandlerContext context) {
        if (isHeld()) {
            return;
        }
        ByteBuf replies = output;
        output = null;
        lent = 0;
        if (replies != null && !replies.isReadable()) {
            replies.release();
            replies = null;
        }
        if (replies != null) {
            server.part().stats().bytesOut.add(replies.readableBytes());
            if (!progress.isClosing()) {
                context.writeAndFlush(replies, context.voidPromise());
                checkOutput();
                return;
            }
        }
        if (progress.isClosing() && !progress.isLeaving() && context.channel().isActive()) {
            linger(context.channel(), replies == null ? Unpooled.EMPTY_BUFFER : replies);
        } else if (replies != null) {
            replies.release();
        }
    }

    /** Bytes that the client has not read yet. */
    static long unread(Channel channel) {
        return SocketWatch.unsent(channel);
    }

    /** Bytes that wait behind the replies. */
    private long pushed() {
        return pushes == null ? 0 : pushes.bytes();
    }

    /** Bytes that the client may leave unread. */
    long limit() {
        LimitsConfig limits = connection.settings().limits();
        return (connection.state().isSubscribed() ? limits.subscribers().outputBuffer() : limits.outputBuffer())
                .bytes();
    }

    /** What was pushed becomes the end of what is sent next. */
    private void appendPushes(ChannelHandlerContext context, Pushes pushes) {
        for (ByteBuf next = pushes.poll(); next != null; next = pushes.poll()) {
            write(context, output);
            output = null;
            write(context, next);
        }
        ByteBuf last = Objects.requireNonNull(pushes.takeLast());
        ByteBuf before = output;
        if (before == null || !before.isReadable()) {
            output = last;
            if (before != null) {
                before.release();
            }
        } else if (last.readableBytes() < Subscriber.SHARED_FROM || before.writableBytes() >= last.readableBytes()) {
            before.writeBytes(last);
            last.release();
        } else {
            write(context, before);
            output = last;
        }
    }

    private void write(ChannelHandlerContext context, @Nullable ByteBuf bytes) {
        if (bytes != null) {
            server.part().stats().bytesOut.add(bytes.readableBytes());
            context.write(bytes, context.voidPromise());
        }
    }

    private void checkOutput() {
        long waiting = unread(connection.channel());
        if (waiting > limit()) {
            overflow(waiting);
        } else {
            checkSubscriber();
        }
    }

    /** Ends the connection of a subscriber that has left much unread for long. To be asked now and then, and at each write. */
    void checkSubscriber() {
        SubscriberConfig limits = connection.settings().limits().subscribers();
        long soft = limits.softOutputBuffer().bytes();
        if (soft == 0 || !connection.state().isSubscribed() || progress.isClosing()) {
            slowSince = 0;
            return;
        }
        long waiting = unread(connection.channel()) + pushed();
        if (waiting <= soft) {
            slowSince = 0;
            return;
        }
        long now = server.part().now();
        if (slowSince == 0) {
            slowSince = now;
        } else if (now - slowSince > limits.softTime().toMillis()) {
            cutOff(waiting, limits.softOutputBuffer());
        }
    }

    /** Ends the connection of a client that leaves too much unread. */
    void overflow(long waiting) {
        cutOff(waiting, new ByteSize(limit()));
    }

    private void cutOff(long waiting, ByteSize limit) {
        if (connection.state().isSubscribed()) {
            server.part().subscriptions().stats().closed.increment();
        }
        connection.logs().slowReaders.overflow(server.part().stats().outputOverflows, connection, waiting, limit,
                "it is closed");
        progress.closing();
        connection.kill();
    }

    /** Sends the last reply and closes. */
    private void linger(Channel channel, ByteBuf last) {
        connection.departs();
        Linger end = new Linger(server.part().shard().timers(), channel);
        linger = end;
        progress.leaving();
        end.begin();
        end.end(channel, channel.writeAndFlush(last), false);
    }

    /** The connection has ended. */
    void release() {
        if (linger != null) {
            linger.cancel();
        }
        if (output != null) {
            output.release();
            output = null;
        }
        if (pushes != null) {
            pushes.release();
        }
        forgetMessages();
    }
}
