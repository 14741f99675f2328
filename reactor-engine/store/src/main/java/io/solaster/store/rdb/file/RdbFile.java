package io.solaster.store.rdb.file;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.store.rdb.DumpTypes;
import org.jspecify.annotations.Nullable;

/**
 * Reads a file that Redis has written, of versions 7 to 12, from its beginning to its check sum. It finds where each value
 * ends, and what stands around it; what is in a value, the server looks at. Whatever is in the file, it reads no further than
 * that, and keeps at most one value in memory.
 */
public final class RdbFile {
    /** The oldest and the newest version that is read: those of Redis 3.2 and 7.4. */
    static final int OLDEST = 7;
    static final int NEWEST = 12;
    private static final String MAGIC = "REDIS";
    private static final int LONGEST_KEY = 512 << 20;
    private static final int LONGEST_AUX = 1 << 20;
    /** What is kept for the next value, in bytes. */
    private static final int KEPT = 1 << 20;

    // What is no key.
    private static final int SLOT_INFO = 244;
    private static final int FUNCTION_2 = 245;
    private static final int FUNCTION_PRE_GA = 246;
    private static final int MODULE_AUX = 247;
    private static final int IDLE = 248;
    private static final int FREQ = 249;
    private static final int AUX = 250;
    private static final int RESIZE_DB = 251;
    private static final int EXPIRE_MS = 252;
    private static final int EXPIRE_S = 253;
    private static final int SELECT_DB = 254;
    private static final int EOF = 255;

    // Forms that no release but candidates wrote.
    private static final int HASH_METADATA_PRE_GA = 22;
    private static final int HASH_LISTPACK_EX_PRE_GA = 23;

    // What modules write.
    private static final int MODULE_EOF = 0;
    private static final int MODULE_FLOAT = 3;
    private static final int MODULE_DOUBLE = 4;
    private static final int MODULE_STRING = 5;
    private static final String MODULE_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /** One key of a file. Used again for the next one. */
    public static final class Key {
        /** Which database it is in. */
        public long database;
        /** Its name. */
        public byte[] name = {};
        /** The first byte of its value: {@link DumpTypes} tells what it means. */
        public int type;
        /** Type and value as a dump has them; null if they were not wanted, or were too long. */
        public @Nullable ByteBuf value;
        /** Whether the value is longer than it may be. */
        public boolean tooLong;
        /** Unix milliseconds; 0 for never. */
        public long expiry;
        /** Seconds that it was not used; negative where that is not told. */
        public long idle;
        /** How often it is used; negative where that is not told. */
        public int frequency;
        /** Whose value it is; null for one of Redis's own. */
        public @Nullable String module;

        Key() {}

        /** Its name as text. */
        public String text() {
            return new String(name, StandardCharsets.UTF_8);
        }

        /** What it is, if no store can have it; else null. */
        public @Nullable String foreign() {
            if (module != null) {
                return "values of the module '" + module + "'";
            }
            return DumpTypes.inKeyspace(type) < 0
                    ? "values of type " + type + ", of a candidate of Redis 7.4"
                    : null;
        }
    }

    /** Is told what is in a file. */
    public interface Visitor {
        /** Something about the file, such as which Redis wrote it. */
        default void aux(String name, String value) {}

        /** Whether the bytes of a key's value are wanted; it is all known but the value. */
        boolean wants(Key key);

        /** A key. Its value is valid until this returns. */
        void key(Key key) throws IOException;

        /** A library of functions. */
        default void function() {}

        /** What a module keeps beside the keys. */
        default void moduleAux(String module) {}

        /** So much of the file is read. */
        default void progress(long bytes, long of) {}
    }

    private final RdbInput in;
    private final Visitor visitor;
    private final long mostBytes;
    private final Key key = new Key();
    private final ByteBuf value = Unpooled.buffer();
    private int version;

    private RdbFile(RdbInput in, Visitor visitor, long mostBytes) {
        this.in = in;
        this.visitor = visitor;
        this.mostBytes = mostBytes;
    }

