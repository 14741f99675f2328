package io.solaster.engine.mesh;

import java.time.Duration;
import java.util.Map;

import io.solaster.config.MeshConfig;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.SchedulingGroups;

/**
 * What two shards share, without their loops: each side's mesh and flag, called as a loop calls them. One actor is the
 * sender, the other the receiver.
 */
final class TwoShards {
    private static final SchedulingGroups GROUPS = new SchedulingGroups(Map.of());
    private static final ShardStats[] STATS = {new ShardStats(), new ShardStats()};
    /** One a side for all, each used by one actor's thread: pairs of shards are made by the hundred thousand. */
    private static final GroupScheduler[] SCHEDULERS = {scheduler(0), scheduler(1)};

    final ParkedFlag senderParked = new ParkedFlag();
    final ParkedFlag receiverParked = new ParkedFlag();
    final Mesh sender;
    final Mesh receiver;
    /** Written and read by the receiver. */
    private boolean senderWoken;
    /** Written and read by the sender. */
    private boolean receiverWoken;

    TwoShards(int laneCapacity, int highWaterMark) {
        Runnable[] wakers = {() -> senderWoken |= senderParked.take(), () -> receiverWoken |= receiverParked.take()};
        Mesh[] meshes = Mesh.connect(new MeshConfig(laneCapacity, highWaterMark), wakers, STATS, SCHEDULERS);
        sender = meshes[0];
        receiver = meshes[1];
    }

    private static GroupScheduler scheduler(int side) {
        // Time stands still, so whatever is received runs at once.
        GroupScheduler scheduler = new GroupScheduler(GROUPS, side, Duration.ofMillis(1), () -> 1, STATS[side], null);
        scheduler.begin(1);
        return scheduler;
    }

    /** Sender: sends a message, to be seen after a flush. */
    void send(Runnable action) {
        sender.send(1, new TestMessage(action));
    }

    /** Sender. */
    boolean senderSleeps() {
        return senderParked.raiseUnless(sender::hasWork);
    }

    /** Receiver. */
    boolean receiverSleeps() {
        return receiverParked.raiseUnless(receiver::hasWork);
    }

    /** Receiver: whether it has to wake the sender. */
    int senderWoken() {
        return senderWoken ? 1 : 0;
    }

    /** Sender: whether it has to wake the receiver. */
    int receiverWoken() {
        return receiverWoken ? 1 : 0;
    }
}
