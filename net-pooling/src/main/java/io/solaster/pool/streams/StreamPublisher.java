package io.solaster.pool.streams;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.PoolException;
import io.solaster.pool.resp.RespClient;
import io.solaster.pool.resp.RespCommand;
import io.solaster.pool.resp.RespException;
import io.solaster.resp.Reply;
import org.jspecify.annotations.Nullable;

/**
 * Publishes entries to a stream, in batches, each behind those before. What was published and is not answered yet is bounded, in
 * entries and in bytes; beyond that an entry is refused by name. Any thread.
 */
public final class StreamPublisher implements AutoCloseable {
    private static final int BATCH = 64;
    private static final int OVERHEAD = 128;

    private final Shard shard;
    private final RespClient client;
    private final String key;
    private final int mostEntries;
    private final long mostBytes;
    private final AtomicInteger entries = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();
    private volatile boolean closed;

    // On the shard.
    private final ArrayDeque<Pending> waiting = new ArrayDeque<>();
    private final List<CompletableFuture<@Nullable Void>> forRoom = new ArrayList<>();
    private boolean sending;
    private boolean flushing;

    private record Pending(RespCommand<Reply> command, int bytes, CompletableFuture<String> id) {}

    StreamPublisher(Shard shard, RespClient client, String key, int mostEntries, long mostBytes) {
        this.shard = shard;
        this.client = client;
        this.key = key;
        this.mostEntries = mostEntries;
        this.mostBytes = mostBytes;
    }

    /**
     * Publishes an entry.
     *
     * @param fields names and values in turn; they must not change until it is done
     * @return its id; fails with a {@link PoolException}: {@code TOO_MANY_PENDING} where there is no room, {@code CLOSED}, or as the
     *         pool says, {@code CONNECTION_LOST} where it may have arrived
     */
    public CompletableFuture<String> publish(byte[]... fields) {
        if (fields.length == 0 || fields.length % 2 != 0) {
            throw new IllegalArgumentException(fields.length + " names and values: give each name a value");
        }
        byte[][] words = new byte[fields.length + 3][];
        words[0] = StreamClient.utf8("XADD");
        words[1] = StreamClient.utf8(key);
        words[2] = StreamClient.utf8("*");
        long size = OVERHEAD;
        for (int i = 0; i < fields.length; i++) {
            words[3 + i] = fields[i];
            size += fields[i].length + 16L;
        }
        if (closed) {
            return CompletableFuture.failedFuture(closed());
        }
        if (size > mostBytes || entries.incrementAndGet() > mostEntries) {
            if (size <= mostBytes) {
                entries.decrementAndGet();
            }
            return CompletableFuture.failedFuture(full());
        }
        if (bytes.addAndGet(size) > mostBytes) {
            entries.decrementAndGet();
            bytes.addAndGet(-size);
            return CompletableFuture.failedFuture(full());
        }
        Pending pending = new Pending(RespCommand.of(words), (int) size, new CompletableFuture<>());
        shard.executeOrElse(() -> add(pending), () -> pending.id.completeExceptionally(closed()));
        return pending.id.copy();
    }

    private PoolException full() {
        return new PoolException(PoolException.Reason.TOO_MANY_PENDING, "stream '" + key + "': " + entries.get()
                + " entries of " + bytes.get()
                + " bytes are not answered yet; wait by whenWritable(), or allow more than "
                + mostEntries + " and " + mostBytes, null);
    }

    private PoolException closed() {
        return new PoolException(PoolException.Reason.CLOSED, "the publisher of stream '" + key + "' is closed", null);
    }

    /** Whether there is room for another entry. */
    public boolean isWritable() {
        return !closed && entries.get() < mostEntries && bytes.get() < mostBytes;
    }

    /** Done once there is room, or the publisher is closed. */
    public CompletableFuture<@Nullable Void> whenWritable() {
        CompletableFuture<@Nullable Void> room = new CompletableFuture<>();
        shard.executeOrElse(() -> {
            if (isWritable() || closed) {
                room.complete(null);
            } else {
                forRoom.add(room);
            }
        }, () -> room.complete(null));
        return room.copy();
    }

    private void add(Pending pending) {
        waiting.add(pending);
        if (!flushing && !sending) {
            // What is published in the same turn goes with it.
            flushing = true;
            shard.executeOrElse(this::send, this::failAll);
        }
    }

    private void send() {
        flushing = false;
        if (sending || waiting.isEmpty()) {
            return;
        }
        List<Pending> batch = new ArrayList<>();
        List<RespCommand<Reply>> commands = new ArrayList<>();
        while (batch.size() < BATCH && !waiting.isEmpty()) {
            Pending next = waiting.remove();
            batch.add(next);
            commands.add(next.command);
        }
        sending = true;
        client.pipeline(commands)
                .whenComplete((replies, failure) -> shard.hereOrElse(() -> answered(batch, replies, failure),
                        () -> batch.forEach(each -> each.id.completeExceptionally(closed()))));
    }

    private void answered(List<Pending> batch, @Nullable List<Reply> replies, @Nullable Throwable failure) {
        sending = false;
        for (int i = 0; i < batch.size(); i++) {
            Pending each = batch.get(i);
            entries.decrementAndGet();
            bytes.addAndGet(-each.bytes);
            if (replies == null) {
                each.id.completeExceptionally(failure == null ? closed() : ShardFuture.causeOf(failure));
            } else if (replies.get(i) instanceof Reply.Failure refused) {
                each.id.completeExceptionally(new RespException(refused.text()));
            } else {
                each.id.complete(StreamReplies.text(replies.get(i)));
            }
        }
        send();
        if (!forRoom.isEmpty() && (closed || isWritable())) {
            List<CompletableFuture<@Nullable Void>> told = List.copyOf(forRoom);
            forRoom.clear();
            told.forEach(each -> each.complete(null));
        }
    }

    private void failAll() {
        waiting.forEach(each -> each.id.completeExceptionally(closed()));
        forRoom.forEach(each -> each.complete(null));
    }

    /** Takes no more entries; those that it has taken are sent, and their futures end. */
    @Override
    public void close() {
        closed = true;
        shard.executeOrElse(() -> {
            List<CompletableFuture<@Nullable Void>> told = List.copyOf(forRoom);
            forRoom.clear();
            told.forEach(each -> each.complete(null));
        }, () -> {});
    }
}
