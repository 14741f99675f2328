package io.solaster.http.websocket;

import java.util.List;
import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.Sharded;
import io.solaster.engine.mesh.Mesh;
import io.solaster.engine.mesh.Message;
import io.solaster.http.HttpRequest;
import org.jspecify.annotations.Nullable;

/**
 * WebSocket for an engine's servers: makes HTTP handlers that turn requests into connections, and sends to all of those
 * at once, on whichever shard they are. Any thread, unless a method says otherwise.
 */
public final class WebSockets {
    /** Large messages fill a lane as many small ones do: 16 MB by default. */
    private static final int BYTES_A_CREDIT = 4096;

    private final Engine engine;
    private final Sharded<WebSocketShard> parts;
    private final List<WebSocketStats> stats;
    private final Rooms rooms = new Rooms(this);
    /** Null to go by what the server of each request goes by. */
    private volatile @Nullable WebSocketConfig config;

    private WebSockets(Engine engine, @Nullable WebSocketConfig config) {
        this.engine = engine;
        this.config = config;
        this.parts = engine.sharded(WebSocketShard::new);
        this.stats = parts.onAll(WebSocketShard::stats).join();
    }

    /**
     * WebSocket on all shards of an engine, until that stops. Each connection goes by {@code http.websocket} of the server
     * that took its request. On no shard.
     */
    public static WebSockets on(Engine engine) {
        return new WebSockets(engine, null);
    }

    /** WebSocket on all shards of an engine, until that stops, with these limits on every server. On no shard. */
    public static WebSockets on(Engine engine, WebSocketConfig config) {
        return new WebSockets(engine, config);
    }

    /** Connections with one listener for all of them. */
    public WebSocketHandler handler(WebSocketListener listener) {
        return handler(request -> listener);
    }

    /** Connections with a listener each, made of its request. */
    public WebSocketHandler handler(WebSocketHandler.Acceptor acceptor) {
        return new WebSocketHandler(this, acceptor);
    }

    /** Connections that straight-line code talks with, each on a virtual thread of its shard. */
    public WebSocketHandler conversation(Conversation.Script script) {
        return handler(request -> new Conversation.Feed(script));
    }

    /** Rooms for these connections. */
    public Rooms rooms() {
        return rooms;
    }

    /** Sends a text to every connection that is open. */
    public void broadcast(CharSequence text) {
        publish(null, null, text);
    }

    /**
     * Sends a binary message to every connection that is open.
     *
     * @param bytes its own from now on
     */
    public void broadcast(ByteBuf bytes) {
        publish(null, null, bytes);
    }

    /** What each shard counts, by its number. */
    public List<WebSocketStats> stats() {
        return stats;
    }

    /** Connections that are open, over all shards. */
    public long open() {
        long sum = 0;
        for (WebSocketStats each : stats) {
            sum += each.open();
        }
        return sum;
    }

    /** What a connection goes by that this request opens. On its shard. */
    WebSocketConfig config(HttpRequest request) {
        WebSocketConfig own = config;
        return own == null ? request.serverConfig().http().websocket() : own;
    }

    /** Puts other limits in force on every server, for connections that are opened from now on. */
    public void reconfigure(WebSocketConfig newConfig) {
        config = newConfig;
    }

    Engine engine() {
        return engine;
    }

    Sharded<WebSocketShard> parts() {
        return parts;
    }

    void publish(@Nullable String room, @Nullable WebSocket except, CharSequence text) {
        int bytes = ByteBufUtil.utf8Bytes(text);
        publish(room, except, FrameDecoder.TEXT, Frames.text(PooledByteBufAllocator.DEFAULT, text, bytes),
                Frames.headerLength(bytes));
    }

    void publish(@Nullable String room, @Nullable WebSocket except, ByteBuf payload) {
        int header = Frames.headerLength(payload.readableBytes());
        publish(room, except, FrameDecoder.BINARY,
                Frames.of(PooledByteBufAllocator.DEFAULT, FrameDecoder.FIN | FrameDecoder.BINARY, payload), header);
    }

    /** The frame is encoded once; each shard takes a slice of it, or a copy where that costs less, for all of its own. */
    private void publish(@Nullable String room, @Nullable WebSocket except, int kind, ByteBuf frame, int header) {
        Shard here = Shard.current();
        boolean ours = here != null && here.id() < engine.shards().size() && engine.shard(here.id()) == here;
        try {
            for (Shard shard : engine.shards()) {
                if (shard == here) {
                    parts.local().deliver(room, except, kind, frame, header);
                } else if (ours) {
                    send(Objects.requireNonNull(here), shard.id(),
                            new Delivery(parts, room, except, kind, frame.retain(), header));
                } else {
                    Delivery delivery = new Delivery(parts, room, except, kind, frame.retain(), header);
                    Handover handover = new Handover(delivery.frame, () -> {
                        delivery.deliver();
                        return true;
                    });
                    shard.executeOrElse(handover, handover::abandon);
                }
            }
        } finally {
            frame.release();
        }
    }

    private void send(Shard here, int target, Delivery delivery) {
        Mesh mesh = here.mesh();
        WebSocketConnection source = parts.local().reading;
        mesh.send(target, delivery, 1 + delivery.frame.readableBytes() / BYTES_A_CREDIT);
        if (source != null && !mesh.isWritable(target)) {
            // Whoever makes that many messages is read from again when they have been taken.
            source.holdForLane();
            mesh.whenWritable(target, source::laneIsWritable);
        }
    }

    /** A message on its way to the members on one shard. */
    private static final class Delivery extends Message {
        private final Sharded<WebSocketShard> parts;
        private final @Nullable String room;
        private final @Nullable WebSocket except;
        private final int kind;
        private final ByteBuf frame;
        private final int header;

        Delivery(Sharded<WebSocketShard> parts, @Nullable String room, @Nullable WebSocket except, int kind,
                ByteBuf frame, int header) {
            this.parts = parts;
            this.room = room;
            this.except = except;
            this.kind = kind;
            this.frame = frame;
            this.header = header;
        }

        @Override
        public void deliver() {
            try {
                parts.local().deliver(room, except, kind, frame, header);
            } finally {
                frame.release();
            }
        }

        @Override
        public void abandon() {
            frame.release();
        }
    }
}
