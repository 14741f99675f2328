package io.solaster.engine.mesh;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** Who sees a credit back sees what its message has done. */
@JCStressTest
@Outcome(id = {"0, 0", "0, 1", "1, 1"}, expect = Expect.ACCEPTABLE, desc = "not back yet, or done before")
@Outcome(id = "1, 0", expect = Expect.FORBIDDEN, desc = "back before its message has run")
@State
public class FlowReturnedStress {
    private final TwoShards shards = new TwoShards(2, 1);
    private int done;

    public FlowReturnedStress() {
        shards.send(() -> done = 1);
        shards.sender.flush();
    }

    @Actor
    public void sender(II_Result result) {
        result.r1 = shards.sender.isWritable(1) ? 1 : 0;
        result.r2 = done;
    }

    @Actor
    public void receiver() {
        shards.receiver.receive();
    }
}
