package io.solaster.engine.mesh;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A shard goes to sleep while a peer sends: the flag and the lane, each with a full fence between. */
@JCStressTest
@Outcome(id = {"0, 0", "1, 0", "1, 1"}, expect = Expect.ACCEPTABLE, desc = "stays awake, or is woken")
@Outcome(id = "0, 1", expect = Expect.FORBIDDEN, desc = "sleeps beside a message, and nobody wakes it")
@State
public class ParkingStress {
    private final TwoShards shards = new TwoShards(4, 4);

    @Actor
    public void sender(II_Result result) {
        shards.send(() -> {});
        shards.sender.flush();
        result.r1 = shards.receiverWoken();
    }

    @Actor
    public void receiver(II_Result result) {
        result.r2 = shards.receiverSleeps() ? 1 : 0;
    }
}
