package io.solaster.pool.streams;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.timer.Timer;
import io.solaster.pool.PoolException;
import io.solaster.pool.resp.RespClient;
import io.solaster.pool.resp.RespCommand;
import io.solaster.pool.resp.RespException;
import io.solaster.resp.Reply;
import org.jspecify.annotations.Nullable;

/**
 * A consumer of a group of a stream. It takes up what is pending for it, claims what others have left, and waits for what is new,
 * with no more than a window of entries that are not acknowledged. Entries that were handled are acknowledged in batches. When the
 * connection is lost it goes on with another one: what it has under way, or has yet to acknowledge, does not come a second time.
 * What a consumer leaves that ends amid handling comes again, here or elsewhere: at least once.
 *
 * <p>
 * Any thread; handlers are called on one shard.
 */
public final class StreamConsumer extends StreamLoop implements AutoCloseable {
    private static final int MOST_CLAIMED = 100;
    private static final int MOST_ACKNOWLEDGED = 256;
    private static final String FIRST = "0-0";

    private final GroupOptions options;
    /** Ids that are handled, or are to be acknowledged. */
    private final Set<String> open = new HashSet<>();
    private final List<String> handled = new ArrayList<>();
    private @Nullable Timer acknowledging;
    private @Nullable Timer draining;
    private boolean isAcknowledging;
    private @Nullable String history = FIRST;
    private String claimFrom = FIRST;
    private long nextClaim;
    private int failedAcknowledgements;

    StreamConsumer(Engine engine, Shard shard, RespClient client, GroupOptions options, StreamHandler handler) {
        super(engine, shard, client, handler);
        this.options = options;
    }

    @Override
    void prepare() {
        acknowledging = shard.timers().timer(this::acknowledge);
        draining = shard.timers().timer(() -> end(new PoolException(PoolException.Reason.TIMEOUT,
                "the consumer '" + options.consumer() + "' of '" + options.key() + "' was closed, and " + open.size()
                        + " entries were not acknowledged within " + options.drain() + "; they stay pending",
                null)));
    }

    /** Done once it is closed and has acknowledged what was handled; fails by name where its pool, or its shard, ended before. */
    public CompletableFuture<@Nullable Void> whenEnded() {
        return ended().copy();
    }

    @Override
    void connected() {
        history = FIRST;
        nextClaim = Math.max(nextClaim, now());
        ask(words("XGROUP", "CREATE", options.key(), options.group(), options.from(), "MKSTREAM"), _ -> next(),
                "BUSYGROUP");
    }

    private long now() {
        return engine.environment().clock().nanoTime();
    }

    private static RespCommand<Reply> words(String... words) {
        return RespCommand.of(words);
    }

    /** Asks for what comes next, if there is room in the window. */
    private void next() {
        int room = options.window() - open.size();
        if (!mayAsk() || room <= 0) {
            return;
        }
        String from = history;
        if (from != null) {
            ask(read(room, null, from), this::pending);
        } else if (now() - nextClaim >= 0) {
            ask(words("XAUTOCLAIM", options.key(), options.group(), options.consumer(),
                    Long.toString(options.claimIdle().toMillis()), claimFrom, "COUNT",
                    Integer.toString(Math.min(room, MOST_CLAIMED))), this::claimed);
        } else {
            long block = Math.min(options.block().toMillis(),
                    Math.max(1, TimeUnit.NANOSECONDS.toMillis(nextClaim - now())));
            ask(read(room, Long.toString(block), ">"), this::fresh);
        }
    }

    private RespCommand<Reply> read(int count, @Nullable String block, String from) {
        List<String> words = new ArrayList<>(
                List.of("XREADGROUP", "GROUP", options.group(), options.consumer(), "COUNT",
                        Integer.toString(count)));
        if (block != null) {
            words.add("BLOCK");
            words.add(block);
        }
        words.addAll(List.of("STREAMS", options.key(), from));
        return words(words.toArray(String[]::new));
    }

