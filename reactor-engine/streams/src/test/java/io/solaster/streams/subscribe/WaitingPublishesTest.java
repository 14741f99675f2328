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
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

import io.solaster.engine.Engine;
import io.solaster.engine.ShardStoppedException;
import io.solaster.testkit.junit.SolasterTest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Publishes that wait for a subscriber who has no room. */
@SolasterTest(shards = 2)
final class WaitingPublishesTest {
    private static final int ROOM = 10;
    private static final Duration LONG = Duration.ofMinutes(5);

    private final Hub hub;
    private final List<Slow> handlers = new ArrayList<>();

    WaitingPublishesTest(Engine engine) {
        hub = new Hub(engine);
    }

    /** Has one message under way until it is let go on. On its shard. */
    private static final class Slow {
        final List<String> got = new ArrayList<>();
        CompletableFuture<?> first = new CompletableFuture<>();
        boolean isFast;
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("within a minute").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    @AfterEach
    void whatIsUnderWayEnds() {
        handlers.forEach(each -> each.first.complete(null));
    }

    private Subscription subscribe(int shard, int kind, String name, Duration waitFor, Slow handler) {
        handlers.add(handler);
        QueueLimits limits = new QueueLimits(DeliveryPolicy.WAIT, ROOM, 1 << 20, 1, Duration.ofSeconds(1), waitFor);
        Subscription made = hub.on(shard, part -> hub.all.subscribe(kind, name, limits, message -> {
            handler.got.add(message.payload().toString(StandardCharsets.UTF_8));
            return handler.isFast ? null : handler.first;
        }));
        for (int each = 0; each < hub.shards; each++) {
            int home = each;
            if (kind != CHANNEL || hub.homeOf(name) == home) {
                await(() -> hub.on(home, part -> Hub.named(name,
                        (at, length) -> part.subscribers(kind, at, length))) > 0);
            }
        }
        return made;
    }

    private boolean isHeld(String name) {
        return hub.on(hub.homeOf(name), part -> Hub.named(name, (at, length) -> part.isHeld(CHANNEL, at, length)));
    }

    /** As many as there is room for, and the one that is handled. */
    private List<String> fill(String name) {
        List<String> all = new ArrayList<>();
        for (int i = 0; i <= ROOM; i++) {
            all.add("m" + i);
            assertThat(publish(name, "m" + i).join()).isPositive();
            if (i == 0) {
                await(() -> hub.all.total(stats -> stats.queuedMessages.get()) == 0);
            }
        }
        await(() -> isHeld(name));
        return all;
    }

    private CompletableFuture<Integer> publish(String name, String message) {
        return hub.all.publish(CHANNEL, name, message.getBytes(StandardCharsets.UTF_8));
    }

