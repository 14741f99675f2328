package io.solaster.streams.topic;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.netty.buffer.ByteBuf;

/**
 * How far groups had come by the log of one shard, while what another number of shards has written is read: what one log says of a
 * group's end holds for its own partitions alone, whatever those of other logs say before or after. In one place at a time.
 */
final class WriterGroups {
    /** By group and partition, the record that said so last. */
    private final Map<String, Map<Integer, byte[]>> groups = new HashMap<>();

    /** Takes what is about a group; false for other records. */
    boolean take(int kind, ByteBuf record) {
        if (kind == TopicRecords.GROUP_END) {
            groups.remove(record.toString(StandardCharsets.UTF_8));
            return true;
        }
        if (kind != TopicRecords.CURSOR) {
            return false;
        }
        byte[] copy = new byte[record.readableBytes()];
        record.getBytes(record.readerIndex(), copy);
        groups.computeIfAbsent(TopicRecords.groupOf(record), name -> new HashMap<>())
                .put(TopicRecords.partition(record), copy);
        return true;
    }

    /** What holds at the end, as records. */
    List<byte[]> cursors() {
        return groups.values().stream().flatMap(each -> each.values().stream()).toList();
    }
}
