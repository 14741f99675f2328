package io.solaster.testkit.chaos;

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
 * One way of one connection. It reads on only once what it read has been written, so that a side that does not read is felt
 * by the other; a piece under way is at most what one read brings. On the proxy's thread.
 */
final class Passage extends ChannelInboundHandlerAdapter {
    private final FaultProxy proxy;
    private final Direction direction;
    private final Channel to;
    /** By the nanosecond clock: when the latest piece arrives, which the next may not overtake. */
    private long latest = System.nanoTime();
    private volatile @Nullable ChannelHandlerContext context;
    private int underWay;
    private boolean ended;
    private boolean hasLost;
    /** The other side is gone, and this one is not to know. */
    private boolean swallows;
    /** This side is lost, and the other one is not to know. */
    private boolean forgotten;

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
        if (swallows || faults.isCut()) {
            proxy.add(Effect.LOST_BYTES, bytes);
            hasLost = true;
            ReferenceCountUtil.release(piece);
            ctx.read();
            return;
        }
        if (hasLost) {
            // A stream with a hole is none: TCP would have sent again, or given up.
            ReferenceCountUtil.release(piece);
            proxy.reset(ctx.channel());
            proxy.reset(to);
            return;
        }
        int passes = proxy.resetAfter(direction);
        if (passes >= 0) {
            int some = Math.min(passes, bytes);
            to.writeAndFlush(piece.slice(piece.readerIndex(), some)).addListener(_ -> {
                proxy.add(Effect.BYTES, some);
                proxy.reset(ctx.channel());
                proxy.reset(to);
            });
            return;
        }
        if (faults.corrupt() > 0 && proxy.random().nextDouble() < faults.corrupt()) {
            int index = piece.readerIndex() + proxy.random().nextInt(bytes);
            piece.setByte(index, piece.getByte(index) ^ 1 + proxy.random().nextInt(255));
            proxy.add(Effect.CORRUPTED_BYTES, 1);
        }
        long now = System.nanoTime();
        long arrives = now + faults.delay().toNanos();
        if (!faults.jitter().isZero()) {
            arrives += proxy.random().nextLong(faults.jitter().toNanos() + 1);
        }
        if (faults.bytesPerSecond() > 0) {
            arrives = Math.max(arrives, latest) + bytes * 1_000_000_000L / faults.bytesPerSecond();
        }
        arrives = Math.max(arrives, latest);
        latest = arrives;
        underWay++;
        if (arrives - now <= 0) {
            pass(ctx, piece);
        } else {
            proxy.add(Effect.DELAYED_BYTES, bytes);
            ctx.channel().eventLoop().schedule(() -> pass(ctx, piece), arrives - now, TimeUnit.NANOSECONDS)
                    .addListener(done -> {
                        if (done.isCancelled()) {
                            // The proxy has been closed.
                            piece.release();
                        }
                    });
        }
    }

    private void pass(ChannelHandlerContext ctx, ByteBuf piece) {
        int bytes = piece.readableBytes();
        to.writeAndFlush(piece).addListener(written -> {
            underWay--;
            if (written.isSuccess()) {
                proxy.add(Effect.BYTES, bytes);
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

    private void next(ChannelHandlerContext ctx) {
        if (underWay == 0 && ended) {
            ((SocketChannel) to).shutdownOutput().addListener(_ -> closeIfDone(ctx));
        } else if (underWay == 0) {
            ctx.read();
        }
    }

    /** The sender has said all. */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE && !ended) {
            ended = true;
            if (!swallows && !proxy.faults(direction).isCut()) {
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
                } else if (ended && !proxy.faults(direction).isCut()) {
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
