package io.solaster.engine.mesh;

import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Test;

/**
 * The handshake by which a shard parks, over a real lane: every interleaving of a sender that publishes and looks
 * whether the shard is parked, and of a shard that says so and looks at its lane again. A shard that is asleep receives
 * nothing until it is woken, so a lost wake-up shows as a message that was sent and cannot be received. The order of
 * memory, for which both have a full fence, is tried by {@code MemoryOrderTest}: Lincheck's memory is sequentially
 * consistent.
 */
public class ParkingLincheckTest {
    private final Lane lane = new Lane(4);
    private final ParkedFlag parked = new ParkedFlag();
    private volatile boolean asleep;
    private int last;

    @Operation(nonParallelGroup = "sender")
    public void send(@Param(gen = IntGen.class, conf = "1:9") int number) {
        lane.send(new TestMessage(() -> last = number));
        lane.flush();
        // As Shard.wakeIfParked.
        if (parked.take()) {
            asleep = false;
        }
    }

    /** A turn of the loop: 0 if the shard sleeps, or goes to sleep. */
    @Operation(nonParallelGroup = "shard")
    public int turn() {
        while (!asleep) {
            if (lane.receive(1, TestMessage.DELIVER) > 0) {
                return last;
            }
            asleep = true;
            if (parked.raiseUnless(lane::hasMessages)) {
                return 0;
            }
            asleep = false;
        }
        return 0;
    }

    @Test
    void losesNoWakeUp() {
        new ModelCheckingOptions().threads(2).actorsBefore(1).actorsPerThread(3).actorsAfter(1).iterations(6)
                .invocationsPerIteration(300).sequentialSpecification(Sequential.class)
                .check(ParkingLincheckTest.class);
    }

    /** What it is to behave like. */
    public static final class Sequential {
        private final java.util.ArrayDeque<Integer> queue = new java.util.ArrayDeque<>();

        public void send(int number) {
            queue.add(number);
        }

        public int turn() {
            Integer number = queue.poll();
            return number == null ? 0 : number;
        }
    }
}
