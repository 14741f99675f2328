package io.solaster.streams.plugin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ToLongFunction;

import io.solaster.config.plugin.PluginConfig;
import io.solaster.config.plugin.PluginConfig.At;
import io.solaster.config.plugin.PluginConfig.OnFailure;
import io.solaster.config.topic.TopicConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.engine.stats.Counter;
import io.solaster.streams.ConsumeOptions;
import io.solaster.streams.EntryId;
import io.solaster.streams.Streams;
import io.solaster.streams.Topic;
import io.solaster.streams.topic.TopicStats;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Plug-ins that look at what is published to topics, and at what their groups are given. */
final class TopicPluginTest {
    /** By the first letter of a value. */
    private static final String BY_LETTER = "public Verdict process(MessageView view) { switch (view.byteAt(0)) {"
            + "case 'd': return Verdict.DROP;"
            + "case 'r': return view.replace((\"R\" + new String(view.value())).getBytes());"
            + "case 'o': return view.route(\"other\");"
            + "case 'n': return view.route(\"nowhere\");"
            + "case 'l': return view.replace(new byte[5000]);"
            + "case 't': throw new IllegalStateException(\"planted\");"
            + "default: return Verdict.CONTINUE; } }";
    private static final String DROPS_ALL = "public Verdict process(MessageView view) { return Verdict.DROP; }";
    private static final ConsumeOptions QUICK = ConsumeOptions.DEFAULTS.withBackOff(Duration.ofMillis(1),
            Duration.ofMillis(5));

    @TempDir
    Path plugins;
    @TempDir
    Path topics;
    private PluginRig rig;
    private Streams streams;

    @BeforeEach
    void engine() {
        rig = new PluginRig(plugins);
    }

    @AfterEach
    void stop() {
        rig.close();
    }

    private void open(String... names) {
        rig.start();
        Map<String, TopicConfig> all = new LinkedHashMap<>();
        for (String name : names) {
            all.put(name, TopicConfig.in(topics.resolve(name).toString()).withPartitions(4).withFsync(Fsync.NEVER)
                    .withSizes(new ByteSize(1 << 20), new ByteSize(256 << 10), new ByteSize(4 << 10))
                    .withInFlight(65536, new ByteSize(16 << 20), Duration.ofMinutes(1)));
        }
        streams = Streams.open(rig.engine, all, rig.plugins());
    }

    private static PluginConfig at(At at, OnFailure onFailure, String... names) {
        return PluginRig.config(names).withAt(at).withOnFailure(onFailure).withMaxFailures(1_000_000);
    }

    private static EntryId get(CompletableFuture<EntryId> id) {
        try {
            return id.get(1, TimeUnit.MINUTES);
        } catch (Exception e) {
            throw new AssertionError(e.getCause() == null ? e : e.getCause());
        }
    }

    private EntryId publish(String topic, String value) {
        return get(streams.topic(topic).publish("key".getBytes(UTF_8), value.getBytes(UTF_8)));
    }

    private List<String> consume(String topic) {
        List<String> got = Collections.synchronizedList(new ArrayList<>());
        streams.consume(topic, "g", QUICK, delivery -> got.add(new String(delivery.value(), UTF_8)));
        return got;
    }

    private long lag(String topic) {
        return streams.topic(topic).groups().join().stream().mapToLong(each -> each.lag()).sum();
    }

    private long sum(String topic, ToLongFunction<TopicStats> count) {
        return streams.topic(topic).stats().stream().mapToLong(count).sum();
    }

    private static ToLongFunction<TopicStats> of(Function<TopicStats, Counter> counter) {
        return stats -> counter.apply(stats).get();
    }

