package io.solaster.engine.mesh;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A shard whose lane is full goes to sleep while the receiver makes room. */
@JCStressTest
@Outcome(id = {"0, 0", "0, 1", "1, 1"}, expect = Expect.ACCEPTABLE, desc = "goes on, or is woken")
@Outcome(id = "1, 0", expect = Expect.FORBIDDEN, desc = "sleeps with a message unsent, and nobody wakes it")
@State
public class OverflowStress {
    private final TwoShards shards = new TwoShards(2, 8);

    public OverflowStress() {
        shards.send(() -> {});
        shards.send(() -> {});
        shards.sender.flush();
        shards.send(() -> {});
    }

    @Actor
    public void sender(II_Result result) {
        shards.sender.flush();
        result.r1 = shards.senderSleeps() && shards.sender.sent(1) < 3 ? 1 : 0;
    }

    @Actor
    public void receiver(II_Result result) {
        shards.receiver.receive();
        result.r2 = shards.senderWoken();
    }
}
