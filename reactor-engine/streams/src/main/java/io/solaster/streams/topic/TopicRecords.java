package io.solaster.streams.topic;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

import io.netty.buffer.ByteBuf;
import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/** How what a topic keeps looks in a log, beside the log's own header. Numbers are little-endian. */
@Internal
public final class TopicRecords {
    /** An entry: partition, sequence, time, hops, length of the key or -1, length of the headers, key, headers, value. */
    public static final int ENTRY = 1;
    /** How far a group has come: partition, low-water mark, words, bits of what is acknowledged from there on, name. */
    public static final int CURSOR = 2;
    /** A group is no more: name. */
    static final int GROUP_END = 3;
    /** How many partitions there are, and by partition the sequence of its next entry. */
    static final int PARTITIONS = 4;

    static final int SEQUENCE_AT = 4;
    /** Seven bytes: milliseconds since 1970. */
    static final int TIME_AT = 12;
    /** How often plug-ins have routed it when it was to be delivered. */
    static final int HOPS_AT = 19;
    private static final long MOST_TIME = (1L << 56) - 1;
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    static final int KEY_AT = 20;
    static final int HEADERS_AT = 24;
    /** Bytes of an entry before its key. */
    static final int ENTRY_HEADER = 28;

    private TopicRecords() {}

    public static int partition(ByteBuf entry) {
        return entry.getIntLE(entry.readerIndex());
    }

    public static long sequence(ByteBuf entry) {
        return entry.getLongLE(entry.readerIndex() + SEQUENCE_AT);
    }

    /** Bytes of an entry's record. */
    static int length(byte @Nullable [] key, byte[] headers, byte[] value) {
        return ENTRY_HEADER + (key == null ? 0 : key.length) + headers.length + value.length;
    }

    /** Writes an entry that is not in a log yet. */
    static void write(byte[] into, int from, int partition, int hops, byte @Nullable [] key, byte[] headers,
            byte[] value) {
        INT.set(into, from, partition);
        LONG.set(into, from + TIME_AT, (long) hops << 56);
        INT.set(into, from + KEY_AT, key == null ? -1 : key.length);
        INT.set(into, from + HEADERS_AT, headers.length);
        int at = from + ENTRY_HEADER;
        if (key != null) {
            System.arraycopy(key, 0, into, at, key.length);
            at += key.length;
        }
        System.arraycopy(headers, 0, into, at, headers.length);
        System.arraycopy(value, 0, into, at + headers.length, value.length);
    }

    /** Says of an entry what its shard says of it. */
    static void taken(byte[] record, int from, long sequence, long millis) {
        LONG.set(record, from + SEQUENCE_AT, sequence);
        long hops = (long) LONG.get(record, from + TIME_AT) & ~MOST_TIME;
        LONG.set(record, from + TIME_AT, hops | Math.clamp(millis, 0, MOST_TIME));
    }

    static long longAt(byte[] bytes, int at) {
        return (long) LONG.get(bytes, at);
    }

    static long time(ByteBuf entry) {
        return entry.getLongLE(entry.readerIndex() + TIME_AT) & MOST_TIME;
    }

    static int hops(ByteBuf entry) {
        return entry.getUnsignedByte(entry.readerIndex() + HOPS_AT);
    }

    /** The name of the group of a cursor. */
    static String groupOf(ByteBuf cursor) {
        int name = cursor.readerIndex() + 16 + cursor.getIntLE(cursor.readerIndex() + 12) * Long.BYTES;
        return cursor.toString(name, cursor.writerIndex() - name, StandardCharsets.UTF_8);
    }

    /** Bytes of key, headers and value. */
    public static int size(ByteBuf entry) {
        return entry.readableBytes() - ENTRY_HEADER;
    }
}
