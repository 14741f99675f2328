package io.solaster.testkit.readme;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

import io.solaster.testkit.check.Deliveries;

final class DeliveriesExample {
    private DeliveriesExample() {}

    /** A message of a topic. */
    record Message(int partition, long offset) {}

    static void run(List<Message> sent, List<Message> acknowledged, List<Message> seen, List<Long> offsets) {
        assertThat(Deliveries.lost(acknowledged, seen)).isEmpty();
        assertThat(Deliveries.repeated(seen)).isEmpty();
        assertThat(Deliveries.outOfOrder(sent, seen, Message::partition)).isEmpty();
        assertThat(Deliveries.firstStepBack(offsets)).isNull();
    }
}
