package io.solaster.http.websocket;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.net.PeerAddress;
import io.solaster.engine.net.TcpServer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One WebSocket connection: what comes in is {@link Incoming}'s, what goes out {@link Sending}'s, and when and how it is
 * over {@link Ending}'s. On the owning shard only, but for the methods of {@link WebSocket}.
 */
final class WebSocketConnection extends ChannelInboundHandlerAdapter implements WebSocket {
    private static final Logger log = LoggerFactory.getLogger(WebSocketConnection.class);

    final WebSocketShard part;
    final Shard shard;
    final WebSocketConfig config;
    final WebSocketListener listener;
    final Accepted accepted;
    final Incoming in;
    final Sending out;
    final Ending ending;
    private @Nullable ChannelHandlerContext ctx;
    private final List<Room.Membership> memberships = new ArrayList<>(2);
    private @Nullable Map<String, Object> attributes;

    WebSocketConnection(WebSocketShard part, WebSocketConfig config, WebSocketListener listener, Accepted accepted) {
        this.part = part;
        this.shard = part.shard();
        this.config = config;
        this.listener = listener;
        this.accepted = accepted;
        this.in = new Incoming(this);
        this.out = new Sending(this);
        this.ending = new Ending(this);
    }

    WebSocketConfig config() {
        return config;
    }

    // ---- the channel's events

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
        part.stats().opened.increment();
        memberships.add(part.all().add(this));
        ending.watch();
        try {
            listener.opened(this);
        } catch (Throwable failure) {
            failed(failure);
        }
        if (!context.channel().isActive()) {
            channelInactive(context);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        ending.disconnected();
        if (!in.isProcessing()) {
            release();
        }
    }

