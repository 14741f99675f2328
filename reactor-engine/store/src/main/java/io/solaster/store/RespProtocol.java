package io.solaster.store;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

import io.netty.channel.Channel;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.QuietLog;
import io.solaster.engine.net.RequestStats;
import io.solaster.resp.RequestLimits;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Serves a {@link Store} to Redis clients: one instance per server, for all of its connections. */
public final class RespProtocol implements ConnectionHandler {
    private static final byte[] MAX_CLIENTS = "-ERR max number of clients reached\r\n"
            .getBytes(StandardCharsets.US_ASCII);

    private static final Logger log = LoggerFactory.getLogger(RespConnection.class);

    /** What clients can bring about as often as they like. */
    final QuietLog crossProtocol = new QuietLog(log, Level.WARN);
    final QuietLog wrongPassword = new QuietLog(log, Level.WARN);
    final QuietLog unread = new QuietLog(log, Level.WARN);
    final QuietLog undecodable = new QuietLog(log, Level.WARN);
    final QuietLog failed = new QuietLog(log, Level.ERROR);

    private final Store store;
    /** What is in force now; {@code CONFIG SET} puts another one here, on shard 0. */
    private volatile ServerConfig config;
    /** What the server was configured with, or was last reconfigured to. On shard 0. */
    private ServerConfig written;
    private volatile RequestLimits requestLimits;

    public RespProtocol(Store store, ServerConfig config) {
        this.store = store;
        this.config = config;
        this.written = config;
        this.requestLimits = requestLimits(config.limits());
    }

    private static RequestLimits requestLimits(LimitsConfig limits) {
        return new RequestLimits(limits.maxArguments(), limits.maxBulk().bytes(), limits.maxInline().intBytes());
    }

    /** Puts another configuration in force, for all connections. On shard 0. */
    void change(ServerConfig changed) {
        requestLimits = requestLimits(changed.limits());
        config = changed;
        store.longestString(changed.limits().maxBulk());
    }

    /** What changes in the file wins over what {@code CONFIG SET} has said before; what does not, does not. */
    @Override
    public void reconfigured(Shard shard, ServerConfig changed) {
        if (shard.id() == 0) {
            ServerConfig before = written;
            written = changed;
            change(ConfigCommands.keepSet(before, changed, config));
        }
    }

    @Override
    public void connected(Shard shard, Channel channel) {
        StoreShard part = store.part(shard.id());
        channel.config().setRecvByteBufAllocator(part.reads(config.limits().bytesPerTurn().intBytes()));
        channel.pipeline().addLast(new RespConnection(this, part, RequestStats.of(channel)));
    }

    @Override
    public byte[] refusal() {
        return MAX_CLIENTS;
    }

    @Override
    public int maxConnections(int configured) {
        return config.limits().maxConnections();
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
