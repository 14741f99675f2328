package io.solaster.engine.mesh;

import java.lang.invoke.VarHandle;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A producer finds its lane full while the consumer makes room: one of the two goes on. */
@JCStressTest
@Outcome(id = {"0, 0", "0, 1", "1, 1"}, expect = Expect.ACCEPTABLE, desc = "finds room, or is told of it")
@Outcome(id = "1, 0", expect = Expect.FORBIDDEN, desc = "waits for room that is there, and nobody tells it")
@State
public class LaneStarvedStress {
    private final Lane lane = new Lane(1);

    public LaneStarvedStress() {
        lane.send(new TestMessage(() -> {}));
        lane.flush();
        lane.send(new TestMessage(() -> {}));
    }

    @Actor
    public void producer(II_Result result) {
        lane.flush();
        result.r1 = lane.isWaiting() ? 1 : 0;
    }

    @Actor
    public void consumer(II_Result result) {
        lane.receive(1, TestMessage.DELIVER);
        // As Mesh.receive.
        VarHandle.fullFence();
        result.r2 = lane.producerStarved() ? 1 : 0;
    }
}
