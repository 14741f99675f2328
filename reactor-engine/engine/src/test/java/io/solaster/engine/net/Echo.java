package io.solaster.engine.net;

import java.nio.charset.StandardCharsets;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.solaster.engine.Shard;

/** Greets with the shard's number, sends back what it gets, and says goodbye when asked to finish, unless stubborn. */
final class Echo implements ConnectionHandler {
    private final boolean stubborn;

    Echo(boolean stubborn) {
        this.stubborn = stubborn;
    }

    @Override
    public void connected(Shard shard, Channel channel) {
        if (Shard.current() != shard || channel.eventLoop() != shard) {
            throw new IllegalStateException("connected on the wrong thread");
        }
        channel.writeAndFlush(text(channel, "shard " + shard.id() + "\n"));
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                if (Shard.current() != shard) {
                    throw new IllegalStateException("read on the wrong thread");
                }
                ctx.writeAndFlush(message);
            }

            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                if (event == TcpServer.DRAIN && !stubborn) {
                    ctx.writeAndFlush(text(channel, "bye\n")).addListener(ChannelFutureListener.CLOSE);
                }
            }
        });
    }

    @Override
    public byte[] refusal() {
        return "full\n".getBytes(StandardCharsets.US_ASCII);
    }

    private static io.netty.buffer.ByteBuf text(Channel channel, String text) {
        return channel.alloc().buffer().writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }
}
