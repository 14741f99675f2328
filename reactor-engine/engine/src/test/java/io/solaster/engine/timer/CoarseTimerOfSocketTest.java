package io.solaster.engine.timer;

import static io.solaster.engine.Engines.get;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.Shard;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.TcpServer;
import org.junit.jupiter.api.Test;

/** What a socket's event arms counts from that event, however long the shard has slept before it. */
class CoarseTimerOfSocketTest {
    private static final long DELAY = TimeUnit.MILLISECONDS.toNanos(200);

    @Test
    void isNotEarlyAfterASleep() throws Exception {
        CompletableFuture<Long> took = new CompletableFuture<>();
        try (Engine engine = Engines.start(Transport.NIO, 1);
                TcpServer server = TcpServer.bind(engine, "test", ServerConfig.of("test", 0), new Arming(took));
                Socket client = new Socket("127.0.0.1", server.port())) {
            // Long enough for the shard to sleep; where it does not, there is nothing to see.
            TimeUnit.NANOSECONDS.sleep(2 * DELAY);
            client.getOutputStream().write(1);
            assertThat(get(took)).isGreaterThanOrEqualTo(DELAY);
        }
    }

    private record Arming(CompletableFuture<Long> took) implements ConnectionHandler {

        @Override
        public void connected(Shard shard, Channel channel) {
            channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object bytes) {
                    ReferenceCountUtil.release(bytes);
                    long began = shard.timers().now();
                    shard.timers().coarseTimer(() -> took.complete(System.nanoTime() - began)).arm(DELAY);
                }
            });
        }

        @Override
        public byte[] refusal() {
            return new byte[0];
        }
    }
}
