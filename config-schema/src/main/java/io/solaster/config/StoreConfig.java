package io.solaster.config;

import java.util.Locale;
import java.util.Map;

import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The store: what its keys may take, what goes where they would take more, and who may do what.
 *
 * @param maxMemory what the keys of all shards may take together, their table included; 0 for what 'solaster.engine.memory'
 *            allows. 'CONFIG SET maxmemory' changes it while the store runs
 * @param eviction which keys go where memory is full, as Redis names it: 'noeviction' to refuse what needs more instead
 * @param evictionSamples keys that are looked at for each that goes: more find a better one, and take longer
 * @param maxGathered what one command on several sets, or one that sorts, may copy on one shard before it answers; beyond
 *            that it is refused. This counts as memory in use while the command runs
 * @param databases how many there are: 'SELECT' takes numbers from 0 to one less. One costs memory once it is selected, some 4 KiB
 *            on each shard
 * @param cluster whether clients of Redis Cluster are answered, such as Lettuce's and Jedis's: this process is the one node then
 *            that serves all slots. Database 0 is the only one then
 * @param users who may log in, by name, with what 'ACL SETUSER' takes: 'on >password ~cache:* +@read'. In place of a password may
 *            stand its SHA-256: '#' and 64 digits. 'ACL SETUSER' changes users until the process ends
 * @param debug whether 'DEBUG' is there, which is for tests
 * @param notifyKeyspaceEvents of which events of keys subscribers are told, in Redis's letters, such as 'Ex' for the names of keys
 *            that expire: 'K' or 'E', or both, and of 'g$lshzxetdmn' those that are wanted, or 'A'. Empty for none, which costs
 *            nothing. 'CONFIG SET notify-keyspace-events' changes it while the store runs
 * @param persistence what keeps the keys over a restart; without a directory nothing does
 */
public record StoreConfig(@DefaultValue("0B") ByteSize maxMemory, @DefaultValue("noeviction") Eviction eviction,
        @DefaultValue("5") @Range(min = 1, max = StoreConfig.MAX_SAMPLES) int evictionSamples,
        @DefaultValue("1GB") ByteSize maxGathered,
        @DefaultValue("16") @Range(min = 1, max = StoreConfig.MAX_DATABASES) int databases,
        @DefaultValue("false") boolean cluster, @DefaultValue Map<String, String> users,
        @DefaultValue("false") boolean debug, @DefaultValue("") String notifyKeyspaceEvents,
        @NestedConfigurationProperty @DefaultValue StorePersistenceConfig persistence) {
    /** The most {@link #evictionSamples}. */
    public static final int MAX_SAMPLES = 64;
    /** The most {@link #databases}. */
    public static final int MAX_DATABASES = 256;

    /** What an empty configuration gives. */
    public static StoreConfig defaults() {
        return new StoreConfig(new ByteSize(0), Eviction.NOEVICTION, 5, ByteSize.valueOf("1GB"), 16, false, Map.of(),
                false,
                "",
                StorePersistenceConfig.none());
    }

    /** This with other limits of memory. */
    public StoreConfig withMemory(ByteSize newMaxMemory, Eviction newEviction, int newEvictionSamples) {
        return new StoreConfig(newMaxMemory, newEviction, newEvictionSamples, maxGathered, databases, cluster, users,
                debug,
                notifyKeyspaceEvents, persistence);
    }

    /** This with another limit of what one command may copy. */
    public StoreConfig withMaxGathered(ByteSize newMaxGathered) {
        return new StoreConfig(maxMemory, eviction, evictionSamples, newMaxGathered, databases, cluster, users, debug,
                notifyKeyspaceEvents, persistence);
    }

    /** This with another number of databases. */
    public StoreConfig withDatabases(int newDatabases) {
        return new StoreConfig(maxMemory, eviction, evictionSamples, maxGathered, newDatabases, cluster, users, debug,
                notifyKeyspaceEvents, persistence);
    }

    /** This with or without clients of Redis Cluster. */
    public StoreConfig withCluster(boolean newCluster) {
        return new StoreConfig(maxMemory, eviction, evictionSamples, maxGathered, databases, newCluster, users, debug,
                notifyKeyspaceEvents, persistence);
    }

    /** This with other users. */
    public StoreConfig withUsers(Map<String, String> newUsers) {
        return new StoreConfig(maxMemory, eviction, evictionSamples, maxGathered, databases, cluster, newUsers, debug,
                notifyKeyspaceEvents, persistence);
    }

    /** This with or without 'DEBUG'. */
    public StoreConfig withDebug(boolean newDebug) {
        return new StoreConfig(maxMemory, eviction, evictionSamples, maxGathered, databases, cluster, users, newDebug,
                notifyKeyspaceEvents, persistence);
    }

    /** This with other events. */
    public StoreConfig withNotifyKeyspaceEvents(String newNotifyKeyspaceEvents) {
        return new StoreConfig(maxMemory, eviction, evictionSamples, maxGathered, databases, cluster, users, debug,
                newNotifyKeyspaceEvents, persistence);
    }

    /** This, kept as said. */
    public StoreConfig withPersistence(StorePersistenceConfig newPersistence) {
        return new StoreConfig(maxMemory, eviction, evictionSamples, maxGathered, databases, cluster, users, debug,
                notifyKeyspaceEvents, newPersistence);
    }

    /** Everything but what is known of users, whose passwords must not reach a log. */
    @Override
    public String toString() {
        return "StoreConfig[maxMemory=" + maxMemory + ", eviction=" + eviction + ", evictionSamples=" + evictionSamples
                + ", maxGathered=" + maxGathered + ", databases=" + databases + ", cluster=" + cluster + ", users="
                + users.keySet() + ", debug="
                + debug
                + ", notifyKeyspaceEvents=" + notifyKeyspaceEvents + ", persistence=" + persistence + "]";
    }

    /** Which keys go. */
    public enum Eviction {
        /** None: commands that may need memory are refused. */
        NOEVICTION,
        /** Of all, those that were not used for the longest time. */
        ALLKEYS_LRU,
        /** Of all, those that are used least often. */
        ALLKEYS_LFU,
        /** Of all, any. */
        ALLKEYS_RANDOM,
        /** Of those that expire, those that were not used for the longest time. */
        VOLATILE_LRU,
        /** Of those that expire, those that are used least often. */
        VOLATILE_LFU,
        /** Of those that expire, any. */
        VOLATILE_RANDOM,
        /** Of those that expire, those that expire first. */
        VOLATILE_TTL;

        /** As Redis writes it. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }
}
