package io.solaster.rpc;

import java.nio.charset.StandardCharsets;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;

/**
 * How messages become bytes and back. Called on the shard that owns the connection, or on the one that serves the call; one instance
 * serves all shards at a time, so it keeps no state.
 */
public interface RpcCodec<T> {
    /** Bytes as they are. */
    RpcCodec<byte[]> BYTES = new RpcCodec<>() {
        @Override
        public void encode(byte[] message, ByteBuf to) {
            to.writeBytes(message);
        }

        @Override
        public byte[] decode(ByteBuf from) {
            return ByteBufUtil.getBytes(from);
        }

        @Override
        public long fingerprint() {
            return 1;
        }
    };

    /** Text in UTF-8. */
    RpcCodec<String> TEXT = new RpcCodec<>() {
        @Override
        public void encode(String message, ByteBuf to) {
            ByteBufUtil.writeUtf8(to, message);
        }

        @Override
        public String decode(ByteBuf from) {
            return from.toString(StandardCharsets.UTF_8);
        }

        @Override
        public long fingerprint() {
            return 2;
        }
    };

    /**
     * Writes a message behind what the buffer holds. Called again where a call is repeated.
     *
     * @param to is not kept
     */
    void encode(T message, ByteBuf to);

    /**
     * Reads a message.
     *
     * @param from whose readable bytes are the message; it is not kept, and valid until this returns
     * @throws RuntimeException if these bytes are none, which fails the call with {@link RpcStatus#INTERNAL}
     */
    T decode(ByteBuf from);

    /**
     * Of the schema: where both sides have one other than 0 and they differ, calls of the method are refused by the client before they
     * leave. A codec that reads what others wrote, by names say, has 0.
     */
    default long fingerprint() {
        return 0;
    }
}
