package io.solaster.http.websocket;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.solaster.config.server.WebSocketCompressionConfig;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.ReusedBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One shard's part of {@link WebSockets}: its connections, its members of each room, and what connections share. On the
 * owning shard.
 */
final class WebSocketShard implements AutoCloseable, Runnable {
    private static final Logger log = LoggerFactory.getLogger(WebSocketShard.class);
    private static final int OUTPUT_BYTES = 16 * 1024;
    private static final int TEXT_BYTES = 4 * 1024;
    /** Connections that are flushed between two looks at the clock. */
    private static final int FLUSHED = 16;

    private final Shard shard;
    private final WebSocketStats stats = new WebSocketStats();
    private final ByteBufAllocator allocator = PooledByteBufAllocator.DEFAULT;
    private final ReusedBuffer output = new ReusedBuffer(allocator, OUTPUT_BYTES);
    private final byte[] ascii = new byte[TEXT_BYTES];
    private final Room all = new Room("");
    private final Map<String, Room> rooms = new HashMap<>();
    /** Whose messages are being handled; null if nobody's. */
    @Nullable
    WebSocketConnection reading;
    private @Nullable Compressor compressor;
    private @Nullable Decompressor decompressor;

    /** Connections that have something to send. */
    private List<WebSocketConnection> dirty = new ArrayList<>();
    private List<WebSocketConnection> flushing = new ArrayList<>();
    private int flushed;
    private boolean scheduled;

    WebSocketShard(Shard shard) {
        this.shard = shard;
    }

    Shard shard() {
        return shard;
    }

    WebSocketStats stats() {
        return stats;
    }

    ByteBufAllocator allocator() {
        return allocator;
    }

    Room all() {
        return all;
    }

    /** An empty buffer for what one read batch sends; the caller releases it. */
    ByteBuf takeOutput() {
        return output.take();
    }

    /** ASCII bytes as a string. */
    @SuppressWarnings("deprecation") // bytes that are known to be ASCII need no decoder
    String ascii(long address, int length) {
        byte[] bytes = length <= TEXT_BYTES ? ascii : new byte[length];
        Memory.copy(address, bytes, 0, length);
        return new String(bytes, 0, 0, length);
    }

    /** For connections whose messages do not refer to each other. */
    Compressor compressor(WebSocketCompressionConfig config) {
        Compressor made = compressor;
        if (made == null) {
            made = new Compressor(config.level(), false);
            compressor = made;
        }
        return made;
    }

    Decompressor decompressor() {
        Decompressor made = decompressor;
        if (made == null) {
            made = new Decompressor(false);
            decompressor = made;
        }
        return made;
    }

    // ---- flushing: once a connection and turn

    /** Has a connection flushed when the others have had their turn. */
    void later(WebSocketConnection connection) {
        dirty.add(connection);
        schedule();
    }

    private void schedule() {
        if (!scheduled) {
            scheduled = true;
            // Sockets and the mesh are served before the tasks of a turn, so that this comes after all that they bring.
            shard.execute(this);
        }
    }

    @Override
    public void run() {
        scheduled = false;
        if (flushed == flushing.size()) {
            flushing.clear();
            flushed = 0;
            List<WebSocketConnection> next = dirty;
            dirty = flushing;
            flushing = next;
        }
        while (flushed < flushing.size()) {
            int end = Math.min(flushed + FLUSHED, flushing.size());
            while (flushed < end) {
                WebSocketConnection connection = flushing.get(flushed++);
                try {
                    connection.flushLater();
                } catch (RuntimeException | Error failure) {
                    log.error("{}: sending failed", connection, failure);
                    connection.abort();
                }
            }
            if (Shard.needPreempt()) {
                break;
            }
        }
        if (flushed < flushing.size() || !dirty.isEmpty()) {
            schedule();
        } else {
            flushing.clear();
            flushed = 0;
        }
    }

    // ---- rooms

    /** A room's members here; null if it has none. */
    @Nullable
    Room room(String name) {
        return rooms.get(name);
    }

    Room makeRoom(String name) {
        return rooms.computeIfAbsent(name, Room::new);
    }

    /** Somebody leaves; a room without members is forgotten. */
    void leave(Room.Membership membership) {
        Room room = membership.room();
        room.remove(membership);
        if (room.count() == 0 && room != all) {
            rooms.remove(room.name());
        }
    }

    /** Rooms that have members here. */
    int rooms() {
        return rooms.size();
    }

    /**
     * Sends one frame to all members of a room, or to all connections.
     *
     * @param room null for all connections
     * @param except who is not sent it; null for nobody
     * @param frame as another shard or thread has made it; stays the caller's
     */
    void deliver(@Nullable String room, @Nullable WebSocket except, int kind, ByteBuf frame, int header) {
        Room to = room == null ? all : rooms.get(room);
        if (to == null || to.count() == 0) {
            return;
        }
        // A short one is copied once: cheaper than to count references together with other shards.
        ByteBuf own = frame.readableBytes() <= Frames.COPIED
                ? allocator.directBuffer(frame.readableBytes()).writeBytes(frame, frame.readerIndex(),
                        frame.readableBytes())
                : frame.retainedDuplicate();
        ByteBuf compressed = null;
        try {
            for (int i = 0; i < to.count(); i++) {
                WebSocketConnection member = to.member(i);
                if (member == except) {
                    continue;
                }
                if (member.sharesCompression(own.readableBytes() - header)) {
                    if (compressed == null) {
                        compressed = compressor(member.config().compression()).frame(allocator, kind,
                                own.slice(own.readerIndex() + header, own.readableBytes() - header),
                                Integer.MAX_VALUE);
                    }
                    member.offerShared(compressed);
                } else {
                    member.offerShared(own);
                }
            }
        } finally {
            own.release();
            if (compressed != null) {
                compressed.release();
            }
        }
    }

    @Override
    public void close() {
        output.close();
        if (compressor != null) {
            compressor.close();
        }
        if (decompressor != null) {
            decompressor.close();
        }
    }
}
