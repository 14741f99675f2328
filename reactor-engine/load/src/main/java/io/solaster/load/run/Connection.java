package io.solaster.load.run;

import java.io.IOException;
import java.net.ConnectException;
import java.util.Locale;
import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.solaster.engine.timer.Timer;
import io.solaster.engine.transport.TransportChoice;
import io.solaster.load.protocol.Answers;
import io.solaster.load.protocol.BadAnswer;
import io.solaster.load.protocol.Conversation;
import io.solaster.load.protocol.Target;
import org.jspecify.annotations.Nullable;

/**
 * One connection, made anew when it ends. What is under way stands in a ring, in the order in which it was sent. On its
 * shard. Sharable only in that one channel follows another; what an old one still says is not heard.
 */
@Sharable
final class Connection extends ChannelInboundHandlerAdapter implements Line, Answers {
    /** Answers in another order leave holes: so many places for each request that may be under way. */
    private static final int HOLES = 4;
    private static final long FIRST_PAUSE = 10_000_000;
    private static final long LONGEST_PAUSE = 1_000_000_000;
    /** Bytes of answers to what a server asks that wait until it reads. */
    private static final int MOST_HELD = 1 << 20;
    private static final String LOST = "lost with its connection";

    private final ShardRun run;
    private final TransportChoice transport;
    private final Target target;
    private final long seed;
    private final int depth;
    private final Timer again;

    private @Nullable Channel channel;
    private Conversation talk;
    private @Nullable ByteBuf out;
    private @Nullable ByteBuf rest;
    private final Ring ring = new Ring();
    private final Place place = new Place();
    /** Numbers of the oldest request under way, of the next one, and of the first that is not flushed. They may wrap. */
    private int head;
    private int next;
    private int flushed;
    private int underWay;
    private int most;
    private int attempts;
    private long openedAt;
    private long now;
    private boolean isOpen;
    private boolean isLast;
    private boolean isPrepared;
    private @Nullable String whyClosed;

    Connection(ShardRun run, TransportChoice transport, long seed) {
        this.run = run;
        this.transport = transport;
        this.target = Objects.requireNonNull(run.plan.target());
        this.seed = seed;
        this.depth = target.protocol().depth();
        this.again = run.shard.timers().timer(this::connect);
        this.talk = target.protocol().open(seed, run.recorded);
    }

    void connect() {
        if (isPrepared && !run.wantsLines()) {
            return;
        }
        head = 0;
        next = 0;
        flushed = 0;
        underWay = 0;
        most = depth;
        isOpen = false;
        isLast = false;
        whyClosed = null;
        openedAt = System.nanoTime();
        talk = target.protocol().open(seed, run.recorded);
        Channel made;
        try {
            made = transport.clientChannels().get();
            channel = made;
            made.config().setOption(ChannelOption.TCP_NODELAY, true);
            made.config().setConnectTimeoutMillis((int) Math.min(Integer.MAX_VALUE, run.plan.timeout().toMillis() + 1));
            made.config().setRecvByteBufAllocator(run.in.forReads(ShardRun.READS));
            SslContext tls = run.place.tls();
            if (tls != null) {
                made.pipeline().addLast(tls.newHandler(made.alloc(), target.host(), target.port()));
            }
            made.pipeline().addLast(this);
        } catch (RuntimeException e) {
            // Out of file descriptors, most likely.
            ended(e);
            return;
        }
        run.shard.register(made).addListener(registered -> {
            if (registered.isSuccess()) {
                made.connect(run.place.address()).addListener(connected -> connected(made, connected));
            } else {
                ended(made, registered.cause());
            }
        });
    }

    private boolean isCurrent(Channel which) {
        return which.equals(channel);
    }

    private void connected(Channel made, Future<?> connected) {
        SslHandler ssl = connected.isSuccess() ? made.pipeline().get(SslHandler.class) : null;
        if (!connected.isSuccess()) {
            ended(made, connected.cause());
        } else if (ssl == null) {
            greet(made);
        } else {
            ssl.handshakeFuture().addListener(shaken -> {
                if (shaken.isSuccess()) {
                    greet(made);
                } else {
                    ended(made, shaken.cause());
                }
            });
        }
    }

