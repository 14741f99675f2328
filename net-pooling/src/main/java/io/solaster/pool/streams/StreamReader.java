package io.solaster.pool.streams;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.pool.resp.RespClient;
import io.solaster.pool.resp.RespCommand;
import io.solaster.resp.Reply;
import org.jspecify.annotations.Nullable;

/**
 * Reads a stream from an id on, without a group: each entry once, in order, and none is left out when the connection is lost. The
 * next ones are asked for once those before are handled. Any thread; the handler is called on one shard.
 */
public final class StreamReader extends StreamLoop implements AutoCloseable {
    private static final String COUNT = "256";
    private static final String BLOCK = Long.toString(Duration.ofSeconds(2).toMillis());

    private final String key;
    private String last;
    private int handling;

    StreamReader(Engine engine, Shard shard, RespClient client, String key, String from, StreamHandler handler) {
        super(engine, shard, client, handler);
        this.key = key;
        this.last = from;
    }

    /** Done once it is closed; fails by name where its pool, or its shard, ended before. */
    public CompletableFuture<@Nullable Void> whenEnded() {
        return ended().copy();
    }

    @Override
    void connected() {
        if (last.equals("$")) {
            // What comes while the connection is lost is not to be left out.
            ask(RespCommand.of("XREVRANGE", key, "+", "-", "COUNT", "1"), reply -> {
                List<StreamEntry> newest = StreamReplies.entries(reply, new ArrayList<>());
                last = newest.isEmpty() ? "0-0" : newest.getFirst().id();
                next();
            });
        } else {
            next();
        }
    }

    private void next() {
        if (mayAsk() && handling == 0) {
            ask(RespCommand.of("XREAD", "COUNT", COUNT, "BLOCK", BLOCK, "STREAMS", key, last), this::come);
        }
    }

    private void come(Reply reply) {
        List<StreamEntry> entries = StreamReplies.ofStream(reply, new ArrayList<>());
        handling = entries.size();
        for (StreamEntry entry : entries) {
            last = entry.id();
            handle(entry);
        }
        next();
    }

    private void handle(StreamEntry entry) {
        CompletionStage<?> done;
        try {
            done = handler.handle(entry);
        } catch (RuntimeException failure) {
            done = CompletableFuture.failedStage(failure);
        }
        done.whenComplete((_, failure) -> shard.hereOrElse(() -> {
            if (failure != null) {
                handler.failed(entry, failure);
            }
            if (--handling == 0) {
                next();
            }
        }, () -> {}));
    }

    /** Reads no more. */
    @Override
    public void close() {
        shard.executeOrElse(() -> {
            stop();
            end(null);
        }, () -> {});
    }
}
