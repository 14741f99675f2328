package io.solaster.store.rdb;

import io.solaster.store.keyspace.Keyspace;

/** The first byte of a value: what it is, and in which form it is written. Redis numbers them so. */
public final class DumpTypes {
    /** A string. */
    public static final int STRING = 0;
    /** A list, element by element. */
    public static final int LIST = 1;
    /** A set, member by member. */
    public static final int SET = 2;
    /** A sorted set, with scores in digits. */
    public static final int ZSET = 3;
    /** A hash, field by field. */
    public static final int HASH = 4;
    /** A sorted set, with scores of eight bytes. */
    public static final int ZSET_2 = 5;
    /** A module's value, of which nobody can say where it ends. */
    public static final int MODULE = 6;
    /** A module's value. */
    public static final int MODULE_2 = 7;
    /** A hash in one {@link Zipmap}. */
    public static final int HASH_ZIPMAP = 9;
    /** A list in one {@link Ziplist}. */
    public static final int LIST_ZIPLIST = 10;
    /** A set in one {@link Intset}. */
    public static final int SET_INTSET = 11;
    /** A sorted set in one {@link Ziplist}. */
    public static final int ZSET_ZIPLIST = 12;
    /** A hash in one {@link Ziplist}. */
    public static final int HASH_ZIPLIST = 13;
    /** A list in many a {@link Ziplist}. */
    public static final int LIST_QUICKLIST = 14;
    /** A stream of Redis 5. */
    public static final int STREAM = 15;
    /** A hash in one {@link Listpack}. */
    public static final int HASH_LISTPACK = 16;
    /** A sorted set in one {@link Listpack}. */
    public static final int ZSET_LISTPACK = 17;
    /** A list in many a {@link Listpack}, or elements by themselves. */
    public static final int LIST_QUICKLIST_2 = 18;
    /** A stream of Redis 7.0. */
    public static final int STREAM_2 = 19;
    /** A set in one {@link Listpack}. */
    public static final int SET_LISTPACK = 20;
    /** A stream of Redis 7.2. */
    public static final int STREAM_3 = 21;
    /** A hash whose fields expire, field by field. */
    public static final int HASH_METADATA = 24;
    /** A hash whose fields expire, in one {@link Listpack}. */
    public static final int HASH_LISTPACK_EX = 25;

    /** In a quicklist: an element by itself, and a listpack. */
    static final int PLAIN = 1;
    static final int PACKED = 2;

    private DumpTypes() {}

    /** Whether it is a stream, of whichever version. */
    public static boolean isStream(int type) {
        return type == STREAM || type == STREAM_2 || type == STREAM_3;
    }

    /** The type that the keyspace has for it; negative for one that it does not have. */
    public static int inKeyspace(int type) {
        return switch (type) {
            case STRING -> Keyspace.TYPE_STRING;
            case LIST, LIST_ZIPLIST, LIST_QUICKLIST, LIST_QUICKLIST_2 -> Keyspace.TYPE_LIST;
            case SET, SET_INTSET, SET_LISTPACK -> Keyspace.TYPE_SET;
            case ZSET, ZSET_2, ZSET_ZIPLIST, ZSET_LISTPACK -> Keyspace.TYPE_ZSET;
            case HASH, HASH_ZIPMAP, HASH_ZIPLIST, HASH_LISTPACK, HASH_METADATA, HASH_LISTPACK_EX -> Keyspace.TYPE_HASH;
            case STREAM, STREAM_2, STREAM_3 -> Keyspace.TYPE_STREAM;
            default -> -1;
        };
    }
}
