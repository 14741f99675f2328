package io.solaster.streams.topic;

import io.netty.buffer.ByteBuf;
import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/** An entry, out of the log. Its arrays are nobody else's. */
@Internal
public final class Entry {
    private static final byte[] NONE = {};

    private final int partition;
    private final long sequence;
    private final long time;
    private final byte @Nullable [] key;
    private final byte[] headers;
    private final byte[] value;
    private final int hops;

    private Entry(int partition, long sequence, long time, int hops, byte @Nullable [] key, byte[] headers,
            byte[] value) {
        this.partition = partition;
        this.sequence = sequence;
        this.time = time;
        this.hops = hops;
        this.key = key;
        this.headers = headers;
        this.value = value;
    }

    public int partition() {
        return partition;
    }

    public long sequence() {
        return sequence;
    }

    /** When its shard took it, in milliseconds since 1970. */
    public long time() {
        return time;
    }

    public byte @Nullable [] key() {
        return key;
    }

    /** As {@code Headers} has them. */
    public byte[] headers() {
        return headers;
    }

    public byte[] value() {
        return value;
    }

    /** How often plug-ins have routed it when it was to be delivered. */
    public int hops() {
        return hops;
    }

    /** The same entry with a value that a plug-in gave it. */
    public Entry withValue(byte[] newValue) {
        return new Entry(partition, sequence, time, hops, key, headers, newValue);
    }

    /** Copies it out of its record. */
    public static Entry read(ByteBuf record) {
        int at = record.readerIndex();
        int keyLength = record.getIntLE(at + TopicRecords.KEY_AT);
        int headersLength = record.getIntLE(at + TopicRecords.HEADERS_AT);
        int from = at + TopicRecords.ENTRY_HEADER;
        byte @Nullable [] key = keyLength < 0 ? null : bytes(record, from, keyLength);
        from += Math.max(keyLength, 0);
        byte[] headers = bytes(record, from, headersLength);
        from += headersLength;
        return new Entry(TopicRecords.partition(record), TopicRecords.sequence(record),
                TopicRecords.time(record), TopicRecords.hops(record), key, headers,
                bytes(record, from, record.writerIndex() - from));
    }

    private static byte[] bytes(ByteBuf from, int at, int length) {
        if (length == 0) {
            return NONE;
        }
        byte[] bytes = new byte[length];
        from.getBytes(at, bytes);
        return bytes;
    }

    /** Bytes of key, headers and value. */
    public int size() {
        return (key == null ? 0 : key.length) + headers.length + value.length;
    }
}
