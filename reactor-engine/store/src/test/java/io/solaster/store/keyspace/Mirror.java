package io.solaster.store.keyspace;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/** What a keyspace holds, as far as its listeners were told: whatever was written unseen is missing here. */
public final class Mirror implements KeyspaceListener {
    private final Keyspace keyspace;
    private final Map<String, String> told = new HashMap<>();
    private @Nullable String open; // the key whose write was begun last

    /** Of a keyspace that is empty now. */
    public Mirror(Keyspace keyspace) {
        this.keyspace = keyspace;
        assertThat(keyspace.size()).isZero();
    }

    private static String text(long address, int length) {
        return new String(Bytes.read(address, length), StandardCharsets.ISO_8859_1);
    }

    private String key(long entry) {
        return text(keyspace.keyAddress(entry), keyspace.keyLength(entry));
    }

    /** Of a value with nodes its mark and how many elements it has: nodes may move, unseen. */
    private String state(long entry) {
        byte[] value = Bytes.read(keyspace.valueAddress(entry), keyspace.valueLength(entry));
        if (keyspace.type(entry) != Keyspace.TYPE_STRING && value[0] != ValueType.PACKED) {
            value = Arrays.copyOf(value, Math.min(value.length, 16));
        }
        return keyspace.type(entry) + " " + keyspace.expiry(entry) + " " + HexFormat.of().formatHex(value);
    }

    @Override
    public void written(long key, int keyLength, long entry) {
        assertThat(open).isEqualTo(text(key, keyLength));
        open = null;
        if (entry == 0) {
            told.remove(text(key, keyLength));
        } else {
            assertThat(key(entry)).isEqualTo(text(key, keyLength));
            told.put(text(key, keyLength), state(entry));
        }
    }

    @Override
    public void beginWrite(long key, int keyLength, long entry) {
        if (entry != 0) {
            assertThat(key(entry)).isEqualTo(text(key, keyLength));
        }
        String begun = text(key, keyLength);
        if (!begun.equals(open)) {
            assertThat(told.get(begun)).isEqualTo(entry == 0 ? null : state(entry));
        }
        open = begun;
    }

    @Override
    public void expired(long entry) {
        assertThat(told.remove(key(entry))).isEqualTo(state(entry));
    }

    @Override
    public void evicted(long entry) {
        assertThat(told.remove(key(entry))).isEqualTo(state(entry));
    }

    @Override
    public void cleared() {
        told.clear();
    }

    /** Fails if something was written that was not told. */
    public void check() {
        Map<String, String> there = new HashMap<>();
        long cursor = 0;
        do {
            cursor = keyspace.scan(cursor, entry -> there.put(key(entry), state(entry)));
        } while (cursor != 0);
        if (!there.equals(told)) {
            assertThat(told).isEqualTo(there);
        }
    }
}
