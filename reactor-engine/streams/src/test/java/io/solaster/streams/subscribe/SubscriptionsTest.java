package io.solaster.streams.subscribe;

import static io.solaster.streams.subscribe.Subscriptions.CHANNEL;
import static io.solaster.streams.subscribe.Subscriptions.MQTT_FILTER;
import static io.solaster.streams.subscribe.Subscriptions.NATS_FILTER;
import static io.solaster.streams.subscribe.Subscriptions.PATTERN;
import static io.solaster.streams.subscribe.Subscriptions.SHARD_CHANNEL;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

import io.solaster.engine.Engine;
import io.solaster.streams.subscribe.Hub.Reader;
import io.solaster.streams.subscribe.name.NameTable;
import io.solaster.streams.subscribe.name.TokenTree;
import io.solaster.testkit.junit.SolasterTest;
import org.junit.jupiter.api.Test;

/** Subscriptions over two shards. */
@SolasterTest(shards = 2)
final class SubscriptionsTest {
    private final Hub hub;

    SubscriptionsTest(Engine engine) {
        hub = new Hub(engine);
    }

    @Test
    void aMessageGetsToAllWhoHaveTheNameOrAPatternOfIt() {
        Reader here = hub.new Reader(0, 0);
        Reader there = hub.new Reader(1, 1);
        assertThat(here.subscribe(CHANNEL, "0a")).isTrue();
        assertThat(here.subscribe(CHANNEL, "0a")).isFalse();
        assertThat(there.subscribe(CHANNEL, "0a")).isTrue();
        assertThat(there.subscribe(PATTERN, "0*")).isTrue();
        assertThat(hub.publish(CHANNEL, "0a", "x")).isEqualTo(3);
        assertThat(here.await(1)).containsExactly("0a=x");
        assertThat(there.await(2)).containsExactly("!0a=x", "!0*/0a=x");
        assertThat(hub.publish(CHANNEL, "0b", "y")).isEqualTo(1);
        assertThat(there.await(1)).containsExactly("!0*/0b=y");
        assertThat(hub.publish(CHANNEL, "1a", "y")).isZero();
        assertThat(hub.publish(SHARD_CHANNEL, "0a", "y")).isZero();
        assertThat(there.unsubscribe(PATTERN, "0*")).isTrue();
        assertThat(there.unsubscribe(PATTERN, "0*")).isFalse();
        assertThat(hub.publish(CHANNEL, "0a", "z")).isEqualTo(2);
    }

    @Test
    void aFilterByTokensIsKnownToAllShardsAndTakesMessagesOfTheirs() {
        Reader here = hub.new Reader(0, 0);
        Reader there = hub.new Reader(1, 1);
        assertThat(here.subscribe(MQTT_FILTER, "0a/+")).isTrue();
        assertThat(there.subscribe(MQTT_FILTER, "0a/+")).isTrue();
        assertThat(there.subscribe(NATS_FILTER, "0a/b.>")).isTrue();
        assertThat(there.bytes()).isEqualTo(2 * SubscriptionShard.COST + 10 + 4 * TokenTree.COST_OF_TOKEN);
        assertThat(hub.publish(CHANNEL, "0a/b", "x")).isEqualTo(2);
        assertThat(hub.publish(CHANNEL, "0a/b.c", "y")).isEqualTo(3);
        assertThat(hub.publish(SHARD_CHANNEL, "0a/b", "z")).isZero();
        assertThat(here.await(2)).containsExactly("0a/+/0a/b=x", "0a/+/0a/b.c=y");
        assertThat(there.await(3)).containsExactlyInAnyOrder("!0a/+/0a/b=x", "!0a/+/0a/b.c=y", "!0a/b.>/0a/b.c=y");
        assertThat(there.unsubscribe(MQTT_FILTER, "0a/+")).isTrue();
        assertThat(there.bytes()).isEqualTo(SubscriptionShard.COST + 6 + 2 * TokenTree.COST_OF_TOKEN);
        assertThat(hub.publish(CHANNEL, "0a/b", "x")).isEqualTo(1);
        there.leave();
        here.leave();
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        while (hub.on(0, SubscriptionShard::filters) + hub.on(1, SubscriptionShard::filters) > 0) {
            assertThat(System.nanoTime()).as("a minute").isLessThan(deadline);
        }
    }

