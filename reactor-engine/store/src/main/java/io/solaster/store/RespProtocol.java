package io.solaster.store;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

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
        StoreShard part = store.part(shard.id());
        channel.config().setRecvByteBufAllocator(part.reads(config.limits().bytesPerTurn().intBytes()));
        channel.pipeline().addLast(new RespConnection(this, part));
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
