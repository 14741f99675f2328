package io.solaster.engine.mesh;

import java.util.ArrayDeque;

import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Test;

/**
 * A lane of two slots, so that most of what is sent goes by way of the producer's own deque. A flush that finds no room
 * must find it after the consumer has made some, or be woken for it: here the consumer asks the producer, as a shard does
 * that sees the lane starved.
 */
public class LaneOverflowLincheckTest {
    private final Lane lane = new Lane(2);
    private int last;

    @Operation(nonParallelGroup = "producer")
    public int sendAll(@Param(gen = IntGen.class, conf = "1:9") int number) {
        for (int i = 0; i < 3; i++) {
            int each = number * 10 + i;
            lane.send(new TestMessage(() -> last = last * 100 + each));
        }
        return 3;
    }

    /** Whether something waits although there is room; never after a flush with nobody receiving in between. */
    @Operation(nonParallelGroup = "producer")
    public boolean flushAndSeeNoneForgotten() {
        lane.flush();
        return lane.overflow.isEmpty() || lane.starved != 0;
    }

    /** Messages come in their order, none twice. */
    @Operation(nonParallelGroup = "consumer")
    public boolean receiveInOrder() {
        last = 0;
        int count = lane.receive(4, TestMessage.DELIVER);
        int first = last / (int) Math.pow(100, Math.max(0, count - 1));
        boolean inOrder = true;
        if (count > 0 && previous >= 0) {
            inOrder = first % 10 == (previous + 1) % 3;
        }
        if (count > 0) {
            previous = last % 10;
        }
        return inOrder;
    }

    private int previous = -1;

    @Test
    void keepsOrderAndForgetsNothing() {
        new ModelCheckingOptions().threads(2).actorsBefore(1).actorsPerThread(3).actorsAfter(0).iterations(4)
                .invocationsPerIteration(200).sequentialSpecification(Sequential.class)
                .check(LaneOverflowLincheckTest.class);
    }

    /** What each operation tells if all is well. */
    public static final class Sequential {
        private final ArrayDeque<Integer> none = new ArrayDeque<>();

        public int sendAll(int number) {
            return 3;
        }

        public boolean flushAndSeeNoneForgotten() {
            return none.isEmpty();
        }

        public boolean receiveInOrder() {
            return true;
        }
    }
}
