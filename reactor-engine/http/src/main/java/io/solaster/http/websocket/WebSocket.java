package io.solaster.http.websocket;

import java.net.InetSocketAddress;
import java.util.Map;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/**
 * A WebSocket connection, for as long as it lasts. What is asked of it on another thread is done on the owning shard, in
 * the order of the calls; the buffers handed to it are its own from then on, whatever becomes of them.
 *
 * <p>
 * What is sent leaves at the end of the read batch or the turn of the loop, all of it in one write. What the client does
 * not read waits in a queue, and {@code solaster.servers.*.http.websocket.queue.policy} says what happens once that is
 * full.
 */
public interface WebSocket {

    /**
     * Sends a text.
     *
     * @return whether there is room for more: false where it had to be dropped, the conversation has ended, or the
     *         sender had better wait for {@link #whenWritable}
     */
    boolean send(CharSequence text);

    /** Sends a binary message; returns as {@link #send(CharSequence)}. */
    boolean send(ByteBuf bytes);

    /**
     * Sends a text that is encoded already; returns as {@link #send(CharSequence)}.
     *
     * @param utf8 well-formed, which is not looked at
     */
    boolean sendText(ByteBuf utf8);

    /**
     * Sends a part of a message, as a frame of its own. What else is sent meanwhile waits for the last part, but pings.
     * No part is dropped: where the queue is full, the sender is told to wait.
     *
     * @param text whether the message is a text; the first part says so for all
     * @param last whether the message ends with it
     * @return as {@link #send(CharSequence)}
     */
    boolean sendPart(ByteBuf part, boolean text, boolean last);

    /**
     * Sends a ping.
     *
     * @param payload comes back with the pong
     * @throws IllegalArgumentException if it is longer than 125 bytes
     */
    void ping(ByteBuf payload);

    /** Sends a pong that nobody has asked for; pings are answered without. */
    void pong(ByteBuf payload);

    /** Ends the conversation: all was said. */
    void close();

    /**
     * Ends the conversation, after what was sent before; then the client has {@code close-timeout} to answer. What it
     * sends meanwhile is dropped.
     *
     * @param code see {@link CloseCode}
     * @param reason for people and logs
     * @throws IllegalArgumentException if a Close must not carry that code, or the reason is longer than 123 bytes
     */
    void close(int code, String reason);

    /** Cuts the connection, without a word. */
    void abort();

    /** Whether messages can be sent: neither side has ended the conversation. */
    boolean isOpen();

    /** Whether there is room in the queue. Any thread; on another one roughly. */
    boolean isWritable();

    /** Done when there is room in the queue, or the conversation has ended. On the owning shard. */
    ShardFuture<@Nullable Void> whenWritable();

    /** Bytes that wait in the queue. On the owning shard. */
    long queuedBytes();

    /** Hands over no more messages, and reads no more of the client, until {@link #resume}. */
    void pause();

    /** Goes on after {@link #pause}. */
    void resume();

    /** The subprotocol that was agreed upon; null if none. */
    @Nullable
    String subprotocol();

    /** The path that the client asked for, percent-decoded. */
    String path();

    /**
     * What stands in the path where the route's template has a name: {@code room} of {@code /rooms/{room}}; decoded.
     *
     * @throws IllegalArgumentException if the template has no such name
     */
    String pathParam(String name);

    /** What the template's names stand for, decoded, in the order of the path. */
    Map<String, String> pathParams();

    /** The shard that owns the connection. */
    Shard shard();

    /** Where the connection comes from. */
    InetSocketAddress remoteAddress();

    /** What was left under this name; null if nothing. On the owning shard. */
    @Nullable
    Object attribute(String name);

    /** Leaves something with the connection; null takes it away. On the owning shard. */
    void attribute(String name, @Nullable Object value);
}
