package io.solaster.engine.net.udp;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.netty.channel.socket.DatagramChannel;
import io.solaster.engine.Shard;
import org.jspecify.annotations.Nullable;

/**
 * The end of a shard's socket in good order: what the kernel holds is handed over, the handler finishes, what waits is sent, and
 * the socket is closed. On the owning shard.
 */
final class Draining {
    /** Times that sockets are served without a datagram before this one is taken to hold no more. */
    private static final int QUIET_PASSES = 2;
    /** And how long that is at least: over io_uring a pass may only ask for what a later one brings. */
    private static final long QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    /** What the kernel counts for the shortest datagram that it keeps. */
    private static final int LEAST_KEPT = 256;
    private static final long LOOK_AGAIN_MILLIS = 1;

    private final UdpEndpoint endpoint;
    private final Shard shard;
    private final CompletableFuture<Boolean> ended = new CompletableFuture<>();

    Draining(UdpEndpoint endpoint, Shard shard) {
        this.endpoint = endpoint;
        this.shard = shard;
    }

    CompletableFuture<Boolean> ended() {
        return ended;
    }

    /** @param channel null where the shard has no socket */
    void start(@Nullable DatagramChannel channel) {
        if (channel == null || !channel.isActive()) {
            ended.complete(true);
        } else {
            readOut(channel, endpoint.arrivals(), endpoint.arrivals(), shard.stats().polls.get(), now());
        }
    }

    /**
     * Stops receiving once what the kernel held at the beginning is in: nothing has come for some passes over the sockets, or
     * as many as it could hold.
     */
    private void readOut(DatagramChannel channel, long atFirst, long lastSeen, long pass, long since) {
        long seen = endpoint.arrivals();
        long passNow = shard.stats().polls.get();
        long now = now();
        boolean quiet = seen == lastSeen && passNow - pass >= QUIET_PASSES && now - since >= QUIET_NANOS;
        if (!channel.isOpen()) {
            close(channel, shard, ended);
        } else if (quiet || seen - atFirst > channel.config().getReceiveBufferSize() / LEAST_KEPT) {
            channel.config().setAutoRead(false);
            endpoint.finish().whenComplete((nobody, failure) -> sendOut(channel));
        } else {
            boolean came = seen != lastSeen;
            later(shard, () -> readOut(channel, atFirst, seen, came ? passNow : pass, came ? now : since),
                    came ? 0 : LOOK_AGAIN_MILLIS);
        }
    }

    private long now() {
        return shard.environment().clock().nanoTime();
    }

    private void sendOut(DatagramChannel channel) {
        if (endpoint.sendOut()) {
            close(channel, shard, ended);
        } else {
            later(shard, () -> sendOut(channel), LOOK_AGAIN_MILLIS);
        }
    }

    /** Closes a socket, and tells when its port is free: the JDK gives that back in its next select, not before. */
    static void close(DatagramChannel channel, Shard shard, CompletableFuture<Boolean> done) {
        channel.close().addListener(end -> later(shard, () -> done.complete(true), 0));
    }

    private static void later(Shard shard, Runnable action, long millis) {
        shard.schedule(action, millis, TimeUnit.MILLISECONDS);
    }
}
