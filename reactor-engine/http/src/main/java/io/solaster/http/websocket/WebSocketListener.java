package io.solaster.http.websocket;

import io.netty.buffer.ByteBuf;
import org.slf4j.LoggerFactory;

/**
 * What an application does with a connection. Called on the shard that owns it, one call after the other: {@link #opened}
 * first, {@link #closed} last. It must not block; {@link WebSockets#conversation}
 * may.
 *
 * <p>
 * Messages are handed over whole, texts as strings. {@link Raw} gets them as the bytes that they came as, {@link Parts}
 * piece by piece as they come. No method is called from within one of {@link WebSocket}'s.
 */
public interface WebSocketListener {

    /** The connection stands; messages may be sent. */
    default void opened(WebSocket socket) throws Exception {}

    /** A text message. By default it is refused: the conversation ends with {@link CloseCode#UNSUPPORTED}. */
    default void text(WebSocket socket, String text) throws Exception {
        socket.close(CloseCode.UNSUPPORTED, "no text is taken here");
    }

    /**
     * A binary message. By default it is refused: the conversation ends with {@link CloseCode#UNSUPPORTED}.
     *
     * @param bytes released when this returns: retain it to keep or to send it
     */
    default void binary(WebSocket socket, ByteBuf bytes) throws Exception {
        socket.close(CloseCode.UNSUPPORTED, "no binary messages are taken here");
    }

    /** The client has sent a ping, which is answered already. */
    default void ping(WebSocket socket, ByteBuf payload) throws Exception {}

    /** The client has answered a ping: one of ours, or of the server's own, which are empty. */
    default void pong(WebSocket socket, ByteBuf payload) throws Exception {}

    /** There is room again for what waits for this client, after {@link WebSocket#send} has said that there was none. */
    default void writable(WebSocket socket) throws Exception {}

    /**
     * The conversation is over: the last call.
     *
     * @param code the client's, or ours where we ended it; {@link CloseCode#NONE} if the client gave none,
     *            {@link CloseCode#ABNORMAL} if it went without a word
     * @param reason may be empty
     */
    default void closed(WebSocket socket, int code, String reason) throws Exception {}

    /**
     * A method of this listener has thrown. By default that is logged and the conversation ends with
     * {@link CloseCode#INTERNAL_ERROR}.
     */
    default void failed(WebSocket socket, Throwable failure) {
        LoggerFactory.getLogger(WebSocketListener.class).error("{}: {} failed", socket, getClass().getName(), failure);
        socket.close(CloseCode.INTERNAL_ERROR, "the server failed");
    }

    /** Takes messages as bytes, where they lie: nothing is copied, decoded or allocated for them. */
    interface Raw extends WebSocketListener {

        /**
         * A message.
         *
         * @param payload of a text, well-formed UTF-8; released when this returns: retain it to keep or to send it
         * @param text whether it is a text, else it is binary
         */
        void message(WebSocket socket, ByteBuf payload, boolean text) throws Exception;
    }

    /**
     * Takes messages in parts as they come, however long they are in all; only {@code max-frame} bounds them. One that
     * is compressed is decompressed as a whole, up to {@code max-message}, and is one part.
     */
    interface Parts extends WebSocketListener {

        /**
         * A part of a message.
         *
         * @param part may end inside of a character; may be empty; released when this returns: retain it to keep it
         * @param text whether the message is a text, else it is binary
         * @param last whether the message ends with it
         */
        void part(WebSocket socket, ByteBuf part, boolean text, boolean last) throws Exception;
    }
}
