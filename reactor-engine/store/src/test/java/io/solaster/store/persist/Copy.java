package io.solaster.store.persist;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.SystemMemory;
import io.solaster.store.collection.Hashes;
import io.solaster.store.collection.Lists;
import io.solaster.store.collection.Sets;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.KeyspaceHash;
import io.solaster.store.keyspace.ValueType;
import io.solaster.store.type.FieldTable;
import io.solaster.store.type.Packed;

/** A second keyspace that only does what the effects of another one say. On that one's shard. */
public final class Copy implements AutoCloseable {
    private final Keyspace original;
    private final FieldTable originalTable;
    private final Keyspace keys;
    private final FieldTable table;
    private final ByteBuf changes = Unpooled.directBuffer();
    private final ChangeWriter writer;
    private final ChangeReader reader;

    /**
     * @param original empty now
     * @param originalTable its
     */
    public Copy(Keyspace original, FieldTable originalTable, List<ValueType> types) {
        this.original = original;
        this.originalTable = originalTable;
        SplittableRandom random = new SplittableRandom(1);
        keys = Keyspace.create(SystemMemory.SYSTEM, random, types);
        table = new FieldTable(keys.nodes(), KeyspaceHash.seeded(random));
        writer = new ChangeWriter(original, originalTable, changes);
        reader = new ChangeReader(keys, table);
        assertThat(original.size()).isZero();
        original.effects(writer);
    }

    /** Does what was told since the last call. */
    void follow() {
        reader.open(changes);
        while (reader.next()) {
            reader.apply();
        }
        changes.clear();
    }

    /**
     * Fails if the copy is not as the original.
     *
     * @param now fields that are due are none
     */
    public void check(long now) {
        follow();
        assertThat(content(keys, table, now)).isEqualTo(content(original, originalTable, now));
    }

    /** Fails if a copy that is made by pieces is not as the original. */
    public void checkPieces(long now) {
        changes.clear();
        keys.clear();
        original.database(0);
        long from = 0;
        do {
            from = original.walk(from, entry -> {
                long cursor = 0;
                do {
                    cursor = writer.isLong(entry) ? writer.piece(entry, cursor) : whole(entry);
                } while (cursor != 0);
            });
        } while (from != 0);
        check(now);
    }

    private long whole(long entry) {
        writer.put(entry);
        return 0;
    }

    /** What a keyspace holds, by key, as text. */
    static Map<String, String> content(Keyspace keys, FieldTable table, long now) {
        Map<String, String> all = new TreeMap<>();
        try (Hashes hashes = new Hashes(keys, table);
                Sets sets = new Sets(keys, table);
                Lists lists = new Lists(keys);
                SortedSets sortedSets = new SortedSets(keys, table)) {
            keys.database(0);
            long from = 0;
            do {
                from = keys.walk(from, entry -> {
                    String text = switch (keys.type(entry)) {
                        case Keyspace.TYPE_STRING -> text(keys.valueAddress(entry), keys.valueLength(entry));
                        case Keyspace.TYPE_LIST -> list(keys, lists, entry);
                        case Keyspace.TYPE_SET -> set(keys, sets, entry);
                        case Keyspace.TYPE_HASH -> hash(keys, hashes, entry, now);
                        default -> sortedSet(keys, sortedSets, entry);
                    };
                    if (keys.type(entry) != Keyspace.TYPE_HASH || !text.equals("{}")) {
                        all.put(text(keys.keyAddress(entry), keys.keyLength(entry)),
                                keys.type(entry) + " " + keys.expiry(entry) + " " + text);
                    }
                });
            } while (from != 0);
        }
        return all;
    }

    private static String text(long address, int length) {
        byte[] bytes = new byte[length];
        Memory.copy(address, bytes, 0, length);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static String list(Keyspace keys, Lists lists, long entry) {
        StringBuilder all = new StringBuilder();
        lists.open(keys.keyAddress(entry), keys.keyLength(entry), entry);
        lists.seek(0);
        while (lists.element() != 0) {
            long element = lists.element();
            all.append(Packed.isNumber(element)
                    ? Long.toString(Packed.number(element))
                    : text(Packed.address(element), Packed.length(element))).append(',');
            lists.next();
        }
        return all.toString();
    }

    private static String set(Keyspace keys, Sets sets, long entry) {
        Map<String, String> all = new TreeMap<>();
        sets.open(keys.keyAddress(entry), keys.keyLength(entry), entry);
        sets.begin();
        while (sets.next()) {
            all.put(text(sets.address(), sets.length()), "");
        }
        return all.toString();
    }

    private static String hash(Keyspace keys, Hashes hashes, long entry, long now) {
        Map<String, String> all = new TreeMap<>();
        hashes.open(keys.keyAddress(entry), keys.keyLength(entry), entry, now);
        hashes.begin();
        while (hashes.next()) {
            long expiry = hashes.expiry();
            all.put(text(hashes.fieldAddress(), hashes.fieldLength()),
                    text(hashes.valueAddress(), hashes.valueLength()) + " " + expiry);
        }
        return all.toString();
    }

    private static String sortedSet(Keyspace keys, SortedSets sets, long entry) {
        StringBuilder all = new StringBuilder();
        sets.open(keys.keyAddress(entry), keys.keyLength(entry), entry);
        for (long rank = 0; rank < sets.count(); rank++) {
            sets.seek(rank);
            // A small set keeps no sign of zero.
            all.append(sets.score() + 0.0).append(' ').append(text(sets.address(), sets.length())).append(',');
        }
        return all.toString();
    }

    @Override
    public void close() {
        original.effects(null);
        writer.close();
        reader.close();
        changes.release();
        keys.close();
    }
}
