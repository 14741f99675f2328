package io.solaster.engine.mesh;

import java.lang.invoke.VarHandle;
import java.util.Arrays;

import io.solaster.config.MeshConfig;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.Submission;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One shard's side of the mesh: its lanes to every peer and from every peer.
 *
 * <p>
 * Messages sent in one turn of the loop become visible together, with at most one wake-up per peer. A lane never refuses
 * a message, since a reply that cannot leave would deadlock two shards; whoever makes new requests asks
 * {@link #isWritable} first and waits with {@link #whenWritable}.
 * All calls on the owning shard, but {@link #queued} and {@link #sent}.
 */
public final class Mesh {
    private static final Logger log = LoggerFactory.getLogger(Mesh.class);
    /** Messages taken from one lane before the next has its turn. */
    private static final int BATCH = 256;

    private final int self;
    private int highWaterMark;
    private final Mesh[] peers;
    private final Lane[] outbound;
    private final Lane[] inbound;
    private final Runnable[] wakers;
    private final ShardStats stats;
    /** Targets with something unpublished or waiting; {@code dirty[0..dirtyCount)}. */
    private final int[] dirty;
    private final boolean[] isDirty;
    private int dirtyCount;
    private final GroupScheduler scheduler;
    private final Lane.Receiver receiver = this::received;

    private Mesh(int self, Mesh[] peers, MeshConfig config, Lane[][] lanes, Runnable[] wakers, ShardStats stats,
            GroupScheduler scheduler) {
        int shards = lanes.length;
        this.self = self;
        this.peers = peers;
        this.highWaterMark = config.highWaterMark();
        this.outbound = lanes[self];
        this.inbound = new Lane[shards];
        Arrays.setAll(inbound, from -> lanes[from][self]);
        this.wakers = wakers;
        this.stats = stats;
        this.scheduler = scheduler;
        this.dirty = new int[shards];
        this.isDirty = new boolean[shards];
    }

    /**
     * Connects shards, each to each.
     *
     * @param wakers per shard, what makes a parked shard look at its lanes; callable from any thread, cheap where it is not parked
     * @param stats per shard, where it counts
     * @param schedulers per shard, in whose turns messages are delivered
     */
    public static Mesh[] connect(MeshConfig config, Runnable[] wakers, ShardStats[] stats,
            GroupScheduler[] schedulers) {
        int shards = wakers.length;
        Lane[][] lanes = new Lane[shards][shards];
        for (Lane[] row : lanes) {
            Arrays.setAll(row, i -> new Lane(config.laneCapacity()));
        }
        Mesh[] meshes = new Mesh[shards];
        Arrays.setAll(meshes, i -> new Mesh(i, meshes, config, lanes, wakers, stats[i], schedulers[i]));
        return meshes;
    }

    /**
     * Sends a message to a shard, where it runs in the group that is running here. A group's messages are received in
     * the order of this shard's sends; those to the shard itself in the next turn.
     */
    public void send(int target, Message message) {
        send(target, scheduler.current(), message);
    }

    /** As {@link #send(int, Message)}, in another group. */
    public void send(int target, SchedulingGroup group, Message message) {
        message.group = group.id();
        outbound[target].send(message);
        stats.messagesSent.increment();
        markDirty(target);
    }

    /** Sends a message home from where it is. On the shard where it is. */
    void answer(int from, Message message) {
        peers[from].send(self, message);
    }

    private void markDirty(int target) {
        if (!isDirty[target]) {
            isDirty[target] = true;
            dirty[dirtyCount++] = target;
        }
    }

    /** Changes the mark above which requests wait. On the owning shard. */
    public void highWaterMark(int newHighWaterMark) {
        highWaterMark = newHighWaterMark;
    }

    /** Whether the lane to a shard is below its high-water mark, so that new requests may be sent. */
    public boolean isWritable(int target) {
        return outbound[target].isBelow(highWaterMark);
    }

    /** Runs an action on this shard once the lane to a shard has drained to half of its high-water mark. */
    public void whenWritable(int target, Runnable action) {
        Lane lane = outbound[target];
        lane.waiters.add(action);
        lane.starve();
        stats.laneSaturations.increment();
        markDirty(target);
    }

    private void received(Message message) {
        if (scheduler.mayRun(message.group)) {
            try {
                message.deliver();
            } catch (Throwable failure) {
                log.error("{} threw on shard {}", message.getClass().getName(), self, failure);
            }
        } else if (message.mayBeRefused()) {
            scheduler.submit((Submission) message);
        } else {
            scheduler.execute(message.group, message);
        }
    }

    /**
     * The loop's: delivers what peers have sent, then resumes who waited for a lane.
     *
     * @return how many messages were delivered
     */
    public int receive() {
        int count = 0;
        for (Lane lane : inbound) {
            count += lane.receive(BATCH, receiver);
        }
        if (count > 0) {
            stats.messagesReceived.add(count);
            VarHandle.fullFence();
            for (int from = 0; from < inbound.length; from++) {
                if (from != self && inbound[from].producerStarved()) {
                    wakers[from].run();
                }
            }
        }
        for (int i = 0; i < dirtyCount; i++) {
            count += resumeWaiters(outbound[dirty[i]]);
        }
        return count;
    }

    private int resumeWaiters(Lane lane) {
        // No more than wait now, since one that is not content may wait again.
        int waiting = lane.waiters.size();
        int count = 0;
        while (count < waiting && lane.depth() <= highWaterMark / 2) {
            Runnable waiter = lane.waiters.remove();
            try {
                waiter.run();
            } catch (Throwable failure) {
                log.error("{} threw on shard {}", waiter.getClass().getName(), self, failure);
            }
            count++;
        }
        return count;
    }

    /** The loop's: publishes what was sent in this turn and wakes each parked peer once. */
    public void flush() {
        if (dirtyCount == 0) {
            return;
        }
        boolean published = false;
        for (int i = 0; i < dirtyCount; i++) {
            published |= outbound[dirty[i]].flush();
        }
        if (published) {
            VarHandle.fullFence();
        }
        int left = 0;
        for (int i = 0; i < dirtyCount; i++) {
            int target = dirty[i];
            if (published && target != self) {
                wakers[target].run();
            }
            isDirty[target] = outbound[target].isWaiting();
            if (isDirty[target]) {
                dirty[left++] = target;
            }
        }
        dirtyCount = left;
    }

    /** The loop's: whether peers have sent something. */
    public boolean hasMessages() {
        for (Lane lane : inbound) {
            if (lane.hasMessages()) {
                return true;
            }
        }
        return false;
    }

    /**
     * The loop's: whether a turn would find something to do here. To be asked after a full fence before the shard parks.
     */
    public boolean hasWork() {
        if (hasMessages()) {
            return true;
        }
        for (int i = 0; i < dirtyCount; i++) {
            if (outbound[dirty[i]].canProceed(highWaterMark / 2)) {
                return true;
            }
        }
        return false;
    }

    /** The engine's: abandons what this shard has sent and nobody will receive. After all shards have ended. */
    public void abandonAll() {
        for (Lane lane : outbound) {
            lane.abandonAll();
        }
    }

    /** Messages sent to a shard so far. Any thread, roughly. */
    public long sent(int target) {
        return outbound[target].total();
    }

    /** Messages on their way to a shard. Any thread, roughly. */
    public int queued(int target) {
        return outbound[target].published();
    }
}
