package io.solaster.engine.net;

import java.util.function.Supplier;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Offload;
import io.solaster.engine.Shard;

/**
 * Encrypts the connections of any protocol: its handlers see what is decrypted, behind an {@link SslHandler} that they
 * find in the pipeline. Encryption runs on the shard that owns the connection.
 */
public final class Tls implements ConnectionHandler {
    private final Supplier<SslContext> contexts;
    private final Offload offload;
    private final ConnectionHandler protocol;

    private Tls(Supplier<SslContext> contexts, Offload offload, ConnectionHandler protocol) {
        this.contexts = contexts;
        this.offload = offload;
        this.protocol = protocol;
    }

    /**
     * Encrypts a protocol's connections.
     *
     * @param contexts asked on a shard for each new connection, so that certificates can change while the server runs:
     *            it returns a context that is there already
     * @param offload runs a handshake's arithmetic, which takes a millisecond or more, as
     *            {@link Offload.Purpose#HANDSHAKES}
     * @param protocol what is spoken inside
     */
    public static ConnectionHandler over(Supplier<SslContext> contexts, Offload offload,
            ConnectionHandler protocol) {
        return new Tls(contexts, offload, protocol);
    }

    @Override
    public void connected(Shard shard, Channel channel) {
        channel.pipeline().addLast(contexts.get().newHandler(channel.alloc(), offload.handshakes()));
        protocol.connected(shard, channel);
    }

    /** Nothing: before the handshake a client would take no answer. */
    @Override
    public byte[] refusal() {
        return new byte[0];
    }

    @Override
    public void reconfigured(Shard shard, ServerConfig config) {
        protocol.reconfigured(shard, config);
    }

    @Override
    public int maxConnections(int configured) {
        return protocol.maxConnections(configured);
    }
}
