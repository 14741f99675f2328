package io.solaster.rpc.client;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.solaster.engine.ShardFuture;
import io.solaster.rpc.RpcException;
import io.solaster.rpc.RpcStatus;
import org.jspecify.annotations.Nullable;

/**
 * One address that calls go to: the connection there, or calls that wait until there is one. A connection is made when a call wants
 * one; after a failure not before a while. On the shard that calls.
 */
final class Target {
    private static final int MOST_WAITING = 1024;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final ClientShard home;
    private final InetSocketAddress address;
    private final boolean ofServer;
    private final ArrayDeque<ClientCall<?, ?>> waiting = new ArrayDeque<>();
    /** Those that are open: the one below, and others that end once their calls have. */
    private final Set<ClientConnection> open = new LinkedHashSet<>();
    private @Nullable ClientConnection ready;
    private boolean connecting;
    private @Nullable RpcException lastFailure;
    private long retryAt;

    Target(ClientShard home, InetSocketAddress address, boolean ofServer) {
        this.home = home;
        this.address = address;
        this.ofServer = ofServer;
    }

    /** Whether it is a port of the server that the client was made for, rather than one of another process. */
    boolean isOfServer() {
        return ofServer;
    }

    /** Whether there is neither a connection nor anybody who waits for one. */
    boolean isUnused() {
        return open.isEmpty() && waiting.isEmpty() && !connecting;
    }

    int connections() {
        return open.size();
    }

    <Q, A> void send(ClientCall<Q, A> call) {
        ClientConnection to = ready;
        if (to != null) {
            to.send(call);
            return;
        }
        RpcException failure = lastFailure;
        if (home.hasEnded()) {
            call.fail(new RpcException(RpcStatus.UNAVAILABLE, "the client is closed", true, null));
        } else if (failure != null && home.lanes.now() < retryAt) {
            call.fail(failure);
        } else if (waiting.size() >= MOST_WAITING && !makesRoom()) {
            call.fail(new RpcException(RpcStatus.RESOURCE_EXHAUSTED,
                    MOST_WAITING + " calls wait for a connection to " + address, true, null));
        } else {
            waiting.add(call);
            connect();
        }
    }

    private boolean makesRoom() {
        waiting.removeIf(ClientCall::isOver);
        return waiting.size() < MOST_WAITING;
    }

    private void connect() {
        if (connecting) {
            return;
        }
        connecting = true;
        if (!address.isUnresolved()) {
            connect(address);
            return;
        }
        ShardFuture<InetAddress> found = home.engine.offload()
                .call(() -> InetAddress.getByName(address.getHostString()));
        found.whenComplete((ip, failure) -> {
            if (home.hasEnded()) {
                return;
            }
            if (failure == null) {
                connect(new InetSocketAddress(ip, address.getPort()));
            } else {
                failed(new RpcException(RpcStatus.UNAVAILABLE, "no address of " + address.getHostString() + ": "
                        + failure.getMessage(), true, failure));
            }
        });
    }

    private void connect(InetSocketAddress resolved) {
        ClientConnection connection = new ClientConnection(home, this);
        Channel channel;
        try {
            channel = home.engine.transport().clientChannels().get();
            // The connection's own timer counts.
            channel.config().setConnectTimeoutMillis(0);
            channel.config().setOption(ChannelOption.TCP_NODELAY, true);
            channel.config().setOption(ChannelOption.SO_KEEPALIVE, true);
        } catch (RuntimeException | Error e) {
            // Out of file descriptors, most likely.
            failed(new RpcException(RpcStatus.UNAVAILABLE, "no socket to " + resolved + ": " + e.getMessage(), true,
                    e));
            return;
        }
        open.add(connection);
        channel.pipeline().addLast(connection);
        home.shard.register(channel).addListener(registered -> {
            if (registered.isSuccess()) {
                channel.connect(resolved).addListener(done -> {
                    if (!done.isSuccess()) {
                        connection.notConnected(resolved, done.cause());
                    }
                });
            } else {
                channel.unsafe().closeForcibly();
                lost(connection, new RpcException(RpcStatus.UNAVAILABLE, "no connection to " + resolved, true,
                        registered.cause()));
            }
        });
    }

    /** A connection is there, and both sides have said HELLO. */
    void isReady(ClientConnection connection) {
        connecting = false;
        lastFailure = null;
        ready = connection;
        for (int i = waiting.size(); i > 0 && ready == connection; i--) {
            ClientCall<?, ?> call = waiting.remove();
            if (!call.isOver()) {
                // The map may be another one now.
                home.send(call);
            }
        }
    }

    /** The server takes no more calls on a connection. */
    void isLeaving(ClientConnection connection) {
        if (ready == connection) {
            ready = null;
        }
    }

    /** A connection has ended. */
    void lost(ClientConnection connection, RpcException why) {
        if (!open.remove(connection)) {
            return;
        }
        if (ready == connection) {
            ready = null;
        }
        if (!connection.wasReady()) {
            failed(why);
        }
    }

    private void failed(RpcException why) {
        connecting = false;
        RpcException failure = new RpcException(RpcStatus.UNAVAILABLE,
                "no connection to " + address + ": " + why.words(), true, why.getCause());
        lastFailure = failure;
        retryAt = home.lanes.now() + PAUSE_NANOS;
        if (home.isCommon(this) || home.hasEnded()) {
            failWaiting(failure);
            return;
        }
        home.forget(this);
        List<ClientCall<?, ?>> all = new ArrayList<>(waiting);
        waiting.clear();
        for (ClientCall<?, ?> call : all) {
            if (!call.isOver()) {
                call.takeAnyPort();
                home.send(call);
            }
        }
    }

    private void failWaiting(RpcException failure) {
        List<ClientCall<?, ?>> all = new ArrayList<>(waiting);
        waiting.clear();
        all.forEach(call -> call.fail(failure));
    }

    void end() {
        ready = null;
        RpcException closed = new RpcException(RpcStatus.UNAVAILABLE, "the client is closed", true, null);
        failWaiting(closed);
        new ArrayList<>(open).forEach(ClientConnection::closeNow);
    }
}