    void release() {
        in.release();
        out.release();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object received) {
        ByteBuf bytes = (ByteBuf) received;
        ending.heard();
        part.stats().bytesIn.add(bytes.readableBytes());
        in.received(bytes);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        out.endBatch();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (context.channel().isWritable() && out.isWaiting()) {
            out.flush();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (TcpServer.DRAIN.equals(event)) {
            ending.end(CloseCode.GOING_AWAY, "the server is going away");
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
        if (failure instanceof IOException) {
            log.debug("{} is gone", this, failure);
        } else {
            log.error("{} is closed", this, failure);
        }
        context.close();
    }

    void failed(Throwable failure) {
        try {
            listener.failed(this, failure);
        } catch (Throwable again) {
            log.error("{}: {} failed, and so did its failed()", this, listener.getClass().getName(), again);
            ending.end(CloseCode.INTERNAL_ERROR, "the server failed");
        }
    }

    // ---- holding the client up

    @Override
    public void pause() {
        if (isHere()) {
            in.hold(Incoming.BY_USER);
        } else {
            shard.execute(() -> in.hold(Incoming.BY_USER));
        }
    }

    @Override
    public void resume() {
        if (isHere()) {
            in.letGo(Incoming.BY_USER);
        } else {
            shard.execute(() -> in.letGo(Incoming.BY_USER));
        }
    }

    /** A lane that this client's messages feed is over its high-water mark. */
    void holdForLane() {
        in.holdForLane();
    }

    void laneIsWritable() {
        in.laneIsWritable();
    }

    // ---- sending

    @Override
    public boolean send(CharSequence text) {
        return out.send(text);
    }

    @Override
    public boolean send(ByteBuf bytes) {
        return out.send(bytes);
    }

    @Override
    public boolean sendText(ByteBuf utf8) {
        return out.sendText(utf8);
    }

    @Override
    public boolean sendPart(ByteBuf piece, boolean text, boolean last) {
        return out.sendPart(piece, text, last);
    }

    @Override
    public void ping(ByteBuf payload) {
        if (payload.readableBytes() > FrameDecoder.LONGEST_CONTROL) {
            int bytes = payload.readableBytes();
            payload.release();
            throw new IllegalArgumentException("a ping of " + bytes + " bytes; 125 are the most");
        }
        out.controlOf(FrameDecoder.PING, payload);
    }

    @Override
    public void pong(ByteBuf payload) {
        if (payload.readableBytes() > FrameDecoder.LONGEST_CONTROL) {
            int bytes = payload.readableBytes();
            payload.release();
            throw new IllegalArgumentException("a pong of " + bytes + " bytes; 125 are the most");
        }
        out.controlOf(FrameDecoder.PONG, payload);
    }

    /** Whether a message of so many bytes may be compressed once for many. */
    boolean sharesCompression(int bytes) {
        return accepted.sharesCompression(bytes, config);
    }

    /** A frame that others send too: a reference of the caller's is taken. */
    void offerShared(ByteBuf frame) {
        out.offerShared(frame);
    }

    void flushLater() {
        out.flushLater();
    }

    @Override
    public long queuedBytes() {
        return out.queuedBytes();
    }

    @Override
    public boolean isWritable() {
        return out.isWritable();
    }

    @Override
    public ShardFuture<@Nullable Void> whenWritable() {
        return out.whenWritable();
    }

    // ---- the end

    @Override
    public void close() {
        close(CloseCode.NORMAL, "");
    }

    @Override
    public void close(int code, String reason) {
        if (!CloseCode.maySend(code)) {
            throw new IllegalArgumentException("close code " + code
                    + " must not be sent; take 1000 to 1003, 1007 to 1014, or one of your own from 3000 to 4999");
        }
        int bytes = ByteBufUtil.utf8Bytes(reason);
        if (bytes > FrameDecoder.LONGEST_CONTROL - 2) {
            throw new IllegalArgumentException("a reason of " + bytes + " bytes; 123 are the most: " + reason);
        }
        if (isHere()) {
            ending.end(code, reason);
        } else {
            shard.execute(() -> ending.end(code, reason));
        }
    }

    @Override
    public void abort() {
        shard.execute(() -> context().close());
    }

    // ---- what is known of it

    /** Joins a room, unless it is a member or gone. */
    void join(String name) {
        if (ending.isFinished() || membership(name) != null) {
            return;
        }
        memberships.add(part.makeRoom(name).add(this));
    }

    void leave(String name) {
        Room.Membership membership = membership(name);
        if (membership != null) {
            memberships.remove(membership);
            part.leave(membership);
        }
    }

    void leaveAll() {
        for (Room.Membership membership : memberships) {
            part.leave(membership);
        }
        memberships.clear();
    }

    private Room.@Nullable Membership membership(String name) {
        // The first is in the room of all.
        for (int i = 1; i < memberships.size(); i++) {
            if (memberships.get(i).room().name().equals(name)) {
                return memberships.get(i);
            }
        }
        return null;
    }

    WebSocketShard part() {
        return part;
    }

    /** Has a task done on the shard, with a buffer that is released if the shard has ended. */
    boolean elsewhere(ByteBuf owned, Callable<Boolean> task) {
        Handover handover = new Handover(owned, task);
        shard.executeOrElse(handover, handover::abandon);
        return isWritable();
    }

    boolean isHere() {
        return Shard.current() == shard;
    }

    ChannelHandlerContext context() {
        return Objects.requireNonNull(ctx);
    }

    @Override
    public boolean isOpen() {
        return ending.isOpen();
    }

    @Override
    public @Nullable String subprotocol() {
        return accepted.subprotocol();
    }

    @Override
    public String path() {
        return accepted.path();
    }

    @Override
    public String pathParam(String name) {
        String value = accepted.pathParams().get(name);
        if (value == null) {
            throw new IllegalArgumentException("no '" + name + "' in the route of " + accepted.path() + "; there is "
                    + accepted.pathParams().keySet());
        }
        return value;
    }

    @Override
    public Map<String, String> pathParams() {
        return accepted.pathParams();
    }

    @Override
    public Shard shard() {
        return shard;
    }

    @Override
    public InetSocketAddress remoteAddress() {
        return PeerAddress.remote(context().channel());
    }

    @Override
    public @Nullable Object attribute(String name) {
        return attributes == null ? null : attributes.get(name);
    }

    @Override
    public void attribute(String name, @Nullable Object value) {
        if (attributes == null) {
            attributes = new HashMap<>(4);
        }
        if (value == null) {
            attributes.remove(name);
        } else {
            attributes.put(name, value);
        }
    }

    @Override
    public String toString() {
        return "WebSocket " + accepted.path() + " of "
                + (ctx == null ? "nobody yet" : String.valueOf(PeerAddress.remote(ctx.channel())));
    }
}
