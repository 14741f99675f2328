package io.solaster.engine.thread;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.net.TcpServer;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ChannelWriteTest {

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void aHundredWritesAndOneFlushLeaveTogetherAndInOrder(Transport transport) throws Exception {
        try (Engine engine = Engines.start(transport, 2)) {
            Counts counts = new Counts();
            CompletableFuture<int[]> done = new CompletableFuture<>();
            TcpServer server = TcpServer.bind(engine, "writes", ServerConfig.of("writes", 0), (shard, channel) -> {
                channel.pipeline().addLast(counts);
                shard.fork(() -> {
                    for (int i = 0; i < 100; i++) {
                        channel.write(line(i));
                    }
                    int during = counts.writes;
                    channel.flush();
                    // What is written by the loop after this comes after it.
                    shard.execute(() -> channel.write(line(100)));
                    channel.write(line(101));
                    // Parks until the loop has seen to it all.
                    Thread.yield();
                    done.complete(new int[]{during, counts.flushes, counts.writes});
                    return channel.writeAndFlush(line(102)).await().isSuccess();
                });
            });
            engine.onStop(server::close);
            try (Socket socket = new Socket("localhost", server.port())) {
                String expected = "";
                for (int i = 0; i <= 102; i++) {
                    expected += i + "\n";
                }
                byte[] read = socket.getInputStream().readNBytes(expected.length());
                assertThat(new String(read, StandardCharsets.US_ASCII)).isEqualTo(expected);
            }
            assertThat(Engines.get(done)).containsExactly(0, 1, 102);
        }
    }

    private static ByteBuf line(int number) {
        return Unpooled.copiedBuffer(number + "\n", StandardCharsets.US_ASCII);
    }

    /** What arrives at the socket's end of the pipeline. */
    private static final class Counts extends ChannelOutboundHandlerAdapter {
        private int writes;
        private int flushes;

        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
            writes++;
            context.write(message, promise);
        }

        @Override
        public void flush(ChannelHandlerContext context) {
            flushes++;
            context.flush();
        }
    }
}