    /**
     * Reads a file.
     *
     * @param mostBytes of a value that is kept
     * @return the file's version
     * @throws RdbException if it is no such file, or a damaged one
     * @throws IOException if the disk fails, or the visitor does
     */
    public static int read(Path path, long mostBytes, Visitor visitor) throws IOException {
        try (RdbInput in = new RdbInput(path)) {
            RdbFile file = new RdbFile(in, visitor, mostBytes);
            file.read();
            return file.version;
        }
    }

    private void read() throws IOException {
        StringBuilder header = new StringBuilder();
        for (int i = 0; i < 9 && in.size() >= 9; i++) {
            header.append((char) in.readByte());
        }
        if (!header.toString().matches(MAGIC + "[0-9]{4}")) {
            throw new RdbException("this is no file that Redis wrote: it does not begin with " + MAGIC
                    + " and four digits");
        }
        version = Integer.parseInt(header.substring(MAGIC.length()));
        if (version < OLDEST || version > NEWEST) {
            throw new RdbException("the file is of version " + version + "; versions " + OLDEST + " to " + NEWEST
                    + " are read, which Redis 3.2 to 7.4 write");
        }
        long database = 0;
        forget();
        while (true) {
            visitor.progress(in.offset(), in.size());
            int code = in.readByte();
            switch (code) {
                case EOF -> {
                    end();
                    return;
                }
                case SELECT_DB -> database = in.readCount();
                case RESIZE_DB -> {
                    in.readCount();
                    in.readCount();
                }
                case SLOT_INFO -> {
                    in.readCount();
                    in.readCount();
                    in.readCount();
                }
                case AUX -> visitor.aux(text(in.readString(LONGEST_AUX)), text(in.readString(LONGEST_AUX)));
                case FUNCTION_2 -> {
                    in.skipString();
                    visitor.function();
                }
                case FUNCTION_PRE_GA -> throw in.damaged(
                        "functions of a candidate of Redis 7.0, which no release reads");
                case MODULE_AUX -> {
                    String module = module(in.readCount());
                    in.readCount();
                    in.readCount();
                    skipModule();
                    visitor.moduleAux(module);
                }
                case EXPIRE_MS -> key.expiry = in.readLittle(8);
                case EXPIRE_S -> key.expiry = Math.multiplyExact(1000, in.readLittle(4));
                case IDLE -> key.idle = in.readCount();
                case FREQ -> key.frequency = in.readByte();
                default -> {
                    key.database = database;
                    readKey(code);
                    forget();
                }
            }
        }
    }

