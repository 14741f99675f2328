package io.solaster.boot.streams;

import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

import io.solaster.config.check.ConfigTree;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.stats.Counter;
import io.solaster.streams.GroupState;
import io.solaster.streams.Streams;
import io.solaster.streams.Topic;
import io.solaster.streams.topic.TopicStats;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;

/**
 * The topics: partitions and the shards that have them, what was published and delivered, groups and how far behind they are.
 * The shards are asked for the groups, for {@link #PATIENCE} at most.
 */
@Endpoint(id = "streams", defaultAccess = Access.READ_ONLY)
final class StreamsEndpoint {
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final Streams streams;

    StreamsEndpoint(Streams streams) {
        this.streams = streams;
    }

    @ReadOperation
    Map<String, Object> streams() {
        return Map.of("topics", reports(streams.topics()));
    }

    @ReadOperation
    @Nullable
    Object topic(@Selector String name) {
        return reports(streams.topics().stream().filter(each -> each.name().equals(name)).toList()).get(name);
    }

    private static Map<String, Object> reports(Collection<Topic> topics) {
        // All are asked before any is waited for.
        Map<Topic, CompletableFuture<List<GroupState>>> asked = new LinkedHashMap<>();
        topics.forEach(topic -> asked.put(topic, topic.groups()));
        long until = System.nanoTime() + PATIENCE.toNanos();
        Map<String, Object> all = new LinkedHashMap<>();
        asked.forEach((topic, groups) -> all.put(topic.name(), report(topic, groups, until)));
        return all;
    }

    private static Map<String, Object> report(Topic topic, CompletableFuture<List<GroupState>> groups, long until) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("directory", topic.config().directory());
        report.put("order", ConfigTree.written(topic.config().order()));
        report.put("fsync", topic.config().fsync().toString());
        Map<String, Object> shards = new LinkedHashMap<>();
        for (int partition = 0; partition < topic.partitions(); partition++) {
            shards.merge("shard-" + topic.shardOf(partition), 1, (one, other) -> (int) one + (int) other);
        }
        report.put("partitions", topic.partitions());
        report.put("partitionsOn", shards);
        report.put("published", total(topic, stats -> stats.entries));
        report.put("publishedBytes", total(topic, stats -> stats.bytes));
        report.put("refused", total(topic, stats -> stats.refused));
        report.put("delivered", total(topic, stats -> stats.delivered));
        report.put("redelivered", total(topic, stats -> stats.redelivered));
        report.put("acknowledged", total(topic, stats -> stats.acknowledged));
        report.put("failures", total(topic, stats -> stats.failures));
        report.put("missed", total(topic, stats -> stats.missed));
        report.put("dropped", total(topic, stats -> stats.dropped));
        report.put("routed", total(topic, stats -> stats.routed));
        report.put("rejected", total(topic, stats -> stats.rejected));
        report.put("diskBytes", topic.logStats().stream().mapToLong(stats -> stats.diskBytes.get()).sum());
        Throwable failure = topic.failure();
        Throwable noRoom = topic.noRoom();
        report.put("state", failure != null ? "sealed" : noRoom != null ? "full" : "open");
        if (failure != null || noRoom != null) {
            report.put("why", String.valueOf(failure != null ? failure : noRoom));
        }
        groups(report, groups, until);
        return report;
    }

    private static long total(Topic topic, Function<TopicStats, Counter> of) {
        return topic.stats().stream().mapToLong(stats -> of.apply(stats).get()).sum();
    }

    private static void groups(Map<String, Object> report, CompletableFuture<List<GroupState>> asked, long until) {
        try {
            Map<String, Object> groups = new LinkedHashMap<>();
            // On a shard's loop nothing waits.
            for (GroupState group : Shard.current() == null
                    ? asked.get(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS)
                    : asked.getNow(List.of())) {
                Map<String, Object> its = new LinkedHashMap<>();
                its.put("members", group.members());
                its.put("underWay", group.underWay());
                its.put("lag", group.lag());
                groups.put(group.name(), its);
            }
            report.put("groups", groups);
        } catch (TimeoutException e) {
            report.put("groupsUnknown", "a shard has not answered within " + PATIENCE.toSeconds() + " s");
        } catch (ExecutionException e) {
            report.put("groupsUnknown", String.valueOf(ShardFuture.causeOf(e)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