    private void goOn(int shard, Slow slow) {
        hub.on(shard, part -> {
            slow.isFast = true;
            return slow.first.complete(null);
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aPublishWaitsUntilThereIsRoomAndOthersDoNot(int shard) {
        Slow slow = new Slow();
        Subscription full = subscribe(shard, CHANNEL, "0a", LONG, slow);
        List<String> all = fill("0a");
        CompletableFuture<Integer> waiting = publish("0a", "waited");
        await(() -> hub.all.total(stats -> stats.waiting.get()) == 1);
        // Nothing else waits: not another name, not the shard.
        assertThat(publish("0b", "x").join()).isZero();
        assertThat(waiting).isNotDone();
        goOn(shard, slow);
        assertThat(waiting.join()).isEqualTo(1);
        all.add("waited");
        await(() -> hub.on(shard, part -> slow.got.equals(all)));
        assertThat(isHeld("0a")).isFalse();
        assertThat((int) hub.on(shard, part -> full.queued())).isZero();
        assertThat(hub.all.total(stats -> stats.waited.get())).isEqualTo(1);
        assertThat(hub.all.total(stats -> stats.refused.get() + stats.droppedNewest.get())).isZero();
    }

    @Test
    void aPublishIsRefusedByNameOnceItHasWaitedForLong() {
        Slow slow = new Slow();
        subscribe(1, CHANNEL, "0a", Duration.ofMillis(20), slow);
        fill("0a");
        assertThatThrownBy(() -> publish("0a", "late").join()).hasRootCauseInstanceOf(PublishRefusedException.class)
                .hasMessageContaining("publish to '0a' refused").hasMessageContaining("no room for 20 ms");
        assertThat(hub.all.total(stats -> stats.refused.get())).isEqualTo(1);
        assertThat(hub.all.total(stats -> stats.waiting.get())).isZero();
        goOn(1, slow);
        await(() -> !isHeld("0a"));
        assertThat(publish("0a", "again").join()).isEqualTo(1);
    }

    @Test
    void whoCannotWaitIsTakenUpToTwiceTheBound() {
        Slow slow = new Slow();
        Subscription full = subscribe(1, CHANNEL, "0a", LONG, slow);
        fill("0a");
        for (int i = 0; i < 5 * ROOM; i++) {
            hub.publish(CHANNEL, "0a", "x" + i);
        }
        await(() -> hub.all.total(stats -> stats.droppedNewest.get()) == 4 * ROOM);
        assertThat((int) hub.on(1, part -> full.queued())).isEqualTo(2 * ROOM);
    }

    @Test
    void aFilterHasPublishesWaitToo() {
        Slow slow = new Slow();
        subscribe(1, MQTT_FILTER, "0a/+", LONG, slow);
        fill("0a/b");
        CompletableFuture<Integer> waiting = publish("0a/c", "waited");
        await(() -> hub.all.total(stats -> stats.waiting.get()) == 1);
        goOn(1, slow);
        assertThat(waiting.join()).isEqualTo(1);
    }

    @Test
    void whoSubscribesInTheTurnInWhichAnotherGetsFullIsSettled() {
        Slow slow = new Slow();
        subscribe(1, CHANNEL, "0a", LONG, slow);
        Hub.Reader reader = hub.new Reader(1, 0);
        boolean known = hub.on(1, part -> {
            for (int i = 0; i <= ROOM; i++) {
                Hub.named("0a", (at, length) -> {
                    part.deliver(0, CHANNEL, at, length, at, length);
                    return true;
                });
            }
            Hub.named("0n", (at, length) -> part.subscribe(reader.number(), CHANNEL, at, length, null));
            return part.settle(reader.number());
        });
        assertThat(known).isFalse();
        await(() -> hub.on(1, part -> part.settling(reader.number()) == null));
        await(() -> isHeld("0a"));
        assertThat(hub.publish(CHANNEL, "0n", "x")).isEqualTo(1);
    }

    @Test
    void whoLeavesHoldsNobodyUp() {
        Slow slow = new Slow();
        Subscription full = subscribe(1, CHANNEL, "0a", LONG, slow);
        fill("0a");
        CompletableFuture<Integer> waiting = publish("0a", "waited");
        await(() -> hub.all.total(stats -> stats.waiting.get()) == 1);
        hub.on(1, part -> {
            full.close();
            return true;
        });
        assertThat(waiting.join()).isBetween(0, 1);
        await(() -> !isHeld("0a"));
    }

    @Test
    void manyThatWaitArePublishedAndEachComesOrIsCounted() {
        Slow slow = new Slow();
        subscribe(1, CHANNEL, "0a", LONG, slow);
        List<String> all = fill("0a");
        List<CompletableFuture<Integer>> waiting = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            waiting.add(publish("0a", "w" + i));
            all.add("w" + i);
        }
        await(() -> hub.all.total(stats -> stats.waiting.get()) == 500);
        goOn(1, slow);
        waiting.forEach(each -> assertThat(each.join()).isEqualTo(1));
        // Some may be published before the home hears that the subscriber is full again.
        await(() -> hub.on(1, part -> (long) slow.got.size()) + hub.all.total(stats -> stats.droppedNewest.get()) == all
                .size());
        assertThat(all).containsAll(slow.got);
        assertThat(hub.all.total(stats -> stats.queuedMessages.get() + stats.queuedBytes.get())).isZero();
    }

    @Test
    void tooManyThatWaitAreRefusedAtOnce() {
        subscribe(1, CHANNEL, "0a", LONG, new Slow());
        fill("0a");
        CompletableFuture<Integer> last = hub.on(0, part -> Hub.named("0a", (at, length) -> {
            for (int i = 0; i < 10_000; i++) {
                assertThat(part.publishWhenRoom(CHANNEL, at, length, at, length)).isNotDone();
            }
            return part.publishWhenRoom(CHANNEL, at, length, at, length);
        }));
        assertThatThrownBy(last::join).hasRootCauseInstanceOf(PublishRefusedException.class)
                .hasMessageContaining("10000 messages of 40000 bytes wait already");
        close(0);
    }

    @Test
    void aShardThatStopsFailsWhatWaits() {
        Slow slow = new Slow();
        subscribe(1, CHANNEL, "0a", LONG, slow);
        fill("0a");
        CompletableFuture<Integer> waiting = publish("0a", "waited");
        await(() -> hub.all.total(stats -> stats.waiting.get()) == 1);
        close(0);
        assertThatThrownBy(waiting::join).hasRootCauseInstanceOf(ShardStoppedException.class);
        assertThat(hub.all.total(stats -> stats.waiting.get())).isZero();
    }

    private void close(int shard) {
        hub.on(shard, part -> {
            part.close();
            return true;
        });
    }
}