    @Test
    void aNameThatIsEverywhereIsPublishedToOnAnyShard() {
        Reader there = hub.new Reader(1, 0);
        there.subscribe(CHANNEL, "*event");
        for (int shard = 0; shard < 2; shard++) {
            String message = "from " + shard;
            assertThat(hub.publishOn(shard, CHANNEL, "*event", message)).isEqualTo(1);
            assertThat(there.await(1)).containsExactly("*event=" + message);
        }
    }

    @Test
    void whatIsPublishedElsewhereThanAtHomeGoesThereFirst() {
        Reader here = hub.new Reader(0, 0);
        Reader there = hub.new Reader(1, 0);
        here.subscribe(CHANNEL, "1a");
        there.subscribe(CHANNEL, "1a");
        assertThat(hub.publishOn(0, CHANNEL, "1a", "x")).isEqualTo(1);
        assertThat(here.await(1)).containsExactly("1a=x");
        assertThat(there.await(1)).containsExactly("1a=x");
    }

    @Test
    void oneThatFindsNoMemoryEndsAndTheOthersGetWhatFollows() {
        Reader takes = hub.new Reader(0, 0);
        Reader flushes = hub.new Reader(0, 0);
        Reader other = hub.new Reader(0, 0);
        for (Reader each : List.of(takes, flushes, other)) {
            each.subscribe(CHANNEL, "0a");
        }
        hub.on(0, part -> {
            takes.throwsAtTake = true;
            flushes.throwsAtFlush = true;
            return Hub.publish(part, CHANNEL, "0a", "x");
        });
        assertThat(other.await(1)).containsExactly("0a=x");
        hub.publish(CHANNEL, "0a", "y");
        assertThat(other.await(1)).containsExactly("0a=y");
        boolean ended = hub.on(0, part -> takes.failed && flushes.failed && !other.failed);
        assertThat(ended).isTrue();
    }

    @Test
    void theNextMessageIsItsOwnWhereOneFoundNoMemory() {
        Reader here = hub.new Reader(0, 0);
        here.subscribe(CHANNEL, "0a");
        int receivers = hub.on(0, part -> {
            try {
                // The format of this test has no memory for an empty one.
                return Hub.publish(part, CHANNEL, "0a", "");
            } catch (OutOfMemoryError none) {
                return -1;
            }
        });
        assertThat(receivers).isEqualTo(-1);
        hub.publish(CHANNEL, "0a", "x");
        assertThat(here.await(1)).containsExactly("0a=x");
    }

    @Test
    void oneMessageThatFindsNoMemoryOnAnotherShardTakesNoOtherWithIt() {
        Reader there = hub.new Reader(1, 0);
        there.subscribe(CHANNEL, "0a");
        // All in one turn, so that they travel together; the format of this test has no memory for an empty one.
        hub.on(0, part -> Hub.publish(part, CHANNEL, "0a", "x") + Hub.publish(part, CHANNEL, "0a", "")
                + Hub.publish(part, CHANNEL, "0a", "y"));
        assertThat(there.await(2)).containsExactly("0a=x", "0a=y");
        boolean told = hub.on(1, part -> there.failed);
        assertThat(told).as("it is told that it has missed one").isTrue();
    }

    @Test
    void aLargeMessageIsSharedAndAllMessagesKeepTheirOrder() {
        Reader here = hub.new Reader(0, 0);
        Reader there = hub.new Reader(1, 1);
        here.subscribe(CHANNEL, "0a");
        there.subscribe(CHANNEL, "0a");
        List<String> expected = new ArrayList<>();
        hub.on(0, part -> {
            for (int i = 0; i < 200; i++) {
                // Several batches, and one message that is a batch of its own.
                String message = i + "x".repeat(i == 100 ? 200_000 : i * 10);
                expected.add("0a=" + message);
                assertThat(Hub.publish(part, CHANNEL, "0a", message)).isEqualTo(2);
            }
            return true;
        });
        assertThat(here.await(200)).isEqualTo(expected);
        assertThat(there.await(200)).isEqualTo(expected.stream().map(each -> "!" + each).toList());
    }

