package io.solaster.engine.tls;

import java.util.concurrent.Executor;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslHandler;

/** Gives each connection of a server what encrypts it. */
@FunctionalInterface
public interface TlsHandlers {

    /**
     * For a connection whose client has said this. On the owning shard: it may not wait.
     *
     * @param hello what the client has said
     * @param tasks runs a handshake's arithmetic off the shard
     * @throws TlsRefusal if the client is not to be served
     */
    SslHandler handler(ClientHello hello, ByteBufAllocator allocator, Executor tasks) throws TlsRefusal;
}
