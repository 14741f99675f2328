package io.solaster.streams.subscribe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What waits for a subscriber, beside a list. */
final class DeliveryQueueTest {
    private record Waiting(long key, int id, int bytes) {}

    @ParameterizedTest
    @EnumSource
    void keepsWithinItsBoundsWhatThePolicySays(DeliveryPolicy policy) {
        Random random = new Random(5);
        SubscriptionStats stats = new SubscriptionStats();
        DeliveryQueue queue = new DeliveryQueue(policy, 20, 4_000, stats);
        // Who publishes waits at the bounds; what comes all the same is taken up to twice as much.
        int times = policy == DeliveryPolicy.WAIT ? 2 : 1;
        int maxMessages = 20 * times;
        long maxBytes = 4_000L * times;
        List<Waiting> model = new ArrayList<>();
        List<ByteBuf> made = new ArrayList<>();
        long dropped = 0;
        for (int step = 0; step < 20_000; step++) {
            if (random.nextInt(5) < 2) {
                ByteBuf taken = queue.poll();
                assertThat(taken == null ? -1 : taken.getInt(0))
                        .isEqualTo(model.isEmpty() ? -1 : model.getFirst().id());
                if (taken != null) {
                    model.removeFirst();
                    taken.release();
                }
                continue;
            }
            Waiting next = new Waiting(random.nextInt(8), step,
                    4 + random.nextInt(random.nextInt(50) == 0 ? 5_000 : 400));
            int before = model.size();
            boolean replaced = false;
            boolean stays = true;
            if (policy == DeliveryPolicy.CONFLATE) {
                for (int i = 0; i < model.size(); i++) {
                    if (model.get(i).key() == next.key()
                            && bytes(model) - model.get(i).bytes() + next.bytes() <= maxBytes) {
                        model.set(i, next);
                        replaced = true;
                        dropped++;
                        break;
                    }
                    if (model.get(i).key() == next.key()) {
                        // It keeps its place, and the new one goes behind.
                        model.set(i, new Waiting(-1 - step, model.get(i).id(), model.get(i).bytes()));
                    }
                }
            }
            if (!replaced) {
                if (policy == DeliveryPolicy.DROP_OLDEST || policy == DeliveryPolicy.CONFLATE) {
                    while (next.bytes() + DeliveryQueue.COST <= maxBytes && !fits(model, next, maxMessages, maxBytes)) {
                        model.removeFirst();
                        dropped++;
                    }
                }
                if (fits(model, next, maxMessages, maxBytes)) {
                    model.add(next);
                } else if (policy == DeliveryPolicy.CLOSE) {
                    stays = false;
                } else {
                    dropped++;
                }
            }
            ByteBuf message = Unpooled.directBuffer(next.bytes()).writeInt(next.id()).writeZero(next.bytes() - 4);
            assertThat(queue.offer(message, next.key())).isEqualTo(stays);
            message.release();
            made.add(message);
            assertThat(queue.size()).as("step %s, from %s", step, before).isEqualTo(model.size());
            assertThat(queue.bytes()).isEqualTo(bytes(model)).isLessThanOrEqualTo(maxBytes);
        }
        assertThat(queue.takeDropped()).isEqualTo(dropped)
                .isEqualTo(stats.droppedNewest.get() + stats.droppedOldest.get() + stats.conflated.get());
        assertThat(dropped > 0).isEqualTo(policy != DeliveryPolicy.CLOSE);
        queue.clear();
        assertThat(stats.queuedBytes.get() + stats.queuedMessages.get()).isZero();
        assertThat(made).allMatch(each -> each.refCnt() == 0);
    }

    private static long bytes(List<Waiting> model) {
        return model.stream().mapToLong(each -> each.bytes() + DeliveryQueue.COST).sum();
    }

    private static boolean fits(List<Waiting> model, Waiting next, int maxMessages, long maxBytes) {
        return model.size() < maxMessages && bytes(model) + next.bytes() + DeliveryQueue.COST <= maxBytes;
    }

    @Test
    void conflationKeepsTheOrderInWhichNamesCame() {
        DeliveryQueue queue = new DeliveryQueue(DeliveryPolicy.CONFLATE, 10, 10_000, new SubscriptionStats());
        for (int key : new int[]{1, 2, 1, 3, 2, 1}) {
            ByteBuf message = Unpooled.buffer().writeInt(key * 100 + queue.size());
            queue.offer(message, key);
            message.release();
        }
        List<Integer> got = new ArrayList<>();
        while (!queue.isEmpty()) {
            ByteBuf next = Objects.requireNonNull(queue.poll());
            got.add(next.getInt(0) / 100);
            next.release();
        }
        assertThat(got).containsExactly(1, 2, 3);
    }

    @Test
    void theWindowGrowsByAStepAndIsHalvedOncePerWindow() {
        DeliveryWindow window = new DeliveryWindow(4, 16, 2, 100);
        for (int i = 0; i < 20; i++) {
            window.drained(i, i + 100);
        }
        assertThat(window.size()).isEqualTo(16);
        window.drained(20, 200);
        window.drained(21, 210);
        window.drained(22, 220);
        assertThat(window.size()).as("all of these were under way before the cut").isEqualTo(8);
        window.drained(230, 400);
        window.drained(401, 600);
        window.drained(601, 800);
        assertThat(window.size()).isEqualTo(4);
        window.drained(900, 910);
        assertThat(window.size()).isEqualTo(6);
    }

    @Test
    void aQueueOfNothingIsRefused() {
        assertThatThrownBy(() -> new DeliveryQueue(DeliveryPolicy.CLOSE, 0, 1, new SubscriptionStats()))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("0 messages");
        assertThatThrownBy(() -> new QueueLimits(DeliveryPolicy.CLOSE, 1, 1, 1, java.time.Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("PT0S");
    }
}
