package io.solaster.store;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.solaster.engine.CallOptions;
import io.solaster.engine.Shard;
import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.Parts;
import io.solaster.store.shard.StoreShard;

/** Removes the keys of one shard that begin with a prefix, a few at a time. On that shard. */
final class Removal implements Keyspace.EntryVisitor {
    private static final Command DEL = KeyCalls.command("del");
    /** What is looked at in one turn: places of the table, and keys. */
    private static final int STEPS_A_TURN = 500;
    private static final int KEYS_A_TURN = 500;

    private final StoreShard part;
    private final KeyCalls calls;
    private final byte[] prefix;
    private final List<byte[]> found = new ArrayList<>();
    private long cursor;
    private long removed;

    private Removal(StoreShard part, KeyCalls calls, byte[] prefix) {
        this.part = part;
        this.calls = calls;
        this.prefix = prefix;
    }

    static CompletableFuture<Long> of(Parts parts, KeyCalls calls, String prefix) {
        byte[] bytes = KeyCalls.bytes(prefix);
        CompletableFuture<Long> sum = CompletableFuture.completedFuture(0L);
        for (int shard = 0; shard < parts.count(); shard++) {
            StoreShard part = parts.part(shard);
            sum = sum.thenCombine(parts.engine().submitStageTo(shard, CallOptions.DEFAULTS,
                    () -> new Removal(part, calls, bytes).go()), Long::sum);
        }
        return sum;
    }

    private CompletionStage<Long> go() {
        Keyspace keys = part.keyspace();
        keys.database(0);
        int steps = 0;
        do {
            cursor = keys.scan(cursor, this);
        } while (cursor != 0 && ++steps < STEPS_A_TURN && found.size() < KEYS_A_TURN);
        List<CompletableFuture<Boolean>> removals = new ArrayList<>();
        for (byte[] key : found) {
            removals.add(calls.call(DEL, key, KeyCalls::isOne));
        }
        found.clear();
        return CompletableFuture.allOf(removals.toArray(CompletableFuture[]::new)).thenCompose(_ -> {
            removed += removals.stream().filter(CompletableFuture::join).count();
            return cursor == 0 ? CompletableFuture.completedFuture(removed) : Shard.yield().thenCompose(_ -> go());
        });
    }

    @Override
    public void visit(long entry) {
        int length = part.keyspace().keyLength(entry);
        if (length >= prefix.length) {
            byte[] key = new byte[length];
            Memory.copy(part.keyspace().keyAddress(entry), key, 0, length);
            if (startsWithPrefix(key)) {
                found.add(key);
            }
        }
    }

    private boolean startsWithPrefix(byte[] key) {
        return Arrays.equals(key, 0, prefix.length, prefix, 0, prefix.length);
    }
}
