package io.solaster.engine.mesh;

import java.lang.invoke.VarHandle;
import java.util.Queue;

import io.netty.util.internal.PlatformDependent;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A shard goes to sleep while a thread that is no shard hands it a task: the flag and the queue of a Netty loop. */
@JCStressTest
@Outcome(id = {"0, 0", "1, 0", "1, 1"}, expect = Expect.ACCEPTABLE, desc = "stays awake, or is woken")
@Outcome(id = "0, 1", expect = Expect.FORBIDDEN, desc = "sleeps beside a task, and nobody wakes it")
@Outcome(id = ".*, -1", expect = Expect.FORBIDDEN, desc = "sees a task, but not what was written before")
@State
public class InboxStress {
    private final Queue<int[]> inbox = PlatformDependent.newMpscQueue();
    private final ParkedFlag parked = new ParkedFlag();

    @Actor
    public void outside(II_Result result) {
        inbox.add(new int[]{1});
        // As Shard.wake.
        VarHandle.fullFence();
        result.r1 = parked.take() ? 1 : 0;
    }

    @Actor
    public void shard(II_Result result) {
        if (parked.raiseUnless(() -> !inbox.isEmpty())) {
            result.r2 = 1;
        } else {
            result.r2 = inbox.remove()[0] == 1 ? 0 : -1;
        }
    }
}
