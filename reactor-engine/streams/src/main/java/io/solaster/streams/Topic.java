package io.solaster.streams;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

import io.solaster.config.topic.TopicConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.Sharded;
import io.solaster.log.LogStats;
import io.solaster.streams.group.Groups;
import io.solaster.streams.topic.Published;
import io.solaster.streams.topic.TopicStats;
import io.solaster.streams.topic.Topics;
import org.jspecify.annotations.Nullable;

/**
 * Entries in partitions, each of which belongs to a shard: {@link Streams#topic}. Any thread may call.
 *
 * <p>
 * An entry's key says which partition it belongs to. Its entries are in the order in which their shard took them; those that one
 * shard, or one other thread, publishes to one partition are in the order of its calls.
 */
public final class Topic {
    private final Topics topic;
    private final Sharded<Groups> groups;

    Topic(Topics topic, Sharded<Groups> groups) {
        this.topic = topic;
        this.groups = groups;
    }

    /** Its name. */
    public String name() {
        return topic.name();
    }

    /** What it was opened with. */
    public TopicConfig config() {
        return topic.config();
    }

    /** How many partitions it has. */
    public int partitions() {
        return topic.placing().partitions();
    }

    /** The partition of a key. */
    public int partitionOf(byte[] key) {
        return topic.placing().partitionOf(key);
    }

    /** The shard that has a partition, by its number. */
    public int shardOf(int partition) {
        return topic.placing().shardOf(partition);
    }

    /** As {@link #publish(byte[], byte[], Headers)}, without headers. */
    public CompletableFuture<EntryId> publish(byte @Nullable [] key, byte[] value) {
        return publish(key, value, Headers.NONE);
    }

    /**
     * Publishes an entry.
     *
     * @param key says which partition it belongs to; null takes one after the other
     * @param value copied, as the key is
     * @return the entry's id, once it is acknowledged as the topic's {@code fsync} says: on the shard that publishes, else on any
     *         thread. Fails with {@link RejectedExecutionException} where there is no room, on a slow or full disk, for as long as
     *         {@code waitFor}; with {@link io.solaster.log.LogSealedException} where the disk has failed; with
     *         {@link io.solaster.engine.ShardStoppedException} where the shard ends that has the partition. In the last two
     *         cases the entry may be there after a restart
     * @throws RejectedExecutionException if more is not acknowledged than {@code inFlight} or {@code inFlightBytes} allow: see
     *             {@link #whenWritable}
     * @throws IllegalArgumentException if the entry is larger than {@code maxEntry}
     */
    public CompletableFuture<EntryId> publish(byte @Nullable [] key, byte[] value, Headers headers) {
        Shard current = Shard.current();
        CompletableFuture<EntryId> id = current == null ? new CompletableFuture<>() : current.newFuture();
        topic.publish(key, headers.encoded(), value, new Publishing(id));
        return id;
    }

    /**
     * As {@link #publish(byte[], byte[], Headers)}, for whoever publishes much: there is no object for the entry where one hears of
     * many.
     *
     * @param heard told once what has become of the entry, unless this throws
     */
    public void publish(byte @Nullable [] key, byte[] value, Headers headers, Published heard) {
        topic.publish(key, headers.encoded(), value, heard);
    }

    private record Publishing(CompletableFuture<EntryId> id) implements Published {
        @Override
        public void published(int partition, long sequence) {
            id.complete(new EntryId(partition, sequence));
        }

        @Override
        public void failed(Throwable why) {
            id.completeExceptionally(why);
        }
    }

    /**
     * Whether an entry of any size is accepted from the calling thread now. Each shard has a bound of its own, and all other
     * threads have one together.
     */
    public boolean isWritable() {
        return topic.isWritable();
    }

    /** Completes once {@link #isWritable} was so, for all who wait at once. */
    public CompletableFuture<@Nullable Void> whenWritable() {
        return topic.whenWritable();
    }

    /** How all groups fare. Fails where a shard has ended. */
    public CompletableFuture<List<GroupState>> groups() {
        return groups.onAll(Groups::states).thenApply(shards -> {
            Map<String, GroupState> all = new LinkedHashMap<>();
            for (List<Groups.State> shard : shards) {
                for (Groups.State each : shard) {
                    all.merge(each.name(), new GroupState(each.name(), each.members(), each.underWay(), each.lag()),
                            (one, other) -> new GroupState(one.name(), Math.max(one.members(), other.members()),
                                    one.underWay() + other.underWay(), one.lag() + other.lag()));
                }
            }
            return new ArrayList<>(all.values());
        });
    }

    /**
     * Forgets a group and how far it has come. Fails with {@link IllegalStateException} if it has members, and with
     * {@link RejectedExecutionException} where a shard's log has no room for as long as {@code waitFor}: some shards may have
     * forgotten it then, so try again.
     *
     * @return completes when that is in the log
     */
    public CompletableFuture<@Nullable Void> deleteGroup(String group) {
        List<CompletableFuture<?>> all = new ArrayList<>();
        for (Shard shard : engine().shards()) {
            all.add(groups.on(shard.id(), each -> each.remove(group)).thenCompose(settled -> settled));
        }
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).thenApply(done -> null);
    }

    /** What each shard counts, in their order. */
    public List<TopicStats> stats() {
        return topic.stats();
    }

    /** What the log of each shard counts, in their order. */
    public List<LogStats> logStats() {
        return topic.logStats();
    }

    /** What has sealed the log of a shard, which takes no entry until a restart; null if nothing has. */
    public @Nullable Throwable failure() {
        return topic.log().failure();
    }

    /** What keeps a shard from taking room on the disk; null if nothing does. */
    public @Nullable Throwable noRoom() {
        return topic.log().noRoom();
    }

    private Engine engine() {
        return topic.engine();
    }

    Sharded<Groups> parts() {
        return groups;
    }

    Topics opened() {
        return topic;
    }

    @Override
    public String toString() {
        return "topic '" + name() + "'";
    }
}
