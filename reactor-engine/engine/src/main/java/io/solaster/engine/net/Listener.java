package io.solaster.engine.net;

import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.ServerChannel;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.solaster.engine.Shard;
import io.solaster.engine.net.accept.ClientCounts;
import io.solaster.engine.stats.Counter;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One shard's part of a {@link TcpServer}: its listening socket, where it has one, and its connections. */
@Sharable
final class Listener extends ChannelInboundHandlerAdapter {
    private static final Logger log = LoggerFactory.getLogger(Listener.class);
    private static final long PAUSE_MILLIS = 100;

    static {
        // Where it is needed, no file can be opened any more, and so no class loaded.
        Errno.of(new IOException("none"));
    }

    /** Times that sockets are served without a new connection before a socket is taken to hold no more. */
    private static final int QUIET_PASSES = 2;

    private final TcpServer server;
    private final Shard shard;
    private final ConnectionHandler handler;
    /** In the order of their coming, which another run of the same keeps. On the shard only. */
    private final Set<Channel> channels = new LinkedHashSet<>();
    private final ChannelFutureListener leaving = end -> left(end.channel());
    /** What gives connections to other shards; null where all that is accepted stays. */
    private final @Nullable Acceptor acceptor;
    /** Accepted here, whoever owns it. */
    private final Counter accepted = new Counter();
    /** Accepted and kept here. */
    private final Counter kept = new Counter();
    /** Accepted by others for this shard, and here. */
    private final Counter arrived = new Counter();
    private final Counter closed = new Counter();
    /** Accepted for this shard, which had stopped before they were here. */
    private final LongAdder lost = new LongAdder();
    private final Counter refused = new Counter();
    private final Counter pauses = new Counter();
    private final RequestStats requests;
    private volatile @Nullable ServerChannel listening;
    /** Listens on the port that this shard has for itself. */
    private volatile @Nullable ServerChannel listeningOnItsOwn;
    /** No more connections come here, though the server accepts elsewhere. */
    private volatile boolean retired;
    private @Nullable CompletableFuture<Boolean> drained;
    /** The time to finish is over: what another shard hands over from now on is closed. */
    private boolean ended;
    private long arrivals;
    private long pausedSince;

    Listener(TcpServer server, Shard shard, ConnectionHandler handler, @Nullable Acceptor acceptor) {
        this.server = server;
        this.shard = shard;
        this.handler = handler;
        this.acceptor = acceptor;
        this.requests = new RequestStats(server.name(), server.config().protocol());
    }

    Shard shard() {
        return shard;
    }

    void listensOn(ServerChannel channel) {
        listening = channel;
    }

    void listensOnItsOwn(ServerChannel channel) {
        listeningOnItsOwn = channel;
    }

    boolean isListening() {
        ServerChannel channel = listening;
        ServerChannel own = listeningOnItsOwn;
        return channel != null && channel.isActive() || own != null && own.isActive();
    }

    /** Connections that are this shard's, those on their way to it included. */
    long connections() {
        return kept.get() + server.givenTo(shard.id()) - closed();
    }

    /** Connections on their way from shards that have accepted them. */
    long underWay() {
        return server.givenTo(shard.id()) - arrived.get() - lost.sum();
    }

    /** Those of this shard that have ended, or never came. */
    long closed() {
        return closed.get() + lost.sum();
    }

    /** What this shard has given to another. */
    long givenTo(int owner) {
        return acceptor == null ? 0 : acceptor.given(owner);
    }

    long arrivedFromOthers() {
        return arrived.get();
    }

    long policyFailures() {
        return acceptor == null ? 0 : acceptor.failures();
    }

    RequestStats requests() {
        return requests;
    }

    /** Whether no more connections may come here: it is retired, or its shard ends, or has died. */
    boolean isRetired() {
        return retired || shard.isShuttingDown();
    }

    void retire() {
        retired = true;
    }

    long accepted() {
        return accepted.get();
    }

    long refused() {
        return refused.get();
    }

    long acceptPauses() {
        return pauses.get();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        Channel connection = (Channel) message;
        arrivals++;
        Listener owner = acceptor == null || ctx.channel().equals(listeningOnItsOwn) ? this : acceptor.owner();
        // Counted before it is looked at: of two shards that accept the last one at once, one at least sees both.
        accepted.increment();
        VarHandle.fullFence();
        if (owner == null || server.connections() > handler.maxConnections(server.config().limits().maxConnections())) {
            accepted.add(-1);
            refuse(connection);
            return;
        }
        if (owner == this) {
            kept.increment();
        } else {
            Objects.requireNonNull(acceptor).gives(owner.shard.id(), 1);
        }
        owner.adopt(connection, this);
    }

