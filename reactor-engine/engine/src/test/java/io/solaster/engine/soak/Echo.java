package io.solaster.engine.soak;

import java.io.IOException;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.solaster.engine.Shard;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.TcpServer;

/** Sends back what it gets, with bounded output, and finishes what it has once the client has no more to say. */
final class Echo implements ConnectionHandler {
    /** What one turn may read beyond the high-water mark. */
    private static final long MOST_OUTPUT = 4 << 20;

    private final Ledger ledger;

    Echo(Ledger ledger) {
        this.ledger = ledger;
    }

    @Override
    public void connected(Shard shard, Channel channel) {
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                if (Shard.current() != shard) {
                    ledger.fault("read on " + Thread.currentThread().getName());
                }
                ctx.write(message);
            }

            @Override
            public void channelReadComplete(ChannelHandlerContext ctx) {
                ctx.flush();
                ChannelOutboundBuffer output = ctx.channel().unsafe().outboundBuffer();
                if (output != null && output.totalPendingWriteBytes() > MOST_OUTPUT) {
                    ledger.fault("unbounded output: " + output.totalPendingWriteBytes() + " bytes");
                }
            }

            @Override
            public void channelWritabilityChanged(ChannelHandlerContext ctx) {
                ctx.channel().config().setAutoRead(ctx.channel().isWritable());
            }

            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                if (event instanceof ChannelInputShutdownEvent || event == TcpServer.DRAIN) {
                    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
                }
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                if (!(cause instanceof IOException)) {
                    ledger.fault("a connection failed with " + cause);
                }
                ctx.close();
            }
        });
    }
}
