package io.solaster.pool;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;

/** A protocol of lines, each answered by one: what tests speak. */
final class Lines implements Protocol<Lines.Line> {
    private final boolean shared;
    private final boolean greets;

    Lines(boolean shared) {
        this(shared, false);
    }

    /** @param greets whether a connection is ready only once a first line was answered */
    Lines(boolean shared, boolean greets) {
        this.shared = shared;
        this.greets = greets;
    }

    @Override
    public String name() {
        return "lines";
    }

    @Override
    public boolean isShared() {
        return shared;
    }

    @Override
    public CompletionStage<Line> open(Shard shard, Channel channel, Endpoint endpoint) {
        Line line = new Line(shard, channel, shared);
        return greets ? line.ask("hello").thenApply(answer -> line) : CompletableFuture.completedFuture(line);
    }

    static final class Line extends PooledConnection {
        private final Shard shard;
        private final boolean shared;
        private final Deque<ShardFuture<String>> asked = new ArrayDeque<>();
        private boolean isDraining;

        Line(Shard shard, Channel channel, boolean shared) {
            super(channel);
            this.shard = shard;
            this.shared = shared;
            channel.pipeline().addLast(new LineBasedFrameDecoder(1024), new SimpleChannelInboundHandler<ByteBuf>() {
                @Override
                protected void channelRead0(ChannelHandlerContext ctx, ByteBuf line) {
                    asked.remove().resolve(line.toString(StandardCharsets.US_ASCII));
                    if (isDraining && asked.isEmpty()) {
                        channel.close();
                    }
                }

                @Override
                public void channelInactive(ChannelHandlerContext ctx) {
                    lost("closed by the other end");
                }

                @Override
                public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                    // First, so that the pool knows of it before whoever asked.
                    ctx.close();
                    lost(String.valueOf(cause.getMessage()));
                }
            });
        }

        private void lost(String why) {
            while (!asked.isEmpty()) {
                asked.remove().fail(isUnproven()
                        ? PoolException.stale(why, null)
                        : new PoolException(PoolException.Reason.CONNECTION_LOST, why, null));
            }
        }

        /** Asks, for one line. */
        ShardFuture<String> ask(String line) {
            ShardFuture<String> answer = shard.newFuture();
            asked.add(answer);
            channel().writeAndFlush(Unpooled.copiedBuffer(line + "\n", StandardCharsets.US_ASCII)).addListener(sent -> {
                // Closed before it was asked: channelInactive has come and gone.
                if (!sent.isSuccess()) {
                    lost(String.valueOf(sent.cause()));
                }
            });
            return answer;
        }

        @Override
        public boolean isShared() {
            return shared;
        }

        /** What was asked and not answered, since whoever asked has gone, would answer the next. */
        @Override
        public boolean isUsable() {
            return channel().isActive() && !isDraining && (shared || asked.isEmpty());
        }

        @Override
        public ShardFuture<?> validate() {
            return ask("ping");
        }

        @Override
        public void drain() {
            isDraining = true;
            if (asked.isEmpty()) {
                channel().close();
            }
        }
    }
}
