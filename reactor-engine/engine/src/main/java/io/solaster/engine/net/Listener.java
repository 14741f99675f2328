package io.solaster.engine.net;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ServerChannel;
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

    private final TcpServer server;
    private final Shard shard;
    private final ConnectionHandler handler;
    /** On the shard only. */
    private final Set<Channel> channels = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Counter open = new Counter();
    private final Counter accepted = new Counter();
    private final Counter refused = new Counter();
    private final Counter pauses = new Counter();
    private volatile @Nullable ServerChannel listening;
    private @Nullable CompletableFuture<Integer> drained;
    private long pausedSince;

    Listener(TcpServer server, Shard shard, ConnectionHandler handler) {
        this.server = server;
        this.shard = shard;
        this.handler = handler;
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
        return open.get();
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
        accepted.increment();
        if (server.connections() >= handler.maxConnections(server.config().limits().maxConnections())) {
            refuse(connection);
            return;
        }
        Listener owner = server.acceptsOnEveryShard() ? this : server.leastConnections();
        owner.adopt(connection);
    }

    private void refuse(Channel connection) {
        refused.increment();
        shard.stats().refused.increment();
        shard.register(connection).addListener((ChannelFutureListener) registered -> connection
                .writeAndFlush(Unpooled.wrappedBuffer(handler.refusal())).addListener(ChannelFutureListener.CLOSE));
    }

    /** Takes a connection over; its pipeline is set up on this listener's shard. */
    private void adopt(Channel connection) {
        TcpServer.setUp(connection);
        connection.pipeline().addLast(new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                channels.add(channel);
                open.increment();
                shard.stats().connections.increment();
                shard.stats().accepted.increment();
                channel.closeFuture().addListener(closed -> {
                    channels.remove(channel);
                    open.add(-1);
                    shard.stats().connections.add(-1);
                    finishDrain();
                });
                handler.connected(shard, channel);
                if (drained != null) {
                    channel.pipeline().fireUserEventTriggered(TcpServer.DRAIN);
                }
            }
        });
        shard.register(connection);
    }

    /** Out of file descriptors, the kernel would offer the same connection again and again: wait for some to be freed. */
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!(cause instanceof IOException)) {
            log.error("Server '{}': accepting on shard {} failed", server.name(), shard.id(), cause);
            return;
        }
        if (!ctx.channel().config().isAutoRead()) {
            return;
        }
        ctx.channel().config().setAutoRead(false);
        pauses.increment();
        shard.stats().acceptPauses.increment();
        if (pausedSince == 0) {
            pausedSince = System.nanoTime();
            log.warn("Server '{}': shard {} pauses accepting: {}; raise the limit on open files (ulimit -n), or lower"
                    + " solaster.servers.{}.limits.max-connections", server.name(), shard.id(), cause.getMessage(),
                    server.name());
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
                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - pausedSince));
            pausedSince = 0;
        }
    }

    void stopListening() {
        ServerChannel channel = listening;
        if (channel != null) {
            channel.close().awaitUninterruptibly();
        }
    }

    /** Asks every connection to finish; completes when the last has closed. Any thread. */
    CompletableFuture<Integer> drain() {
        CompletableFuture<Integer> done = new CompletableFuture<>();
        onShard(() -> {
            drained = done;
            new ArrayList<>(channels).forEach(channel -> channel.pipeline().fireUserEventTriggered(TcpServer.DRAIN));
            finishDrain();
        }, done);
        return done;
    }

    private void finishDrain() {
        if (drained != null && channels.isEmpty()) {
            drained.complete(0);
        }
    }

    /** Closes what is left and waits for it. */
    int closeAll() {
        CompletableFuture<Integer> done = new CompletableFuture<>();
        onShard(() -> {
            int count = channels.size();
            new ArrayList<>(channels).forEach(Channel::close);
            done.complete(count);
        }, done);
        try {
            return done.get(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 0;
        } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
            log.warn("Server '{}': shard {} does not close its connections", server.name(), shard.id(), e);
            return 0;
        }
    }

    private void onShard(Runnable work, CompletableFuture<Integer> otherwise) {
        try {
            shard.execute(work);
        } catch (RejectedExecutionException stopped) {
            otherwise.complete(0);
        }
    }
}
