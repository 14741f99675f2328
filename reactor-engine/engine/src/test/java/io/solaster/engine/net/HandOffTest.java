package io.solaster.engine.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.netty.channel.ChannelFuture;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A connection that one shard hands to another ends, whatever becomes of that shard. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class HandOffTest {

    @Test
    void aShardThatHasStoppedClosesWhatItIsHanded() throws Exception {
        Engine engine = Engines.start(Transport.NIO, 2);
        TcpServer server = TcpServer.bind(engine, "hand-off", ServerConfig.of("echo", 0), new Echo(false));
        Listener listener = new Listener(server, engine.shard(1), new Echo(false), null);
        NioSocketChannel before = new NioSocketChannel();
        ChannelFuture queued;
        CountDownLatch go = new CountDownLatch(1);
        engine.shard(1).execute(() -> {
            try {
                go.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        queued = listener.register(before);
        go.countDown();
        engine.close();
        assertThat(queued.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(before.closeFuture().await(60, TimeUnit.SECONDS)).isTrue();

        NioSocketChannel after = new NioSocketChannel();
        ChannelFuture late = listener.register(after);
        assertThat(late.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(after.isOpen()).isFalse();
        assertThat(late.cause()).hasMessageContaining("shard 1 of engine");
    }

    @Test
    void whatArrivesAfterADrainHasClosedTheRestIsClosedToo() throws Exception {
        try (Engine engine = Engines.start(Transport.NIO, 2);
                TcpServer server = TcpServer.bind(engine, "hand-off", ServerConfig.of("echo", 0), new Echo(true))) {
            Listener listener = new Listener(server, engine.shard(1), new Echo(true), null);
            assertThat(listener.closeAll().get(60, TimeUnit.SECONDS)).isZero();

            NioSocketChannel late = new NioSocketChannel();
            listener.adopt(late, listener);

            assertThat(late.closeFuture().await(60, TimeUnit.SECONDS)).isTrue();
        }
    }

    /** It takes as long as a shard is waited for. */
    @Test
    @Tag("full")
    void aServerThatCouldNotRegisterInTimeLeavesNoSocket() {
        try (Engine engine = Engines.start(Transport.NIO, 1)) {
            int registered = engine.shard(0).registeredChannels();
            CountDownLatch go = new CountDownLatch(1);
            engine.shard(0).execute(() -> {
                try {
                    go.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            assertThatThrownBy(() -> TcpServer.bind(engine, "late", ServerConfig.of("echo", 0), new Echo(false)))
                    .isInstanceOf(BindException.class).hasMessageContaining("has not answered within");
            go.countDown();
            Engines.get(engine.submitTo(0, () -> true));
            Engines.until("the socket is closed", () -> engine.shard(0).registeredChannels() == registered);
        }
    }
}