    private void refuse(Channel connection) {
        countRefused();
        shard.register(connection).addListener(registered -> sayRefused(connection));
    }

    private void countRefused() {
        refused.increment();
        shard.stats().refused.increment();
    }

    private void sayRefused(Channel connection) {
        connection.writeAndFlush(Unpooled.wrappedBuffer(handler.refusal())).addListener(ChannelFutureListener.CLOSE);
    }

    /**
     * Counts a connection as its client's, until it is closed. On the shard.
     *
     * @return false where the client has as many as it may: then the connection has been refused
     */
    boolean admits(Channel connection) {
        int most = server.config().limits().maxConnectionsPerAddress();
        InetSocketAddress client = most == 0 ? null : PeerAddress.network(connection);
        if (client == null || client.getAddress() == null) {
            return true;
        }
        long key = ClientCounts.client(client.getAddress());
        if (!server.clients().came(key, most)) {
            countRefused();
            sayRefused(connection);
            return false;
        }
        connection.closeFuture().addListener(end -> server.clients().left(key));
        return true;
    }

    /** Takes a connection over; its pipeline is set up on this listener's shard. On the shard of the one that has accepted it. */
    void adopt(Channel connection, Listener from) {
        Arrival arrival = new Arrival(from != this);
        connection.pipeline().addLast(arrival);
        register(connection).addListener(arrival);
    }

    /** Registers a channel with the shard, in the server's group. Any thread. */
    ChannelFuture register(Channel channel) {
        if (shard.inEventLoop()) {
            return shard.register(channel);
        }
        ChannelPromise registered = new Registration(channel);
        shard.executeOrElse(server.group(), () -> shard.register(registered), () -> {
            if (registered.tryFailure(shard.stopped())) {
                channel.unsafe().closeForcibly();
            }
        });
        return registered;
    }

    /** Tells who listens even where the shard has ended before. */
    private final class Registration extends DefaultChannelPromise {
        Registration(Channel channel) {
            super(channel, shard);
        }

        @Override
        protected EventExecutor executor() {
            return shard.isShutdown() ? ImmediateEventExecutor.INSTANCE : super.executor();
        }
    }

    private void left(Channel channel) {
        channels.remove(channel);
        closed.increment();
        shard.stats().connections.add(-1);
        finishDrain();
    }

    /** A connection's way to its shard; nothing of the connection keeps it, as Netty gives each a table of its own. */
    private final class Arrival extends ChannelInitializer<Channel> implements ChannelFutureListener {
        private final boolean handedOver;
        private boolean here;

        Arrival(boolean handedOver) {
            this.handedOver = handedOver;
        }

        @Override
        protected void initChannel(Channel channel) {
            here = true;
            if (handedOver) {
                arrived.increment();
            }
            channels.add(channel);
            shard.stats().connections.increment();
            shard.stats().accepted.increment();
            channel.closeFuture().addListener(leaving);
            if (ended) {
                channel.close();
                return;
            }
            if (!server.proxies().isOn() && !admits(channel)) {
                return;
            }
            server.options().connected(channel);
            if (server.proxies().isOn()) {
                channel.pipeline().addLast(
                        new ProxyIntake(shard, server.name(), handler, server.proxies(), Listener.this::admits));
            } else {
                handler.connected(shard, channel);
            }
            if (drained != null) {
                channel.pipeline().fireUserEventTriggered(TcpServer.DRAIN);
            }
        }

        @Override
        public void operationComplete(ChannelFuture registered) {
            if (!registered.isSuccess() && !here) {
                lost.increment();
            }
        }
    }

