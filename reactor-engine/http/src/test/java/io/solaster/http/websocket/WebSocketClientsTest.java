package io.solaster.http.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketClientHandshakerFactory;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketVersion;
import io.netty.handler.codec.http.websocketx.extensions.WebSocketClientExtensionHandler;
import io.netty.handler.codec.http.websocketx.extensions.compression.PerMessageDeflateClientExtensionHandshaker;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.WebSocketCompressionConfig;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.net.TcpServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Clients that others have written: the JDK's, and Netty's with compression. */
class WebSocketClientsTest {
    private static SocketFixture fixture;
    private static MultiThreadIoEventLoopGroup loop;

    @BeforeAll
    static void start() {
        fixture = new SocketFixture(Transport.AUTO, 2, null);
        loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    }

    @AfterEach
    void closeAll() throws Exception {
        fixture.closeAll();
    }

    @AfterAll
    static void stop() throws Exception {
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).await(60, TimeUnit.SECONDS);
        fixture.close();
    }

    @Test
    void talksWithTheJdksClient() throws Exception {
        LinkedBlockingQueue<String> got = new LinkedBlockingQueue<>();
        TcpServer server = fixture.serve(fixture.sockets().handler(new Recorder()).withSubprotocols("echo"));
        try (HttpClient http = HttpClient.newHttpClient()) {
            java.net.http.WebSocket socket = http.newWebSocketBuilder().subprotocols("echo")
                    .buildAsync(URI.create("ws://127.0.0.1:" + server.port() + "/chat"), new Told(got))
                    .get(60, TimeUnit.SECONDS);
            assertThat(socket.getSubprotocol()).isEqualTo("echo");
            socket.sendText("grüße", true).get(60, TimeUnit.SECONDS);
            assertThat(take(got)).isEqualTo("text grüße");
            socket.sendText("in ", false).get(60, TimeUnit.SECONDS);
            socket.sendPing(ByteBuffer.wrap(new byte[]{1})).get(60, TimeUnit.SECONDS);
            socket.sendText("parts", true).get(60, TimeUnit.SECONDS);
            assertThat(List.of(take(got), take(got))).containsExactlyInAnyOrder("pong 1", "text in parts");
            socket.sendBinary(ByteBuffer.wrap(new byte[100_000]), true).get(60, TimeUnit.SECONDS);
            assertThat(take(got)).isEqualTo("binary 100000");
            socket.sendClose(4000, "bye").get(60, TimeUnit.SECONDS);
            assertThat(take(got)).isEqualTo("closed 4000");
        }
    }

    private static String take(LinkedBlockingQueue<String> from) throws InterruptedException {
        return String.valueOf(from.poll(60, TimeUnit.SECONDS));
    }

    private static final class Told implements java.net.http.WebSocket.Listener {
        private final LinkedBlockingQueue<String> got;
        private final StringBuilder text = new StringBuilder();
        private int bytes;

        Told(LinkedBlockingQueue<String> got) {
            this.got = got;
        }

        @Override
        public CompletionStage<?> onText(java.net.http.WebSocket socket, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                got.add("text " + text);
                text.setLength(0);
            }
            socket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onBinary(java.net.http.WebSocket socket, ByteBuffer data, boolean last) {
            bytes += data.remaining();
            if (last) {
                got.add("binary " + bytes);
                bytes = 0;
            }
            socket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onPong(java.net.http.WebSocket socket, ByteBuffer message) {
            got.add("pong " + message.remaining());
            socket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onClose(java.net.http.WebSocket socket, int code, String reason) {
            got.add("closed " + code);
            return null;
        }

        @Override
        public void onError(java.net.http.WebSocket socket, Throwable error) {
            got.add("error " + error);
        }
    }

    // ---- Netty's, compressed

    @Test
    void compressesWithoutContextTakeover() throws Exception {
        compresses(false, 1);
    }

    @Test
    void compressesWithContextTakeover() throws Exception {
        compresses(true, 6);
    }

    private void compresses(boolean takeover, int level) throws Exception {
        fixture.sockets().reconfigure(Changed.with(WebSocketConfig.defaults(), "compression",
                new WebSocketCompressionConfig(true, level, new ByteSize(20), takeover)));
        TcpServer server = fixture.serve(fixture.sockets().handler(new Recorder()));
        LinkedBlockingQueue<String> got = new LinkedBlockingQueue<>();
        Channel client = netty(server, takeover, got);
        long before = fixture.count(stats -> stats.bytesOut.get());
        String text = "the quick brown fox jumps over the lazy dög; ".repeat(40);
        for (int i = 0; i < 50; i++) {
            client.writeAndFlush(new TextWebSocketFrame(text + i));
            assertThat(take(got)).isEqualTo("text " + text + i);
        }
        assertThat(fixture.count(stats -> stats.bytesOut.get()) - before)
                .isLessThan(50L * (takeover ? 30 : text.length() / 8));
        client.writeAndFlush(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(new byte[200_000])));
        assertThat(take(got)).isEqualTo("binary 200000");
        client.writeAndFlush(new TextWebSocketFrame("short"));
        assertThat(take(got)).isEqualTo("text short");
        client.writeAndFlush(new TextWebSocketFrame(""));
        assertThat(take(got)).isEqualTo("text ");
        client.writeAndFlush(new TextWebSocketFrame(false, 0, "xyz".repeat(100)));
        client.writeAndFlush(new PingWebSocketFrame(Unpooled.wrappedBuffer(new byte[3])));
        client.writeAndFlush(new ContinuationWebSocketFrame(true, 0, "abc".repeat(100)));
        assertThat(take(got)).isEqualTo("text " + "xyz".repeat(100) + "abc".repeat(100));
        // Broadcasts: compressed once a shard, or as they are.
        Channel other = netty(server, takeover, got);
        fixture.sockets().broadcast(text);
        assertThat(take(got)).isEqualTo("text " + text);
        assertThat(take(got)).isEqualTo("text " + text);
        client.writeAndFlush(new TextWebSocketFrame(text));
        assertThat(take(got)).isEqualTo("text " + text);
        other.close().sync();
        client.close().sync();
    }

    @Test
    void endsABombBeforeItGoesOff() throws Exception {
        fixture.sockets().reconfigure(Changed.with(WebSocketConfig.defaults(), "maxMessage", new ByteSize(100_000),
                "compression", Changed.with(WebSocketCompressionConfig.defaults(), "enabled", true)));
        TcpServer server = fixture.serve(fixture.sockets().handler(new Recorder()));
        LinkedBlockingQueue<String> got = new LinkedBlockingQueue<>();
        Channel client = netty(server, false, got);
        client.writeAndFlush(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(new byte[100_000])));
        assertThat(take(got)).isEqualTo("binary 100000");
        client.writeAndFlush(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(new byte[20_000_000])));
        assertThat(take(got)).isEqualTo("closed 1009");
    }

    @Test
    void refusesWhatCannotBeDecompressed() {
        fixture.sockets().reconfigure(
                Changed.with(WebSocketConfig.defaults(), "compression",
                        Changed.with(WebSocketCompressionConfig.defaults(), "enabled", true)));
        WsClient bad = fixture.connect(new Recorder(), "Sec-WebSocket-Extensions: permessage-deflate");
        bad.send(new ClientFrames().frame(0xC1, new byte[]{-1, -1, 1, 2, 3}));
        assertThat(bad.message()).isEqualTo("8 1007");
        WsClient client = fixture.connect(new Recorder(), "Sec-WebSocket-Extensions: permessage-deflate");
        // RFC 7692, section 7.2.3: the same, with a last block, and in two frames.
        java.util.HexFormat hex = java.util.HexFormat.of();
        client.send(new ClientFrames().frame(0xC1, hex.parseHex("f248cdc9c90700")));
        assertThat(client.message()).isEqualTo("1 Hello");
        client.send(new ClientFrames().frame(0xC1, hex.parseHex("f348cdc9c9070000")));
        assertThat(client.message()).isEqualTo("1 Hello");
        client.send(new ClientFrames().frame(0x41, hex.parseHex("f248cd")).frame(0x80, hex.parseHex("c9c90700")));
        assertThat(client.message()).isEqualTo("1 Hello");
        client.send(new ClientFrames().frame(0xC1, hex.parseHex("000500faff48656c6c6f00")));
        assertThat(client.message()).isEqualTo("1 Hello");
        client.send(new ClientFrames().frame(0xC1, hex.parseHex("f24805000000ffffcac9c90700")));
        assertThat(client.message()).isEqualTo("1 Hello");
    }

    private Channel netty(TcpServer server, boolean takeover, LinkedBlockingQueue<String> got) throws Exception {
        URI uri = URI.create("ws://127.0.0.1:" + server.port() + "/chat");
        WebSocketClientProtocolHandler protocol = new WebSocketClientProtocolHandler(WebSocketClientHandshakerFactory
                .newHandshaker(uri, WebSocketVersion.V13, null, true, new DefaultHttpHeaders(), 1 << 24), false);
        Channel channel = new Bootstrap().group(loop).channel(NioSocketChannel.class)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new HttpClientCodec(), new HttpObjectAggregator(8192),
                                new WebSocketClientExtensionHandler(new PerMessageDeflateClientExtensionHandshaker(6,
                                        false, 15, !takeover, !takeover, 0)),
                                protocol, new WebSocketFrameAggregator(1 << 24),
                                new SimpleChannelInboundHandler<WebSocketFrame>() {
                                    @Override
                                    protected void channelRead0(ChannelHandlerContext context, WebSocketFrame frame) {
                                        got.add(switch (frame) {
                                            case TextWebSocketFrame text -> "text " + text.text();
                                            case CloseWebSocketFrame close -> "closed " + close.statusCode();
                                            default -> "binary " + frame.content().readableBytes();
                                        });
                                    }

                                    @Override
                                    public void userEventTriggered(ChannelHandlerContext context, Object event) {
                                        if (event == WebSocketClientProtocolHandler.ClientHandshakeStateEvent.HANDSHAKE_COMPLETE) {
                                            got.add("open");
                                        }
                                    }
                                });
                    }
                }).connect("127.0.0.1", server.port()).sync().channel();
        assertThat(take(got)).isEqualTo("open");
        return channel;
    }
}
