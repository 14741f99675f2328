package io.solaster.engine.mesh;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** Who sees a lane's tail sees the message in its slot, and what the message holds. */
@JCStressTest
@Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "not published yet")
@Outcome(id = {"1, 1", "2, 3"}, expect = Expect.ACCEPTABLE, desc = "published, and whole")
@Outcome(expect = Expect.FORBIDDEN, desc = "published before it was written")
@State
public class LaneTailStress {
    private final Lane lane = new Lane(4);
    private int received;

    @Actor
    public void producer() {
        lane.send(new Number(1));
        lane.publish();
        lane.send(new Number(2));
        lane.flush();
    }

    @Actor
    public void consumer(II_Result result) {
        try {
            result.r1 = lane.receive(4, (message, index) -> received += ((Number) message).number);
            result.r2 = received;
        } catch (NullPointerException nothingInTheSlot) {
            result.r2 = -1;
        }
    }

    private static final class Number extends Message {
        /** Not final: its writing is ordered by the lane alone. */
        private int number;

        Number(int number) {
            this.number = number;
        }

        @Override
        public void deliver() {}
    }
}
