package io.solaster.engine.mesh;

import java.util.Arrays;

/** Flows of peers that get credits back at the end of a round. On the shard that received their messages. */
final class ReturningFlows {
    private Flow[] flows = new Flow[16];
    private int count;

    void add(Flow flow) {
        if (count == flows.length) {
            flows = Arrays.copyOf(flows, count * 2);
        }
        flows[count++] = flow;
    }

    boolean isEmpty() {
        return count == 0;
    }

    void publish() {
        for (int i = 0; i < count; i++) {
            flows[i].publish();
        }
    }

    /**
     * Wakes those who want to know, and forgets all. After {@link #publish} and a full fence.
     *
     * @param self the shard that received
     * @param wakers per shard
     */
    void wake(int self, Runnable[] wakers) {
        for (int i = 0; i < count; i++) {
            Flow flow = flows[i];
            if (flow.isWanted() && flow.from != self) {
                wakers[flow.from].run();
            }
        }
        count = 0;
    }
}
