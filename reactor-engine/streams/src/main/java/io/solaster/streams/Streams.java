package io.solaster.streams;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;

import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.check.ConfigValidator;
import io.solaster.config.topic.TopicConfig;
import io.solaster.config.topic.TopicOrder;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.ShardStoppedException;
import io.solaster.streams.group.Groups;
import io.solaster.streams.group.MemberOptions;
import io.solaster.streams.plugin.PluginShard;
import io.solaster.streams.plugin.Plugins;
import io.solaster.streams.topic.Published;
import io.solaster.streams.topic.Topics;
import org.jspecify.annotations.Nullable;

/**
 * The topics of an engine. Any thread may call, unless a method says otherwise.
 *
 * {@snippet :
 * Streams streams = Streams.open(engine, Map.of("orders", TopicConfig.in("/var/lib/orders").withPartitions(8)));
 * streams.consume("orders", "billing", ConsumeOptions.DEFAULTS, delivery -> bill(delivery.value()));
 * streams.topic("orders").publish(key, value).thenAccept(id -> answer(id));
 * }
 *
 * <p>
 * At least once: an entry that is published is delivered to each group until the group has acknowledged it. After a crash those
 * are delivered again whose acknowledgement was not in the log.
 */
public final class Streams implements AutoCloseable {
    private static final int MOST_NAME = 255;

    private final Engine engine;
    private final @Nullable Plugins plugins;
    private final Map<String, Topic> topics = new LinkedHashMap<>();
    private final Set<Consumption> consumptions = ConcurrentHashMap.newKeySet();

    private Streams(Engine engine, @Nullable Plugins plugins) {
        this.engine = engine;
        this.plugins = plugins;
    }

    /**
     * Opens topics, and makes those that are not there yet. Waits until what is there has been read. The engine closes them when it
     * stops. Not on a shard's loop.
     *
     * @throws io.solaster.config.InvalidConfigException if a configuration is wrong
     * @throws io.solaster.log.LogDamagedException if a topic is not as it was written, be it that a crash has torn its end
     * @throws java.io.UncheckedIOException if the disk fails or is full, or if another process has a directory
     * @throws IllegalArgumentException if a topic has another number of partitions than when it was made
     * @throws IllegalStateException if the engine is stopping
     */
    public static Streams open(Engine engine, Map<String, TopicConfig> topics) {
        return open(engine, topics, null);
    }

    /**
     * As {@link #open(Engine, Map)}, with plug-ins that look at what is published and delivered.
     *
     * @param plugins of the same engine; null for none
     */
    public static Streams open(Engine engine, Map<String, TopicConfig> topics, @Nullable Plugins plugins) {
        Shard.refuseToBlock("opening topics", "do it on another thread");
        List<Violation> violations = ConfigValidator.checkTopics(topics);
        if (!violations.isEmpty()) {
            throw new InvalidConfigException(violations);
        }
        Streams made = new Streams(engine, plugins);
        try {
            topics.forEach((name, config) -> {
                Topics opened = Topics.open(engine, name, config, made::route);
                boolean byKey = config.order() == TopicOrder.KEY;
                made.topics.put(name, new Topic(opened,
                        engine.sharded(shard -> new Groups(opened.part(shard.id()), byKey))));
            });
            made.attach();
            engine.onStop(made::close);
        } catch (RuntimeException failure) {
            made.close();
            throw failure;
        }
        return made;
    }

    private void attach() {
        Plugins looking = plugins;
        if (looking != null) {
            onEach(shard -> engine.submitTo(shard, () -> {
                PluginShard own = looking.shards().on(engine.shard(shard));
                topics.forEach((name, topic) -> own.attach(name, topic.opened().part(shard).gate()));
                return true;
            }));
        }
    }

    /** Waits for no shard: a plug-in may keep one busy for good. */
    private void detach() {
        Plugins looking = plugins;
        if (looking == null) {
            return;
        }
        for (Shard shard : engine.shards()) {
            shard.executeOrElse(() -> {
                PluginShard own = looking.shards().on(shard);
                topics.forEach((name, topic) -> own.detach(name, topic.opened().part(shard.id()).gate()));
            }, () -> {});
        }
    }

