package io.solaster.streams.subscribe;

import static io.solaster.streams.subscribe.Subscriptions.CHANNEL;
import static io.solaster.streams.subscribe.Subscriptions.MQTT_FILTER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

import io.solaster.engine.Engine;
import io.solaster.testkit.junit.SolasterTest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Subscribers of the same process, slow ones among them. */
@SolasterTest(shards = 2)
final class HandledSubscriptionTest {
    private final Hub hub;

    HandledSubscriptionTest(Engine engine) {
        hub = new Hub(engine);
    }

    /** Touched on its shard alone. */
    private static final class Recorder implements MessageHandler {
        final List<String> got = new ArrayList<>();
        final List<CompletableFuture<?>> open = new ArrayList<>();
        boolean isSlow;
        boolean throwsNow;
        boolean toldClosed;
        long dropped;
        int capacity;

        @Override
        public @Nullable CompletionStage<?> handle(Delivery message) {
            dropped += message.dropped();
            capacity = message.payload().unwrap().capacity();
            if (throwsNow) {
                throw new IllegalStateException("of this test");
            }
            got.add(message.name().toString(StandardCharsets.UTF_8) + "="
                    + message.payload().toString(StandardCharsets.UTF_8));
            if (isSlow) {
                open.add(new CompletableFuture<>());
                return open.getLast();
            }
            return null;
        }

        @Override
        public void closed() {
            toldClosed = true;
        }
    }

    private Subscription subscribe(int shard, int kind, String name, QueueLimits limits, MessageHandler handler) {
        return hub.on(shard, part -> hub.all.subscribe(kind, name, limits, handler));
    }

    private void await(BooleanSupplier so) {
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        while (!so.getAsBoolean()) {
            assertThat(System.nanoTime()).as("a minute").isLessThan(deadline);
        }
    }

    private void known(int kind, String name, int subscribers) {
        await(() -> hub.on(0,
                part -> Hub.named(name, (at, length) -> part.subscribers(kind, at, length))) == subscribers);
    }

    @Test
    void aHandlerGetsWhatIsPublishedOnAnyShard() {
        Recorder here = new Recorder();
        Recorder there = new Recorder();
        subscribe(0, CHANNEL, "0a", QueueLimits.of(DeliveryPolicy.CLOSE), here);
        Subscription second = subscribe(1, MQTT_FILTER, "+", QueueLimits.of(DeliveryPolicy.CLOSE), there);
        known(MQTT_FILTER, "+", 1);
        hub.publish(CHANNEL, "0a", "x");
        await(() -> hub.on(0, part -> here.got.equals(List.of("0a=x"))));
        await(() -> hub.on(1, part -> there.got.equals(List.of("0a=x"))));
        assertThat(hub.all.total(stats -> stats.delivered.get())).isEqualTo(2);
        hub.on(1, part -> {
            second.close();
            second.close();
            return true;
        });
        known(MQTT_FILTER, "+", 0);
        assertThatThrownBy(() -> hub.all.subscribe(CHANNEL, "0a", QueueLimits.of(DeliveryPolicy.CLOSE), here))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("submitTo");
        assertThatThrownBy(() -> subscribe(0, MQTT_FILTER, "a/#/b", QueueLimits.of(DeliveryPolicy.CLOSE), here))
                .hasRootCauseInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void oneThatThrowsGetsTheNextMessage() {
        Recorder bad = new Recorder();
        bad.throwsNow = true;
        subscribe(0, CHANNEL, "0a", QueueLimits.of(DeliveryPolicy.CLOSE), bad);
        hub.publish(CHANNEL, "0a", "x");
        await(() -> hub.all.total(stats -> stats.failed.get()) == 1);
        hub.on(0, part -> bad.throwsNow = false);
        hub.publish(CHANNEL, "0a", "y");
        await(() -> hub.on(0, part -> bad.got.equals(List.of("0a=y"))));
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "WAIT")
    void oneThatStandsStillCostsTheOthersNothing(DeliveryPolicy policy) {
        Recorder slow = new Recorder();
        slow.isSlow = true;
        QueueLimits limits = new QueueLimits(policy, 50, 1 << 20, 4, Duration.ofSeconds(1));
        Subscription stuck = subscribe(0, CHANNEL, "0a", limits, slow);
        List<Recorder> good = new ArrayList<>();
        for (int i = 0; i < 99; i++) {
            good.add(new Recorder());
            subscribe(0, CHANNEL, "0a", limits, good.get(i));
        }
        List<String> all = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            all.add("0a=" + i);
            hub.publish(CHANNEL, "0a", "" + i);
            // As whoever publishes at a rate that others keep up with.
            int so = i + 1;
            await(() -> hub.on(0, part -> good.getLast().got.size() == so));
        }
        assertThat(good).allSatisfy(each -> assertThat(each.got).isEqualTo(all));
        assertThat((int) hub.on(0, part -> stuck.queued())).isLessThanOrEqualTo(50);
        assertThat(hub.all.total(stats -> stats.queuedBytes.get())).isLessThan(50 * 100);
        SubscriptionStats stats = hub.all.stats(0);
        if (policy == DeliveryPolicy.CLOSE) {
            assertThat(stats.closed.get()).isEqualTo(1);
            assertThat((boolean) hub.on(0, part -> stuck.isClosed() && slow.toldClosed)).isTrue();
        }
        // It goes on: what it has missed, it is told.
        hub.on(0, part -> {
            slow.isSlow = false;
            slow.open.forEach(each -> each.complete(null));
            return true;
        });
        await(() -> hub.on(0, part -> stuck.queued() == 0));
        List<String> got = hub.on(0, part -> List.copyOf(slow.got));
        assertThat(got.getFirst()).isEqualTo("0a=0");
        switch (policy) {
            case DROP_OLDEST -> assertThat(got).hasSize(51).endsWith(all.subList(450, 500).toArray(new String[0]));
            case DROP_NEWEST -> assertThat(got).isEqualTo(all.subList(0, 51));
            case CONFLATE -> assertThat(got).containsExactly("0a=0", "0a=499");
            default -> assertThat(got).containsExactly("0a=0");
        }
        long missed = policy == DeliveryPolicy.CLOSE ? 0 : 500 - got.size();
        long counted = stats.droppedOldest.get() + stats.droppedNewest.get() + stats.conflated.get();
        assertThat(counted).isEqualTo(missed);
        hub.publish(CHANNEL, "0a", "last");
        await(() -> hub.on(0, part -> good.getLast().got.size() == 501));
        assertThat((long) hub.on(0, part -> slow.dropped)).isEqualTo(missed);
    }

