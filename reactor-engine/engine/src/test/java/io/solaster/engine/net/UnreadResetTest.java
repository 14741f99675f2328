package io.solaster.engine.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ProxyProtocolConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.Shard;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** A reset that has come before the bytes in front of it were read, of clients whose server says nothing by itself. */
@ParameterizedClass
@EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class UnreadResetTest {
    private static final byte[] BYTES = {'P', 'R', 'O'};

    @Parameter
    Transport transport;

    private final Queue<String> heard = new ConcurrentLinkedQueue<>();
    private final AtomicReference<Channel> connected = new AtomicReference<>();
    private boolean paused;
    private Engine engine;

    @BeforeEach
    void start() {
        engine = Engines.start(transport, 1);
    }

    @AfterEach
    void stop() {
        engine.close();
    }

    @Test
    void isNoticedThoughNobodyWasThereToAccept() throws Exception {
        TcpServer server = bind(ServerConfig.of("silent", 0));
        for (int i = 1; i <= 3; i++) {
            CountDownLatch go = hold();
            try {
                writeAndReset(connect(server));
            } finally {
                go.countDown();
            }
            isOver(server, i);
        }
    }

    @Test
    void isNoticedOfAConnectionThatIsThere() throws Exception {
        TcpServer server = bind(ServerConfig.of("silent", 0));
        for (int i = 1; i <= 3; i++) {
            Socket socket = connect(server);
            Engines.until("it is connected", () -> connected.get() != null);
            CountDownLatch go = hold();
            try {
                writeAndReset(socket);
            } finally {
                go.countDown();
            }
            isOver(server, i);
        }
    }

    @Test
    void isNoticedOnceItIsReadAgain() throws Exception {
        paused = true;
        TcpServer server = bind(ServerConfig.of("silent", 0));
        Socket socket = connect(server);
        Engines.until("it is connected", () -> connected.get() != null);
        Channel channel = connected.get();
        CountDownLatch go = hold();
        try {
            writeAndReset(socket);
        } finally {
            go.countDown();
        }
        engine.shard(0).execute(() -> channel.config().setAutoRead(true));
        isOver(server, 1);
    }

    @Test
    void isNoticedBeforeTheHeaderOfAProxyIsThere() throws Exception {
        TcpServer server = bind(Changed.with(ServerConfig.of("silent", 0), "proxyProtocol",
                new ProxyProtocolConfig("127.0.0.1", Duration.ofMinutes(10))));
        for (int i = 1; i <= 3; i++) {
            CountDownLatch go = hold();
            try {
                writeAndReset(connect(server));
            } finally {
                go.countDown();
            }
            int expected = i;
            Engines.until("it is gone", () -> server.accepted() == expected && server.connections() == 0);
        }
    }

    private void isOver(TcpServer server, int connections) {
        Engines.until("it is gone", () -> server.accepted() == connections && server.connections() == 0);
        Engines.until("all is told", () -> heard.contains("the end"));
        assertThat(heard).containsExactly("3 bytes", "a failure", "the end");
        heard.clear();
        connected.set(null);
    }

    private TcpServer bind(ServerConfig config) {
        return TcpServer.bind(engine, "silent", config, new ConnectionHandler() {
            @Override
            public void connected(Shard shard, Channel channel) {
                channel.config().setAutoRead(!paused);
                channel.pipeline().addLast(new Hears());
                connected.set(channel);
            }

            @Override
            public byte[] refusal() {
                return new byte[0];
            }
        });
    }

    private static Socket connect(TcpServer server) throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), server.port());
    }

    private static void writeAndReset(Socket socket) throws IOException {
        socket.getOutputStream().write(BYTES);
        socket.setSoLinger(true, 0);
        socket.close();
    }

    /** Holds the shard until the latch is released. */
    private CountDownLatch hold() throws InterruptedException {
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        engine.shard(0).execute(() -> {
            held.countDown();
            try {
                go.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        assertThat(held.await(Engines.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        return go;
    }

    private final class Hears extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            heard.add(bytes.readableBytes() + " bytes");
            bytes.release();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            heard.add(cause instanceof IOException ? "a failure" : cause.toString());
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            heard.add("the end");
        }
    }
}
