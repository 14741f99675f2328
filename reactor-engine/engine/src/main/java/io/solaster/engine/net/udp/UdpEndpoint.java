package io.solaster.engine.net.udp;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.solaster.config.server.UdpConfig;
import io.solaster.config.server.UdpLimitsConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.WrongShardException;
import io.solaster.engine.env.TimeSource;
import io.solaster.engine.net.udp.UdpStats.Drop;
import io.solaster.engine.sync.Gate;
import io.solaster.engine.sync.Hold;
import org.jspecify.annotations.Nullable;

/**
 * One shard's part of a {@link UdpServer}: its socket. On the owning shard, unless a method says otherwise.
 * Longer than 500 lines because what is read, handed over and sent is bounded by one pass over the socket.
 */
public final class UdpEndpoint {
    private final UdpServer server;
    private final Shard shard;
    private final DatagramHandler handler;
    private final TimeSource clock;
    private final UdpStats stats = new UdpStats();
    private volatile @Nullable DatagramChannel socket;
    private @Nullable SendQueue queue;
    private @Nullable ReadBatch batch;
    private @Nullable SourceLimit limit;
    private @Nullable Gate gate;
    private final int maxDatagram;
    /** Datagrams of the pass over the socket that is under way. */
    private int passed;
    private long passedBytes;
    private int handed;
    private boolean inBatch;
    private long now;
    private boolean late;
    private boolean ending;
    private final Runnable end = this::endLate;
    private boolean flushing;
    private final Runnable flush = this::flushNow;
    private boolean wasWritable = true;
    private long arrivals;
    private boolean ended;
    private @Nullable Draining draining;

    UdpEndpoint(UdpServer server, Shard shard, DatagramHandler handler) {
        this.server = server;
        this.shard = shard;
        this.handler = handler;
        this.clock = shard.environment().clock();
        this.maxDatagram = server.config().maxDatagram().intBytes();
    }

    /** The shard that owns it. Any thread. */
    public Shard shard() {
        return shard;
    }

    /** The key below {@code solaster.udp}. Any thread. */
    public String server() {
        return server.name();
    }

    /** Where it receives. Any thread. */
    public InetSocketAddress address() {
        return server.address();
    }

    /** What is counted here. Any thread reads. */
    public UdpStats stats() {
        return stats;
    }

    /** Makes buffers for what is sent. */
    public ByteBufAllocator alloc() {
        return open().alloc();
    }

    private DatagramChannel open() {
        return Objects.requireNonNull(socket, "this shard has no socket of the server");
    }

    /**
     * Sends a datagram: after the datagrams that have come at once are handled, or in the shard's next turn. Several of one
     * length to one address go as one where there is GSO.
     *
     * @param bytes at most 65,507; taken over, and released in any case
     * @return false if it was dropped, and counted: the socket is closed, the queue is full, it is too long, or has nowhere
     *         to go
     */
    public boolean send(ByteBuf bytes, InetSocketAddress to) {
        assertOwner(bytes);
        SendQueue waiting = queue;
        if (waiting == null) {
            bytes.release();
            stats.counter(Drop.CLOSED).increment();
            return false;
        }
        boolean sent = waiting.send(bytes, to);
        flushSoon();
        return sent;
    }

    /**
     * Sends bytes as several datagrams of one length to one address, but for the last, which may be shorter: as
     * {@link #send}, without a copy where there is GSO.
     *
     * @param bytes taken over, and released in any case
     * @param length of each in bytes, from 1 to 65,507
     * @return how many of them were not dropped
     */
    public int sendEach(ByteBuf bytes, int length, InetSocketAddress to) {
        assertOwner(bytes);
        if (length < 1 || length > SendQueue.LONGEST) {
            bytes.release();
            throw new IllegalArgumentException(
                    "datagrams of " + length + " bytes; give 1 to " + SendQueue.LONGEST);
        }
        SendQueue waiting = queue;
        if (waiting == null) {
            stats.counter(Drop.CLOSED).add((bytes.readableBytes() + length - 1) / length);
            bytes.release();
            return 0;
        }
        int sent = waiting.sendEach(bytes, length, to);
        flushSoon();
        return sent;
    }

    private void assertOwner(ByteBuf bytes) {
        try {
            shard.assertOwnerFully("a UDP endpoint");
        } catch (WrongShardException wrong) {
            bytes.release();
            throw wrong;
        }
    }

    /**
     * Whether less than half of {@code limits.send-queue} waits. Where more does, {@link DatagramHandler#writable} tells of the
     * end of it; what no longer fits is dropped.
     */
    public boolean isWritable() {
        SendQueue waiting = queue;
        return waiting != null && waiting.isWritable();
    }

