package io.solaster.demo;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

import io.solaster.engine.Shard;
import io.solaster.spring.TopicListener;
import io.solaster.spring.topic.TopicHeaders;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.stereotype.Component;

/** Takes the entries of the topic {@code orders}, each on the shard of its customer, and remembers the last few. */
@Component
final class Orders {
    private static final int MOST = 12;

    private final Deque<Order> last = new ArrayDeque<>();

    /**
     * What was taken.
     *
     * @param entry partition and sequence
     * @param shard that took it
     */
    record Order(String entry, String customer, String article, int shard) {}

    @TopicListener(topic = "orders", group = "demo")
    void take(String article, @Header(TopicHeaders.KEY) String customer,
            @Header(TopicHeaders.RECEIVED_PARTITION) int partition, @Header(TopicHeaders.SEQUENCE) long sequence,
            Shard shard) {
        Order taken = new Order(partition + "-" + sequence, customer, article, shard.id());
        synchronized (last) {
            if (last.size() == MOST) {
                last.removeLast();
            }
            last.addFirst(taken);
        }
    }

    /** The last, the newest first. Any thread. */
    List<Order> last() {
        synchronized (last) {
            return List.copyOf(last);
        }
    }
}
