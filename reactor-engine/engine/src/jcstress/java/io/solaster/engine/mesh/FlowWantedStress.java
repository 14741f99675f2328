package io.solaster.engine.mesh;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A shard that waits for credits goes to sleep while the receiver returns them: how many are wanted, and are back. */
@JCStressTest
@Outcome(id = {"0, 0", "0, 1", "1, 1"}, expect = Expect.ACCEPTABLE, desc = "goes on, or is woken")
@Outcome(id = "1, 0", expect = Expect.FORBIDDEN, desc = "waits for credits that are back, and nobody wakes it")
@State
public class FlowWantedStress {
    private final TwoShards shards = new TwoShards(2, 1);

    public FlowWantedStress() {
        shards.send(() -> {});
        shards.sender.flush();
    }

    @Actor
    public void sender(II_Result result) {
        shards.sender.whenWritable(1, () -> {});
        result.r1 = shards.senderSleeps() ? 1 : 0;
    }

    @Actor
    public void receiver(II_Result result) {
        shards.receiver.receive();
        result.r2 = shards.senderWoken();
    }
}
