package io.solaster.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.EndpointConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.net.TcpServer;
import io.solaster.pool.connect.Connectors;
import io.solaster.testkit.peer.RedisServer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Pools that connect to Unix domain sockets, on each transport. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class UnixEndpointTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    @BeforeEach
    void thereIsRoom() {
        assumeThat(directory.toString()).as("room for paths of sockets in it").hasSizeLessThan(80);
    }

    private static Channel connect(Engine engine, PoolConfig config, Endpoint endpoint) throws Exception {
        Connector connector = Connectors.of(engine, config, Rig::resolve, null);
        CompletableFuture<Channel> connected = new CompletableFuture<>();
        engine.shard(1).execute(() -> connector.connect(endpoint, LONG).whenComplete((channel, failure) -> {
            if (failure == null) {
                connected.complete(channel);
            } else {
                connected.completeExceptionally(failure);
            }
        }));
        return connected.get(60, TimeUnit.SECONDS);
    }

    /** Sends a line and returns what comes back. */
    private static String ask(Channel channel, String line, int length) throws Exception {
        BlockingQueue<String> answers = new LinkedBlockingQueue<>();
        channel.eventLoop().submit(() -> {
            channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                private final StringBuilder got = new StringBuilder();

                @Override
                public void channelRead(ChannelHandlerContext ctx, Object message) {
                    got.append(((ByteBuf) message).toString(StandardCharsets.US_ASCII));
                    ((ByteBuf) message).release();
                    if (got.length() >= length) {
                        answers.add(got.toString());
                    }
                }
            });
            channel.writeAndFlush(channel.alloc().buffer().writeBytes(line.getBytes(StandardCharsets.US_ASCII)));
        });
        return answers.poll(60, TimeUnit.SECONDS);
    }

    private static void echo(Shard shard, Channel channel) {
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                ctx.writeAndFlush(message);
            }
        });
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void connectsToAPathAndToAnAbstractName(Transport transport) throws Exception {
        try (Engine engine = TestEngines.start(transport, 2)) {
            String path = directory.resolve("own.sock").toString();
            String name = "@solaster-" + UUID.randomUUID();
            for (String socket : transport == Transport.NIO ? new String[]{path} : new String[]{path, name}) {
                ServerConfig config = ServerConfig.of("echo", 0).withHost("unix:" + socket);
                try (TcpServer server = TcpServer.bind(engine, "own", config, UnixEndpointTest::echo)) {
                    Channel channel = connect(engine, PoolConfig.of(PoolConfig.Protocol.TCP), Endpoint.unix(socket));
                    assertThat(channel.eventLoop()).isEqualTo(engine.shard(1));
                    assertThat(ask(channel, "hello\n", 6)).isEqualTo("hello\n");
                    assertThat(server.connections()).isEqualTo(1);
                    channel.close().sync();
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void speaksToRedisOverItsSocket(Transport transport) throws Exception {
        Path socket = directory.resolve("redis.sock");
        try (RedisServer redis = RedisServer.start("--unixsocket", socket.toString());
                Engine engine = TestEngines.start(transport, 2)) {
            assertThat(redis.pid()).isPositive();
            Channel channel = connect(engine, PoolConfig.of(PoolConfig.Protocol.RESP),
                    Endpoint.unix(socket.toString()));
            assertThat(ask(channel, "PING\r\n", 7)).isEqualTo("+PONG\r\n");
            channel.close().sync();
        }
    }

    @Test
    void nioSaysThatItKnowsNoAbstractNames() throws Exception {
        try (Engine engine = TestEngines.start(Transport.NIO, 2)) {
            assertThatExceptionOfType(ExecutionException.class)
                    .isThrownBy(() -> connect(engine, PoolConfig.of(PoolConfig.Protocol.TCP), Endpoint.unix("@name")))
                    .withMessageContainingAll("unix:@name is an abstract name", "epoll or io_uring");
        }
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void whereNobodyListensTheConnectFails(Transport transport) throws Exception {
        Path nothing = directory.resolve("nothing.sock");
        assumeThat(Files.exists(nothing)).isFalse();
        try (Engine engine = TestEngines.start(transport, 2)) {
            assertThatExceptionOfType(ExecutionException.class).isThrownBy(
                    () -> connect(engine, PoolConfig.of(PoolConfig.Protocol.TCP), Endpoint.unix(nothing.toString())));
        }
    }

    @Test
    void isWrittenAsAServersHostIs() {
        Endpoint endpoint = Endpoint.of(EndpointConfig.valueOf("unix:/run/app.sock"));
        assertThat(endpoint).isEqualTo(Endpoint.unix("/run/app.sock")).hasToString("unix:/run/app.sock");
        assertThat(endpoint.isUnix()).isTrue();
        assertThat(endpoint.unixName()).isEqualTo("/run/app.sock");
        assertThat(Endpoint.of("orders.example", 80).isUnix()).isFalse();
        assertThatIllegalArgumentException().isThrownBy(() -> new Endpoint("unix:/a", 80, 1, 0, null, -1));
    }
}
