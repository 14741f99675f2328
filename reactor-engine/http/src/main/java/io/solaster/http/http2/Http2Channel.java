package io.solaster.http.http2;

import java.net.SocketAddress;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaders;
import io.solaster.engine.net.PeerAddress;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.RequestBody;
import io.solaster.http.exchange.Body;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.exchange.GatherBudget;
import io.solaster.http.exchange.LoopResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One stream of HTTP/2 as a channel of its own, for who has taken its request over: what is read is the request's body, what
 * is written the response's, and the windows hold up either side. It closes with the stream. On the owning shard.
 */
final class Http2Channel extends AbstractChannel implements RequestBody.Reader {
    private static final Logger log = LoggerFactory.getLogger(Http2Channel.class);
    private static final ChannelMetadata METADATA = new ChannelMetadata(false);

    private final Channel connection;
    private final Body body;
    private final LoopResponse response;
    private final ChannelConfig config = new DefaultChannelConfig(this);
    /** A part has been asked for. */
    private boolean reads;
    private boolean delivers;
    private boolean hasRoom = true;
    private volatile boolean closed;

    private Http2Channel(Channel connection, Exchange exchange) {
        super(connection);
        this.connection = connection;
        this.body = exchange.body();
        this.response = exchange.response();
    }

    /** Hands the stream of an exchange over, whose head has been written. */
    static void open(Exchange exchange, Consumer<Channel> next) {
        Channel connection = exchange.carrier().channel();
        Http2Channel channel = new Http2Channel(connection, exchange);
        channel.body.handOver(channel);
        channel.response.onWritable(channel::roomAgain);
        channel.unsafe().register(connection.eventLoop(), channel.newPromise());
        GatherBudget.handOver(exchange.shard().budget(), channel);
        try {
            next.accept(channel);
        } catch (RuntimeException e) {
            log.error("{} is closed: its upgrade failed", channel, e);
            channel.close();
            return;
        }
        channel.response.onDrain(() -> channel.pipeline().fireUserEventTriggered(TcpServer.DRAIN));
    }

    // ---- what comes

    @Override
    protected void doBeginRead() {
        if (reads) {
            return;
        }
        reads = true;
        if (delivers) {
            body.request(1);
        } else {
            // As a socket does it: whoever asks for more is through with what it was doing when that comes.
            eventLoop().execute(() -> body.request(1));
        }
    }

    @Override
    public void part(ByteBuf part) {
        reads = false;
        delivers = true;
        pipeline().fireChannelRead(part);
        pipeline().fireChannelReadComplete();
        delivers = false;
    }

    @Override
    public void end(HttpHeaders trailers) {
        close();
    }

    @Override
    public void failed(Throwable cause) {
        close();
    }

    // ---- what is sent

    @Override
    protected Object filterOutboundMessage(Object message) {
        if (message instanceof ByteBuf) {
            return message;
        }
        throw new UnsupportedOperationException("a stream of HTTP/2 takes bytes, no " + message.getClass().getName());
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer waiting) {
        while (hasRoom && waiting.current() instanceof ByteBuf bytes) {
            hasRoom = response.write(bytes.retain());
            waiting.remove();
        }
    }

    private void roomAgain() {
        hasRoom = true;
        if (!closed) {
            unsafe().flush();
        }
    }

    @Override
    protected void doClose() {
        closed = true;
        response.end();
    }

    @Override
    protected void doDisconnect() {
        doClose();
    }

    // ---- what it is

    @Override
    public ChannelConfig config() {
        return config;
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    @Override
    public boolean isActive() {
        return !closed;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new StreamUnsafe();
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return loop.equals(connection.eventLoop());
    }

    @Override
    protected SocketAddress localAddress0() {
        return PeerAddress.local(connection);
    }

    @Override
    protected SocketAddress remoteAddress0() {
        return PeerAddress.remote(connection);
    }

    @Override
    protected void doBind(SocketAddress address) {
        throw new UnsupportedOperationException("a stream of HTTP/2 is bound by its connection");
    }

    private final class StreamUnsafe extends AbstractUnsafe {

        @Override
        public void connect(SocketAddress remote, SocketAddress local, ChannelPromise promise) {
            promise.setFailure(new UnsupportedOperationException("a stream of HTTP/2 is connected already"));
        }
    }
}