    /**
     * Announces that something is still to be sent, which a drain waits for until its deadline.
     *
     * @return to be closed once that is sent, or will not be
     * @throws IllegalStateException if the server has drained, or is closed
     */
    public Hold hold() {
        Gate present = gate;
        if (present == null) {
            throw new IllegalStateException(
                    "UDP server '" + server.name() + "' has no socket on this shard; hold only what answers"
                            + " a datagram of this endpoint");
        }
        return present.hold();
    }

    /** Whether it has been asked to drain. */
    public boolean isDraining() {
        return draining != null;
    }

    boolean isListening() {
        DatagramChannel channel = socket;
        return channel != null && channel.isActive();
    }

    @Nullable
    DatagramChannel channel() {
        return socket;
    }

    /**
     * Opens the socket and binds it.
     *
     * @param besideOthers whether others are bound to the port already: those of the server's other shards
     * @return where it is bound, and what it does
     */
    CompletableFuture<Bound> bind(InetSocketAddress address, boolean besideOthers) {
        OpenedSocket opened = OpenedSocket.open(server.newChannel(), server.config());
        DatagramChannel channel = opened.channel();
        if (besideOthers && !OpenedSocket.sharePort(channel)) {
            channel.unsafe().closeForcibly();
            return CompletableFuture.failedFuture(new IOException("no two sockets may have one port here"));
        }
        SendQueue waiting = new SendQueue(channel, server.name(), opened.gso(), stats, new Unsent());
        ReadBatch reads = new ReadBatch(channel, opened.slot(), opened.slots(), opened.atOnce(),
                opened.reused(), waiting::flush);
        queue = waiting;
        batch = reads;
        gate = new Gate();
        late = opened.late();
        limits(server.config().limits(), channel, waiting, reads);
        channel.config().setRecvByteBufAllocator(reads);
        channel.pipeline().addLast(new Inbound());
        socket = channel;
        channel.closeFuture().addListener(end -> left(waiting, reads));
        CompletableFuture<Bound> bound = new CompletableFuture<>();
        shard.register(channel).addListener((ChannelFutureListener) registered -> {
            if (!registered.isSuccess()) {
                bound.completeExceptionally(registered.cause());
                return;
            }
            channel.bind(address).addListener((ChannelFutureListener) done -> bound(done, opened, bound));
        });
        return bound;
    }

    private void bound(ChannelFuture done, OpenedSocket opened, CompletableFuture<Bound> bound) {
        DatagramChannel channel = opened.channel();
        if (!done.isSuccess()) {
            channel.close();
            bound.completeExceptionally(done.cause());
        } else if (ended) {
            channel.close();
            bound.completeExceptionally(shard.stopped());
        } else {
            bound.complete(new Bound(channel.localAddress(), channel, opened.means()));
        }
    }

    /** What has come of {@link #bind}. */
    record Bound(InetSocketAddress address, DatagramChannel channel, String means) {}

    /** Puts other limits in force. */
    void reconfigured(UdpConfig config) {
        DatagramChannel channel = socket;
        SendQueue waiting = queue;
        ReadBatch reads = batch;
        if (channel != null && waiting != null && reads != null) {
            limits(config.limits(), channel, waiting, reads);
        }
        handler.reconfigured(shard, config);
    }