    private void greet(Channel made) {
        if (!isCurrent(made)) {
            made.close();
            return;
        }
        boolean atOnce;
        try {
            atOnce = talk.begin(out());
        } catch (RuntimeException | Error e) {
            ended(e);
            return;
        }
        flush();
        if (atOnce) {
            ready();
        }
    }

    @Override
    public Place place() {
        return place;
    }

    @Override
    public boolean hasRoom() {
        Channel to = channel;
        return isOpen && !isLast && underWay < most && next - head < HOLES * depth && to != null && to.isWritable();
    }

    @Override
    public void send(long dueAt, long readyAt, int tag) {
        ring.put(head, next++, dueAt, readyAt, tag);
        underWay++;
        try {
            talk.request(out(), run.recorded(tag));
        } catch (RuntimeException | Error e) {
            unsendable(e);
        }
    }

    /** A request could not be written: half of it must not go out, and nothing can be sent behind it. */
    private void unsendable(Throwable cause) {
        letGoOfOut();
        isLast = true;
        Channel of = channel;
        // Later: whoever sends is not told before it has sent.
        run.shard.execute(() -> {
            if (of != null && isCurrent(of)) {
                whyClosed = kind(cause);
                ended(cause);
            }
        });
    }

    @Override
    public ByteBuf out() {
        ByteBuf buffer = out;
        if (buffer == null) {
            buffer = run.out.take();
            out = buffer;
        }
        return buffer;
    }

