package io.solaster.engine.net;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.ScheduledFuture;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.Networks;
import io.solaster.engine.Shard;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Stands before a connection's protocol, and before TLS, until it is known whose the connection is: that of a trusted proxy
 * has to begin with a header of the PROXY protocol, that of anybody else must not. The protocol is set up once that is
 * known, so it hears of a connection that begins as any other does. On the owning shard.
 */
final class ProxyIntake extends ChannelInboundHandlerAdapter {

    /** Which proxies a server trusts; and who was refused. */
    static final class Trust {
        private static final Logger log = LoggerFactory.getLogger(TcpServer.class);

        private final QuietLog refused = new QuietLog(log, Level.WARN);
        private final QuietLog failed = new QuietLog(log, Level.ERROR);
        private volatile Networks networks;
        private volatile long timeoutMillis;

        Trust(ServerConfig config) {
            networks = Networks.parse(config.proxyProtocol().trusted());
            timeoutMillis = config.proxyProtocol().timeout().toMillis();
        }

        void configure(ServerConfig config) {
            networks = Networks.parse(config.proxyProtocol().trusted());
            timeoutMillis = config.proxyProtocol().timeout().toMillis();
        }

        /** Whether any proxy is trusted; where none is, nobody is asked. */
        boolean isOn() {
            return !networks.isEmpty();
        }
    }

    private static final String STRANGER = "it sent a header, and is no trusted proxy";
    private static final int MORE = 128;

    private final Shard shard;
    private final String server;
    private final ConnectionHandler protocol;
    private final Trust trust;
    private final Predicate<Channel> admission;
    private final ProxyHeader header = new ProxyHeader();
    private boolean trusted;
    /** The protocol has begun. */
    private boolean passed;
    private boolean drains;
    /** It is closed: nothing more is looked at. */
    private boolean over;
    private @Nullable SwitchedReads reads;
    private @Nullable ByteBuf received;
    private @Nullable ScheduledFuture<?> timer;

    /** @param admission whether the client may have one more connection; it refuses the connection itself if not */
    ProxyIntake(Shard shard, String server, ConnectionHandler protocol, Trust trust, Predicate<Channel> admission) {
        this.shard = shard;
        this.server = server;
        this.protocol = protocol;
        this.trust = trust;
        this.admission = admission;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ChannelConfig config = context.channel().config();
        SwitchedReads switched = new SwitchedReads(config.getRecvByteBufAllocator());
        config.setRecvByteBufAllocator(switched);
        reads = switched;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        trusted = trust.networks.hold(PeerAddress.remote(context.channel()).getAddress());
        if (!trusted) {
            // It may wait to hear the server first, so nothing of it is waited for.
            pass(context);
            return;
        }
        timer = shard.schedule(() -> refuse(context, "its header has not come in time"), trust.timeoutMillis,
                TimeUnit.MILLISECONDS);
    }

    /** The protocol begins; false where it failed to, or the client has as many connections as it may. */
    private boolean pass(ChannelHandlerContext context) {
        if (!admission.test(context.channel())) {
            over = true;
            return false;
        }
        passed = true;
        try {
            protocol.connected(shard, context.channel());
        } catch (Throwable failure) {
            fail(context, failure);
            return false;
        }
        if (reads != null) {
            reads.follow(context.channel().config().getRecvByteBufAllocator());
        }
        context.fireChannelActive();
        if (drains) {
            context.fireUserEventTriggered(TcpServer.DRAIN);
        }
        return true;
    }

    private void fail(ChannelHandlerContext context, Throwable failure) {
        trust.failed.tell("Server '{}': a connection failed before its protocol had begun, and is closed", server,
                failure);
        end(context);
    }

    private void end(ChannelHandlerContext context) {
        over = true;
        stopTimer();
        context.close();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (passed && !over) {
            context.fireExceptionCaught(cause);
        } else if (cause instanceof IOException) {
            // The other side has gone, as load balancers do that look whether anybody listens.
            end(context);
        } else {
            fail(context, cause);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        if (over) {
            bytes.release();
            return;
        }
        ByteBuf before = received;
        if (before != null) {
            received = null;
            bytes = join(before, bytes);
        }
        look(context, bytes);
    }

    private static ByteBuf join(ByteBuf before, ByteBuf bytes) {
        ByteBuf both = before.writeBytes(bytes);
        bytes.release();
        return both;
    }

    private void look(ChannelHandlerContext context, ByteBuf all) {
        switch (header.look(all)) {
            case PART -> keep(all);
            case NONE -> {
                if (trusted) {
                    all.release();
                    refuse(context, "it sent no header");
                } else {
                    leave(context, all);
                }
            }
            case MALFORMED -> {
                all.release();
                refuse(context, trusted ? header.flaw() : STRANGER);
            }
            case WHOLE -> {
                if (!trusted) {
                    all.release();
                    refuse(context, STRANGER);
                    return;
                }
                stopTimer();
                InetSocketAddress client = header.client();
                if (client != null) {
                    PeerAddress.tell(context.channel(), client);
                }
                if (pass(context)) {
                    leave(context, all.skipBytes(header.length()));
                } else {
                    all.release();
                }
            }
        }
    }

    /** More comes. The connection's own buffer is not held meanwhile. */
    private void keep(ByteBuf all) {
        received = Unpooled.buffer(all.readableBytes() + MORE).writeBytes(all);
        all.release();
    }

    /** Nothing more is looked at; what had come is the protocol's. */
    private static void leave(ChannelHandlerContext context, ByteBuf rest) {
        if (rest.isReadable()) {
            context.fireChannelRead(rest);
        } else {
            rest.release();
        }
        if (!context.isRemoved()) {
            context.pipeline().remove(context.handler());
        }
    }

    private void refuse(ChannelHandlerContext context, String why) {
        trust.refused.tell("Server '{}': {} is disconnected by the rules of proxy-protocol.trusted: {}", server,
                context.channel().remoteAddress(), why);
        end(context);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (TcpServer.DRAIN.equals(event) && !passed) {
            drains = true;
            TcpServer.afterLastRead(context, () -> {
                if (!passed) {
                    context.close();
                }
            });
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        context.fireChannelReadComplete();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        stopTimer();
        ByteBuf left = received;
        received = null;
        if (left != null) {
            left.release();
        }
    }

    private void stopTimer() {
        ScheduledFuture<?> running = timer;
        timer = null;
        if (running != null) {
            running.cancel(false);
        }
    }
}
