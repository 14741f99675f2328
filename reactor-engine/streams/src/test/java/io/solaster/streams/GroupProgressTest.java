package io.solaster.streams;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

import io.solaster.config.EngineConfig;
import io.solaster.config.topic.TopicConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.engine.Engine;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A group and its shard go on, whatever becomes of one entry, one handler or one member. */
final class GroupProgressTest {
    private static final String TOPIC = "orders";
    private static final ConsumeOptions BY_HAND = ConsumeOptions.DEFAULTS
            .withAcknowledge(ConsumeOptions.Acknowledge.BY_HAND);
    private static final ConsumeOptions QUICK = ConsumeOptions.DEFAULTS.withBackOff(Duration.ofMillis(1),
            Duration.ofMillis(20));

    @TempDir
    Path directory;
    private @Nullable Engine engine;

    private Streams open() {
        Engine started = Engine.start(EngineConfig.defaults().withShards(1)
                .withPinning(EngineConfig.Pinning.NEVER));
        engine = started;
        return Streams.open(started, Map.of(TOPIC, TopicConfig.in(directory.toString()).withPartitions(1)
                .withFsync(Fsync.NEVER)
                .withSizes(new ByteSize(16 << 20), new ByteSize(4 << 20), new ByteSize(64 << 10))));
    }

    @AfterEach
    void stop() {
        Engine started = engine;
        if (started != null) {
            started.close();
        }
    }

    private static <T extends @Nullable Object> T get(CompletableFuture<T> future) {
        try {
            return future.get(1, TimeUnit.MINUTES);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static void until(BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited for a minute").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private static long lag(Topic topic) {
        return get(topic.groups()).getFirst().lag();
    }

    private static void publish(Topic topic, byte[]... values) {
        for (byte[] each : values) {
            get(topic.publish(null, each));
        }
    }

    /** Whether the shard does anything but read. */
    private boolean answers() {
        return get(Objects.requireNonNull(engine).submitTo(0, () -> true));
    }

    @Test
    void anEntryThatAlwaysFailsHoldsUpItsGroupAtTheBoundAndNotItsShard() {
        int count = (1 << 16) + 100;
        Streams opened = open();
        Topic topic = opened.topic(TOPIC);
        AtomicBoolean poisonous = new AtomicBoolean(true);
        AtomicInteger done = new AtomicInteger();
        opened.consume(TOPIC, "g", QUICK.withRun(ConsumeOptions.Run.LOOP), delivery -> {
            if (delivery.id().sequence() == 1 && poisonous.get()) {
                throw new IllegalStateException("planted");
            }
            done.incrementAndGet();
        });
        List<CompletableFuture<EntryId>> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            if (!topic.isWritable()) {
                get(topic.whenWritable());
            }
            all.add(topic.publish(null, new byte[0]));
        }
        all.forEach(GroupProgressTest::get);
        until(() -> done.get() == (1 << 16) - 1);
        assertThat(answers()).isTrue();
        assertThat(lag(topic)).isEqualTo(count - done.get());
        poisonous.set(false);
        until(() -> lag(topic) == 0);
        assertThat(done).hasValue(count);
    }

    @Test
    void anEntryThatIsTooLargeForWhatIsLeftOfTheWindowWaits() {
        Streams opened = open();
        Topic topic = opened.topic(TOPIC);
        List<Delivery> got = Collections.synchronizedList(new ArrayList<>());
        opened.consume(TOPIC, "g", BY_HAND.withWindow(10, new ByteSize(64 << 10)), got::add);
        publish(topic, new byte[30 << 10], new byte[40 << 10]);
        until(() -> got.size() == 1);
        assertThat(answers()).isTrue();
        assertThat(lag(topic)).isEqualTo(2);
        get(got.getFirst().ack());
        until(() -> got.size() == 2);
        get(got.getLast().ack());
        assertThat(lag(topic)).isZero();
    }

    @ParameterizedTest
    @EnumSource(ConsumeOptions.Run.class)
    void anErrorOfAHandlerIsAFailureLikeAnyOther(ConsumeOptions.Run run) {
        Streams opened = open();
        Topic topic = opened.topic(TOPIC);
        List<Long> got = Collections.synchronizedList(new ArrayList<>());
        opened.consume(TOPIC, "g", QUICK.withRun(run), delivery -> {
            if (delivery.attempt() == 1) {
                throw new NoClassDefFoundError("planted");
            }
            got.add(delivery.id().sequence());
        });
        publish(topic, new byte[1], new byte[1], new byte[1]);
        until(() -> lag(topic) == 0);
        assertThat(got).containsExactlyInAnyOrder(1L, 2L, 3L);
        assertThat(topic.stats().getFirst().failures.get()).isEqualTo(3);
    }

    @Test
    void whoJoinsWhileTheOthersAreFullIsGivenEntriesAtOnce() {
        Streams opened = open();
        Topic topic = opened.topic(TOPIC);
        AtomicInteger first = new AtomicInteger();
        AtomicInteger second = new AtomicInteger();
        ConsumeOptions three = BY_HAND.withWindow(3, new ByteSize(64 << 10));
        opened.consume(TOPIC, "g", three, delivery -> first.incrementAndGet());
        publish(topic, new byte[1], new byte[1], new byte[1], new byte[1], new byte[1], new byte[1], new byte[1]);
        until(() -> first.get() == 3);
        // All have come to the reader, which waits for room.
        assertThat(answers()).isTrue();
        opened.consume(TOPIC, "g", three, delivery -> second.incrementAndGet());
        until(() -> second.get() == 3);
        assertThat(first).hasValue(3);
        assertThat(lag(topic)).isEqualTo(7);
    }
}