    @Test
    void whatIsUnderWayIsBoundedInBytesToo() {
        Recorder slow = new Recorder();
        QueueLimits limits = new QueueLimits(DeliveryPolicy.DROP_NEWEST, 50, 1_000, 16, Duration.ofMinutes(1));
        Subscription held = subscribe(0, CHANNEL, "0a", limits, slow);
        for (int i = 0; i < 20; i++) {
            int so = i + 1;
            hub.publish(CHANNEL, "0a", "x");
            await(() -> hub.on(0, part -> slow.got.size() == so));
        }
        assertThat((int) hub.on(0, part -> held.window())).isEqualTo(16);
        hub.on(0, part -> slow.isSlow = true);
        for (int i = 0; i < 5; i++) {
            hub.publish(CHANNEL, "0a", "y".repeat(400));
            // So that the queue has room for all.
            int so = Math.min(i + 1, 3);
            await(() -> hub.on(0, part -> slow.open.size() == so));
        }
        await(() -> hub.on(0, part -> held.queued() == 2));
        hub.on(0, part -> slow.open.getFirst().complete(null));
        await(() -> hub.on(0, part -> slow.open.size() == 4 && held.queued() == 1));
        // Those under way keep their memory when it is closed, until they end.
        hub.on(0, part -> {
            held.close();
            slow.open.forEach(each -> each.complete(null));
            return true;
        });
        assertThat(hub.all.total(stats -> stats.queuedBytes.get())).isZero();
        assertThat(slow.dropped).isZero();
    }

    @Test
    void aMessageThatWaitsTakesNoMoreThanItCountsFor() {
        Recorder one = new Recorder();
        QueueLimits limits = new QueueLimits(DeliveryPolicy.DROP_NEWEST, 50, 1_000, 16, Duration.ofSeconds(1));
        subscribe(0, CHANNEL, "0a", limits, one);
        hub.publish(CHANNEL, "0a", "y".repeat(30_000));
        hub.publish(CHANNEL, "0a", "x");
        await(() -> hub.on(0, part -> one.got.equals(List.of("0a=x"))));
        assertThat((int) hub.on(0, part -> one.capacity)).isLessThan(1_000);
        assertThat((long) hub.on(0, part -> one.dropped)).isEqualTo(1);
    }

    @Test
    void aShardThatStopsWithFullQueuesGivesThemBack() {
        Recorder slow = new Recorder();
        slow.isSlow = true;
        Subscription stuck = subscribe(0, CHANNEL, "0a", QueueLimits.of(DeliveryPolicy.CLOSE), slow);
        for (int i = 0; i < 100; i++) {
            hub.publish(CHANNEL, "0a", "m" + i);
        }
        await(() -> hub.on(0, part -> slow.got.size() == 1));
        hub.on(0, part -> {
            part.close();
            return true;
        });
        assertThat((boolean) hub.on(0, part -> stuck.isClosed())).isTrue();
        assertThat(hub.all.total(stats -> stats.queuedBytes.get() + stats.queuedMessages.get())).isZero();
        // What was under way ends where its handler says so.
        hub.on(0, part -> slow.open.getFirst().complete(null));
        assertThat(slow.got).hasSize(1);
    }

    @Test
    void aStormOfSubscriptionsHoldsNoMessageUp() {
        Recorder steady = new Recorder();
        subscribe(1, CHANNEL, "0a", QueueLimits.of(DeliveryPolicy.CLOSE), steady);
        known(CHANNEL, "0a", 1);
        Hub.Reader storm = hub.new Reader(1, 0);
        List<String> all = new ArrayList<>();
        for (int round = 0; round < 100; round++) {
            int of = round;
            hub.on(1, part -> {
                for (int i = 0; i < 1_000; i++) {
                    int kind = i % 2 == 0 ? CHANNEL : MQTT_FILTER;
                    boolean ends = of % 2 == 1;
                    Hub.named("0s/" + i, (at, length) -> ends
                            ? part.unsubscribe(storm.number(), kind, at, length)
                            : part.subscribe(storm.number(), kind, at, length, null));
                }
                part.settle(storm.number());
                return true;
            });
            all.add("0a=" + round);
            hub.publish(CHANNEL, "0a", "" + round);
        }
        await(() -> hub.on(1, part -> steady.got.equals(all)));
        await(() -> hub.on(0, part -> part.names().size()) == 1);
        assertThat((long) hub.on(1, part -> part.filters() + part.bytes(storm.number()))).isZero();
    }
}
