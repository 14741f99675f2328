package io.solaster.store.shard;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.solaster.engine.Shard;
import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.keyspace.Keyspace;
import org.jspecify.annotations.Nullable;

/**
 * Goes through the keys of a database on all shards, one shard after the other and a few hundred keys a turn, for {@code SCAN} and
 * {@code KEYS}. It travels: one shard at a time touches it. What it found is kept as it will be answered.
 */
public final class KeyWalk implements Keyspace.EntryVisitor {
    /** What is looked at in one turn: keys, and places of the table, which may all be empty. */
    private static final int KEYS_A_TURN = 1_000;
    private static final int STEPS_A_TURN = 2_000;
    /** Bytes of keys that are held against the pattern in one turn, and those of one place more. */
    private static final int BYTES_A_TURN = 1 << 20;
    private static final int FIRST_CHUNK = 512;
    private static final int LARGEST_CHUNK = 64 * 1024;
    private static final int LONGEST_HEADER = 16;

    private final Parts parts;
    private final int database;
    private final boolean all;
    private final Glob pattern;
    /** The one that is looked for; negative for any. */
    private final int type;
    private final long mostBytes;
    private final long now;
    private long wanted;
    private int shard;
    private long position;

    // Of one turn.
    private Keyspace keys;
    private int visited;
    private long compared;

    private int found;
    private long foundBytes;
    private final List<byte[]> full = new ArrayList<>();
    private byte[] chunk = new byte[FIRST_CHUNK];
    private int chunkEnd;
    private byte[] key = new byte[64];

    /**
     * A walk through a database, from the beginning of the first shard.
     *
     * @param now Unix milliseconds: keys that are due by then are left out
     * @param type the number of a type; negative for any
     * @param wanted how many keys are to be looked at; negative for each one, exactly once
     * @param mostBytes after how many bytes of answer it stops
     */
    public KeyWalk(StoreShard home, long now, int database, Glob pattern, int type, long wanted, long mostBytes) {
        this.now = now;
        this.database = database;
        this.parts = home.parts();
        this.keys = home.keyspace();
        this.all = wanted < 0;
        this.pattern = pattern;
        this.type = type;
        this.wanted = wanted;
        this.mostBytes = mostBytes;
    }

    /** Where to begin, if not at the first shard's beginning. */
    public void from(int firstShard, long firstPosition) {
        shard = firstShard;
        position = firstPosition;
    }

    /** The shard where it goes on; as many as there are shards if it has been everywhere. */
    public int shard() {
        return shard;
    }

    /** Where it goes on in that shard, as the keyspace has said. */
    public long position() {
        return position;
    }

    /** Whether it has stopped as the answer got too long. */
    public boolean isFull() {
        return foundBytes > mostBytes;
    }

    /** Goes on until enough was looked at; on the shard that the call came from, which it returns to. */
    public CompletionStage<KeyWalk> go(CommandCall call) {
        CompletableFuture<KeyWalk> end = new CompletableFuture<>();
        if (shard == call.shard().shard().id()) {
            step(call.shard());
        }
        go(call.hasClient() ? call.client() : null, call.shard(), end);
        return end;
    }

    private void go(@Nullable Client client, StoreShard home, CompletableFuture<KeyWalk> end) {
        if (isEnough() || client != null && !client.channel().isActive()) {
            end.complete(this);
            return;
        }
        // Also at home in another turn: others wait there too.
        CompletionStage<KeyWalk> stepped = shard == home.shard().id()
                ? Shard.yield().thenApply(_ -> step(home))
                : parts.sharded().on(shard, this::step);
        stepped.whenComplete((walk, failure) -> {
            if (failure == null) {
                go(client, home, end);
            } else {
                end.completeExceptionally(failure);
            }
        });
    }

    private boolean isEnough() {
        return shard >= parts.count() || isFull() || !all && wanted <= 0;
    }

    private KeyWalk step(StoreShard part) {
        keys = part.keyspace();
        keys.database(database);
        visited = 0;
        compared = 0;
        for (int steps = 0; steps < STEPS_A_TURN && visited < KEYS_A_TURN && compared < BYTES_A_TURN
                && !isFull(); steps++) {
            position = all ? keys.walk(position, this) : keys.scan(position, this);
            if (position == 0) {
                shard++;
                break;
            }
            if (!all && wanted <= 0) {
                break;
            }
        }
        return this;
    }

    @Override
    public void visit(long entry) {
        visited++;
        wanted--;
        long expiry = keys.expiry(entry);
        if (type >= 0 && keys.type(entry) != type || expiry != 0 && expiry < now) {
            return;
        }
        int length = keys.keyLength(entry);
        if (length > key.length) {
            key = new byte[length];
        }
        compared += length;
        Memory.copy(keys.keyAddress(entry), key, 0, length);
        if (pattern.isAny() || pattern.matches(key, length)) {
            add(length);
        }
    }

    private void add(int length) {
        int most = length + LONGEST_HEADER;
        if (chunk.length - chunkEnd < most) {
            int next = Math.max(most, Math.min(LARGEST_CHUNK, 2 * chunk.length));
            full.add(written());
            chunk = new byte[next];
            chunkEnd = 0;
        }
        byte[] header = ("$" + length + "\r\n").getBytes(StandardCharsets.US_ASCII);
        put(header, header.length);
        put(key, length);
        chunk[chunkEnd++] = '\r';
        chunk[chunkEnd++] = '\n';
        found++;
        foundBytes += header.length + length + 2L;
    }

    private void put(byte[] bytes, int length) {
        System.arraycopy(bytes, 0, chunk, chunkEnd, length);
        chunkEnd += length;
    }

    private byte[] written() {
        return chunkEnd == chunk.length ? chunk : Arrays.copyOf(chunk, chunkEnd);
    }

    /** Answers an array of what was found. */
    public void answer(ReplyWriter reply) {
        reply.arrayHeader(found);
        full.forEach(reply::raw);
        reply.raw(written());
    }
}
