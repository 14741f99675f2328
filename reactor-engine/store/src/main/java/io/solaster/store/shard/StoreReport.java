package io.solaster.store.shard;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.stats.StoreStats;
import io.solaster.streams.subscribe.Subscriptions;

/** One shard's numbers for {@code INFO}, or the sum of several shards'. */
public final class StoreReport {

    public enum Item {
        CLIENTS, BLOCKED, CONNECTIONS, REFUSED, KEYS, EXPIRING, EXPIRED, EVICTED, USED_MEMORY, LIVE_MEMORY, COMMANDS, COMMANDS_PER_SECOND, FOREIGN, HITS, MISSES, BYTES_IN, BYTES_OUT, PROTOCOL_ERRORS, OUTPUT_OVERFLOWS, IDLE_TIMEOUTS, FAILURES, ERRORS, CPU_NANOS, CLIENT_BYTES, MOST_INPUT, MOST_OUTPUT, CHANNELS, PATTERNS, SHARD_CHANNELS, TRACKING, TRACKED_KEYS, TRACKED_ITEMS, TRACKED_PREFIXES
    }

    /** What is so and so now, and is not reset with the statistics. */
    private static final EnumSet<Item> STATES = EnumSet.of(Item.CHANNELS, Item.PATTERNS, Item.SHARD_CHANNELS,
            Item.TRACKING, Item.TRACKED_KEYS, Item.TRACKED_ITEMS, Item.TRACKED_PREFIXES,
            Item.CLIENTS, Item.BLOCKED, Item.KEYS, Item.EXPIRING,
            Item.USED_MEMORY, Item.LIVE_MEMORY, Item.COMMANDS_PER_SECOND, Item.CPU_NANOS, Item.CLIENT_BYTES,
            Item.MOST_INPUT, Item.MOST_OUTPUT);
    /** Of which the largest of all shards counts, and not their sum. */
    private static final EnumSet<Item> LARGEST = EnumSet.of(Item.MOST_INPUT, Item.MOST_OUTPUT,
            Item.TRACKED_PREFIXES);

    private final Map<Item, Long> values = new EnumMap<>(Item.class);
    private final CommandCounts commands;
    /** By number: how many keys, and how many of them expire. */
    private final List<long[]> databases = new ArrayList<>();
    private final Map<String, Long> errors = new TreeMap<>();

    private StoreReport(CommandCounts commands) {
        this.commands = commands;
    }

    /** What a shard counts since it was started, or since its statistics were reset. On the shard. */
    public static StoreReport of(StoreShard shard) {
        StoreReport report = total(shard);
        StoreReport base = shard.statisticsBase();
        if (base != null) {
            report.add(base, -1);
        }
        return report;
    }

    /** What a shard counts since it was started. On the shard. */
    public static StoreReport total(StoreShard shard) {
        StoreReport report = new StoreReport(shard.counts().copy());
        report.errors.putAll(shard.errors().counts());
        Keyspace keys = shard.keyspace();
        for (int i = 0; i < keys.databases(); i++) {
            report.databases.add(new long[]{keys.size(i), keys.expiring(i)});
        }
        for (Item item : Item.values()) {
            report.values.put(item, value(shard, item));
        }
        return report;
    }

    private static long value(StoreShard shard, Item item) {
        Keyspace keys = shard.keyspace();
        StoreStats stats = shard.stats();
        return switch (item) {
            case CLIENTS -> shard.clients().size();
            case BLOCKED -> shard.clients().stream().filter(Client::isBlocked).count();
            case CONNECTIONS -> shard.connections();
            case REFUSED -> shard.shard().stats().refused.get();
            case KEYS -> keys.size();
            case EXPIRING -> keys.expiring();
            case EXPIRED -> keys.expired();
            case EVICTED -> keys.evicted();
            case USED_MEMORY -> keys.usedMemory();
            case LIVE_MEMORY -> keys.liveBytes();
            case COMMANDS -> stats.commands.get();
            case COMMANDS_PER_SECOND -> shard.commandsPerSecond();
            case FOREIGN -> stats.foreignCommands.get();
            case CHANNELS -> shard.subscriptions().told(Subscriptions.CHANNEL);
            case PATTERNS -> shard.subscriptions().told(Subscriptions.PATTERN);
            case SHARD_CHANNELS -> shard.subscriptions().told(Subscriptions.SHARD_CHANNEL);
            case TRACKING -> shard.clients().stream().filter(each -> each.state().tracker() != null).count();
            case TRACKED_KEYS -> shard.tracking() == null ? 0 : shard.tracking().keys();
            case TRACKED_ITEMS -> shard.tracking() == null ? 0 : shard.tracking().items();
            case TRACKED_PREFIXES -> shard.tracking() == null ? 0 : shard.tracking().prefixes();
            case HITS -> stats.hits.get();
            case MISSES -> stats.misses.get();
            case BYTES_IN -> stats.bytesIn.get();
            case BYTES_OUT -> stats.bytesOut.get();
            case PROTOCOL_ERRORS -> stats.protocolErrors.get();
            case OUTPUT_OVERFLOWS -> stats.outputOverflows.get();
            case IDLE_TIMEOUTS -> stats.idleTimeouts.get();
            case FAILURES -> stats.failures.get();
            case ERRORS -> shard.call().reply().errors();
            case CLIENT_BYTES ->
                shard.clients().stream().mapToLong(each -> each.inputBytes() + each.outputBytes()).sum();
            case MOST_INPUT -> shard.clients().stream().mapToLong(Client::inputBytes).max().orElse(0);
            case MOST_OUTPUT -> shard.clients().stream().mapToLong(Client::outputBytes).max().orElse(0);
            case CPU_NANOS -> shard.shard().cpuNanos();
        };
    }

    public static StoreReport sum(List<StoreReport> shards) {
        StoreReport sum = new StoreReport(shards.getFirst().commands.zeros());
        shards.forEach(shard -> sum.add(shard, 1));
        return sum;
    }

    private void add(StoreReport other, int sign) {
        other.values.forEach((item, value) -> {
            if (sign > 0 || !STATES.contains(item)) {
                values.merge(item, sign * value, LARGEST.contains(item) ? Math::max : Long::sum);
            }
        });
        for (int i = 0; sign > 0 && i < other.databases.size(); i++) {
            if (i == databases.size()) {
                databases.add(new long[2]);
            }
            databases.get(i)[0] += other.databases.get(i)[0];
            databases.get(i)[1] += other.databases.get(i)[1];
        }
        commands.add(other.commands, sign);
        other.errors.forEach((code, count) -> errors.merge(code, sign * count, Long::sum));
    }

    public long get(Item item) {
        return values.getOrDefault(item, 0L);
    }

    /** How many databases there are numbers of. */
    public int databases() {
        return databases.size();
    }

    /** Keys of a database. */
    public long keys(int database) {
        return databases.get(database)[0];
    }

    /** Keys of a database that expire. */
    public long expiring(int database) {
        return databases.get(database)[1];
    }

    /** How often each code of an error was answered, such as {@code WRONGTYPE}. */
    public Map<String, Long> errors() {
        return errors;
    }

    /** How often each command was run. */
    public CommandCounts commands() {
        return commands;
    }
}