    /** What was pending for this consumer has come. */
    private void pending(Reply reply) {
        List<String> gone = new ArrayList<>();
        List<StreamEntry> entries = StreamReplies.ofStream(reply, gone);
        String last = entries.isEmpty() ? null : entries.getLast().id();
        if (!gone.isEmpty() && (last == null || isAbove(gone.getLast(), last))) {
            last = gone.getLast();
        }
        history = last;
        for (String id : gone) {
            // Nobody can handle it.
            if (open.add(id)) {
                handled(id);
            }
        }
        take(entries);
    }

    private static boolean isAbove(String id, String other) {
        int dash = id.indexOf('-');
        int otherDash = other.indexOf('-');
        int byTime = Long.compareUnsigned(Long.parseUnsignedLong(id, 0, dash, 10),
                Long.parseUnsignedLong(other, 0, otherDash, 10));
        return byTime > 0 || byTime == 0 && Long.compareUnsigned(Long.parseUnsignedLong(id, dash + 1, id.length(), 10),
                Long.parseUnsignedLong(other, otherDash + 1, other.length(), 10)) > 0;
    }

    private void claimed(Reply reply) {
        List<Reply> parts = StreamReplies.elements(reply);
        claimFrom = StreamReplies.text(parts.getFirst());
        if (claimFrom.equals(FIRST)) {
            nextClaim = now() + options.claimEvery().toNanos();
        }
        take(StreamReplies.entries(parts.get(1), new ArrayList<>()));
    }

    private void fresh(Reply reply) {
        take(StreamReplies.ofStream(reply, new ArrayList<>()));
    }

    private void take(List<StreamEntry> entries) {
        for (StreamEntry entry : entries) {
            if (open.add(entry.id())) {
                handle(entry);
            }
        }
        next();
    }

    private void handle(StreamEntry entry) {
        CompletionStage<?> done;
        try {
            done = handler.handle(entry);
        } catch (RuntimeException failure) {
            failed(entry, failure);
            return;
        }
        done.whenComplete((_, failure) -> shard.hereOrElse(() -> {
            if (failure == null) {
                handled(entry.id());
            } else {
                failed(entry, failure);
            }
        }, () -> {}));
    }

    private void failed(StreamEntry entry, Throwable cause) {
        open.remove(entry.id());
        handler.failed(entry, cause);
        drained();
        next();
    }

    private void handled(String id) {
        handled.add(id);
        if (handled.size() >= Math.min(MOST_ACKNOWLEDGED, options.window())) {
            acknowledge();
        } else if (handled.size() == 1 && !isAcknowledging) {
            Objects.requireNonNull(acknowledging).arm(options.acknowledgeAfter());
        }
    }

    private void acknowledge() {
        if (isAcknowledging || handled.isEmpty() || ended().isDone()) {
            return;
        }
        Objects.requireNonNull(acknowledging).cancel();
        List<String> sent = List.copyOf(handled.subList(0, Math.min(MOST_ACKNOWLEDGED, handled.size())));
        List<String> words = new ArrayList<>(List.of("XACK", options.key(), options.group()));
        words.addAll(sent);
        isAcknowledging = true;
        client.call(words(words.toArray(String[]::new)).idempotent())
                .whenComplete((_, failure) -> shard.hereOrElse(() -> acknowledged(sent, failure), () -> {}));
    }

    private void acknowledged(List<String> sent, @Nullable Throwable failure) {
        isAcknowledging = false;
        if (failure != null) {
            failedAcknowledgements = Math.min(failedAcknowledgements + 1, 6);
            Objects.requireNonNull(acknowledging)
                    .arm(options.acknowledgeAfter().plusMillis(10L << failedAcknowledgements));
            return;
        }
        failedAcknowledgements = 0;
        handled.subList(0, sent.size()).clear();
        sent.forEach(open::remove);
        if (!handled.isEmpty()) {
            acknowledge();
        }
        drained();
        next();
    }

    private void drained() {
        if (isClosed() && open.isEmpty()) {
            Objects.requireNonNull(draining).cancel();
            end(null);
        }
    }

    /**
     * Reads no more. What is handled is acknowledged yet, if that is done in time ({@link GroupOptions#drain}); {@link #whenEnded}
     * says when.
     */
    @Override
    public void close() {
        shard.executeOrElse(() -> {
            if (!isClosed()) {
                stop();
                Objects.requireNonNull(draining).arm(options.drain());
                acknowledge();
                drained();
            }
        }, () -> {});
    }
}
