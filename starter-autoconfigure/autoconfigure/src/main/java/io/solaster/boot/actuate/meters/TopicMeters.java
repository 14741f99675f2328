package io.solaster.boot.actuate.meters;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.solaster.engine.stats.Counter;
import io.solaster.streams.GroupState;
import io.solaster.streams.Topic;
import io.solaster.streams.topic.TopicStats;

/**
 * What topics count, summed over the shards; the tag {@code topic} names each, and {@code group} each of its groups. What their
 * logs count, {@link LogMeters} tells.
 */
final class TopicMeters implements MeterBinder {
    private final List<Topic> topics;
    private final List<OfGroups> bound = new CopyOnWriteArrayList<>();
    private final Sampler<List<OfTopic>> groups = new Sampler<>(List.of(), this::ask);

    TopicMeters(Collection<Topic> topics) {
        this.topics = List.copyOf(topics);
    }

    private record OfTopic(String topic, List<GroupState> groups) {}

    private record OfGroups(MultiGauge lag, MultiGauge pending, MultiGauge members) {}

    @Override
    public void bindTo(MeterRegistry registry) {
        bound.add(new OfGroups(
                MultiGauge.builder("solaster.streams.lag")
                        .description("Entries that a group has not acknowledged, given to somebody or not")
                        .register(registry),
                MultiGauge.builder("solaster.streams.pending")
                        .description("Entries that are given to members of a group and not acknowledged")
                        .register(registry),
                MultiGauge.builder("solaster.streams.members").description("Who takes entries for a group")
                        .register(registry)));
        topics.forEach(topic -> bind(registry, topic, Tags.of("topic", topic.name())));
    }

    private void bind(MeterRegistry registry, Topic topic, Tags tags) {
        count(registry, topic, tags, "published", "Entries taken into the log", stats -> stats.entries);
        FunctionCounter.builder("solaster.streams.bytes", topic, t -> total(t, stats -> stats.bytes)).tags(tags)
                .baseUnit("bytes").description("Bytes of keys, headers and values of entries taken").register(registry);
        count(registry, topic, tags, "refused", "Entries refused for want of room", stats -> stats.refused);
        count(registry, topic, tags, "delivered", "Entries given to handlers, again too", stats -> stats.delivered);
        count(registry, topic, tags, "redelivered", "Entries given again", stats -> stats.redelivered);
        count(registry, topic, tags, "acknowledged", "Entries acknowledged by groups", stats -> stats.acknowledged);
        count(registry, topic, tags, "failures", "Times that a handler threw", stats -> stats.failures);
        count(registry, topic, tags, "missed", "Times that retention had taken entries which a group had not had",
                stats -> stats.missed);
        count(registry, topic, tags, "read.failures", "Times that entries could not be read from the disk",
                stats -> stats.readFailures);
        count(registry, topic, tags, "dropped", "Entries that a plug-in dropped", stats -> stats.dropped);
        count(registry, topic, tags, "routed", "Entries that a plug-in sent to another topic", stats -> stats.routed);
        count(registry, topic, tags, "rejected", "Times that an entry could not go on since a plug-in failed",
                stats -> stats.rejected);
        // Whoever reads this one has the groups' gauges brought up to date.
        Gauge.builder("solaster.streams.groups", topic, this::groupsOf).tags(tags).description("Groups")
                .register(registry);
    }

    private static void count(MeterRegistry registry, Topic topic, Tags tags, String name, String description,
            Function<TopicStats, Counter> count) {
        FunctionCounter.builder("solaster.streams." + name, topic, t -> total(t, count)).tags(tags)
                .description(description).register(registry);
    }

    private static double total(Topic topic, Function<TopicStats, Counter> of) {
        return topic.stats().stream().mapToLong(stats -> of.apply(stats).get()).sum();
    }

    private double groupsOf(Topic topic) {
        return groups.get().stream().filter(each -> each.topic.equals(topic.name())).findFirst()
                .map(each -> each.groups.size()).orElse(0);
    }

    private CompletableFuture<List<OfTopic>> ask() {
        List<CompletableFuture<OfTopic>> all = new ArrayList<>();
        topics.forEach(topic -> all.add(topic.groups().thenApply(states -> new OfTopic(topic.name(), states))));
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).thenApply(done -> {
            List<OfTopic> found = all.stream().map(CompletableFuture::join).toList();
            bound.forEach(each -> {
                each.lag.register(rows(found, GroupState::lag), true);
                each.pending.register(rows(found, GroupState::underWay), true);
                each.members.register(rows(found, GroupState::members), true);
            });
            return found;
        });
    }

    private static List<Row<?>> rows(List<OfTopic> all, Function<GroupState, Number> value) {
        List<Row<?>> rows = new ArrayList<>();
        for (OfTopic each : all) {
            each.groups.forEach(group -> rows
                    .add(Row.of(Tags.of("topic", each.topic, "group", group.name()), value.apply(group))));
        }
        return rows;
    }
}