    @Test
    void whatIsPublishedGoesOnIsDroppedReplacedOrRouted() {
        rig.put("a.jar", PluginJar.of("a", "1.0.0", BY_LETTER));
        rig.put("b.jar", PluginJar.of("b", "1.0.0", DROPS_ALL));
        rig.with("a", at(At.PUBLISH, OnFailure.PASS, "orders")).with("b", at(At.PUBLISH, OnFailure.PASS, "other"));
        open("orders", "other");
        List<String> got = consume("orders");
        List<String> other = consume("other");
        assertThat(publish("orders", "continue").isKept()).isTrue();
        assertThat(publish("orders", "drop").isKept()).isFalse();
        assertThat(publish("orders", "replace").sequence()).isEqualTo(2);
        assertThat(publish("orders", "other").isKept()).isFalse();
        assertThat(publish("other", "by itself").isKept()).as("looked at by b").isFalse();
        assertThat(publish("orders", "end").sequence()).isEqualTo(3);
        PluginRig.eventually(() -> lag("orders") + lag("other") == 0);
        assertThat(got).containsExactlyInAnyOrder("continue", "Rreplace", "end");
        assertThat(other).as("what is routed passes b by").containsExactly("other");
        assertThat(sum("orders", of(stats -> stats.dropped))).isEqualTo(1);
        assertThat(sum("orders", of(stats -> stats.routed))).isEqualTo(1);
        assertThat(rig.stats("a")).satisfies(stats -> {
            assertThat(stats.calls()).isEqualTo(5);
            assertThat(stats.drops()).isEqualTo(1);
            assertThat(stats.replaces()).isEqualTo(1);
            assertThat(stats.routes()).isEqualTo(1);
            assertThat(stats.nanos()).isPositive();
        });
    }

    @Test
    void whatIsRoutedToItsOwnTopicAtPublishIsThereOnce() {
        rig.put("a.jar", PluginJar.of("a", "1.0.0",
                "public Verdict process(MessageView view) { return view.route(view.topic()); }"));
        rig.with("a", at(At.PUBLISH, OnFailure.PASS, "orders"));
        open("orders");
        Topic topic = streams.topic("orders");
        List<String> got = consume("orders");
        byte[] key = "key".getBytes(UTF_8);
        int count = 6000;
        String filler = "x".repeat(200);
        List<CompletableFuture<EntryId>> all = new ArrayList<>();
        rig.engine.submitTo(topic.shardOf(topic.partitionOf(key)), () -> {
            for (int i = 0; i < count; i++) {
                all.add(topic.publish(key, (i + filler).getBytes(UTF_8)));
            }
            return true;
        }).join();
        all.forEach(each -> assertThat(get(each).isKept()).isFalse());
        PluginRig.eventually(() -> lag("orders") == 0);
        assertThat(got).hasSize(count).doesNotHaveDuplicates();
        assertThat(sum("orders", of(stats -> stats.entries))).isEqualTo(count);
    }

    @Test
    void whatCannotBePublishedAsAPluginSaysIsRefusedByName() {
        rig.put("a.jar", PluginJar.of("a", "1.0.0", BY_LETTER));
        rig.with("a", at(At.PUBLISH, OnFailure.PASS, "orders"));
        open("orders");
        List<String> got = consume("orders");
        Topic topic = streams.topic("orders");
        List<CompletableFuture<EntryId>> all = new ArrayList<>();
        rig.engine.submitTo(0, () -> {
            for (String each : List.of("a", "nowhere", "b", "large", "c", "other")) {
                all.add(topic.publish("key".getBytes(UTF_8), each.getBytes(UTF_8)));
            }
            return true;
        }).join();
        assertThatThrownBy(() -> get(all.get(1))).hasStackTraceContaining("'nowhere', and there are [orders]");
        assertThatThrownBy(() -> get(all.get(3))).hasStackTraceContaining("an entry of 5003 bytes");
        assertThatThrownBy(() -> get(all.get(5))).hasStackTraceContaining("topic 'other'");
        assertThat(List.of(get(all.get(0)), get(all.get(2)), get(all.get(4)))).extracting(EntryId::sequence)
                .containsExactly(1L, 2L, 3L);
        PluginRig.eventually(() -> lag("orders") == 0);
        assertThat(got).containsExactlyInAnyOrder("a", "b", "c");
        assertThat(sum("orders", of(stats -> stats.rejected))).isEqualTo(3);
    }

