package io.solaster.store;

import java.nio.charset.StandardCharsets;

import io.netty.channel.Channel;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.RequestStats;
import io.solaster.store.command.admin.ConfigCommands;
import io.solaster.store.server.ClientConnection;
import io.solaster.store.server.ClientLogs;
import io.solaster.store.server.ServerShard;
import io.solaster.store.shard.ServerSettings;

/** Serves a {@link Store} to Redis clients: one instance per server, for all of its connections. */
public final class RespProtocol implements ConnectionHandler {
    private static final byte[] MAX_CLIENTS = "-ERR max number of clients reached\r\n"
            .getBytes(StandardCharsets.US_ASCII);

    private final Store store;
    private final ServerSettings settings;
    private final ClientLogs logs = new ClientLogs();
    /** What the server was configured with, or was last reconfigured to. On shard 0. */
    private ServerConfig written;

    /** For a server of this configuration, before a store on the same engine. */
    public RespProtocol(Store store, ServerConfig config) {
        this.store = store;
        this.settings = new ServerSettings(store.parts(), config);
        this.written = config;
    }

    /** What changes in the file wins over what {@code CONFIG SET} has said before; what does not, does not. */
    @Override
    public void reconfigured(Shard shard, ServerConfig changed) {
        if (shard.id() == 0) {
            ServerConfig before = written;
            written = changed;
            settings.change(ConfigCommands.keepSet(before, changed, settings.config()));
        }
    }

    @Override
    public void connected(Shard shard, Channel channel) {
        ServerShard server = store.servers().on(shard);
        channel.config().setRecvByteBufAllocator(server.reads(settings.limits().bytesPerTurn().intBytes()));
        channel.pipeline().addLast(new ClientConnection(settings, logs, server, RequestStats.of(channel)));
    }

    @Override
    public byte[] refusal() {
        return MAX_CLIENTS;
    }

    @Override
    public int maxConnections(int configured) {
        return settings.limits().maxConnections();
    }

    ServerSettings settings() {
        return settings;
    }
}
