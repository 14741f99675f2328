package io.solaster.engine.net;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.SocketConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.transport.TcpOptions;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the kernel is told of one server's sockets, as far as transport and address know it. On the shard of the socket. */
final class SocketOptions {
    private static final Logger log = LoggerFactory.getLogger(TcpServer.class);

    private final SocketConfig config;
    private final boolean unix;
    private final TcpOptions names;
    private final @Nullable WriteBufferWaterMark marks;

    SocketOptions(ServerConfig server, Transport kind) {
        this.config = server.socket();
        this.unix = server.isUnix();
        this.names = TcpOptions.of(kind);
        int high = size(config.writeHighWaterMark());
        int low = size(config.writeLowWaterMark());
        this.marks = high == 0 ? null : new WriteBufferWaterMark(low == 0 ? high / 2 : low, high);
    }

    private static int size(ByteSize size) {
        return (int) Math.min(Integer.MAX_VALUE, size.bytes());
    }

    /** Keys below {@code socket} that are set, and of which the kernel cannot be told. */
    List<String> ignored() {
        List<String> ignored = new ArrayList<>();
        ignore(ignored, "keep-alive-idle", isSet(config.keepAliveIdle()), !unix);
        ignore(ignored, "keep-alive-interval", isSet(config.keepAliveInterval()), !unix);
        ignore(ignored, "keep-alive-count", config.keepAliveCount() > 0, !unix);
        ignore(ignored, "user-timeout", isSet(config.userTimeout()), !unix && names.userTimeout() != null);
        ignore(ignored, "fast-open", config.fastOpen() > 0, !unix && names.fastOpen() != null);
        ignore(ignored, "send-buffer", config.sendBuffer().bytes() > 0, !unix);
        ignore(ignored, "receive-buffer", config.receiveBuffer().bytes() > 0, !unix);
        ignore(ignored, "zero-copy-from", config.zeroCopyFrom().bytes() > 0, !unix && names.zeroCopyFrom() != null);
        return ignored;
    }

    private static void ignore(List<String> ignored, String key, boolean wanted, boolean known) {
        if (wanted && !known) {
            ignored.add(key);
        }
    }

    private static boolean isSet(Duration time) {
        return !time.isZero();
    }

    /** Before a listening socket is bound: its connections have these from their first packet on. */
    void listens(ServerChannel channel) {
        if (unix) {
            return;
        }
        if (config.receiveBuffer().bytes() > 0) {
            channel.config().setOption(ChannelOption.SO_RCVBUF, size(config.receiveBuffer()));
        }
        if (config.fastOpen() > 0 && names.fastOpen() != null) {
            channel.config().setOption(names.fastOpen(), config.fastOpen());
        }
    }

    /** Before a connection's protocol is set up, which may say otherwise. */
    void connected(Channel connection) {
        ChannelConfig channel = connection.config();
        if (marks != null) {
            channel.setWriteBufferWaterMark(marks);
        }
        try {
            if (config.halfClose()) {
                channel.setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
                connection.pipeline().addLast(HalfClose.INSTANCE);
            }
            if (!unix) {
                tcp(channel);
            }
        } catch (ChannelException e) {
            // The peer has gone already, which the next read tells.
            log.debug("{}: options refused", connection, e);
        }
    }

    private void tcp(ChannelConfig channel) {
        channel.setOption(ChannelOption.TCP_NODELAY, config.noDelay());
        channel.setOption(ChannelOption.SO_KEEPALIVE, config.keepAlive());
        if (config.keepAlive()) {
            names.keepAlive(channel, seconds(config.keepAliveIdle()), seconds(config.keepAliveInterval()),
                    config.keepAliveCount());
        }
        names.userTimeout(channel, config.userTimeout().toMillis());
        if (config.sendBuffer().bytes() > 0) {
            channel.setOption(ChannelOption.SO_SNDBUF, size(config.sendBuffer()));
        }
        if (config.zeroCopyFrom().bytes() > 0 && names.zeroCopyFrom() != null) {
            channel.setOption(names.zeroCopyFrom(), size(config.zeroCopyFrom()));
        }
    }

    /** At least one, where it is given. */
    private static long seconds(Duration time) {
        return time.isZero() ? 0 : Math.max(1, time.toSeconds());
    }

    /** A client that has ended its side has asked all that it will: its connection finishes as one of a server that drains. */
    @Sharable
    private static final class HalfClose extends ChannelInboundHandlerAdapter {
        static final HalfClose INSTANCE = new HalfClose();

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            context.fireUserEventTriggered(event);
            if (event == ChannelInputShutdownEvent.INSTANCE) {
                context.fireUserEventTriggered(TcpServer.DRAIN);
            }
        }
    }
}