    @ParameterizedTest
    @EnumSource(ConsumeOptions.Run.class)
    void whatIsDeliveredGoesOnIsDroppedReplacedOrRouted(ConsumeOptions.Run run) {
        rig.put("a.jar", PluginJar.of("a", "1.0.0", BY_LETTER));
        rig.put("b.jar", PluginJar.of("b", "1.0.0", DROPS_ALL));
        rig.with("a", at(At.DELIVERY, OnFailure.PASS, "orders")).with("b", at(At.PUBLISH, OnFailure.PASS, "other"));
        open("orders", "other");
        List<String> got = Collections.synchronizedList(new ArrayList<>());
        streams.consume("orders", "g", QUICK.withRun(run), delivery -> {
            got.add(new String(delivery.value(), UTF_8));
            if (delivery.attempt() == 1) {
                throw new IllegalStateException("planted");
            }
        });
        List<String> other = consume("other");
        for (String each : List.of("continue", "drop", "replace", "other", "throws")) {
            assertThat(publish("orders", each).isKept()).isTrue();
        }
        PluginRig.eventually(() -> lag("orders") + lag("other") == 0);
        assertThat(got).as("a plug-in looks at each attempt, at the entry as it was published")
                .containsExactlyInAnyOrder("continue", "continue", "Rreplace", "Rreplace", "throws", "throws");
        assertThat(other).containsExactly("other");
    }

    @Test
    void whatIsRoutedToItsOwnTopicAtDeliveryGoesToItsGroupInstead() {
        rig.put("a.jar", PluginJar.of("a", "1.0.0",
                "public Verdict process(MessageView view) { return view.route(view.topic()); }"));
        rig.with("a", at(At.DELIVERY, OnFailure.PASS, "orders"));
        open("orders");
        List<String> got = consume("orders");
        List<String> second = Collections.synchronizedList(new ArrayList<>());
        streams.consume("orders", "second", QUICK, delivery -> second.add(new String(delivery.value(), UTF_8)));
        publish("orders", "round");
        PluginRig.eventually(() -> lag("orders") == 0);
        assertThat(got).containsExactly("round");
        assertThat(second).containsExactly("round");
        assertThat(sum("orders", of(stats -> stats.entries))).isEqualTo(1);
        assertThat(sum("orders", of(stats -> stats.routed))).isZero();
        assertThat(sum("orders", of(stats -> stats.rejected))).isEqualTo(2);
    }

    @Test
    void whatGoesRoundInACircleEnds() {
        rig.put("a.jar", PluginJar.of("a", "1.0.0", "public Verdict process(MessageView view) {"
                + "return view.route(view.topic().equals(\"orders\") ? \"other\" : \"orders\"); }"));
        rig.with("a", at(At.DELIVERY, OnFailure.PASS, "orders", "other"));
        open("orders", "other");
        List<String> got = consume("orders");
        List<String> other = consume("other");
        publish("orders", "round");
        PluginRig.eventually(() -> sum("other", of(stats -> stats.rejected)) == 1);
        PluginRig.eventually(() -> lag("orders") + lag("other") == 0);
        assertThat(got).isEmpty();
        assertThat(other).containsExactly("round");
        assertThat(sum("orders", of(stats -> stats.routed)) + sum("other", of(stats -> stats.routed))).isEqualTo(3);
    }

