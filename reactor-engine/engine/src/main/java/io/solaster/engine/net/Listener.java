package io.solaster.engine.net;

import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

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
    /** Written by whichever shard accepts for this one, so that it knows at once what it has handed over. */
    private final Counter accepted = new Counter();
    private final Counter closed = new Counter();
    private final Counter refused = new Counter();
    private final Counter pauses = new Counter();
    private final RequestStats requests;
    private volatile @Nullable ServerChannel listening;
    /** No more connections come here, though the server accepts elsewhere. */
    private volatile boolean retired;
    private @Nullable CompletableFuture<Boolean> drained;
    /** The time to finish is over: what another shard hands over from now on is closed. */
    private boolean ended;
    private long arrivals;
    private long pausedSince;

    Listener(TcpServer server, Shard shard, ConnectionHandler handler) {
        this.server = server;
        this.shard = shard;
        this.handler = handler;
        this.requests = new RequestStats(server.name(), server.config().protocol());
    }

    Shard shard() {
        return shard;
    }

    void listensOn(ServerChannel channel) {
        listening = channel;
    }

    boolean isListening() {
        ServerChannel channel = listening;
        return channel != null && channel.isActive();
    }

    long connections() {
        return accepted.get() - closed.get();
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
        Listener owner = server.acceptsOnEveryShard() ? this : server.leastConnections();
        // Counted before it is looked at: of two shards that accept the last one at once, one at least sees both.
        owner.accepted.increment();
        VarHandle.fullFence();
        if (server.connections() > handler.maxConnections(server.config().limits().maxConnections())) {
            owner.accepted.add(-1);
            refuse(connection);
            return;
        }
        owner.adopt(connection);
    }

    private void refuse(Channel connection) {
        refused.increment();
        shard.stats().refused.increment();
        shard.register(connection).addListener((ChannelFutureListener) registered -> connection
                .writeAndFlush(Unpooled.wrappedBuffer(handler.refusal())).addListener(ChannelFutureListener.CLOSE));
    }

    /** Takes a connection over; its pipeline is set up on this listener's shard. */
    void adopt(Channel connection) {
        Arrival arrival = new Arrival();
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

    /** A connection's way to its shard. */
    private final class Arrival extends ChannelInitializer<Channel> implements ChannelFutureListener {
        private boolean arrived;

        @Override
        protected void initChannel(Channel channel) {
            arrived = true;
            channels.add(channel);
            shard.stats().connections.increment();
            shard.stats().accepted.increment();
            channel.closeFuture().addListener(end -> left(channel));
            if (ended) {
                channel.close();
                return;
            }
            server.setUp(channel);
            requests.countFor(channel);
            if (server.proxies().isOn()) {
                channel.pipeline().addLast(new ProxyIntake(shard, server.name(), handler, server.proxies()));
            } else {
                handler.connected(shard, channel);
            }
            if (drained != null) {
                channel.pipeline().fireUserEventTriggered(TcpServer.DRAIN);
            }
        }

        private void left(Channel channel) {
            channels.remove(channel);
            closed.increment();
            shard.stats().connections.add(-1);
            finishDrain();
        }

        @Override
        public void operationComplete(ChannelFuture registered) {
            if (!registered.isSuccess() && !arrived) {
                closed.increment();
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
     * Takes in what the kernel holds for this socket, since closing resets that; then closes it. Any thread; completes
     * once the port is free.
     */
    CompletableFuture<Boolean> stopListening() {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        ServerChannel channel = listening;
        if (channel == null || !channel.isOpen()) {
            done.complete(true);
        } else {
            onShard(() -> closeOnceQuiet(channel, arrivals, arrivals, shard.stats().polls.get(), done),
                    done);
        }
        return done;
    }

    /**
     * Closes once what the kernel held at the beginning is in: nothing has come for some passes over the sockets, or as
     * many as it could hold.
     *
     * @param lastSeen arrivals at the time of {@code pass}, the shard's number of times that sockets were served
     */
    private void closeOnceQuiet(ServerChannel channel, long atFirst, long lastSeen, long pass,
            CompletableFuture<Boolean> done) {
        long now = arrivals;
        long passNow = shard.stats().polls.get();
        boolean quiet = now == lastSeen && passNow - pass >= QUIET_PASSES;
        if (quiet || now - atFirst > server.config().backlog()) {
            // The JDK gives the port back in its next select, not before.
            channel.close().addListener(
                    end -> shard.schedule(() -> done.complete(true), 0, TimeUnit.NANOSECONDS));
        } else {
            // Passes are counted, not turns: where there is traffic between shards, several turns go by between two.
            shard.schedule(() -> closeOnceQuiet(channel, atFirst, now, now == lastSeen ? pass : passNow, done), 0,
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