    private void route(String name, byte @Nullable [] key, byte[] headers, byte[] value, int hops, Published heard) {
        Topic topic = topics.get(name);
        if (topic == null) {
            // What a plug-in says may be long, and no text.
            String said = name.substring(0, Math.min(name.length(), MOST_NAME)).replaceAll("\\p{Cntrl}", " ");
            throw new IllegalArgumentException("a plug-in sends a message to topic '" + said + "', and there are "
                    + topics.keySet() + "; open one of this name, or mend the plug-in");
        }
        topic.opened().publishRouted(key, headers, value, hops, heard);
    }

    /**
     * A topic.
     *
     * @throws IllegalArgumentException if there is none of this name
     */
    public Topic topic(String name) {
        Topic topic = topics.get(name);
        if (topic == null) {
            throw new IllegalArgumentException("there is no topic '" + name + "': there are " + topics.keySet()
                    + "; hand Streams.open one of this name");
        }
        return topic;
    }

    /** All topics. */
    public Collection<Topic> topics() {
        return List.copyOf(topics.values());
    }

    /**
     * Takes the entries of a topic for a group, from now on until the consumption is closed: those of each partition on the shard
     * that has it. A group that is not there is made. Waits until the log has that. Not on a shard's loop.
     *
     * @throws IllegalArgumentException if there is no such topic, or the group's name has no bytes or more than 255
     * @throws IllegalStateException if there are as many groups, or members, as there may be
     * @throws io.solaster.log.LogSealedException if the disk has failed
     */
    public Consumption consume(String topic, String group, ConsumeOptions options, DeliveryHandler handler) {
        Shard.refuseToBlock("joining group '" + group + "' of topic '" + topic + "'", "do it in a fork");
        int length = group.getBytes(StandardCharsets.UTF_8).length;
        if (length == 0 || length > MOST_NAME) {
            throw new IllegalArgumentException("group '" + group + "': its name has " + length + " bytes; give 1 to "
                    + MOST_NAME);
        }
        Topic of = topic(topic);
        String member = options.member();
        MemberOptions taken = new MemberOptions(
                member == null
                        ? new UUID(engine.environment().secrets().nextLong(),
                                engine.environment().secrets().nextLong()).toString()
                        : member,
                options.entries(), options.bytes().bytes(), options.run() == ConsumeOptions.Run.FORK,
                options.acknowledge() == ConsumeOptions.Acknowledge.ON_RETURN, options.backOff(),
                options.longestBackOff());
        boolean fromOldest = options.start() == ConsumeOptions.Start.OLDEST;
        onEach(shard -> engine.submitStageTo(shard, CallOptions.DEFAULTS,
                () -> of.parts().local().add(group, fromOldest)));
        Groups.@Nullable Place[] places = new Groups.@Nullable Place[engine.shards().size()];
        Consumption made = new Consumption(this, engine, topic, group, places);
        consumptions.add(made);
        try {
            onEach(shard -> engine.submitTo(shard, () -> {
                places[shard] = of.parts().local().join(group, taken,
                        entry -> handler.deliver(new Delivery(engine, entry)));
                return true;
            }));
        } catch (RuntimeException failure) {
            made.stop();
            throw failure;
        }
        return made;
    }

    private interface OnShard {
        CompletableFuture<?> call(int shard);
    }

    /** Waits for all; a shard that has ended is left out. */
    private void onEach(OnShard work) {
        List<CompletableFuture<?>> all = new ArrayList<>();
        for (Shard shard : engine.shards()) {
            all.add(work.call(shard.id()));
        }
        RuntimeException failure = null;
        for (CompletableFuture<?> each : all) {
            try {
                each.join();
            } catch (CompletionException failed) {
                Throwable cause = ShardFuture.causeOf(failed);
                if (!(cause instanceof ShardStoppedException)) {
                    failure = cause instanceof RuntimeException runtime ? runtime : failed;
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    void left(Consumption consumption) {
        consumptions.remove(consumption);
    }

    /**
     * Ends all consumptions, writes what is under way, and lets go of the directories. A second time it does nothing. Not on a
     * shard's loop.
     */
    @Override
    public void close() {
        Shard.refuseToBlock("closing topics", "do it on another thread");
        List<Consumption> open = List.copyOf(consumptions);
        open.forEach(Consumption::stop);
        open.forEach(Consumption::close);
        detach();
        topics.values().forEach(each -> each.opened().close());
    }
}
