package io.solaster.streams;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

import io.solaster.config.EngineConfig;
import io.solaster.config.topic.TopicConfig;
import io.solaster.config.topic.TopicOrder;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.testkit.sim.Machine;
import io.solaster.testkit.sim.Simulation;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random steps of publishers, members, restarts, crashes and other numbers of shards, against a group as it is in words: each entry is
 * at one member at a time, until the group has acknowledged it, and comes no more then.
 */
final class GroupModelTest {
    private static final String TOPIC = "orders";
    private static final int WINDOW = 4;
    private static final int KEYS = 6;
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    /** An entry that is at a member. */
    private record Out(String member, Delivery delivery) {}

    private static final class Run {
        final Simulation sim;
        final Machine machine;
        final TopicConfig config;
        final boolean byKey;
        final Map<EntryId, String> entries = new HashMap<>();
        final Set<EntryId> acknowledged = new HashSet<>();
        final Map<EntryId, Out> out = new LinkedHashMap<>();
        final Map<String, Consumption> members = new LinkedHashMap<>();
        final Set<String> leaving = new HashSet<>();
        int names;
        int epoch;
        @Nullable
        Streams streams;
        boolean isMade;

        Run(Simulation sim, TopicOrder order) {
            this.sim = sim;
            this.machine = sim.machine("a");
            this.byKey = order == TopicOrder.KEY;
            this.config = TopicConfig.in("/data/orders").withPartitions(5).withOrder(order)
                    .withSizes(new ByteSize(128 << 10), new ByteSize(64 << 10), new ByteSize(4 << 10));
        }

        Streams streams() {
            Streams open = streams;
            if (open == null) {
                Engine engine = machine.start(EngineConfig.defaults().withShards(1 + sim.random().nextInt(3)));
                open = Streams.open(engine, Map.of(TOPIC, config));
                streams = open;
            }
            return open;
        }

        void publish() {
            List<CompletableFuture<EntryId>> all = new ArrayList<>();
            List<String> keys = new ArrayList<>();
            for (int i = 1 + sim.random().nextInt(6); i > 0; i--) {
                keys.add("k" + sim.random().nextInt(KEYS));
                all.add(streams().topic(TOPIC).publish(keys.getLast().getBytes(UTF_8), keys.getLast().getBytes(UTF_8)));
            }
            for (int i = 0; i < all.size(); i++) {
                entries.put(sim.await(all.get(i), PATIENCE), keys.get(i));
            }
        }

        void join() {
            String name = "m" + names++;
            int joined = epoch;
            members.put(name, streams().consume(TOPIC, "g", ConsumeOptions.DEFAULTS.withMember(name)
                    .withRun(sim.random().nextBoolean() ? ConsumeOptions.Run.LOOP : ConsumeOptions.Run.FORK)
                    .withAcknowledge(ConsumeOptions.Acknowledge.BY_HAND).withWindow(WINDOW, new ByteSize(1 << 20))
                    .withBackOff(Duration.ofMillis(1), Duration.ofMillis(50)), delivery -> {
                        if (joined == epoch) {
                            given(name, delivery);
                        }
                    }));
            isMade = true;
        }

        void given(String member, Delivery delivery) {
            EntryId id = delivery.id();
            String key = new String(delivery.value(), UTF_8);
            assertThat(acknowledged).as("it was acknowledged").doesNotContain(id);
            Out before = out.get(id);
            assertThat(before == null || leaving.contains(before.member)).as("%s is at %s", id, before).isTrue();
            if (byKey) {
                assertThat(out.values()).noneMatch(each -> !leaving.contains(each.member)
                        && new String(each.delivery.value(), UTF_8).equals(key));
                assertThat(entries).noneSatisfy((other, itsKey) -> assertThat(itsKey.equals(key)
                        && other.sequence() < id.sequence() && !acknowledged.contains(other)).isTrue());
            }
            out.put(id, new Out(member, delivery));
            assertThat(out.values().stream().filter(each -> each.member.equals(member)
                    && each.delivery.shard() == delivery.shard()).count()).isLessThanOrEqualTo(WINDOW);
        }

        @Nullable
        Out any() {
            List<Out> all = out.values().stream().sorted(Comparator.comparing(each -> each.delivery.id().toString()))
                    .toList();
            return all.isEmpty() ? null : all.get(sim.random().nextInt(all.size()));
        }

        void acknowledge(Out which) {
            EntryId id = which.delivery.id();
            out.remove(id);
            acknowledged.add(id);
            sim.await(which.delivery.ack(), PATIENCE);
        }

        void handBack(Out which) {
            out.remove(which.delivery.id());
            which.delivery.nack(Duration.ofMillis(sim.random().nextInt(30)));
        }

        void leave() {
            String name = List.copyOf(members.keySet()).get(sim.random().nextInt(members.size()));
            leaving.add(name);
            Consumption leaves = members.remove(name);
            if (leaves != null) {
                sim.await(leaves.stop(), PATIENCE);
            }
            leaving.remove(name);
            out.values().removeIf(each -> each.member.equals(name));
        }

        void delete() {
            while (!members.isEmpty()) {
                leave();
            }
            sim.await(streams().topic(TOPIC).deleteGroup("g"), PATIENCE);
            acknowledged.clear();
            isMade = false;
        }

        void end(int how) {
            epoch++;
            out.clear();
            members.clear();
            if (streams != null) {
                streams = null;
                switch (how) {
                    case 0 -> machine.stop();
                    case 1 -> machine.kill();
                    default -> machine.crash();
                }
            }
        }

        long lag() {
            return sim.await(streams().topic(TOPIC).groups(), PATIENCE).stream().mapToLong(GroupState::lag).sum();
        }

        void step() {
            int drawn = sim.random().nextInt(100);
            Out one = any();
            if (drawn < 25) {
                publish();
            } else if (drawn < 60 && one != null) {
                acknowledge(one);
            } else if (drawn < 72 && one != null) {
                handBack(one);
            } else if (drawn < 82 && members.size() < 4) {
                join();
            } else if (drawn < 88 && !members.isEmpty()) {
                leave();
            } else if (drawn < 90) {
                delete();
            } else if (drawn < 94) {
                end(sim.random().nextInt(3));
            } else {
                sim.sleep(Duration.ofMillis(sim.random().nextInt(60)));
            }
            if (isMade && streams != null) {
                assertThat(lag()).isEqualTo(entries.size() - acknowledged.size());
            }
        }

        void drain() {
            join();
            sim.until(() -> {
                Out next = any();
                while (next != null) {
                    acknowledge(next);
                    next = any();
                }
                return acknowledged.size() == entries.size();
            }, PATIENCE);
            assertThat(acknowledged).isEqualTo(entries.keySet());
            assertThat(lag()).isZero();
        }
    }

    private static void seeds(long from, int count, int steps, TopicOrder order) {
        for (long seed = from; seed < from + count; seed++) {
            Simulation.run(seed, sim -> {
                Run run = new Run(sim, order);
                for (int i = 0; i < steps; i++) {
                    run.step();
                }
                run.drain();
            });
        }
    }

    @ParameterizedTest
    @EnumSource(TopicOrder.class)
    void groupsDoAsTheModel(TopicOrder order) {
        seeds(0, 3, 80, order);
    }

    @Tag("full")
    @ParameterizedTest
    @EnumSource(TopicOrder.class)
    void groupsDoAsTheModelManyTimes(TopicOrder order) {
        seeds(100, 25, 150, order);
    }
}
