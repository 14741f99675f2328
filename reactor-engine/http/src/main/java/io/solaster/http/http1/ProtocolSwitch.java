package io.solaster.http.http1;

import java.util.Objects;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslHandler;
import io.solaster.config.server.Http2Config;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.exchange.GatherBudget;
import io.solaster.http.exchange.HttpShard;
import io.solaster.http.http2.Http2Output;
import io.solaster.http.http2.Http2Session;
import io.solaster.http.http2.Http2Sessions;
import io.solaster.http.http2.Http2Upgrade;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a connection leaves HTTP/1 for another protocol: one that a handler has upgraded to, or HTTP/2. On the owning shard.
 */
final class ProtocolSwitch {
    private static final Logger log = LoggerFactory.getLogger(HttpConnection.class);

    private ProtocolSwitch() {}

    /** Leaves the connection to another protocol. */
    static void switchTo(HttpConnection connection, Exchange over) {
        Consumer<Channel> next = Objects.requireNonNull(over.response().upgrade);
        ChannelHandlerContext context = connection.context();
        connection.upgraded();
        over.outlives = true;
        over.request().keep();
        Channel channel = connection.channel();
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
        connection.flush();
        ByteBuf rest = connection.intake().leave();
        GatherBudget.handOver(over.shard().budget(), channel);
        try {
            next.accept(channel);
        } catch (RuntimeException e) {
            log.error("{} is closed: its upgrade failed", channel, e);
            channel.close();
        }
        channel.config().setAutoRead(true);
        if (rest != null) {
            context.fireChannelRead(rest);
            context.fireChannelReadComplete();
        }
        channel.pipeline().remove(connection);
        connection.handedOver();
    }

    /** Whether the client and the server have agreed on HTTP/2 in their TLS handshake. */
    static boolean isHttp2Agreed(Channel channel) {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        return tls != null && ApplicationProtocolNames.HTTP_2.equals(tls.applicationProtocol());
    }

    /** Whether what comes in place of a request is the beginning of HTTP/2; then that is what is spoken from here on. */
    static boolean beginsHttp2(HttpConnection connection, ByteBuf in) {
        if (connection.tls() != null || !connection.shard().config().http().http2().enabled()
                || !Http2Upgrade.mayBePreface(in)) {
            return false;
        }
        if (Http2Upgrade.isPreface(in)) {
            becomeHttp2(connection, null);
        }
        return true;
    }

    /** Whether a request of HTTP/1.1 is to be answered over HTTP/2; then it is. */
    static boolean upgradesToHttp2(HttpConnection connection, HeadDecoder head, ByteBuf in, int length) {
        Http2Config config = connection.shard().config().http().http2();
        if (connection.tls() != null || !config.enabled() || !config.upgrade()) {
            return false;
        }
        Http2Upgrade upgrade = head.isChunked() || head.contentLength() > 0 || head.isHttp10()
                ? null
                : Http2Upgrade.of(head, head.target().substring(head.beforePath()));
        if (upgrade == null) {
            return false;
        }
        in.skipBytes(length);
        connection.context().write(Unpooled.wrappedBuffer(Http2Upgrade.ACCEPTED));
        becomeHttp2(connection, upgrade);
        return true;
    }

    /** Leaves the connection, and what was read of it, to HTTP/2. */
    static void becomeHttp2(HttpConnection connection, @Nullable Http2Upgrade upgrade) {
        ChannelHandlerContext context = connection.context();
        ByteBuf rest = connection.intake().leave();
        connection.upgraded();
        HttpShard shard = connection.shard();
        Channel channel = connection.channel();
        Http2Session session = Http2Sessions.session(shard, connection.requests());
        channel.pipeline().addAfter(context.name(), Http2Output.NAME, new Http2Output(shard.stats()));
        channel.pipeline().addAfter(Http2Output.NAME, null, session);
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
        channel.config().setAutoRead(true);
        if (upgrade != null) {
            session.upgraded(upgrade);
        }
        if (connection.isDraining()) {
            session.drain();
        }
        if (rest != null) {
            context.fireChannelRead(rest);
            context.fireChannelReadComplete();
        }
        channel.pipeline().remove(connection);
    }
}