    @Override
    public void flush() {
        ByteBuf buffer = out;
        Channel to = channel;
        // Requests are taken while there is room alone. Answers to what the server asks wait in this one buffer for it.
        if (buffer == null || to == null || flushed == next && !to.isWritable()) {
            return;
        }
        out = null;
        to.writeAndFlush(buffer, to.voidPromise());
        if (flushed != next) {
            long sentAt = System.nanoTime();
            for (; flushed != next; flushed++) {
                if (!ring.isAnswered(flushed)) {
                    run.sent(ring.due(flushed), ring.ready(flushed), sentAt);
                }
            }
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        if (!isCurrent(ctx.channel())) {
            ReferenceCountUtil.release(message);
            return;
        }
        now = System.nanoTime();
        ByteBuf before = rest;
        if (before != null) {
            before.discardReadBytes().writeBytes(in);
            in.release();
            in = before;
        }
        try {
            talk.read(in, this);
        } catch (BadAnswer e) {
            if (isCurrent(ctx.channel())) {
                fail("bad answer: " + e.getMessage());
            }
        } catch (RuntimeException | Error e) {
            // A conversation's own mistake: what was read is let go of below all the same.
            exceptionCaught(ctx, e);
        }
        if (channel == null) {
            // It has been closed meanwhile, which has let go of what was before.
            if (before == null) {
                in.release();
            }
        } else if (before == null) {
            rest = in.isReadable() ? ctx.alloc().directBuffer(in.readableBytes()).writeBytes(in) : null;
            in.release();
        } else if (!before.isReadable()) {
            before.release();
            rest = null;
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (isCurrent(ctx.channel())) {
            ByteBuf held = out;
            if (held != null && held.readableBytes() > MOST_HELD && !ctx.channel().isWritable()) {
                fail("bad answer: the server asks and does not read");
            } else {
                run.room(this);
                flush();
            }
        }
        run.flush();
        run.offerDue();
    }

    @Override
    public void ready() {
        if (!isOpen) {
            isOpen = true;
            prepared(null);
            run.room(this);
            run.flush();
        }
    }

    @Override
    public void room(int newMost) {
        most = Math.min(depth, newMost);
    }

    @Override
    public void last() {
        isLast = true;
        run.room(this);
        if (underWay == 0 && channel != null) {
            // One that ends before it was of use is made anew like one that has failed.
            ended(next == 0 ? new IOException("the server has closed the connection") : null);
        }
    }

    @Override
    public void answered(@Nullable String error) {
        if (head == next) {
            throw new BadAnswer("an answer to no request");
        }
        resolve(head, error);
    }

    @Override
    public void answered(int number, @Nullable String error) {
        if (number - head < 0 || number - next >= 0 || ring.isAnswered(number)) {
            throw new BadAnswer("an answer to no request");
        }
        resolve(number, error);
    }

    private void resolve(int number, @Nullable String error) {
        long dueAt = ring.due(number);
        ring.answered(number);
        underWay--;
        attempts = 0;
        while (head != next && ring.isAnswered(head)) {
            head++;
        }
        run.answered(dueAt, ring.tag(number), error, now);
        if (isLast && underWay == 0 && channel != null) {
            ended(null);
        } else {
            run.room(this);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (isCurrent(ctx.channel())) {
            run.room(this);
            flush();
            run.flush();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (isCurrent(ctx.channel())) {
            whyClosed = kind(cause);
            ended(cause);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (isCurrent(ctx.channel())) {
            now = System.nanoTime();
            talk.ended(this);
        }
        if (isCurrent(ctx.channel())) {
            ended(new IOException("the server has closed the connection"));
        }
    }

    static String kind(Throwable cause) {
        String message = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
        if (cause instanceof ConnectException || message.contains("refused")) {
            return "refused";
        }
        if (message.contains("reset") || message.contains("broken pipe")) {
            return "reset";
        }
        return message.contains("closed the connection") ? "closed by the server" : cause.getClass().getSimpleName();
    }

    @Override
    public void sweep(long at) {
        long timeout = run.plan.timeout().toNanos();
        if (channel == null) {
            return;
        }
        if (!isOpen) {
            // It connects, or greets.
            if (at - openedAt > 2 * timeout) {
                ended(new IOException("the server has not greeted within " + run.plan.timeout().toMillis() + " ms"));
            }
        } else if (head != next && at - ring.ready(head) > timeout) {
            fail(ShardRun.TIMEOUT);
        }
    }

    /** Gives the connection up: the oldest request has failed so, and with it what is behind. */
    private void fail(String kind) {
        whyClosed = kind;
        if (isOpen && head != next) {
            boolean late = kind.equals(ShardRun.TIMEOUT);
            forsakeAll(kind, late
                    ? System.nanoTime() - run.plan.timeout().toNanos()
                    : ring.ready(head), false);
        }
        ended(new IOException(kind));
    }

    /** @param limit those that could be sent later than this are lost with the connection only, unless it is so with all */
    private void forsakeAll(String kind, long limit, boolean all) {
        for (int i = head; i != next; i++) {
            if (!ring.isAnswered(i)) {
                underWay--;
                run.forsaken(ring.due(i), ring.tag(i), all || ring.ready(i) - limit <= 0 ? kind : LOST);
            }
        }
        head = next;
        flushed = next;
    }

    private void ended(Channel made, Throwable cause) {
        if (isCurrent(made)) {
            ended(cause);
        } else {
            made.close();
        }
    }

    /**
     * The connection is over; makes a new one, unless too many have failed in a row.
     *
     * @param cause null where nothing is wrong
     */
    private void ended(@Nullable Throwable cause) {
        Channel old = channel;
        channel = null;
        isOpen = false;
        run.room(this);
        if (cause != null && head != next) {
            String kind = whyClosed != null ? whyClosed : kind(cause);
            forsakeAll(kind, 0, true);
        }
        letGo();
        if (old != null) {
            old.close();
        }
        prepared(cause);
        if (!run.wantsLines()) {
            return;
        }
        if (cause == null) {
            again.arm(0);
        } else if (attempts++ < run.plan.reconnects()) {
            again.arm(Math.min(LONGEST_PAUSE, FIRST_PAUSE << Math.min(attempts - 1, 10)));
        } else {
            run.givenUp();
        }
    }

    private void letGo() {
        letGoOfOut();
        if (rest != null) {
            rest.release();
            rest = null;
        }
    }

    private void letGoOfOut() {
        if (out != null) {
            out.release();
            out = null;
        }
    }

    private void prepared(@Nullable Throwable failure) {
        if (!isPrepared) {
            isPrepared = true;
            run.prepared(failure);
        }
    }

    @Override
    public void close() {
        again.cancel();
        Channel old = channel;
        channel = null;
        isOpen = false;
        letGo();
        if (old != null) {
            old.close();
        }
    }
}
