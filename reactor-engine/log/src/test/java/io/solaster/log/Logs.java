package io.solaster.log;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.config.log.LogConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import org.jspecify.annotations.Nullable;

/** What tests of logs share. */
final class Logs {
    static final int KIND = 7;

    private Logs() {}

    /** Small files, so that little makes many of them. */
    static LogConfig small(Path directory) {
        return LogConfig.in(directory.toString()).withSizes(new ByteSize(128 << 10), new ByteSize(64 << 10));
    }

    static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
    }

    static String text(ByteBuf payload) {
        return payload.toString(StandardCharsets.UTF_8);
    }

    /** Appends a text on a shard, and waits until it is acknowledged. */
    static long append(Engine engine, Log log, int shard, String text) {
        return engine.submitStageTo(shard, CallOptions.DEFAULTS, () -> {
            long sequence = log.local().append(0, KIND, bytes(text));
            return log.local().whenAcknowledged(sequence).thenApply(done -> sequence);
        }).join();
    }

    static <T extends @Nullable Object> T on(Engine engine, int shard, Callable<T> work) {
        return engine.submitTo(shard, work).join();
    }

    /** What is replayed, by shard: "sequence/epoch/kind/text". */
    static final class Replay implements Function<Shard, RecordConsumer> {
        private final List<List<String>> shards = new ArrayList<>();

        Replay(int count) {
            for (int i = 0; i < count; i++) {
                shards.add(Collections.synchronizedList(new ArrayList<>()));
            }
        }

        @Override
        public RecordConsumer apply(Shard shard) {
            List<String> into = shards.get(shard.id());
            return (sequence, epoch, kind, payload) -> into
                    .add(sequence + "/" + epoch + "/" + kind + "/" + text(payload));
        }

        List<String> of(int shard) {
            return shards.get(shard);
        }
    }
}
