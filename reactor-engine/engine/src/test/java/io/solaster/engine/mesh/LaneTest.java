package io.solaster.engine.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.reflect.Field;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LaneTest {
    private final List<Integer> received = new ArrayList<>();

    @Test
    void nothingIsReceivedBeforeItIsFlushed() {
        Lane lane = new Lane(4);
        send(lane, 1);
        assertThat(lane.hasMessages()).isFalse();
        assertThat(lane.receive(10, TestMessage.DELIVER)).isZero();
        assertThat(lane.canProceed()).isTrue();

        assertThat(lane.flush()).isTrue();
        assertThat(lane.flush()).isFalse();
        assertThat(lane.hasMessages()).isTrue();
        assertThat(lane.published()).isEqualTo(1);
        assertThat(lane.receive(10, TestMessage.DELIVER)).isEqualTo(1);
        assertThat(received).containsExactly(1);
        assertThat(lane.depth()).isZero();
    }

    @Test
    void whatTheRingCannotHoldWaitsBehindIt() {
        Lane lane = new Lane(2);
        for (int i = 0; i < 5; i++) {
            send(lane, i);
        }
        assertThat(lane.depth()).isEqualTo(5);
        lane.flush();
        assertThat(lane.isWaiting()).isTrue();
        assertThat(lane.producerStarved()).isTrue();
        assertThat(lane.canProceed()).isFalse();

        assertThat(lane.receive(1, TestMessage.DELIVER)).isEqualTo(1);
        assertThat(lane.canProceed()).isTrue();
        send(lane, 5);
        lane.flush();
        lane.receive(10, TestMessage.DELIVER);
        lane.flush();
        lane.receive(10, TestMessage.DELIVER);
        lane.flush();
        lane.receive(10, TestMessage.DELIVER);

        assertThat(received).containsExactly(0, 1, 2, 3, 4, 5);
        assertThat(lane.isWaiting()).isFalse();
        lane.flush();
        assertThat(lane.producerStarved()).isFalse();
    }

    @Test
    void canBeReadOnWhereAReceiverThrew() {
        Lane lane = new Lane(4);
        for (int i = 0; i < 3; i++) {
            send(lane, i);
        }
        lane.flush();
        assertThatIllegalStateException().isThrownBy(() -> lane.receive(10, (message, index) -> {
            if (index == 1) {
                throw new IllegalStateException("on purpose");
            }
            message.deliver();
        }));
        assertThat(lane.receive(10, TestMessage.DELIVER)).isOne();
        assertThat(received).containsExactly(0, 2);
    }

    @Test
    void whatIsLeftIsAbandonedOnce() {
        AtomicInteger abandoned = new AtomicInteger();
        Lane lane = new Lane(2);
        for (int i = 0; i < 5; i++) {
            lane.send(new Message() {
                @Override
                public void deliver() {}

                @Override
                public void abandon() {
                    abandoned.incrementAndGet();
                }
            });
        }
        lane.flush();
        lane.receive(1, TestMessage.DELIVER);
        lane.abandonAll();
        lane.abandonAll();
        assertThat(abandoned).hasValue(4);
        assertThat(lane.depth()).isZero();
    }

    @Test
    void refusesACapacityThatIsNoPowerOfTwo() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Lane(3)).withMessageContaining("3 slots");
    }

    /** Any order of steps, against a plain queue. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 64})
    void anyOrderOfStepsKeepsTheOrderOfMessages(int capacity) {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            Lane lane = new Lane(capacity);
            received.clear();
            ArrayDeque<Integer> sent = new ArrayDeque<>();
            int number = 0;
            for (int step = 0; step < 300; step++) {
                switch (random.nextInt(3)) {
                    case 0 -> {
                        sent.add(number);
                        send(lane, number++);
                    }
                    case 1 -> lane.flush();
                    default -> lane.receive(1 + random.nextInt(3), TestMessage.DELIVER);
                }
                assertThat(lane.depth()).isEqualTo(number - received.size());
                assertThat(lane.published()).isBetween(0, capacity);
            }
            while (lane.depth() > 0) {
                lane.flush();
                lane.receive(2, TestMessage.DELIVER);
            }
            assertThat(received).as("seed %d", seed).containsExactlyElementsOf(sent);
        }
    }

    /** Two threads that spin; that one sleeps is what the shards' tests are about. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 16, 1024})
    void twoThreadsLoseNothingAndReorderNothing(int capacity) throws Exception {
        exchange(capacity, capacity <= 2 ? 20_000 : 200_000);
    }

    /** Where each message waits for the one before it, that takes seconds. */
    @Tag("full")
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void twoThreadsLoseNothingHoweverLong(int capacity) throws Exception {
        exchange(capacity, 200_000);
    }

    private static void exchange(int capacity, int count) throws Exception {
        Lane lane = new Lane(capacity);
        int[] next = {0};
        int[] wrong = {0};
        final class Numbered extends Message {
            final int number;

            Numbered(int number) {
                this.number = number;
            }

            @Override
            public void deliver() {
                if (number != next[0]++) {
                    wrong[0]++;
                }
            }
        }
        Thread producer = Thread.ofPlatform().start(() -> {
            Random random = new Random(capacity);
            int number = 0;
            while (number < count || lane.isWaiting()) {
                for (int batch = random.nextInt(2 * capacity + 1); batch > 0 && number < count; batch--) {
                    lane.send(new Numbered(number++));
                }
                lane.flush();
                if (lane.depth() > 2 * capacity) {
                    Thread.yield();
                }
            }
        });
        while (next[0] < count) {
            if (lane.receive(7, TestMessage.DELIVER) == 0) {
                Thread.yield();
                assertThat(producer.isAlive() || lane.published() > 0 || next[0] == count).isTrue();
            }
        }
        producer.join();
        assertThat(wrong[0]).isZero();
        assertThat(lane.depth()).isZero();
    }

    @Test
    @SuppressWarnings({"removal", "deprecation"})
    void whatDifferentThreadsWriteStandsTwoCacheLinesApart() throws Exception {
        Field field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        sun.misc.Unsafe unsafe = (sun.misc.Unsafe) field.get(null);
        long ring = unsafe.objectFieldOffset(LaneRing.class.getDeclaredField("ring"));
        List<Long> producers = new ArrayList<>();
        for (String name : List.of("produced", "headSeen", "overflow", "tag", "counted", "told")) {
            producers.add(unsafe.objectFieldOffset(LaneProducerFields.class.getDeclaredField(name)));
        }
        long tail = unsafe.objectFieldOffset(LanePublishedFields.class.getDeclaredField("tail"));
        long starved = unsafe.objectFieldOffset(LanePublishedFields.class.getDeclaredField("starved"));
        long head = unsafe.objectFieldOffset(LaneConsumerFields.class.getDeclaredField("head"));
        long last = unsafe.objectFieldOffset(LaneLastPadding.class.getDeclaredField("p15"));

        assertThat(producers).allSatisfy(offset -> {
            assertThat(offset - ring).isGreaterThanOrEqualTo(128);
            assertThat(tail - offset).isGreaterThanOrEqualTo(128);
        });
        assertThat(starved - tail).isEqualTo(8);
        assertThat(head - starved).isGreaterThanOrEqualTo(128);
        assertThat(last - head).isGreaterThanOrEqualTo(120);

        long fixed = 0;
        for (String name : List.of("from", "group", "receiver", "wanted")) {
            fixed = Math.max(fixed, unsafe.objectFieldOffset(FlowFixed.class.getDeclaredField(name)));
        }
        List<Long> senders = new ArrayList<>();
        for (String name : List.of("sent", "returnedSeen", "to", "waiting", "waiters")) {
            senders.add(unsafe.objectFieldOffset(FlowSenderFields.class.getDeclaredField(name)));
        }
        long done = unsafe.objectFieldOffset(FlowReceiverFields.class.getDeclaredField("done"));
        long returned = unsafe.objectFieldOffset(FlowReceiverFields.class.getDeclaredField("returned"));
        long end = unsafe.objectFieldOffset(FlowLastPadding.class.getDeclaredField("p15"));
        assertThat(Collections.min(senders) - fixed).isGreaterThanOrEqualTo(128);
        assertThat(Math.min(done, returned) - Collections.max(senders)).isGreaterThanOrEqualTo(128);
        assertThat(end - Math.max(done, returned)).isGreaterThanOrEqualTo(120);
    }

    private void send(Lane lane, int number) {
        lane.send(new TestMessage(() -> received.add(number)));
    }
}
