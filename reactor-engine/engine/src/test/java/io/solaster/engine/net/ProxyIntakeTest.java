package io.solaster.engine.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
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
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/** What becomes of a trusted proxy's connection before and as its protocol begins. */
@ParameterizedClass
@EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
class ProxyIntakeTest {
    private static final String LINE = "PROXY TCP4 192.0.2.7 10.0.0.1 8080 443\r\n";
    private static final ServerConfig CONFIG = Changed.with(ServerConfig.of("echo", 0), "proxyProtocol",
            new ProxyProtocolConfig("127.0.0.1", Duration.ofMinutes(10)));

    @Parameter
    Transport transport;

    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
    private Engine engine;

    @BeforeEach
    void start() {
        // Shards log while it is read.
        logged.list = new CopyOnWriteArrayList<>();
        logged.start();
        for (String name : new String[]{"io.netty.channel", TcpServer.class.getName()}) {
            Logger logger = (Logger) LoggerFactory.getLogger(name);
            logger.setAdditive(false);
            logger.addAppender(logged);
        }
        engine = Engines.start(transport, 1);
    }

    @AfterEach
    void stop() {
        engine.close();
        for (String name : new String[]{"io.netty.channel", TcpServer.class.getName()}) {
            Logger logger = (Logger) LoggerFactory.getLogger(name);
            logger.detachAppender(logged);
            logger.setAdditive(true);
        }
    }

    private TcpServer bind(BiConsumer<Shard, Channel> connected) {
        return TcpServer.bind(engine, "echo", CONFIG, new ConnectionHandler() {
            @Override
            public void connected(Shard shard, Channel channel) {
                connected.accept(shard, channel);
            }

            @Override
            public byte[] refusal() {
                return new byte[0];
            }
        });
    }

    private static Socket connect(TcpServer server) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout(60_000);
        return socket;
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void aResetBeforeTheHeaderIsNoNews() throws Exception {
        TcpServer server = bind((shard, channel) -> {});
        for (String begun : new String[]{"", "PROXY TC"}) {
            Socket socket = connect(server);
            send(socket, begun);
            Engines.until("it is connected", () -> server.connections() == 1);
            socket.setSoLinger(true, 0);
            socket.close();
            Engines.until("it is gone", () -> server.connections() == 0);
        }
        server.close();
        assertThat(logged.list).noneMatch(each -> each.getLevel().isGreaterOrEqual(Level.WARN));
    }

    @Test
    void aProtocolThatFailsToBeginClosesTheConnection() throws Exception {
        TcpServer server = bind((shard, channel) -> {
            throw new IllegalStateException("not today");
        });
        try (Socket socket = connect(server)) {
            send(socket, LINE + "hello");
            Engines.until("it is closed", () -> server.accepted() == 1 && server.connections() == 0);
        }
        server.close();
        assertThat(logged.list).filteredOn(each -> each.getLevel() == Level.ERROR).hasSize(1)
                .allMatch(each -> each.getFormattedMessage().contains("Server 'echo'"));
    }

    /** The protocol's own buffers are read into, though the header was read before there was a protocol. */
    @Test
    void theProtocolSaysWhatIsReadInto() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        TcpServer server = bind((shard, channel) -> {
            channel.config().setRecvByteBufAllocator(new Counted(asked));
            channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext context, Object message) {
                    context.writeAndFlush(message);
                }
            });
        });
        try (Socket socket = connect(server)) {
            send(socket, LINE + "a");
            assertThat(socket.getInputStream().read()).isEqualTo('a');
            for (int i = 0; i < 3; i++) {
                send(socket, "b");
                assertThat(socket.getInputStream().read()).isEqualTo('b');
            }
        }
        server.close();
        assertThat(asked.get()).isPositive();
    }

    private static final class Counted extends DefaultMaxMessagesRecvByteBufAllocator {
        private final AtomicInteger asked;

        Counted(AtomicInteger asked) {
            this.asked = asked;
        }

        @Override
        @SuppressWarnings("deprecation") // Netty's own type for it
        public Handle newHandle() {
            return new MaxMessageHandle() {
                @Override
                public ByteBuf allocate(ByteBufAllocator allocator) {
                    asked.incrementAndGet();
                    return allocator.ioBuffer(64);
                }

                @Override
                public int guess() {
                    return 64;
                }
            };
        }
    }
}
