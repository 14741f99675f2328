package io.solaster.engine.mesh;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** Who sees a lane's head may fill the slot before it: the consumer has read and cleared that. */
@JCStressTest
@Outcome(id = "1, 2", expect = Expect.ACCEPTABLE, desc = "both, each once")
@Outcome(expect = Expect.FORBIDDEN, desc = "a slot was given back while it was in use")
@State
public class LaneHeadStress {
    private final Lane lane = new Lane(1);
    private int first;
    private int last;

    public LaneHeadStress() {
        lane.send(new TestMessage(() -> first += 1));
        lane.flush();
    }

    @Actor
    public void producer() {
        lane.send(new TestMessage(() -> last += 2));
        lane.flush();
    }

    @Actor
    public void consumer() {
        lane.receive(1, TestMessage.DELIVER);
    }

    @Arbiter
    public void after(II_Result result) {
        try {
            lane.flush();
            lane.receive(1, TestMessage.DELIVER);
            result.r1 = first;
            result.r2 = last;
        } catch (NullPointerException nothingInTheSlot) {
            result.r2 = -1;
        }
    }
}