    /** Out of file descriptors, the kernel would offer the same connection again and again: wait for some to be freed. */
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!(cause instanceof IOException)) {
            log.error("Server '{}': accepting on shard {} failed", server.name(), shard.id(), cause);
            return;
        }
        if (!ctx.channel().config().isAutoRead() || !ctx.channel().isOpen()) {
            return;
        }
        ctx.channel().config().setAutoRead(false);
        pauses.increment();
        shard.stats().acceptPauses.increment();
        if (pausedSince == 0) {
            pausedSince = shard.environment().clock().nanoTime();
            log.warn("Server '{}': shard {} pauses accepting: {}{}", server.name(), shard.id(), cause.getMessage(),
                    Errno.of(cause) == Errno.EMFILE
                            ? "; raise the limit on open files (ulimit -n), or lower solaster.servers." + server.name()
                                    + ".limits.max-connections"
                            : "");
        }
        ctx.executor().schedule(() -> {
            long pausesBefore = pauses.get();
            ctx.channel().config().setAutoRead(true);
            ctx.executor().schedule(() -> resumed(pausesBefore), PAUSE_MILLIS / 2, TimeUnit.MILLISECONDS);
        }, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void resumed(long pausesBefore) {
        if (pausedSince != 0 && pauses.get() == pausesBefore) {
            log.info("Server '{}': shard {} accepts again after {} ms", server.name(), shard.id(),
                    TimeUnit.NANOSECONDS.toMillis(shard.environment().clock().nanoTime() - pausedSince));
            pausedSince = 0;
        }
    }

    /**
     * Takes in what the kernel holds for its sockets, since closing resets that; then closes them. Any thread; completes once the
     * ports are free.
     */
    CompletableFuture<Boolean> stopListening() {
        return stopListening(listening, listeningOnItsOwn);
    }

    /** As {@link #stopListening}, but of the port that the shard has for itself. */
    CompletableFuture<Boolean> stopListeningOnItsOwn() {
        return stopListening(null, listeningOnItsOwn);
    }

    private CompletableFuture<Boolean> stopListening(@Nullable ServerChannel shared, @Nullable ServerChannel own) {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        List<ServerChannel> open = Stream.of(shared, own).filter(Objects::nonNull).map(Objects::requireNonNull)
                .filter(ServerChannel::isOpen).toList();
        if (open.isEmpty()) {
            done.complete(true);
        } else {
            onShard(() -> closeOnceQuiet(open, arrivals, arrivals, shard.stats().polls.get(), done), done);
        }
        return done;
    }

    /**
     * Closes once what the kernel held at the beginning is in: nothing has come for some passes over the sockets, or as
     * many as it could hold.
     *
     * @param lastSeen arrivals at the time of {@code pass}, the shard's number of times that sockets were served
     */
    private void closeOnceQuiet(List<ServerChannel> sockets, long atFirst, long lastSeen, long pass,
            CompletableFuture<Boolean> done) {
        long now = arrivals;
        long passNow = shard.stats().polls.get();
        boolean quiet = now == lastSeen && passNow - pass >= QUIET_PASSES;
        if (quiet || now - atFirst > (long) server.config().backlog() * sockets.size()) {
            // All close in this turn; the JDK gives a port back in its next select, not before.
            sockets.forEach(ServerChannel::close);
            shard.schedule(() -> done.complete(true), 0, TimeUnit.NANOSECONDS);
        } else {
            // Passes are counted, not turns: where there is traffic between shards, several turns go by between two.
            shard.schedule(() -> closeOnceQuiet(sockets, atFirst, now, now == lastSeen ? pass : passNow, done), 0,
                    TimeUnit.NANOSECONDS);
        }
    }

    /** Asks every connection to finish; completes when the last has closed. Any thread. */
    CompletableFuture<Boolean> drain() {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        onShard(() -> {
            CompletableFuture<Boolean> all = drained;
            if (all == null) {
                all = new CompletableFuture<>();
                drained = all;
                new ArrayList<>(channels)
                        .forEach(channel -> channel.pipeline().fireUserEventTriggered(TcpServer.DRAIN));
                finishDrain();
            }
            all.thenAccept(done::complete);
        }, done);
        return done;
    }

    private void finishDrain() {
        if (drained != null && channels.isEmpty()) {
            drained.complete(true);
        }
    }

    /** Closes the connections that are left, and those that are still on their way; tells how many were left. Any thread. */
    CompletableFuture<Integer> closeAll() {
        CompletableFuture<Integer> done = new CompletableFuture<>();
        CompletableFuture<Boolean> stopped = new CompletableFuture<>();
        onShard(() -> {
            ended = true;
            int count = channels.size();
            new ArrayList<>(channels).forEach(Channel::close);
            done.complete(count);
        }, stopped);
        stopped.thenAccept(already -> done.complete(0));
        return done;
    }

    private void onShard(Runnable work, CompletableFuture<Boolean> otherwise) {
        try {
            // In the server's group, so as to come after what its sockets have brought.
            shard.execute(server.group(), work);
        } catch (RejectedExecutionException stopped) {
            otherwise.complete(true);
            return;
        }
        // A loop that ends drops tasks and timers.
        shard.terminationFuture().addListener(end -> otherwise.complete(true));
    }
}
