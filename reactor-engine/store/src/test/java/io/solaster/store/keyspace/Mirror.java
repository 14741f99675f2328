package io.solaster.store.keyspace;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * What a keyspace holds, as far as its listeners were told: whatever was written unseen is missing here. What is wrong is
 * kept until {@link #check}, since a command that fails within its listener would hide it.
 */
public final class Mirror implements KeyspaceListener {
    private final Keyspace keyspace;
    private final Map<String, String> told = new HashMap<>();
    private @Nullable String open; // the key whose write was begun last
    private @Nullable String wrong; // what was found first

    /** Of a keyspace that is empty now. */
    public Mirror(Keyspace keyspace) {
        this.keyspace = keyspace;
        assertThat(keyspace.size()).isZero();
    }

    private static String text(long address, int length) {
        return new String(Bytes.read(address, length), StandardCharsets.ISO_8859_1);
    }

    /** With the number of the database, where that is not 0. */
    private String key(long address, int length) {
        return (keyspace.database() == 0 ? "" : keyspace.database() + ": ") + text(address, length);
    }

    private String key(long entry) {
        return key(keyspace.keyAddress(entry), keyspace.keyLength(entry));
    }

    /** Of a value with nodes its mark and how many elements it has: nodes may move, unseen. */
    private String state(long entry) {
        byte[] value = Bytes.read(keyspace.valueAddress(entry), keyspace.valueLength(entry));
        if (keyspace.type(entry) != Keyspace.TYPE_STRING && value[0] != ValueType.PACKED) {
            value = Arrays.copyOf(value, Math.min(value.length, 16));
        }
        return keyspace.type(entry) + " " + keyspace.expiry(entry) + " " + HexFormat.of().formatHex(value);
    }

    private void expect(String what, String key, @Nullable String is, @Nullable String expected) {
        if (wrong == null && !Objects.equals(is, expected)) {
            wrong = what + " of " + key + ": " + is + ", expected: " + expected;
        }
    }

    @Override
    public void written(long key, int keyLength, long entry) {
        String ended = key(key, keyLength);
        expect("the open write at the end", ended, open, ended);
        open = null;
        if (entry == 0) {
            told.remove(ended);
        } else {
            expect("the key of the entry", ended, key(entry), ended);
            told.put(ended, state(entry));
        }
    }

    @Override
    public void beginWrite(long key, int keyLength, long entry) {
        String begun = key(key, keyLength);
        if (entry != 0) {
            expect("the key of the entry", begun, key(entry), begun);
        }
        if (!begun.equals(open)) {
            expect("what was told before a write", begun, told.get(begun), entry == 0 ? null : state(entry));
        }
        open = begun;
    }

    @Override
    public void expired(long entry) {
        expect("what was told before the expiry", key(entry), told.remove(key(entry)), state(entry));
    }

    @Override
    public void evicted(long entry) {
        expect("what was told before the eviction", key(entry), told.remove(key(entry)), state(entry));
    }

    @Override
    public void cleared() {
        told.clear();
    }

    /** Fails if something was written that was not told. */
    public void check() {
        Map<String, String> there = new HashMap<>();
        int selected = keyspace.database();
        for (int database = 0; database < keyspace.databases(); database++) {
            keyspace.database(database);
            long cursor = 0;
            do {
                cursor = keyspace.scan(cursor, entry -> there.put(key(entry), state(entry)));
            } while (cursor != 0);
        }
        keyspace.database(selected);
        if (wrong != null || !there.equals(told)) {
            String first = wrong;
            Map<String, String> before = new HashMap<>(told);
            // So that the next check, of a smaller case, finds its own faults only.
            wrong = null;
            open = null;
            told.clear();
            told.putAll(there);
            assertThat(first).isNull();
            assertThat(before).isEqualTo(there);
        }
    }
}
