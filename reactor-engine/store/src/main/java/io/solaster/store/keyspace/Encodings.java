package io.solaster.store.keyspace;

import java.util.EnumMap;
import java.util.Map;

/**
 * Up to which sizes values are kept small: packed, or as sorted numbers, and not as tables. Whoever adds to a value obeys what
 * is in force then; values stay as they are until they are added to. As packed values are gone through from their beginning,
 * more than {@link #MOST} entries count as so many, and longer ones than {@link #LONGEST} bytes as so long. Immutable.
 */
public final class Encodings {
    /** More entries count as so many. */
    public static final int MOST = 1_024;
    /** Longer ones count as so many bytes. */
    public static final int LONGEST = 64 << 10;
    /** A dense HyperLogLog is hardly longer. */
    private static final int LONGEST_SPARSE = 12_000;
    /** What a store has at first. */
    public static final Encodings DEFAULTS = new Encodings(new EnumMap<>(Size.class));

    /** What can be set, by the names that it has in Redis. */
    public enum Size {
        /** Fields of a small hash. */
        HASH_ENTRIES("hash-max-listpack-entries", "hash-max-ziplist-entries", 128),
        /** Bytes of the longest field or value of a small hash. */
        HASH_VALUE("hash-max-listpack-value", "hash-max-ziplist-value", 64),
        /** Members of a set of whole numbers. */
        SET_NUMBERS("set-max-intset-entries", "", 512),
        /** Members of a small set. */
        SET_ENTRIES("set-max-listpack-entries", "", 128),
        /** Bytes of the longest member of a small set. */
        SET_VALUE("set-max-listpack-value", "", 64),
        /** Members of a small sorted set. */
        ZSET_ENTRIES("zset-max-listpack-entries", "zset-max-ziplist-entries", 128),
        /** Bytes of the longest member of a small sorted set. */
        ZSET_VALUE("zset-max-listpack-value", "zset-max-ziplist-value", 64),
        /** Of a node of a list: kept, and changes nothing. */
        LIST_SIZE("list-max-listpack-size", "list-max-ziplist-size", -2),
        /** Nodes of a list that stay as they are at each end, or 0 for all: kept, and changes nothing, as none is compressed. */
        LIST_DEPTH("list-compress-depth", "", 0),
        /** Bytes of a HyperLogLog that is not dense. */
        SPARSE("hll-sparse-max-bytes", "", 3_000),
        /** Bytes of a block of a stream, up to some 4,000; 0 for as many. */
        STREAM_BYTES("stream-node-max-bytes", "", 4_096),
        /** Entries of a block of a stream; 0 for as many as it has room for. */
        STREAM_ENTRIES("stream-node-max-entries", "", 100);

        private final String parameter;
        private final String oldName;
        private final long initial;

        Size(String parameter, String oldName, long initial) {
            this.parameter = parameter;
            this.oldName = oldName;
            this.initial = initial;
        }

        /** Its name. */
        public String parameter() {
            return parameter;
        }

        /** The name that it had once; empty if it had none. */
        public String oldName() {
            return oldName;
        }

        /** Whether it is a number of bytes. */
        public boolean isBytes() {
            return this == HASH_VALUE || this == SET_VALUE || this == ZSET_VALUE || this == SPARSE
                    || this == STREAM_BYTES;
        }
    }

    /** Those that were set. */
    private final Map<Size, Long> sizes;
    private final int mostFields;
    private final int longestField;
    private final int mostNumbers;
    private final int mostMembers;
    private final int longestMember;
    private final int mostScored;
    private final int longestScored;
    private final int longestSparse;
    private final int blockBytes;
    private final int blockEntries;

    private Encodings(Map<Size, Long> sizes) {
        this.sizes = sizes;
        mostFields = (int) Math.min(get(Size.HASH_ENTRIES), MOST);
        longestField = (int) Math.min(get(Size.HASH_VALUE), LONGEST);
        mostNumbers = (int) Math.min(get(Size.SET_NUMBERS), MOST);
        mostMembers = (int) Math.min(get(Size.SET_ENTRIES), MOST);
        longestMember = (int) Math.min(get(Size.SET_VALUE), LONGEST);
        mostScored = (int) Math.min(get(Size.ZSET_ENTRIES), MOST);
        longestScored = (int) Math.min(get(Size.ZSET_VALUE), LONGEST);
        longestSparse = (int) Math.min(get(Size.SPARSE), LONGEST_SPARSE);
        blockBytes = limit(get(Size.STREAM_BYTES));
        blockEntries = limit(get(Size.STREAM_ENTRIES));
    }

    private static int limit(long size) {
        return size == 0 ? Integer.MAX_VALUE : (int) Math.min(size, Integer.MAX_VALUE);
    }

    /** A size as it was set. */
    public long get(Size size) {
        return sizes.getOrDefault(size, size.initial);
    }

    /** These with another size, 0 or more; any for a list. */
    public Encodings with(Size size, long value) {
        Map<Size, Long> changed = new EnumMap<>(Size.class);
        changed.putAll(sizes);
        changed.put(size, value);
        return new Encodings(changed);
    }

    /** The most fields of a small hash. */
    public int mostFields() {
        return mostFields;
    }

    /** The longest field, or value, of a small hash. */
    public int longestField() {
        return longestField;
    }

    /** The most members of a set of numbers. */
    public int mostNumbers() {
        return mostNumbers;
    }

    /** The most members of a small set. */
    public int mostMembers() {
        return mostMembers;
    }

    /** The longest member of a small set. */
    public int longestMember() {
        return longestMember;
    }

    /** The most members of a small sorted set. */
    public int mostScored() {
        return mostScored;
    }

    /** The longest member of a small sorted set. */
    public int longestScored() {
        return longestScored;
    }

    /** The longest HyperLogLog that is not dense. */
    public int longestSparse() {
        return longestSparse;
    }

    /** The most bytes of a block of a stream, of so many that one may have. */
    public int blockBytes(int most) {
        return Math.min(blockBytes, most);
    }

    /** The most entries of a block of a stream. */
    public int blockEntries() {
        return blockEntries;
    }
}