    @Test
    void onlyShardsWithSubscribersAreSentMessages() {
        Reader here = hub.new Reader(0, 0);
        here.subscribe(CHANNEL, "0a");
        long before = hub.on(0, part -> part.shard().mesh().sent(1));
        for (int i = 0; i < 50; i++) {
            hub.publishOn(0, CHANNEL, "0a", "x");
        }
        here.await(50);
        long sent = hub.on(0, part -> part.shard().mesh().sent(1)) - before;
        assertThat(sent).as("messages to the shard without subscribers").isLessThan(25);
    }

    @Test
    void whoHasLeftGetsNothingAndIsCountedNoMore() {
        Reader there = hub.new Reader(1, 0);
        hub.on(1, part -> {
            for (int i = 0; i < 2_500; i++) {
                Hub.named("0n" + i,
                        (at, length) -> part.subscribe(there.number(), CHANNEL, at, length, null));
            }
            return part.settle(there.number());
        });
        await(0, 2_500);
        there.leave();
        await(0, 0);
        assertThat(hub.publish(CHANNEL, "0n7", "x")).isZero();
        assertThat(hub.on(1, SubscriptionShard::subscriptions)).isZero();
        // Its number is given to the next one, who has nothing of it.
        Reader next = hub.new Reader(1, 0);
        assertThat(next.bytes()).isZero();
        assertThat(next.count(CHANNEL)).isZero();
    }

    @Test
    void aClosedShardTakesNothingMore() {
        Reader there = hub.new Reader(1, 0);
        there.subscribe(CHANNEL, "0a");
        hub.on(1, part -> {
            part.close();
            return true;
        });
        // Shard 0 does not know, and sends what is published, changes of its own, and what is to be published there.
        assertThat(hub.publish(CHANNEL, "0a", "x")).isEqualTo(1);
        hub.publishOn(0, CHANNEL, "1a", "x");
        Reader here = hub.new Reader(0, 0);
        assertThat(here.subscribe(CHANNEL, "1a")).isTrue();
        assertThat(here.subscribe(PATTERN, "0*")).isTrue();
        int first = hub.on(1, part -> part.first(there.number(), CHANNEL));
        assertThat(first).isEqualTo(NameTable.NONE);
        assertThat(there.subscribe(CHANNEL, "0b")).isFalse();
        assertThat(there.unsubscribe(CHANNEL, "0a")).isFalse();
        assertThat(hub.publishOn(1, CHANNEL, "0a", "x")).isZero();
        there.leave();
        long left = hub.on(1, part -> part.names().size() + part.names().bytes() + part.delivered());
        assertThat(left).isZero();
    }

    @Test
    void whoWaitsForAShardThatHasDiedGoesOn() {
        Reader here = hub.new Reader(0, 0);
        Settling waiting = hub.on(0, part -> {
            Settling made = new Settling(part, here.number(), 0, 2);
            made.await(1);
            return made;
        });
        // As the engine does with what a dead shard has not run: on a thread of its own.
        hub.on(0, part -> new InterestChange(part, hub.all.part(1), waiting)).abandon();
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        while (hub.on(0, part -> waiting.isTooNew(0, 1))) {
            assertThat(System.nanoTime()).as("a minute").isLessThan(deadline);
        }
    }