    @ParameterizedTest
    @EnumSource(OnFailure.class)
    void whatFailsAtPublishPassesIsDroppedOrRejected(OnFailure onFailure) {
        rig.put("a.jar", PluginJar.of("a", "1.0.0", BY_LETTER));
        rig.with("a", at(At.PUBLISH, onFailure, "orders"));
        open("orders");
        CompletableFuture<EntryId> id = streams.topic("orders").publish(null, "throws".getBytes(UTF_8));
        switch (onFailure) {
            case PASS -> assertThat(get(id).isKept()).isTrue();
            case DROP -> assertThat(get(id).isKept()).isFalse();
            case REJECT -> assertThatThrownBy(() -> get(id)).hasRootCauseInstanceOf(IllegalStateException.class)
                    .hasStackTraceContaining("plug-in 'a' rejects what comes to topic 'orders'");
        }
    }

    @ParameterizedTest
    @EnumSource(OnFailure.class)
    void whatFailsAtDeliveryPassesIsDroppedOrWaits(OnFailure onFailure) {
        rig.put("a.jar", PluginJar.of("a", "1.0.0", BY_LETTER));
        rig.with("a", at(At.DELIVERY, onFailure, "orders"));
        open("orders");
        List<String> got = consume("orders");
        publish("orders", "throws");
        if (onFailure == OnFailure.REJECT) {
            PluginRig.eventually(() -> sum("orders", of(stats -> stats.rejected)) > 2);
            assertThat(lag("orders")).isEqualTo(1);
            assertThat(got).isEmpty();
            rig.replace("a.jar", PluginJar.of("a", "2.0.0",
                    "public Verdict process(MessageView view) { return Verdict.CONTINUE; }"));
        }
        PluginRig.eventually(() -> lag("orders") == 0);
        assertThat(got).hasSize(onFailure == OnFailure.DROP ? 0 : 1);
    }

    @ParameterizedTest
    @EnumSource(At.class)
    void reloadsUnderLoadLoseAndDoubleNothing(At at) throws Exception {
        rig.put("a.jar", version(0));
        rig.with("a", at(at, OnFailure.REJECT, "orders"));
        open("orders");
        List<String> got = consume("orders");
        int count = 4000;
        List<CompletableFuture<EntryId>> all = new ArrayList<>();
        Thread publisher = Thread.ofPlatform().start(() -> {
            Topic topic = streams.topic("orders");
            for (int i = 0; i < count; i++) {
                if (!topic.isWritable()) {
                    topic.whenWritable().join();
                }
                all.add(topic.publish(("k" + i).getBytes(UTF_8), ("-" + i).getBytes(UTF_8)));
            }
        });
        for (int version = 1; version <= 8; version++) {
            rig.replace("a.jar", version(version));
        }
        publisher.join();
        all.forEach(each -> assertThat(get(each).isKept()).isTrue());
        PluginRig.eventually(() -> lag("orders") == 0);
        assertThat(got).hasSize(count).allMatch(each -> each.startsWith("v"));
        assertThat(got.stream().map(each -> each.substring(each.indexOf('-'))).distinct()).hasSize(count);
        assertThat(rig.stats("a").reloads()).isEqualTo(8);
        assertThat(rig.stats("a").missed()).isZero();
    }

    private static byte[] version(int number) {
        return PluginJar.of("a", "1.0." + number, "public Verdict process(MessageView view) {"
                + "return view.replace((\"v" + number + "\" + new String(view.value())).getBytes()); }");
    }

    @Test
    void aTopicThatIsClosedIsToldNothingMore() {
        rig.put("a.jar", PluginJar.of("a", "1.0.0", DROPS_ALL));
        rig.with("a", at(At.PUBLISH, OnFailure.PASS, "orders"));
        open("orders");
        streams.close();
        streams = Streams.open(rig.engine, Map.of("orders",
                TopicConfig.in(topics.resolve("orders").toString()).withPartitions(4).withFsync(Fsync.NEVER)), null);
        assertThat(publish("orders", "a").isKept()).as("without plug-ins").isTrue();
        streams.close();
        rig.replace("a.jar", PluginJar.of("a", "2.0.0", DROPS_ALL));
        assertThat(rig.stats("a").version()).isEqualTo("2.0.0");
    }
}