    private void forget() {
        key.expiry = 0;
        key.idle = -1;
        key.frequency = -1;
        key.module = null;
        key.value = null;
        key.tooLong = false;
        if (value.capacity() > KEPT) {
            value.clear().capacity(KEPT);
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private void end() throws IOException {
        long expected = in.sum();
        long sum = in.readLittle(8);
        // Redis can be told to write none.
        if (sum != 0 && sum != expected) {
            throw new RdbException(String.format(Locale.ROOT,
                    "the file is damaged: its check sum is %016x, and it says %016x", expected, sum));
        }
        if (in.offset() != in.size()) {
            throw in.damaged(in.size() - in.offset() + " bytes follow behind the end, as in an append-only file; have"
                    + " Redis write a dump.rdb with SAVE, and take that");
        }
    }

    private void readKey(int type) throws IOException {
        key.type = type;
        key.name = in.readString(LONGEST_KEY);
        boolean wanted = visitor.wants(key);
        if (wanted) {
            value.clear();
            value.writeByte(type);
            in.copyTo(value, mostBytes);
        }
        skipValue(type);
        if (wanted) {
            boolean whole = in.endCopy();
            key.tooLong = !whole;
            key.value = whole ? value : null;
        }
        visitor.key(key);
    }

    private void skipValue(int type) throws IOException {
        switch (type) {
            case DumpTypes.LIST, DumpTypes.SET, DumpTypes.LIST_QUICKLIST -> skipStrings(1);
            case DumpTypes.HASH -> skipStrings(2);
            case DumpTypes.ZSET -> {
                for (long left = count(); left > 0; left--) {
                    in.skipString();
                    int digits = in.readByte();
                    // Above are infinities, and what is no number.
                    in.skip(digits < 253 ? digits : 0);
                }
            }
            case DumpTypes.ZSET_2 -> {
                for (long left = count(); left > 0; left--) {
                    in.skipString();
                    in.skip(8);
                }
            }
            case DumpTypes.LIST_QUICKLIST_2 -> {
                for (long left = count(); left > 0; left--) {
                    in.readCount();
                    in.skipString();
                }
            }
            case DumpTypes.HASH_METADATA, HASH_METADATA_PRE_GA -> {
                in.skip(type == DumpTypes.HASH_METADATA ? 8 : 0);
                for (long left = count(); left > 0; left--) {
                    in.readCount();
                    in.skipString();
                    in.skipString();
                }
            }
            case DumpTypes.HASH_LISTPACK_EX -> {
                in.skip(8);
                in.skipString();
            }
            case DumpTypes.STRING, DumpTypes.HASH_ZIPMAP, DumpTypes.LIST_ZIPLIST, DumpTypes.SET_INTSET,
                    DumpTypes.ZSET_ZIPLIST, DumpTypes.HASH_ZIPLIST, DumpTypes.HASH_LISTPACK, DumpTypes.ZSET_LISTPACK,
                    DumpTypes.SET_LISTPACK, HASH_LISTPACK_EX_PRE_GA ->
                in.skipString();
            case DumpTypes.STREAM, DumpTypes.STREAM_2, DumpTypes.STREAM_3 -> skipStream(type);
            case DumpTypes.MODULE_2 -> {
                key.module = module(in.readCount());
                skipModule();
            }
            case DumpTypes.MODULE -> throw in.damaged("key '" + key.text()
                    + "' is of a module of Redis 3, of which nobody but that module knows where it ends");
            default -> throw in.damaged("key '" + key.text() + "' is of type " + type
                    + ", which this release does not know: the file cannot be read past it");
        }
    }

    private long count() throws IOException {
        long count = in.readCount();
        if (count < 0 || count > in.size() - in.offset()) {
            throw in.damaged(Long.toUnsignedString(count) + " elements of key '" + key.text()
                    + "' are more than what is left of the file");
        }
        return count;
    }

    private void skipStrings(int each) throws IOException {
        for (long left = each * count(); left > 0; left--) {
            in.skipString();
        }
    }

    private void skipCounts(int counts) throws IOException {
        for (int i = 0; i < counts; i++) {
            in.readCount();
        }
    }

    private void skipStream(int type) throws IOException {
        skipStrings(2);
        skipCounts(type >= DumpTypes.STREAM_2 ? 8 : 3);
        for (long groups = count(); groups > 0; groups--) {
            in.skipString();
            skipCounts(type >= DumpTypes.STREAM_2 ? 3 : 2);
            for (long pending = count(); pending > 0; pending--) {
                in.skip(16 + 8);
                in.readCount();
            }
            for (long consumers = count(); consumers > 0; consumers--) {
                in.skipString();
                in.skip(type >= DumpTypes.STREAM_3 ? 16 : 8);
                for (long pending = count(); pending > 0; pending--) {
                    in.skip(16);
                }
            }
        }
    }

    private void skipModule() throws IOException {
        while (true) {
            long code = in.readCount();
            if (code == MODULE_EOF) {
                return;
            }
            if (code == MODULE_STRING) {
                in.skipString();
            } else if (code == MODULE_FLOAT) {
                in.skip(4);
            } else if (code == MODULE_DOUBLE) {
                in.skip(8);
            } else {
                in.readCount();
            }
        }
    }

    /** A module's name: nine letters of six bits each, above ten bits of a version. */
    private static String module(long id) {
        StringBuilder name = new StringBuilder();
        for (int shift = 58; shift >= 10; shift -= 6) {
            name.append(MODULE_LETTERS.charAt((int) (id >>> shift) & 63));
        }
        return name.toString();
    }
}