    @Test
    void whatHasNoRoomLeavesTheNextMessageAsItIs() {
        Reader there = hub.new Reader(1, 0);
        there.subscribe(CHANNEL, "0a");
        int receivers = hub.on(0, part -> {
            try {
                // Its length is looked at first.
                return Hub.named("0a", (at, length) -> part.publish(CHANNEL, at, length, at, Integer.MAX_VALUE));
            } catch (OutOfMemoryError refused) {
                return -1;
            }
        });
        assertThat(receivers).isEqualTo(-1);
        assertThat(hub.publish(CHANNEL, "0a", "x")).isEqualTo(1);
        assertThat(hub.publish(CHANNEL, "0a", "y")).isEqualTo(1);
        assertThat(there.await(2)).containsExactly("0a=x", "0a=y");
    }

    private void await(int shard, int names) {
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        while (hub.on(shard, part -> part.told(CHANNEL)) != names) {
            assertThat(System.nanoTime()).as("a minute").isLessThan(deadline);
        }
    }

    @Test
    void doesWhatAModelDoes() {
        Random random = new Random(7);
        List<Reader> readers = new ArrayList<>();
        Map<Integer, Set<String>> model = new TreeMap<>();
        for (int step = 0; step < 3_000; step++) {
            if (readers.size() < 12 || random.nextInt(200) == 0) {
                readers.add(hub.new Reader(random.nextInt(2), random.nextInt(2)));
                model.put(readers.size() - 1, new TreeSet<>());
            }
            int who = random.nextInt(readers.size());
            if (!model.containsKey(who)) {
                continue;
            }
            Reader reader = readers.get(who);
            int kind = random.nextInt(3);
            String name = random.nextInt(2) + "c" + random.nextInt(3) + (kind == PATTERN ? "*" : "");
            switch (random.nextInt(20)) {
                case 0 -> {
                    if (model.size() > 6) {
                        reader.leave();
                        model.remove(who);
                        awaitSum(model);
                    }
                }
                case 1, 2, 3, 4, 5, 6 ->
                    assertThat(reader.subscribe(kind, name)).isEqualTo(model.get(who).add(kind + name));
                case 7, 8, 9, 10, 11 ->
                    assertThat(reader.unsubscribe(kind, name)).isEqualTo(model.get(who).remove(kind + name));
                default -> publish(model, readers, kind == PATTERN ? CHANNEL : kind, name.substring(0, 3), "m" + step);
            }
        }
    }

    private void publish(Map<Integer, Set<String>> model, List<Reader> readers, int kind, String name, String message) {
        Map<Integer, List<String>> expected = new TreeMap<>();
        model.forEach((who, names) -> {
            List<String> gets = new ArrayList<>();
            String mark = readers.get(who).form() == 0 ? "" : "!";
            if (names.contains(kind + name)) {
                gets.add(mark + name + "=" + message);
            }
            if (kind == CHANNEL && names.contains(PATTERN + name + "*")) {
                gets.add(mark + name + "*/" + name + "=" + message);
            }
            if (!gets.isEmpty()) {
                expected.put(who, gets);
            }
        });
        assertThat(hub.publish(kind, name, message))
                .isEqualTo(expected.values().stream().mapToInt(List::size).sum());
        expected.forEach((who, gets) -> assertThat(readers.get(who).await(gets.size())).isEqualTo(gets));
    }

    /** Those who leave are forgotten by and by. */
    private void awaitSum(Map<Integer, Set<String>> model) {
        int expected = model.values().stream().mapToInt(Set::size).sum();
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        while (sum() != expected) {
            assertThat(System.nanoTime()).as("a minute").isLessThan(deadline);
        }
    }

    private int sum() {
        int sum = 0;
        for (int kind = 0; kind < 3; kind++) {
            for (String name : names(kind)) {
                int of = kind;
                sum += hub.on(hub.homeOf(name),
                        part -> Hub.named(name, (at, length) -> part.subscribers(of, at, length)));
            }
        }
        return sum;
    }

    private static List<String> names(int kind) {
        List<String> names = new ArrayList<>();
        for (int shard = 0; shard < 2; shard++) {
            for (int i = 0; i < 3; i++) {
                names.add(shard + "c" + i + (kind == PATTERN ? "*" : ""));
            }
        }
        return names;
    }
}
