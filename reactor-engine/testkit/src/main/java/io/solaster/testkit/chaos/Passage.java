package io.solaster.testkit.chaos;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.ReferenceCountUtil;
import io.solaster.testkit.chaos.FaultProxy.Effect;
import org.jspecify.annotations.Nullable;

/**
 * One way of one connection. What is delayed is kept in order, and it reads on meanwhile, as a long cable takes more before
 * the first of it has arrived; but only so much that a side that does not read is felt by the other. On the proxy's thread.
 */
final class Passage extends ChannelInboundHandlerAdapter {
    /** It reads on while no more bytes than that are under way. */
    static final int MOST_UNDER_WAY = 1 << 20;

    private final FaultProxy proxy;
    private final Direction direction;
    private final Channel to;
    private final Queue<Piece> delayed = new ArrayDeque<>();
    /** By the nanosecond clock: when the latest piece arrives, which the next may not overtake. */
    private long latest = System.nanoTime();
    private volatile @Nullable ChannelHandlerContext context;
    /** Bytes that have been read here and not been written there. */
    private int underWay;
    private boolean ended;
    private boolean hasLost;
    /** The other side is gone, and this one is not to know. */
    private boolean swallows;
    /** This side is lost, and the other one is not to know. */
    private boolean forgotten;
    /** The last piece is under way: what comes behind it would pass beside it if the other side took no more just then. */
    private boolean hasLast;

    /**
     * What was read at once.
     *
     * @param arrives by the nanosecond clock
     * @param isLast whether the connection is reset after it
     */
    private record Piece(ByteBuf bytes, long arrives, boolean isLast) {}

    Passage(FaultProxy proxy, Direction direction, Channel to) {
        this.proxy = proxy;
        this.direction = direction;
        this.to = to;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf piece = (ByteBuf) message;
        Faults faults = proxy.faults(direction);
        int bytes = piece.readableBytes();
        if (swallows || hasLast || faults.isCut()) {
            proxy.add(Effect.LOST_BYTES, bytes);
            hasLost = true;
            ReferenceCountUtil.release(piece);
            if (swallows || !hasLast) {
                ctx.read();
            }
            return;
        }
        // A stream with a hole is none: TCP would have sent again, or given up.
        int passes = hasLost ? 0 : proxy.resetAfter(direction);
        if (passes >= 0) {
            hasLast = true;
            piece.writerIndex(piece.readerIndex() + Math.min(passes, bytes));
        } else if (faults.corrupt() > 0 && proxy.random().nextDouble() < faults.corrupt()) {
            int index = piece.readerIndex() + proxy.random().nextInt(bytes);
            piece.setByte(index, piece.getByte(index) ^ 1 + proxy.random().nextInt(255));
            proxy.add(Effect.CORRUPTED_BYTES, 1);
        }
        send(ctx, piece, faults);
    }

    private void send(ChannelHandlerContext ctx, ByteBuf bytes, Faults faults) {
        int count = bytes.readableBytes();
        long now = System.nanoTime();
        long arrives = now + faults.delay().toNanos();
        if (!faults.jitter().isZero()) {
            arrives += proxy.random().nextLong(faults.jitter().toNanos() + 1);
        }
        // On a connection none overtakes another.
        arrives = Math.max(arrives, latest);
        if (faults.bytesPerSecond() > 0) {
            arrives += count * 1_000_000_000L / faults.bytesPerSecond();
        }
        latest = arrives;
        underWay += count;
        Piece piece = new Piece(bytes, arrives, hasLast);
        if (delayed.isEmpty() && arrives <= now) {
            pass(ctx, piece);
            return;
        }
        proxy.add(Effect.DELAYED_BYTES, count);
        delayed.add(piece);
        if (delayed.size() == 1) {
            passLater(ctx, arrives - now);
        }
        next(ctx);
    }

    /** Waits for the first that is delayed. One timer for all, since two might fire in another order. */
    private void passLater(ChannelHandlerContext ctx, long nanos) {
        ctx.channel().eventLoop().schedule(() -> passDue(ctx), nanos, TimeUnit.NANOSECONDS).addListener(done -> {
            if (done.isCancelled()) {
                // The proxy has been closed.
                delayed.forEach(piece -> piece.bytes.release());
                delayed.clear();
            }
        });
    }

    private void passDue(ChannelHandlerContext ctx) {
        for (Piece first = delayed.peek(); first != null; first = delayed.peek()) {
            long wait = first.arrives - System.nanoTime();
            if (wait > 0) {
                passLater(ctx, wait);
                return;
            }
            delayed.remove();
            pass(ctx, first);
        }
    }

    private void pass(ChannelHandlerContext ctx, Piece piece) {
        int count = piece.bytes.readableBytes();
        to.writeAndFlush(piece.bytes).addListener(written -> {
            underWay -= count;
            if (written.isSuccess()) {
                proxy.add(Effect.BYTES, count);
            }
            if (piece.isLast) {
                proxy.reset(ctx.channel());
                proxy.reset(to);
            } else if (written.isSuccess()) {
                next(ctx);
            } else if (!swallows) {
                ctx.close();
            }
        });
    }

    /** This side is about to be lost. */
    void forgetOther() {
        forgotten = true;
    }

    /** The other side is about to be lost: reads on, for ever. */
    void swallow(Channel self) {
        swallows = true;
        self.read();
    }

    /** Reads on, or tells of the end; a reset tells of it by itself. */
    private void next(ChannelHandlerContext ctx) {
        if (hasLast) {
            return;
        }
        Faults faults = proxy.faults(direction);
        if (!ended) {
            if (underWay <= mostUnderWay(faults)) {
                ctx.read();
            }
        } else if (underWay == 0 && !faults.isCut()) {
            ((SocketChannel) to).shutdownOutput().addListener(_ -> closeIfDone(ctx));
        }
    }

    /** A narrow way holds what fits into its length, and no more waits before it. */
    private static long mostUnderWay(Faults faults) {
        if (faults.bytesPerSecond() == 0) {
            return MOST_UNDER_WAY;
        }
        double seconds = faults.delay().plus(faults.jitter()).toNanos() / 1e9;
        return (long) Math.min(MOST_UNDER_WAY, faults.bytesPerSecond() * seconds);
    }

    /** The sender has said all. */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE && !ended) {
            ended = true;
            if (!swallows) {
                next(ctx);
            }
        }
    }

    private void closeIfDone(ChannelHandlerContext ctx) {
        Passage back = to.pipeline().get(Passage.class);
        if (back == null || back.ended && back.underWay == 0) {
            ctx.close();
            to.close();
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        proxy.begins(this);
    }

    /** Any thread. */
    void close() {
        ChannelHandlerContext ctx = context;
        if (ctx != null) {
            ctx.close();
        }
    }

    /** All passes again. Any thread. */
    void healed() {
        ChannelHandlerContext ctx = context;
        if (ctx != null) {
            ctx.executor().execute(() -> {
                if (swallows) {
                    return;
                }
                if (ended && hasLost) {
                    proxy.reset(ctx.channel());
                    proxy.reset(to);
                } else if (ended) {
                    next(ctx);
                }
            });
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        proxy.ends(this);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (!forgotten) {
            to.close();
        }
    }

    /** A reset goes on as one. */
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (to.isOpen() && !forgotten) {
            proxy.reset(to);
        }
        ctx.close();
    }
}
