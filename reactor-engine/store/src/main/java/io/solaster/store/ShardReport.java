package io.solaster.store;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;

/** One shard's numbers for {@code INFO}, or the sum of several shards'. */
record ShardReport(long clients, long connections, long refused, long keys, long expiring, long expired,
        long usedMemory, long liveMemory, long commands, long commandsPerSecond, long foreign, long hits, long misses,
        long bytesIn, long bytesOut, long protocolErrors, long outputOverflows, long idleTimeouts, long failures,
        long cpuMillis, long[] calls) {

    /** Counts since the shard was started, or since its statistics were reset. On the shard. */
    static ShardReport of(StoreShard shard) {
        ShardReport now = total(shard);
        ShardReport then = shard.statisticsBase();
        return then == null ? now : now.since(then);
    }

    /** Counts since the shard was started. On the shard. */
    static ShardReport total(StoreShard shard) {
        StoreStats stats = shard.stats();
        Keyspace keys = shard.keyspace();
        return new ShardReport(shard.clients().size(), shard.connections(), shard.shard().stats().refused.get(),
                keys.size(), keys.expiring(), keys.expired(), keys.usedMemory(), keys.liveBytes(),
                stats.commands.get(), shard.commandsPerSecond(), stats.foreignCommands.get(), stats.hits.get(),
                stats.misses.get(), stats.bytesIn.get(), stats.bytesOut.get(), stats.protocolErrors.get(),
                stats.outputOverflows.get(), stats.idleTimeouts.get(), stats.failures.get(),
                TimeUnit.NANOSECONDS.toMillis(shard.shard().cpuNanos()), shard.callsByCommand().clone());
    }

    private ShardReport since(ShardReport base) {
        long[] callsSince = calls.clone();
        Arrays.setAll(callsSince, i -> calls[i] - base.calls[i]);
        return new ShardReport(clients, connections - base.connections, refused - base.refused, keys, expiring,
                expired - base.expired, usedMemory, liveMemory, commands - base.commands, commandsPerSecond,
                foreign - base.foreign, hits - base.hits, misses - base.misses, bytesIn - base.bytesIn,
                bytesOut - base.bytesOut, protocolErrors - base.protocolErrors,
                outputOverflows - base.outputOverflows, idleTimeouts - base.idleTimeouts, failures - base.failures,
                cpuMillis, callsSince);
    }

    static ShardReport sum(List<ShardReport> shards) {
        ShardReport sum = shards.get(0);
        for (ShardReport shard : shards.subList(1, shards.size())) {
            sum = sum.plus(shard);
        }
        return sum;
    }

    private ShardReport plus(ShardReport other) {
        long[] both = calls.clone();
        Arrays.setAll(both, i -> calls[i] + other.calls[i]);
        return new ShardReport(clients + other.clients, connections + other.connections, refused + other.refused,
                keys + other.keys, expiring + other.expiring, expired + other.expired, usedMemory + other.usedMemory,
                liveMemory + other.liveMemory, commands + other.commands,
                commandsPerSecond + other.commandsPerSecond, foreign + other.foreign, hits + other.hits,
                misses + other.misses, bytesIn + other.bytesIn, bytesOut + other.bytesOut,
                protocolErrors + other.protocolErrors, outputOverflows + other.outputOverflows,
                idleTimeouts + other.idleTimeouts, failures + other.failures, cpuMillis + other.cpuMillis, both);
    }
}
