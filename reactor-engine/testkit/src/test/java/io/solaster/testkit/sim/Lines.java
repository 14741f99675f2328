package io.solaster.testkit.sim;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.TcpServer;

/** A protocol of lines: each is answered by one. */
final class Lines {

    private Lines() {}

    /** Answers a line, on the shard of its connection. */
    interface Service {
        CompletionStage<String> answer(Shard shard, String line);
    }

    /** Listens on all shards of a machine. */
    static TcpServer serve(Machine machine, int port, Service service) {
        ConnectionHandler handler = (shard, channel) -> channel.pipeline().addLast(new Reader() {
            private CompletableFuture<String> last = CompletableFuture.completedFuture("");

            @Override
            void line(ChannelHandlerContext context, String line) {
                CompletableFuture<String> answer = service.answer(shard, line).toCompletableFuture();
                // In the order of the questions.
                last = last.handle((before, failed) -> answer).thenCompose(next -> next)
                        .whenComplete((text, failure) -> write(context.channel(),
                                failure == null ? text : "failed " + failure));
            }

            @Override
            public void userEventTriggered(ChannelHandlerContext context, Object event) {
                if (event == TcpServer.DRAIN) {
                    context.close();
                }
            }
        });
        return TcpServer.bind(machine.engine(), "lines-" + port,
                ServerConfig.of("lines", port).withHost("0.0.0.0"), handler);
    }

    static void write(Channel channel, String line) {
        channel.writeAndFlush(Unpooled.copiedBuffer(line + "\n", StandardCharsets.US_ASCII));
    }

    /** Cuts what comes into lines. */
    abstract static class Reader extends ChannelInboundHandlerAdapter {
        private final StringBuilder begun = new StringBuilder();

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            try {
                while (bytes.isReadable()) {
                    char next = (char) bytes.readByte();
                    if (next == '\n') {
                        String line = begun.toString();
                        begun.setLength(0);
                        line(context, line);
                    } else {
                        begun.append(next);
                    }
                }
            } finally {
                bytes.release();
            }
        }

        abstract void line(ChannelHandlerContext context, String line);

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
            context.close();
        }
    }

    /** A connection that asks. On its shard, but {@link #connect} and {@link #ask} anywhere. */
    static final class Client {
        final Shard shard;
        final Channel channel;
        private final ArrayDeque<CompletableFuture<String>> asked = new ArrayDeque<>();

        private Client(Shard shard, Channel channel) {
            this.shard = shard;
            this.channel = channel;
        }

        static CompletableFuture<Client> connect(Machine from, int shardId, InetSocketAddress to) {
            CompletableFuture<Client> connected = new CompletableFuture<>();
            Shard shard = from.engine().shard(shardId);
            shard.execute(() -> {
                Channel channel = from.engine().transport().clientChannels().get();
                Client client = new Client(shard, channel);
                channel.pipeline().addLast(new Reader() {
                    @Override
                    void line(ChannelHandlerContext context, String line) {
                        client.asked.remove().complete(line);
                    }

                    @Override
                    public void channelInactive(ChannelHandlerContext context) {
                        client.failAll();
                    }
                });
                shard.register(channel).addListener(registered -> channel.connect(to)
                        .addListener((ChannelFutureListener) done -> {
                            if (done.isSuccess()) {
                                connected.complete(client);
                            } else {
                                connected.completeExceptionally(done.cause());
                            }
                        }));
            });
            return connected;
        }

        private void failAll() {
            IllegalStateException closed = new IllegalStateException("closed");
            for (CompletableFuture<String> each = asked.poll(); each != null; each = asked.poll()) {
                each.completeExceptionally(closed);
            }
        }

        CompletableFuture<String> ask(String line) {
            CompletableFuture<String> answer = new CompletableFuture<>();
            shard.execute(() -> {
                if (channel.isActive()) {
                    asked.add(answer);
                    write(channel, line);
                } else {
                    answer.completeExceptionally(new IllegalStateException("closed"));
                }
            });
            return answer;
        }
    }
}
