package io.solaster.config.topic;

import java.time.Duration;

import io.solaster.config.log.LogConfig;
import io.solaster.config.log.RetainConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * One topic: entries in partitions, each of which belongs to a shard, in a log that each shard writes for all of its own. One that
 * code hands to {@code Streams.open} is checked by {@link io.solaster.config.check.ConfigValidator#checkTopics}.
 *
 * @param directory where the topic lies; made where it is not there, and belongs to one process at a time. If none is named, the
 *            topic's name below solaster.streams.directory
 * @param partitions how many, 1 to 16384; an entry's key says which one is its own, and it cannot be changed later
 * @param order 'none': any member of a group takes the next entry; 'key': each partition has one member, and a key's entries
 *            come one after the other
 * @param fsync what it means that an entry is published: 'always' that it was synced; a time such as '1s' that it was written
 *            and is synced within that; 'never' that it was written, and the operating system syncs it sometime
 * @param segment how large a file of the log gets; room for the next one is taken ahead
 * @param buffer how many bytes a shard may have taken that are not written yet
 * @param maxEntry how large an entry may be: key, headers and value; less than a quarter of the buffer
 * @param inFlight how many entries a shard, or all other threads together, may have published that are not acknowledged;
 *            more are refused
 * @param inFlightBytes how many bytes those may be
 * @param waitFor how long an entry waits for room in the log, such as for a slow disk, before it is refused
 * @param maxGroups how many groups there may be
 * @param retain what goes by itself
 */
@ConfigurationPropertiesSource
public record TopicConfig(@DefaultValue("") String directory,
        @DefaultValue("1") @Range(min = 1, max = 16384) int partitions, @DefaultValue("none") TopicOrder order,
        @DefaultValue("always") Fsync fsync, @DefaultValue("64MB") ByteSize segment,
        @DefaultValue("8MB") ByteSize buffer, @DefaultValue("1MB") ByteSize maxEntry,
        @DefaultValue("65536") @Range(min = 1, max = 1 << 24) int inFlight,
        @DefaultValue("16MB") ByteSize inFlightBytes, @DefaultValue("1s") Duration waitFor,
        @DefaultValue("1024") @Range(min = 1, max = 1 << 20) int maxGroups,
        @NestedConfigurationProperty @DefaultValue TopicRetainConfig retain) {

    /** One partition in no order, synced before it is acknowledged, of which everything is kept. */
    public static TopicConfig in(String directory) {
        return new TopicConfig(directory, 1, TopicOrder.NONE, Fsync.ALWAYS, new ByteSize(64 << 20),
                new ByteSize(8 << 20), new ByteSize(1 << 20), 65536, new ByteSize(16 << 20), Duration.ofSeconds(1),
                1024, TopicRetainConfig.everything());
    }

    /** This in another directory. */
    public TopicConfig withDirectory(String newDirectory) {
        return new TopicConfig(newDirectory, partitions, order, fsync, segment, buffer, maxEntry, inFlight,
                inFlightBytes, waitFor, maxGroups, retain);
    }

    /** This with so many partitions. */
    public TopicConfig withPartitions(int newPartitions) {
        return new TopicConfig(directory, newPartitions, order, fsync, segment, buffer, maxEntry, inFlight,
                inFlightBytes, waitFor, maxGroups, retain);
    }

    /** This with another order. */
    public TopicConfig withOrder(TopicOrder newOrder) {
        return new TopicConfig(directory, partitions, newOrder, fsync, segment, buffer, maxEntry, inFlight,
                inFlightBytes, waitFor, maxGroups, retain);
    }

    /** This with another meaning of acknowledgements. */
    public TopicConfig withFsync(Fsync newFsync) {
        return new TopicConfig(directory, partitions, order, newFsync, segment, buffer, maxEntry, inFlight,
                inFlightBytes, waitFor, maxGroups, retain);
    }

    /** This with files, a buffer and entries of other sizes. */
    public TopicConfig withSizes(ByteSize newSegment, ByteSize newBuffer, ByteSize newMaxEntry) {
        return new TopicConfig(directory, partitions, order, fsync, newSegment, newBuffer, newMaxEntry, inFlight,
                inFlightBytes, waitFor, maxGroups, retain);
    }

    /** This with other bounds on entries that are not acknowledged yet, and another time to wait for room. */
    public TopicConfig withInFlight(int newInFlight, ByteSize newInFlightBytes, Duration newWaitFor) {
        return new TopicConfig(directory, partitions, order, fsync, segment, buffer, maxEntry, newInFlight,
                newInFlightBytes, newWaitFor, maxGroups, retain);
    }

    /** This with another bound on groups. */
    public TopicConfig withMaxGroups(int newMaxGroups) {
        return new TopicConfig(directory, partitions, order, fsync, segment, buffer, maxEntry, inFlight,
                inFlightBytes, waitFor, newMaxGroups, retain);
    }

    /** This, keeping something else. */
    public TopicConfig withRetain(TopicRetainConfig newRetain) {
        return new TopicConfig(directory, partitions, order, fsync, segment, buffer, maxEntry, inFlight,
                inFlightBytes, waitFor, maxGroups, newRetain);
    }

    /** The log of its shards, in a directory below its own. */
    public LogConfig log(String below) {
        return new LogConfig(below, fsync, segment, buffer, 1 << 20, new RetainConfig(retain.size(), retain.age()));
    }
}
