package io.solaster.store;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.solaster.config.LimitsConfig;
import io.solaster.config.ServerConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.resp.RequestLimits;
import org.jspecify.annotations.Nullable;

/** Serves a {@link Store} to Redis clients: one instance per server, for all of its connections. */
public final class RespProtocol implements ConnectionHandler {
    private static final byte[] MAX_CLIENTS = "-ERR max number of clients reached\r\n"
            .getBytes(StandardCharsets.US_ASCII);
    /** Room for a usual pipeline, so that one read empties the socket. */
    private static final int READ_BYTES = 16 * 1024;

    private final Store store;
    private final ServerConfig config;
    private final RequestLimits requestLimits;

    public RespProtocol(Store store, ServerConfig config) {
        this.store = store;
        this.config = config;
        LimitsConfig limits = config.limits();
        this.requestLimits = new RequestLimits(limits.maxArguments(), limits.maxBulk().bytes(),
                limits.maxInline().intBytes());
    }

    @Override
    public void connected(Shard shard, Channel channel) {
        int most = Math.max(READ_BYTES, config.limits().bytesPerTurn().intBytes());
        AdaptiveRecvByteBufAllocator reads = new AdaptiveRecvByteBufAllocator(READ_BYTES, READ_BYTES, most);
        reads.maxMessagesPerRead(Math.max(1, config.limits().bytesPerTurn().intBytes() / READ_BYTES));
        channel.config().setRecvByteBufAllocator(reads);
        channel.pipeline().addLast(new RespConnection(this, store.part(shard.id())));
    }

    @Override
    public byte[] refusal() {
        return MAX_CLIENTS;
    }

    Store store() {
        return store;
    }

    ServerConfig config() {
        return config;
    }

    LimitsConfig limits() {
        return config.limits();
    }

    RequestLimits requestLimits() {
        return requestLimits;
    }

    @Nullable
    String password() {
        String password = config.password();
        return password == null || password.isEmpty() ? null : password;
    }

    /** Whether a client from there may not be served: no password is set, and it is not of this machine. */
    boolean isProtectedFrom(Channel channel) {
        if (!config.protectedMode() || password() != null) {
            return false;
        }
        InetAddress remote = channel.remoteAddress() instanceof InetSocketAddress address ? address.getAddress() : null;
        return remote != null && !remote.isLoopbackAddress();
    }
}
