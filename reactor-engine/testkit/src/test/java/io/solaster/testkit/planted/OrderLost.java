package io.solaster.testkit.planted;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

import io.solaster.testkit.check.Deliveries;
import io.solaster.testkit.planted.World.Node;

/**
 * A lane between two shards with few places, and an overflow at the sender. Wrong: what is sent while there is a place again
 * overtakes what waits in the overflow.
 */
final class OrderLost {
    private static final int PLACES = 2;

    private final boolean bug;
    private final Deque<Integer> lane = new ArrayDeque<>();
    private final Deque<Integer> overflow = new ArrayDeque<>();
    private final List<Integer> received = new ArrayList<>();

    private OrderLost(boolean bug) {
        this.bug = bug;
    }

    static void run(World world, boolean bug) {
        OrderLost service = new OrderLost(bug);
        List<Node> shards = world.shards("sender", "receiver");
        List<Integer> sent = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            int message = i;
            sent.add(message);
            world.soon(shards.getFirst(), () -> service.send(message));
            world.soon(shards.getLast(), service::receive);
        }
        world.run();
        while (!service.lane.isEmpty() || !service.overflow.isEmpty()) {
            service.flush();
            service.receive();
        }
        assertThat(Deliveries.outOfOrder(sent, service.received, _ -> "lane")).as("overtaken").isEmpty();
        assertThat(Deliveries.lost(sent, service.received)).as("lost").isEmpty();
    }

    private void send(int message) {
        if (lane.size() < PLACES && (bug || overflow.isEmpty())) {
            lane.add(message);
        } else {
            overflow.add(message);
        }
        if (message % 3 == 2) {
            flush();
        }
    }

    private void flush() {
        while (lane.size() < PLACES && !overflow.isEmpty()) {
            lane.add(overflow.remove());
        }
    }

    private void receive() {
        Integer message = lane.poll();
        if (message != null) {
            received.add(message);
        }
    }
}
