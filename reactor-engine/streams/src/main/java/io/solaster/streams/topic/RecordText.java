package io.solaster.streams.topic;

import java.nio.charset.StandardCharsets;
import java.time.Instant;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.solaster.config.Internal;
import io.solaster.log.LogProgram;
import org.jspecify.annotations.Nullable;

/** Says in words what a record of a topic's log is. The bytes may be anybody's. Any thread. */
@Internal
public final class RecordText {
    private RecordText() {}

    /**
     * In one line; null for what is no record of a topic.
     *
     * @param most so many bytes of a key, of a value and of a group's name are shown
     */
    public static @Nullable String of(int kind, ByteBuf record, int most) {
        try {
            return switch (kind) {
                case TopicRecords.ENTRY -> entry(record, most);
                case TopicRecords.CURSOR -> cursor(record, most);
                case TopicRecords.GROUP_END -> "the end of group " + text(ByteBufUtil.getBytes(record), most);
                case TopicRecords.PARTITIONS -> partitions(record);
                default -> null;
            };
        } catch (IndexOutOfBoundsException | IllegalArgumentException none) {
            return null;
        }
    }

    private static @Nullable String entry(ByteBuf record, int most) {
        long key = Math.max(0, record.getIntLE(record.readerIndex() + TopicRecords.KEY_AT));
        int headers = record.getIntLE(record.readerIndex() + TopicRecords.HEADERS_AT);
        if (headers < 0 || key + headers > TopicRecords.size(record)) {
            return null;
        }
        Entry entry = Entry.read(record);
        return "entry " + entry.partition() + "-" + entry.sequence() + " of " + Instant.ofEpochMilli(entry.time())
                + (entry.hops() == 0 ? "" : ", routed " + entry.hops() + " times")
                + (entry.key() == null ? ", no key" : ", key " + text(entry.key(), most))
                + (headers == 0 ? "" : ", headers of " + headers + " bytes") + ", value " + text(entry.value(), most);
    }

    private static String cursor(ByteBuf record, int most) {
        int at = record.readerIndex();
        int words = record.getIntLE(at + 12);
        int beyond = 0;
        for (int word = 0; word < words; word++) {
            beyond += Long.bitCount(record.getLongLE(at + 16 + word * Long.BYTES));
        }
        return "group " + text(TopicRecords.groupOf(record).getBytes(StandardCharsets.UTF_8), most)
                + " has acknowledged partition " + TopicRecords.partition(record) + " before "
                + record.getLongLE(at + 4) + (beyond == 0 ? "" : ", and " + beyond + " entries behind");
    }

    private static String partitions(ByteBuf record) {
        StringBuilder text = new StringBuilder("of ").append(record.getIntLE(record.readerIndex()))
                .append(" partitions, next here:");
        for (int from = record.readerIndex() + 4; from < record.writerIndex(); from += 12) {
            text.append(' ').append(record.getIntLE(from)).append('-').append(record.getLongLE(from + 4));
        }
        return text.toString();
    }

    private static String text(byte[] bytes, int most) {
        return LogProgram.quoted(bytes.length, most, i -> bytes[i]);
    }
}
