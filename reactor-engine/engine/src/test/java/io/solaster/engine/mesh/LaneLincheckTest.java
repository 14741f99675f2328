package io.solaster.engine.mesh;

import java.util.ArrayDeque;

import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Test;

/** Every interleaving of one producer and one consumer, as long as the ring holds what is sent: a queue. */
public class LaneLincheckTest {
    private final Lane lane = new Lane(4);
    private int last;

    @Operation(nonParallelGroup = "producer")
    public void send(@Param(gen = IntGen.class, conf = "1:9") int number) {
        // A lane of 4 in scenarios of at most 4 sends: what overflows is seen by a later flush only.
        lane.send(new TestMessage(() -> last = number));
        lane.flush();
    }

    @Operation(nonParallelGroup = "consumer")
    public int receive() {
        return lane.receive(1, TestMessage.DELIVER) == 0 ? 0 : last;
    }

    @Test
    void isAQueue() {
        new ModelCheckingOptions().threads(2).actorsBefore(1).actorsPerThread(3).actorsAfter(0).iterations(6)
                .invocationsPerIteration(200).sequentialSpecification(Sequential.class).check(LaneLincheckTest.class);
    }

    /** What it is to behave like. */
    public static final class Sequential {
        private final ArrayDeque<Integer> queue = new ArrayDeque<>();

        public void send(int number) {
            queue.add(number);
        }

        public int receive() {
            Integer number = queue.poll();
            return number == null ? 0 : number;
        }
    }
}
