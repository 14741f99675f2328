package io.solaster.store;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.Engine;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.Sharded;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.resp.Reply;
import io.solaster.resp.ReplyDecoder;
import io.solaster.resp.ReplyLimits;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.command.CommandTable;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Parts;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/**
 * Runs commands for code of this process, on the shard that owns their key: what they do, count and refuse is what they do
 * for clients. Any thread.
 */
final class KeyCalls {
    private final Engine engine;
    private final Sharded<StoreShard> parts;

    KeyCalls(Parts parts) {
        this.engine = parts.engine();
        this.parts = parts.sharded();
    }

    Engine engine() {
        return engine;
    }

    /** A command of the table. */
    static Command command(String name) {
        return Objects.requireNonNull(CommandTable.named(name), name);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] bytes(long number) {
        return Long.toString(number).getBytes(StandardCharsets.US_ASCII);
    }

    static byte[] bytes(double number) {
        return (Double.isInfinite(number) ? number > 0 ? "inf" : "-inf" : Double.toString(number))
                .getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * Runs a command of one key.
     *
     * @param result what its reply says
     * @param rest what stands behind the key
     */
    <R extends @Nullable Object> ShardFuture<R> call(Command command, byte[] key, Function<Reply, R> result,
            byte[]... rest) {
        return onKey(key, command.has(Command.Flag.WRITE), part -> result.apply(run(part, command, key, rest)));
    }

    /** Does something on the key's shard: at once, unless a transaction uses the key; then behind that. */
    <R extends @Nullable Object> ShardFuture<R> onKey(byte[] key, boolean writes, Function<StoreShard, R> work) {
        ShardFuture<CompletionStage<R>> begun = parts.onOwner(key, part -> part.onKey(Slots.of(key), writes, work));
        return (ShardFuture<R>) begun.thenCompose(stage -> stage.toCompletableFuture().isDone()
                ? stage
                : home(stage, begun.defaultExecutor()));
    }

    /** Failures too: a stage that only goes on with results would fail on the shard that owns the key. */
    private static <R extends @Nullable Object> CompletionStage<R> home(CompletionStage<R> stage, Executor home) {
        return stage.handleAsync((result, failure) -> failure == null
                ? CompletableFuture.completedFuture(result)
                : CompletableFuture.<R>failedFuture(failure), home).thenCompose(Function.identity());
    }

    /**
     * Runs a command now, within {@link #onKey}; its reply, in RESP3.
     *
     * @throws StoreException if the command answers an error
     */
    static Reply run(StoreShard part, Command command, byte[] key, byte[]... rest) {
        byte[] name = command.name().getBytes(StandardCharsets.US_ASCII);
        long length = (long) name.length + key.length;
        for (byte[] each : rest) {
            length += each.length;
        }
        if (length > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("arguments of " + length + " bytes; at most " + Integer.MAX_VALUE);
        }
        ByteBuf arguments = ByteBufAllocator.DEFAULT.directBuffer((int) length);
        ByteBuf answer = ByteBufAllocator.DEFAULT.directBuffer(256);
        try {
            CommandCall call = part.call();
            call.begin(2 + rest.length);
            add(call, 0, arguments, name);
            add(call, 1, arguments, key);
            for (int i = 0; i < rest.length; i++) {
                add(call, 2 + i, arguments, rest[i]);
            }
            call.client(null);
            call.now(part.now());
            ReplyWriter reply = call.reply();
            reply.resp3(true);
            reply.to(answer);
            try {
                part.run(command, call);
            } finally {
                reply.finish();
            }
            Reply said = Objects.requireNonNull(new ReplyDecoder(ReplyLimits.DEFAULT).decode(answer), "a whole reply");
            if (said instanceof Reply.Failure failure) {
                throw new StoreException(new String(key, StandardCharsets.UTF_8), failure.text());
            }
            return said;
        } finally {
            arguments.release();
            answer.release();
        }
    }

    private static void add(CommandCall call, int index, ByteBuf arguments, byte[] bytes) {
        call.argument(index, Memory.address(arguments) + arguments.writerIndex(), bytes.length);
        arguments.writeBytes(bytes);
    }

    static @Nullable Void nothing(Reply reply) {
        return null;
    }

    static long number(Reply reply) {
        return ((Reply.Whole) reply).value();
    }

    static boolean isOne(Reply reply) {
        return number(reply) == 1;
    }

    /** Whether the reply is not a null. */
    static boolean isThere(Reply reply) {
        return !(reply instanceof Reply.Nothing);
    }

    static @Nullable Long rank(Reply reply) {
        return reply instanceof Reply.Whole rank ? rank.value() : null;
    }

    static @Nullable Double score(Reply reply) {
        return reply instanceof Reply.Fraction score ? score.value() : null;
    }

    static byte @Nullable [] value(Reply reply) {
        return reply instanceof Reply.Blob blob ? blob.bytes() : null;
    }

    static @Nullable String text(Reply reply) {
        return reply instanceof Reply.Blob blob ? blob.text() : null;
    }

    static List<byte[]> values(Reply reply) {
        return list(reply, each -> ((Reply.Blob) each).bytes());
    }

    static List<String> texts(Reply reply) {
        return list(reply, each -> ((Reply.Blob) each).text());
    }

    static <E extends @Nullable Object> List<E> list(Reply reply, Function<Reply, E> element) {
        List<E> all = new ArrayList<>();
        for (Reply each : ((Reply.Aggregate) reply).elements()) {
            all.add(element.apply(each));
        }
        return all;
    }

    /** In the order of the reply. */
    static Map<String, byte[]> map(Reply reply) {
        List<Reply> elements = ((Reply.Aggregate) reply).elements();
        Map<String, byte[]> all = LinkedHashMap.newLinkedHashMap(elements.size() / 2);
        for (int i = 0; i < elements.size(); i += 2) {
            all.put(((Reply.Blob) elements.get(i)).text(), ((Reply.Blob) elements.get(i + 1)).bytes());
        }
        return all;
    }
}