    private void limits(UdpLimitsConfig limits, DatagramChannel channel, SendQueue waiting, ReadBatch reads) {
        long bytes = limits.sendQueue().bytes();
        waiting.bound(bytes);
        channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark((int) (bytes / 4), (int) (bytes / 2)));
        reads.perTurn(limits.packetsPerTurn());
        // The rest of a batch under way goes by it too.
        now = clock.nanoTime();
        limit = limits.packetsPerSecond() == 0
                ? null
                : new SourceLimit(limits, shard.environment().secrets(), now);
    }

    private void left(SendQueue waiting, ReadBatch reads) {
        queue = null;
        batch = null;
        waiting.close();
        reads.close();
        guarded(() -> handler.closed(this));
    }

    private void receive(DatagramPacket packet) {
        if (!inBatch) {
            inBatch = true;
            if (late && !ending) {
                // A request of the pass may wait in the kernel for long, with answers to the others here.
                ending = true;
                shard.execute(server.group(), end);
            }
            if (limit != null) {
                now = clock.nanoTime();
            }
        }
        ByteBuf bytes = packet.content();
        int size = bytes.readableBytes();
        passed++;
        try {
            InetSocketAddress from = packet.sender();
            if (size > maxDatagram) {
                stats.counter(Drop.OVERSIZE).increment();
                server.oversize().tell(
                        "UDP server '{}' drops a datagram of {}: it is longer than max-datagram, {} bytes",
                        server.name(), from, maxDatagram);
            } else if (mayPass(from)) {
                handed++;
                passedBytes += size;
                handler.received(this, bytes, from);
            }
        } catch (RuntimeException | Error failure) {
            threw(failure);
        } finally {
            packet.release();
        }
    }

    private boolean mayPass(InetSocketAddress from) {
        SourceLimit present = limit;
        if (present == null) {
            return true;
        }
        SourceLimit.Verdict verdict = present.take(from.getAddress(), now);
        if (verdict == SourceLimit.Verdict.TAKEN) {
            return true;
        }
        if (verdict == SourceLimit.Verdict.OVER) {
            stats.counter(Drop.SOURCE_LIMIT).increment();
            server.limited().tell("UDP server '{}' drops datagrams of {}, which sends more than {} a second",
                    server.name(),
                    from.getAddress(), server.config().limits().packetsPerSecond());
        } else {
            stats.counter(Drop.SOURCES_FULL).increment();
            server.full().tell("UDP server '{}' drops datagrams of new sources such as {}: it counts as many as it may"
                    + " ({} a shard); raise limits.sources", server.name(), from.getAddress(),
                    server.config().limits().sources());
        }
        return false;
    }

    private void endLate() {
        ending = false;
        endBatch();
    }

    private void endBatch() {
        if (!inBatch) {
            return;
        }
        guarded(() -> handler.receivedAll(this));
        inBatch = false;
        stats.batches.record(passed);
        stats.received.add(handed);
        stats.receivedBytes.add(passedBytes);
        arrivals += passed;
        passed = 0;
        handed = 0;
        passedBytes = 0;
        SendQueue waiting = queue;
        if (waiting != null) {
            waiting.flush();
        }
    }

    /** What is sent while datagrams are handled leaves when they all are; anything else, in the next turn. */
    private void flushSoon() {
        if (!inBatch && !flushing) {
            flushing = true;
            shard.execute(server.group(), flush);
        }
    }

    private void flushNow() {
        flushing = false;
        SendQueue waiting = queue;
        if (waiting != null) {
            waiting.flush();
        }
    }

    private void guarded(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException | Error failure) {
            threw(failure);
        }
    }

    private void threw(Throwable failure) {
        stats.handlerFailures.increment();
        server.failures().tell("The handler of UDP server '{}' failed on shard {}", server.name(), shard.id(), failure);
    }

    /** What could not be sent. */
    private final class Unsent implements SendQueue.Owner {

        @Override
        public void notSent(Throwable why) {
            if (why instanceof IOException io) {
                guarded(() -> handler.failed(UdpEndpoint.this, io));
            }
        }

        @Override
        public void flushSoon() {
            if (!flushing) {
                flushing = true;
                shard.execute(server.group(), flush);
            }
        }
    }

    /** What the socket brings. */
    private final class Inbound extends ChannelInboundHandlerAdapter {

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            guarded(() -> handler.opened(UdpEndpoint.this));
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            receive((DatagramPacket) message);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            endBatch();
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            boolean writable = ctx.channel().isWritable();
            if (writable && !wasWritable) {
                guarded(() -> handler.writable(UdpEndpoint.this));
            }
            wasWritable = writable;
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            stats.errors.increment();
            if (cause instanceof IOException io) {
                guarded(() -> handler.failed(UdpEndpoint.this, io));
            } else {
                server.failures().tell("UDP server '{}': receiving on shard {} failed", server.name(), shard.id(),
                        cause);
            }
        }
    }

    /** As {@link Draining}. Any thread; completes when all that is done. */
    CompletableFuture<Boolean> drain() {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        onShard(() -> {
            Draining present = draining;
            if (present == null) {
                present = new Draining(this, shard);
                draining = present;
                present.start(socket);
            }
            present.ended().thenAccept(done::complete);
        }, done);
        return done;
    }

    /** Datagrams that have come so far. */
    long arrivals() {
        return arrivals;
    }

    /** Nothing more comes; completes when nobody holds the endpoint any more. */
    CompletableFuture<?> finish() {
        guarded(() -> handler.draining(this));
        return Objects.requireNonNull(gate).close();
    }

    /** Sends what waits; tells whether all of it has left. */
    boolean sendOut() {
        SendQueue waiting = queue;
        if (waiting != null) {
            waiting.flush();
        }
        return waiting == null || waiting.isEmpty();
    }

    /** Closes the socket, finished or not; tells whether it had to be. Any thread. */
    CompletableFuture<Boolean> close() {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        CompletableFuture<Boolean> stopped = new CompletableFuture<>();
        onShard(() -> {
            ended = true;
            DatagramChannel channel = socket;
            if (channel == null || !channel.isOpen()) {
                done.complete(false);
            } else {
                Draining.close(channel, shard, done);
            }
        }, stopped);
        stopped.thenAccept(already -> done.complete(false));
        return done;
    }

    private void onShard(Runnable work, CompletableFuture<Boolean> otherwise) {
        try {
            // In the server's group, so as to come after what its socket has brought.
            shard.execute(server.group(), work);
        } catch (RejectedExecutionException stopped) {
            otherwise.complete(true);
            return;
        }
        // A loop that ends drops tasks and timers.
        shard.terminationFuture().addListener(end -> otherwise.complete(true));
    }
}
