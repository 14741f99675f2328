package io.solaster.streams;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

import io.solaster.config.EngineConfig;
import io.solaster.config.topic.TopicConfig;
import io.solaster.config.topic.TopicOrder;
import io.solaster.config.topic.TopicRetainConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.log.LogDamagedException;
import io.solaster.streams.topic.Published;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Topics from publish to acknowledgement, over restarts. */
final class TopicTest {
    private static final String TOPIC = "orders";

    @TempDir
    Path directory;
    private @Nullable Engine engine;
    private @Nullable Streams streams;

    private TopicConfig config() {
        return TopicConfig.in(directory.toString()).withPartitions(8).withSizes(new ByteSize(1 << 20),
                new ByteSize(256 << 10), new ByteSize(16 << 10));
    }

    private Streams open(int shards, TopicConfig config) {
        Engine started = Engine.start(EngineConfig.defaults().withShards(shards)
                .withPinning(EngineConfig.Pinning.NEVER));
        engine = started;
        Streams opened = Streams.open(started, Map.of(TOPIC, config));
        streams = opened;
        return opened;
    }

    @AfterEach
    void stop() {
        Engine started = engine;
        if (started != null) {
            started.close();
        }
        engine = null;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    private static String text(byte @Nullable [] bytes) {
        return bytes == null ? "" : new String(bytes, UTF_8);
    }

    private static void until(BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited for a minute").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private static List<EntryId> publish(Topic topic, int from, int to) {
        List<CompletableFuture<EntryId>> all = new ArrayList<>();
        for (int i = from; i < to; i++) {
            all.add(topic.publish(bytes("key" + i % 20), bytes(String.valueOf(i))));
        }
        return all.stream().map(CompletableFuture::join).toList();
    }

    private static long lag(Topic topic, String group) {
        return topic.groups().join().stream().filter(each -> each.name().equals(group)).findFirst().orElseThrow().lag();
    }

    @ParameterizedTest
    @ValueSource(strings = {"always", "20ms", "never"})
    void whatIsPublishedIsDeliveredOnceAndAcknowledgedOverARestart(String fsync) {
        TopicConfig config = config().withFsync(Fsync.valueOf(fsync));
        Streams first = open(2, config);
        Topic topic = first.topic(TOPIC);
        List<EntryId> ids = publish(topic, 0, 500);
        assertThat(ids).doesNotHaveDuplicates().hasSize(500);
        List<String> got = Collections.synchronizedList(new ArrayList<>());
        try (Consumption consumption = first.consume(TOPIC, "billing", ConsumeOptions.DEFAULTS, delivery -> {
            assertThat(Shard.current()).isSameAs(delivery.shard());
            assertThat(topic.shardOf(delivery.id().partition())).isEqualTo(delivery.shard().id());
            assertThat(topic.partitionOf(delivery.key())).isEqualTo(delivery.id().partition());
            assertThat(delivery.attempt()).isEqualTo(1);
            got.add(text(delivery.value()));
        })) {
            publish(topic, 500, 600);
            until(() -> got.size() >= 600);
            assertThat(consumption.group()).isEqualTo("billing");
        }
        assertThat(Set.copyOf(got)).hasSize(600);
        assertThat(got).hasSize(600);
        assertThat(lag(topic, "billing")).isZero();
        stop();

        Streams second = open(2, config);
        Topic again = second.topic(TOPIC);
        assertThat(lag(again, "billing")).isZero();
        List<EntryId> more = publish(again, 600, 650);
        assertThat(more).doesNotContainAnyElementsOf(ids);
        List<String> later = Collections.synchronizedList(new ArrayList<>());
        Consumption consumption = second.consume(TOPIC, "billing", ConsumeOptions.DEFAULTS,
                delivery -> later.add(text(delivery.value())));
        until(() -> later.size() >= 50);
        consumption.close();
        assertThat(later).hasSize(50).allMatch(each -> Integer.parseInt(each) >= 600);
    }

    @Test
    void whatWasNotAcknowledgedIsDeliveredAfterARestart() {
        Streams first = open(2, config());
        publish(first.topic(TOPIC), 0, 100);
        Set<String> acknowledged = ConcurrentHashMap.newKeySet();
        AtomicInteger seen = new AtomicInteger();
        Consumption consumption = first.consume(TOPIC, "g",
                ConsumeOptions.DEFAULTS.withAcknowledge(ConsumeOptions.Acknowledge.BY_HAND), delivery -> {
                    if (Integer.parseInt(text(delivery.value())) % 3 == 0) {
                        delivery.ack();
                        acknowledged.add(text(delivery.value()));
                    }
                    seen.incrementAndGet();
                });
        until(() -> seen.get() == 100);
        consumption.close();
        assertThat(lag(first.topic(TOPIC), "g")).isEqualTo(66);
        stop();
        Streams second = open(2, config());
        Set<String> got = ConcurrentHashMap.newKeySet();
        second.consume(TOPIC, "g", ConsumeOptions.DEFAULTS, delivery -> got.add(text(delivery.value())));
        until(() -> lag(second.topic(TOPIC), "g") == 0);
        assertThat(got).hasSize(66).doesNotContainAnyElementsOf(acknowledged);
    }

    @Test
    void whatFailsIsDeliveredAgainAfterTheBackOff() {
        Streams opened = open(1, config());
        List<Integer> attempts = Collections.synchronizedList(new ArrayList<>());
        opened.consume(TOPIC, "g", ConsumeOptions.DEFAULTS.withBackOff(Duration.ofMillis(1), Duration.ofMillis(2)),
                delivery -> {
                    attempts.add(delivery.attempt());
                    if (delivery.attempt() == 1) {
                        throw new IllegalStateException("planted");
                    }
                    if (delivery.attempt() == 2) {
                        delivery.nack(Duration.ofMillis(1));
                    }
                });
        opened.topic(TOPIC).publish(null, bytes("a")).join();
        until(() -> lag(opened.topic(TOPIC), "g") == 0);
        assertThat(attempts).containsExactly(1, 2, 3);
        assertThat(opened.topic(TOPIC).stats().getFirst().failures.get()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(ConsumeOptions.Run.class)
    void entriesOfAKeyComeInOrderOneAfterTheOther(ConsumeOptions.Run run) {
        Streams opened = open(2, config().withOrder(TopicOrder.KEY));
        Map<String, List<Integer>> got = new ConcurrentHashMap<>();
        Set<String> running = ConcurrentHashMap.newKeySet();
        AtomicInteger clashes = new AtomicInteger();
        for (int member = 0; member < 3; member++) {
            opened.consume(TOPIC, "g", ConsumeOptions.DEFAULTS.withMember("m" + member).withRun(run)
                    .withWindow(16, new ByteSize(1 << 20)), delivery -> {
                        String key = text(delivery.key());
                        if (!running.add(key)) {
                            clashes.incrementAndGet();
                        }
                        got.computeIfAbsent(key, each -> Collections.synchronizedList(new ArrayList<>()))
                                .add(Integer.parseInt(text(delivery.value())));
                        if (run == ConsumeOptions.Run.FORK) {
                            Shard.yield().join();
                        }
                        running.remove(key);
                    });
        }
        publish(opened.topic(TOPIC), 0, 1000);
        until(() -> lag(opened.topic(TOPIC), "g") == 0);
        assertThat(clashes).hasValue(0);
        assertThat(got).hasSize(20).allSatisfy((key, values) -> assertThat(values).isSorted().hasSize(50));
    }

    @ParameterizedTest
    @EnumSource(TopicOrder.class)
    void whatAMemberLeavesBehindOthersTake(TopicOrder order) {
        Streams opened = open(2, config().withOrder(order));
        Set<String> got = ConcurrentHashMap.newKeySet();
        ConsumeOptions byHand = ConsumeOptions.DEFAULTS.withAcknowledge(ConsumeOptions.Acknowledge.BY_HAND);
        AtomicInteger seen = new AtomicInteger();
        Consumption leaves = opened.consume(TOPIC, "g", byHand.withMember("a"), delivery -> seen.incrementAndGet());
        publish(opened.topic(TOPIC), 0, 200);
        until(() -> seen.get() > 0);
        opened.consume(TOPIC, "g", ConsumeOptions.DEFAULTS.withMember("b"),
                delivery -> got.add(text(delivery.value())));
        leaves.close();
        publish(opened.topic(TOPIC), 200, 300);
        until(() -> lag(opened.topic(TOPIC), "g") == 0);
        assertThat(got).hasSize(300);
    }

    @Test
    void whatIsUnderWayHasABound() {
        Streams opened = open(1, config());
        List<Delivery> held = Collections.synchronizedList(new ArrayList<>());
        opened.consume(TOPIC, "g", ConsumeOptions.DEFAULTS.withAcknowledge(ConsumeOptions.Acknowledge.BY_HAND)
                .withWindow(10, new ByteSize(1 << 20)), held::add);
        publish(opened.topic(TOPIC), 0, 100);
        until(() -> held.size() == 10);
        assertThat(opened.topic(TOPIC).groups().join().getFirst().underWay()).isEqualTo(10);
        for (int i = 0; i < 100; i++) {
            int next = i;
            until(() -> held.size() > next);
            held.get(next).ack().join();
            assertThat(held.size()).isLessThanOrEqualTo(next + 11);
        }
        assertThat(lag(opened.topic(TOPIC), "g")).isZero();
    }

    @Test
    void anotherNumberOfShardsReadsAllAndWritesItAnew() {
        Streams first = open(2, config());
        List<EntryId> ids = publish(first.topic(TOPIC), 0, 300);
        Set<String> done = ConcurrentHashMap.newKeySet();
        Consumption consumption = first.consume(TOPIC, "g",
                ConsumeOptions.DEFAULTS.withAcknowledge(ConsumeOptions.Acknowledge.BY_HAND), delivery -> {
                    if (delivery.id().sequence() % 2 == 0) {
                        delivery.ack();
                        done.add(delivery.id().toString());
                    }
                });
        until(() -> done.size() == ids.stream().filter(each -> each.sequence() % 2 == 0).count());
        consumption.close();
        stop();
        for (int shards : new int[]{3, 1, 2}) {
            Streams other = open(shards, config());
            assertThat(lag(other.topic(TOPIC), "g")).as("%d shards", shards).isEqualTo(300 - done.size());
            stop();
        }
        Streams last = open(2, config());
        Set<String> got = ConcurrentHashMap.newKeySet();
        last.consume(TOPIC, "g", ConsumeOptions.DEFAULTS, delivery -> got.add(delivery.id().toString()));
        until(() -> lag(last.topic(TOPIC), "g") == 0);
        assertThat(got).hasSize(300 - done.size()).doesNotContainAnyElementsOf(done);
        assertThat(publish(last.topic(TOPIC), 0, 50)).doesNotContainAnyElementsOf(ids);
    }

    @Test
    void groupsOutliveWhatRetentionLetsGoOf() {
        TopicConfig small = config().withPartitions(2)
                .withSizes(new ByteSize(128 << 10), new ByteSize(64 << 10), new ByteSize(1 << 10))
                .withFsync(Fsync.NEVER).withRetain(new TopicRetainConfig(new ByteSize(256 << 10), null, false));
        Streams first = open(1, small);
        Topic topic = first.topic(TOPIC);
        publish(topic, 0, 10);
        first.consume(TOPIC, "done", ConsumeOptions.DEFAULTS, delivery -> {});
        until(() -> lag(topic, "done") == 0);
        List<CompletableFuture<EntryId>> all = new ArrayList<>();
        byte[] value = new byte[900];
        for (int i = 0; i < 3000; i++) {
            all.add(topic.publish(bytes("k" + i), value));
        }
        long last = all.stream().mapToLong(each -> each.join().sequence()).max().orElseThrow();
        until(() -> lag(topic, "done") == 0);
        assertThat(topic.logStats().getFirst().segments.get()).isLessThan(10);
        stop();
        Streams second = open(1, small);
        assertThat(second.topic(TOPIC).groups().join()).extracting(GroupState::name).containsExactly("done");
        assertThat(lag(second.topic(TOPIC), "done")).isZero();
        assertThat(publish(second.topic(TOPIC), 0, 40)).extracting(EntryId::sequence).anyMatch(each -> each > last);
        AtomicInteger late = new AtomicInteger();
        second.consume(TOPIC, "late", ConsumeOptions.DEFAULTS, delivery -> late.incrementAndGet());
        until(() -> lag(second.topic(TOPIC), "late") == 0);
        assertThat(late.get()).isBetween(40, 2000);
    }

    @Test
    void whatRetentionHasTakenIsNoLagOfAnybody() {
        Streams opened = open(1, config().withPartitions(2)
                .withSizes(new ByteSize(128 << 10), new ByteSize(64 << 10), new ByteSize(1 << 10))
                .withFsync(Fsync.NEVER).withRetain(new TopicRetainConfig(new ByteSize(256 << 10), null, false)));
        Topic topic = opened.topic(TOPIC);
        opened.consume(TOPIC, "late", ConsumeOptions.DEFAULTS.withAcknowledge(ConsumeOptions.Acknowledge.BY_HAND),
                delivery -> {}).close();
        byte[] few = keyOf(topic, 0);
        byte[] many = keyOf(topic, 1);
        for (int i = 0; i < 10; i++) {
            topic.publish(few, bytes("few")).join();
        }
        byte[] value = new byte[900];
        List<CompletableFuture<EntryId>> all = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
            all.add(topic.publish(many, value));
        }
        all.forEach(CompletableFuture::join);
        assertThat(lag(topic, "late")).as("nobody has read").isLessThan(1100);
        AtomicInteger got = new AtomicInteger();
        opened.consume(TOPIC, "late", ConsumeOptions.DEFAULTS, delivery -> got.incrementAndGet());
        until(() -> lag(topic, "late") == 0);
        assertThat(got.get()).isBetween(1, 1100);
    }

    @Test
    void compactionKeepsTheLastEntryOfEachKeyAndWhatHasNone() {
        TopicConfig compacted = config().withPartitions(2)
                .withSizes(new ByteSize(128 << 10), new ByteSize(64 << 10), new ByteSize(1 << 10))
                .withFsync(Fsync.NEVER).withRetain(TopicRetainConfig.everything().withLastPerKey(true));
        Streams first = open(1, compacted);
        Topic topic = first.topic(TOPIC);
        first.consume(TOPIC, "before", ConsumeOptions.DEFAULTS.withAcknowledge(ConsumeOptions.Acknowledge.BY_HAND),
                delivery -> {}).close();
        first.consume(TOPIC, "gone", ConsumeOptions.DEFAULTS, delivery -> {}).close();
        for (int i = 0; i < 5; i++) {
            topic.publish(null, bytes("none" + i)).join();
        }
        List<CompletableFuture<EntryId>> all = new ArrayList<>();
        for (int i = 0; i < 4000; i++) {
            if (i == 500) {
                topic.deleteGroup("gone").join();
            }
            all.add(topic.publish(bytes("k" + i % 40), bytes(i + "x".repeat(500))));
        }
        all.forEach(CompletableFuture::join);
        until(() -> topic.stats().getFirst().compacted.get() > 1 << 20);
        assertThat(topic.stats().getFirst().readFailures.get()).isZero();
        stop();
        Streams second = open(2, compacted);
        Map<String, Integer> last = new ConcurrentHashMap<>();
        AtomicInteger count = new AtomicInteger();
        AtomicInteger none = new AtomicInteger();
        second.consume(TOPIC, "before", ConsumeOptions.DEFAULTS.withRun(ConsumeOptions.Run.LOOP), delivery -> {
            if (delivery.key() == null) {
                none.incrementAndGet();
                return;
            }
            count.incrementAndGet();
            int value = Integer.parseInt(text(delivery.value()).replace("x", ""));
            assertThat(last.merge(text(delivery.key()), value, Math::max)).isEqualTo(value);
        });
        until(() -> lag(second.topic(TOPIC), "before") == 0);
        assertThat(second.topic(TOPIC).groups().join()).extracting(GroupState::name).containsExactly("before");
        assertThat(none).hasValue(5);
        assertThat(count.get()).isLessThan(3000);
        for (int key = 0; key < 40; key++) {
            assertThat(last).containsEntry("k" + key, 3960 + key);
        }
        assertThat(second.topic(TOPIC).stats()).allSatisfy(each -> assertThat(each.missed.get()).isZero());
    }

    private static byte[] keyOf(Topic topic, int partition) {
        for (int i = 0;; i++) {
            byte[] key = bytes("k" + i);
            if (topic.partitionOf(key) == partition) {
                return key;
            }
        }
    }

    @Test
    void aGroupBeginsWhereItIsTold() {
        Streams opened = open(2, config());
        publish(opened.topic(TOPIC), 0, 50);
        List<String> got = Collections.synchronizedList(new ArrayList<>());
        Consumption next = opened.consume(TOPIC, "g", ConsumeOptions.DEFAULTS.withStart(ConsumeOptions.Start.NEXT),
                delivery -> got.add(text(delivery.value())));
        publish(opened.topic(TOPIC), 50, 60);
        until(() -> got.size() == 10);
        assertThatThrownBy(() -> opened.topic(TOPIC).deleteGroup("g").join()).isInstanceOf(CompletionException.class)
                .hasMessageContaining("has 1 members");
        next.close();
        opened.topic(TOPIC).deleteGroup("g").join();
        assertThat(opened.topic(TOPIC).groups().join()).isEmpty();
    }

    @Test
    void aGroupReadsOnOnceTheDiskCanBeReadAgain() throws IOException {
        Streams opened = open(1, config());
        Topic topic = opened.topic(TOPIC);
        publish(topic, 0, 20);
        Path there = directory.resolve("generation-1");
        Path away = directory.resolve("away");
        Files.move(there, away);
        Set<String> got = ConcurrentHashMap.newKeySet();
        opened.consume(TOPIC, "g", ConsumeOptions.DEFAULTS, delivery -> got.add(text(delivery.value())));
        until(() -> topic.stats().getFirst().readFailures.get() > 0);
        Files.move(away, there);
        until(() -> got.size() == 20);
        until(() -> lag(topic, "g") == 0);
    }

    @Test
    void aTopicIsOpenedAgainOnceItWasClosedByHand() {
        Streams first = open(1, config());
        publish(first.topic(TOPIC), 0, 10);
        AtomicReference<@Nullable Delivery> kept = new AtomicReference<>();
        first.consume(TOPIC, "g", ConsumeOptions.DEFAULTS.withAcknowledge(ConsumeOptions.Acknowledge.BY_HAND),
                kept::set);
        until(() -> kept.get() != null);
        first.close();
        assertThatThrownBy(() -> publish(first.topic(TOPIC), 10, 11)).hasMessageContaining("is closed");
        assertThatThrownBy(() -> Objects.requireNonNull(kept.get()).ack().join())
                .as("the log cannot say it any more").hasMessageContaining("is closed");
        Streams second = Streams.open(engine(), Map.of(TOPIC, config()));
        assertThat(lag(second.topic(TOPIC), "g")).isEqualTo(10);
    }

    @Test
    void whoHearsOfAnEntryMayPublishMoreOrThrow() {
        Streams opened = open(2, config().withPartitions(1).withFsync(Fsync.NEVER).withInFlight(300,
                new ByteSize(1 << 20), Duration.ofSeconds(10)));
        Topic topic = opened.topic(TOPIC);
        AtomicInteger heard = new AtomicInteger();
        for (Shard shard : engine().shards()) {
            engine().submitTo(shard.id(), () -> {
                for (int i = 0; i < 100; i++) {
                    publishOnAndOn(topic, 40, heard);
                }
                for (int i = 0; i < 50; i++) {
                    topic.publish(null, bytes("a"), Headers.NONE, new Published() {
                        @Override
                        public void published(int partition, long sequence) {
                            heard.incrementAndGet();
                            throw new IllegalStateException("planted");
                        }

                        @Override
                        public void failed(Throwable why) {
                            throw new IllegalStateException(why);
                        }
                    });
                }
                return true;
            }).join();
        }
        until(() -> heard.get() == 2 * (100 * 41 + 50));
        assertThat(topic.stats().stream().mapToLong(each -> each.entries.get()).sum()).isEqualTo(heard.get());
        for (Shard shard : engine().shards()) {
            engine().submitTo(shard.id(), () -> {
                for (int i = 0; i < 300; i++) {
                    topic.publish(null, bytes("a"));
                }
                return assertThatThrownBy(() -> topic.publish(null, bytes("a")))
                        .hasMessageContaining("300 entries of 300 bytes");
            }).join();
        }
    }

    private static void publishOnAndOn(Topic topic, int more, AtomicInteger heard) {
        topic.publish(null, bytes("a")).thenAccept(id -> {
            heard.incrementAndGet();
            if (more > 0) {
                publishOnAndOn(topic, more - 1, heard);
            }
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsPublishedEndsThoughItsTopicOrTheEngineEndsAmidIt(boolean engineToo) throws Exception {
        Streams opened = open(2, config());
        Topic topic = opened.topic(TOPIC);
        // No lock: a fork that waits for one when its shard ends is the next to get it, and never lets it go.
        Queue<CompletableFuture<EntryId>> published = new ConcurrentLinkedQueue<>();
        AtomicBoolean over = new AtomicBoolean();
        for (Shard shard : engine().shards()) {
            shard.fork(() -> {
                while (!over.get()) {
                    publishSome(topic, published);
                    Shard.yield().join();
                }
            });
        }
        Thread outside = Thread.ofPlatform().start(() -> {
            while (!over.get()) {
                publishSome(topic, published);
            }
        });
        until(() -> published.size() > 3000);
        if (engineToo) {
            engine().close();
        } else {
            opened.close();
        }
        over.set(true);
        outside.join();
        // What forks publish meanwhile is refused.
        List<CompletableFuture<EntryId>> all = List.copyOf(published);
        until(() -> all.stream().allMatch(CompletableFuture::isDone));
        Set<EntryId> acknowledged = ConcurrentHashMap.newKeySet();
        all.stream().filter(each -> !each.isCompletedExceptionally())
                .forEach(each -> acknowledged.add(each.join()));
        assertThat(acknowledged).isNotEmpty();
        stop();
        Streams again = open(2, config());
        Set<EntryId> there = ConcurrentHashMap.newKeySet();
        again.consume(TOPIC, "g", ConsumeOptions.DEFAULTS.withRun(ConsumeOptions.Run.LOOP),
                delivery -> there.add(delivery.id()));
        until(() -> lag(again.topic(TOPIC), "g") == 0);
        assertThat(there).containsAll(acknowledged);
    }

    private static void publishSome(Topic topic, Queue<CompletableFuture<EntryId>> published) {
        try {
            for (int i = 0; i < 20; i++) {
                published.add(topic.publish(bytes("key" + i), bytes("value" + i)));
            }
        } catch (RejectedExecutionException full) {
            Thread.onSpinWait();
        }
    }

    @Test
    void anEntryOfAGroupThatIsNoMoreIsAcknowledgedToNobody() {
        Streams opened = open(1, config().withPartitions(1));
        Topic topic = opened.topic(TOPIC);
        publish(topic, 0, 10);
        List<Delivery> kept = Collections.synchronizedList(new ArrayList<>());
        Consumption old = opened.consume(TOPIC, "old",
                ConsumeOptions.DEFAULTS.withAcknowledge(ConsumeOptions.Acknowledge.BY_HAND), kept::add);
        until(() -> kept.size() == 10);
        old.close();
        topic.deleteGroup("old").join();
        opened.consume(TOPIC, "new", ConsumeOptions.DEFAULTS.withAcknowledge(ConsumeOptions.Acknowledge.BY_HAND),
                delivery -> {});
        kept.forEach(each -> each.ack().join());
        assertThat(lag(topic, "new")).isEqualTo(10);
    }

    @Test
    void anAcknowledgementThatIsGivenUpIsNobodyElses() {
        Streams opened = open(1, config().withPartitions(1));
        publish(opened.topic(TOPIC), 0, 2);
        List<Delivery> kept = Collections.synchronizedList(new ArrayList<>());
        opened.consume(TOPIC, "g", ConsumeOptions.DEFAULTS.withAcknowledge(ConsumeOptions.Acknowledge.BY_HAND),
                kept::add);
        until(() -> kept.size() == 2);
        CompletableFuture<@Nullable Void> second = engine().submitTo(0, () -> {
            CompletableFuture<@Nullable Void> given = kept.get(0).ack();
            CompletableFuture<@Nullable Void> other = kept.get(1).ack();
            given.cancel(true);
            assertThat(other).isNotDone();
            return other;
        }).join();
        until(second::isDone);
        assertThat(second).isCompleted();
        assertThat(lag(opened.topic(TOPIC), "g")).isZero();
    }

    @Test
    void aTopicWithoutTheFileThatMarksItAsWholeIsRefusedByName() throws IOException {
        publish(open(1, config()).topic(TOPIC), 0, 10);
        stop();
        Path mark = directory.resolve("generation-1/shards-1");
        Files.delete(mark);
        assertThatThrownBy(() -> open(1, config())).isInstanceOf(LogDamagedException.class)
                .hasMessageContaining("generation-1").hasMessageContaining("lacks the empty file 'shards-N'");
        stop();
        Files.createFile(mark);
        Topic again = open(1, config()).topic(TOPIC);
        assertThat(again.publish(keyOf(again, 0), bytes("a")).join().sequence()).isPositive();
        assertThat(again.stats().getFirst().entries.get()).isEqualTo(1);
    }

    @Test
    void whatWasNeverWholeIsMadeAnew() throws IOException {
        Files.createDirectories(directory.resolve("generation-1/log/shard-0"));
        Files.createFile(directory.resolve("generation-1/unfinished"));
        publish(open(1, config()).topic(TOPIC), 0, 10);
        assertThat(directory.resolve("generation-1")).isDirectoryContaining("glob:**/shards-1")
                .isDirectoryNotContaining("glob:**/unfinished");
    }

    @Test
    void retentionLetsGoThoughEachProcessWritesLittle() throws IOException {
        TopicConfig small = config().withPartitions(1)
                .withSizes(new ByteSize(128 << 10), new ByteSize(64 << 10), new ByteSize(1 << 10))
                .withFsync(Fsync.NEVER).withRetain(new TopicRetainConfig(new ByteSize(192 << 10), null, false));
        long newest = 0;
        for (int process = 0; process < 16; process++) {
            Streams opened = open(1, small);
            Topic topic = opened.topic(TOPIC);
            if (process == 0) {
                opened.consume(TOPIC, "behind",
                        ConsumeOptions.DEFAULTS.withAcknowledge(ConsumeOptions.Acknowledge.BY_HAND), delivery -> {})
                        .close();
            }
            for (int i = 0; i < 45; i++) {
                newest = topic.publish(null, new byte[1000]).join().sequence();
            }
            assertThat(topic.groups().join()).extracting(GroupState::name).containsExactly("behind");
            stop();
        }
        assertThat(newest).isEqualTo(16 * 45);
        try (Stream<Path> files = Files.walk(directory)) {
            assertThat(files.filter(Files::isRegularFile).mapToLong(each -> each.toFile().length()).sum())
                    .isBetween(100L << 10, 500L << 10);
        }
    }

    @Test
    void headersTravelAlong() {
        Streams opened = open(1, config());
        CompletableFuture<Map<String, byte[]>> got = new CompletableFuture<>();
        opened.consume(TOPIC, "g", ConsumeOptions.DEFAULTS, delivery -> got.complete(delivery.headers().toMap()));
        opened.topic(TOPIC).publish(null, bytes("v"), Headers.of(Map.of("type", bytes("a"), "ü", bytes("")))).join();
        assertThat(got.join()).hasSize(2).containsEntry("type", bytes("a")).containsEntry("ü", bytes(""));
    }

    @Test
    void whatIsTooMuchIsRefusedByName() {
        Streams opened = open(1, config().withMaxGroups(1).withInFlight(4, new ByteSize(64 << 10), Duration.ZERO));
        Topic topic = opened.topic(TOPIC);
        assertThatIllegalArgumentException().isThrownBy(() -> topic.publish(null, new byte[20 << 10]))
                .withMessageContaining("topics.orders.maxEntry");
        engine().submitTo(0, () -> {
            for (int i = 0; i < 4; i++) {
                topic.publish(null, bytes("a"));
            }
            assertThat(topic.isWritable()).isFalse();
            assertThatThrownBy(() -> topic.publish(null, bytes("a"))).isInstanceOf(RejectedExecutionException.class)
                    .hasMessageContaining("topics.orders.inFlight");
            return true;
        }).join();
        opened.consume(TOPIC, "one", ConsumeOptions.DEFAULTS, delivery -> {});
        assertThatIllegalStateException().isThrownBy(() -> opened.consume(TOPIC, "two", ConsumeOptions.DEFAULTS,
                delivery -> {})).withMessageContaining("topics.orders.maxGroups");
        assertThatIllegalArgumentException().isThrownBy(() -> opened.topic("none"))
                .withMessageContaining("no topic 'none': there are [orders]");
        stop();
        assertThatIllegalArgumentException().isThrownBy(() -> open(1, config().withPartitions(9)))
                .withMessageContaining("has 8");
    }

    private Engine engine() {
        return Objects.requireNonNull(engine);
    }
}
