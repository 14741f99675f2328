package io.solaster.store.command;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.random.RandomGenerator;

import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.Glob;
import io.solaster.store.shard.KeyWalk;
import io.solaster.store.shard.Parts;
import io.solaster.store.shard.ScanArguments;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/** Commands that look through all keys of all shards. */
final class ScanCommands {
    /** A cursor is the keyspace's own, and above it the number of the shard. */
    private static final int SHARD_SHIFT = 41;
    /** An answer of so many bytes is sent, though more keys were asked for: their number is a hint. */
    private static final long SCAN_BYTES = 1 << 20;
    private static final long DEFAULT_COUNT = 10;
    private static final long MOST_OF_SCRIPT = 32 << 20;
    private static final Glob ANY = new Glob(new byte[]{'*'});

    private ScanCommands() {}

    static void keys(CommandCall call) {
        if (call.length(1) > Glob.LONGEST) {
            call.reply().error(Errors.PATTERN_TOO_LONG);
            return;
        }
        // A script has memory of its own, and a bound on that.
        long most = call.hasClient() ? call.client().settings().limits().outputBuffer().bytes() : MOST_OF_SCRIPT;
        KeyWalk walk = new KeyWalk(call.shard(), call.now(), call.database(), new Glob(call.bytes(1)), -1, -1,
                most == 0 ? Long.MAX_VALUE : most);
        call.later(walk.go(call), (reply, walked) -> {
            if (walked.isFull()) {
                reply.error("ERR KEYS would answer more than the " + most + " bytes that "
                        + (most == MOST_OF_SCRIPT ? "a script takes" : "'client-output-buffer-limit' allows")
                        + "; use SCAN");
            } else {
                walked.answer(reply);
            }
        });
    }

    static void scan(CommandCall call) {
        Long cursor = ScanArguments.cursor(call, 1);
        if (cursor == null) {
            call.reply().error(ScanArguments.BAD_CURSOR);
            return;
        }
        Glob pattern = ANY;
        int type = -1;
        long count = DEFAULT_COUNT;
        for (int i = 2; i < call.count(); i += 2) {
            boolean more = i + 1 < call.count();
            if (more && call.is(i, "match")) {
                if (call.length(i + 1) > Glob.LONGEST) {
                    call.reply().error(Errors.PATTERN_TOO_LONG);
                    return;
                }
                pattern = new Glob(call.bytes(i + 1));
            } else if (more && call.is(i, "type")) {
                type = TypeNames.number(call.text(i + 1));
            } else if (more && call.is(i, "count")) {
                if (!call.isInteger(i + 1)) {
                    call.reply().error(Errors.NOT_INTEGER);
                    return;
                }
                count = call.integer();
                if (count < 1) {
                    call.reply().error(Errors.SYNTAX);
                    return;
                }
            } else {
                call.reply().error(Errors.SYNTAX);
                return;
            }
        }
        KeyWalk walk = new KeyWalk(call.shard(), call.now(), call.database(), pattern, type, count, SCAN_BYTES);
        int shards = call.shard().parts().count();
        // A cursor that nobody was given leads nowhere.
        walk.from((int) Math.min(shards, cursor >>> SHARD_SHIFT), cursor & (1L << SHARD_SHIFT) - 1);
        call.later(walk.go(call), (reply, walked) -> {
            reply.arrayHeader(2);
            reply.bulk(walked.shard() == shards
                    ? "0"
                    : Long.toString((long) walked.shard() << SHARD_SHIFT | walked.position()));
            walked.answer(reply);
        });
    }

    static void randomkey(CommandCall call) {
        Parts parts = call.shard().parts();
        RandomGenerator random = call.shard().shard().environment().random();
        int database = call.database();
        long now = call.now();
        CompletionStage<byte @Nullable []> key = parts.sharded().onAll(part -> part.keyspace().size(database))
                .thenCompose(sizes -> random(parts, now, database, sizes, random.nextLong()));
        call.later(key, (reply, bytes) -> {
            if (bytes == null) {
                reply.nullValue();
            } else {
                reply.bulk(bytes);
            }
        });
    }

    /** A key of a shard that is the likelier the more keys it has. */
    private static CompletionStage<byte @Nullable []> random(Parts parts, long now, int database, List<Long> sizes,
            long chance) {
        long all = sizes.stream().mapToLong(Long::longValue).sum();
        if (all == 0) {
            return CompletableFuture.completedStage(null);
        }
        long nth = Long.remainderUnsigned(chance, all);
        int shard = 0;
        while (nth >= sizes.get(shard)) {
            nth -= sizes.get(shard++);
        }
        return from(parts, now, database, shard, parts.count(), chance);
    }

    /** A key of the shard, or if it has none that is not due, of the next ones. */
    private static CompletionStage<byte @Nullable []> from(Parts parts, long now, int database, int shard,
            int left, long chance) {
        if (left == 0) {
            return CompletableFuture.completedStage(null);
        }
        // Which shard it is depends on the number; which key, on another one.
        return parts.sharded()
                .on(shard, part -> any(part, now, database, Long.rotateLeft(chance * 0x9E3779B97F4A7C15L, 32)))
                .thenCompose(key -> key != null
                        ? CompletableFuture.completedStage(key)
                        : from(parts, now, database, (shard + 1) % parts.count(), left - 1, chance));
    }

    private static byte @Nullable [] any(StoreShard part, long now, int database, long chance) {
        Keyspace keys = part.keyspace();
        keys.database(database);
        long entry = keys.any(chance, now);
        if (entry == 0) {
            return null;
        }
        byte[] key = new byte[keys.keyLength(entry)];
        Memory.copy(keys.keyAddress(entry), key, 0, key.length);
        return key;
    }
}
