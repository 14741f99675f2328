package io.solaster.engine.net.udp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.StandardProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.solaster.engine.Engines;
import io.solaster.engine.net.udp.UdpStats.Drop;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class SendQueueTest {
    private static final SendQueue.Owner NOBODY = new SendQueue.Owner() {
        @Override
        public void notSent(Throwable why) {
            throw new AssertionError(why);
        }

        @Override
        public void flushSoon() {}
    };

    /** Keeps the selector, by which a channel can be told that its socket is full. */
    private static final class Selectors extends SelectorProvider {
        private final SelectorProvider provider = SelectorProvider.provider();
        private final AtomicReference<Selector> last = new AtomicReference<>();

        @Override
        public AbstractSelector openSelector() throws IOException {
            AbstractSelector selector = provider.openSelector();
            last.set(selector);
            return selector;
        }

        @Override
        public DatagramChannel openDatagramChannel() throws IOException {
            return provider.openDatagramChannel();
        }

        @Override
        public DatagramChannel openDatagramChannel(ProtocolFamily family) throws IOException {
            return provider.openDatagramChannel(family);
        }

        @Override
        public Pipe openPipe() throws IOException {
            return provider.openPipe();
        }

        @Override
        public ServerSocketChannel openServerSocketChannel() throws IOException {
            return provider.openServerSocketChannel();
        }

        @Override
        public SocketChannel openSocketChannel() throws IOException {
            return provider.openSocketChannel();
        }
    }

    @Test
    void anEmptyDatagramIsDroppedAndCountedWhereTheSocketTakesNothing() throws Exception {
        Selectors selectors = new Selectors();
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory(selectors));
        try (DatagramChannel socket = DatagramChannel.open(StandardProtocolFamily.INET)) {
            NioDatagramChannel channel = new NioDatagramChannel(socket);
            loops.register(channel).sync();
            channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).sync();
            InetSocketAddress to = channel.localAddress();
            UdpStats stats = new UdpStats();
            ByteBuf waiting = Unpooled.wrappedBuffer(new byte[1]);
            ByteBuf empty = Unpooled.buffer(1);
            Engines.get(channel.eventLoop().submit(() -> {
                SendQueue queue = new SendQueue(channel, "test", false, stats, NOBODY);
                queue.bound(1_000);
                // As after a write that the socket did not take.
                socket.keyFor(selectors.last.get()).interestOpsOr(SelectionKey.OP_WRITE);
                assertThat(queue.send(waiting, to)).isTrue();
                assertThat(queue.send(empty, to)).isFalse();
            }));
            assertThat(stats.dropped(Drop.SEND_QUEUE)).isOne();
            Engines.until("what waited is sent, and nothing else", () -> stats.sent.get() == 1);
            channel.close().sync();
            assertThat(stats.sent.get()).isOne();
            assertThat(waiting.refCnt()).isZero();
            assertThat(empty.refCnt()).isZero();
        } finally {
            loops.shutdownGracefully(0, 0, TimeUnit.SECONDS).sync();
        }
    }
}
