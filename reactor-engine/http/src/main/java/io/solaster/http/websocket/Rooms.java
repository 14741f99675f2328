package io.solaster.http.websocket;

import java.util.List;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/**
 * Groups of connections by name, over all shards. A room is there while somebody is in it; who disconnects has left.
 * Any thread.
 *
 * <p>
 * Each shard keeps its own members. A broadcast reaches each of them once; those that come or go meanwhile, perhaps. Two
 * broadcasts from one shard come in their order.
 */
public final class Rooms {
    private final WebSockets sockets;

    Rooms(WebSockets sockets) {
        this.sockets = sockets;
    }

    /** Has a connection join a room; nothing happens if it is in there, or gone. */
    public void join(String room, WebSocket socket) {
        WebSocketConnection member = ours(socket);
        if (Shard.current() == socket.shard()) {
            member.join(room);
        } else {
            socket.shard().execute(() -> member.join(room));
        }
    }

    /** Has a connection leave a room; nothing happens if it is not in there. */
    public void leave(String room, WebSocket socket) {
        WebSocketConnection member = ours(socket);
        if (Shard.current() == socket.shard()) {
            member.leave(room);
        } else {
            socket.shard().execute(() -> member.leave(room));
        }
    }

    private static WebSocketConnection ours(WebSocket socket) {
        if (socket instanceof WebSocketConnection connection) {
            return connection;
        }
        throw new IllegalArgumentException(socket + " is no connection of this server");
    }

    /** Sends a text to everybody in a room. */
    public void broadcast(String room, CharSequence text) {
        sockets.publish(room, null, text);
    }

    /**
     * Sends a binary message to everybody in a room.
     *
     * @param bytes its own from now on
     */
    public void broadcast(String room, ByteBuf bytes) {
        sockets.publish(room, null, bytes);
    }

    /**
     * Sends a text to everybody in a room but one.
     *
     * @param except who sent it, say; null for nobody
     */
    public void broadcast(String room, CharSequence text, @Nullable WebSocket except) {
        sockets.publish(room, except, text);
    }

    /** How many are in a room. */
    public ShardFuture<Integer> members(String room) {
        return sum(part -> {
            Room there = part.room(room);
            return there == null ? 0 : there.count();
        });
    }

    /** How many rooms there are, those counted twice that have members on two shards. */
    ShardFuture<Integer> count() {
        return sum(WebSocketShard::rooms);
    }

    private ShardFuture<Integer> sum(java.util.function.Function<WebSocketShard, Integer> counting) {
        ShardFuture<List<Integer>> counts = sockets.parts().onAll(counting);
        return (ShardFuture<Integer>) counts.thenApply(each -> each.stream().mapToInt(Integer::intValue).sum());
    }
}
