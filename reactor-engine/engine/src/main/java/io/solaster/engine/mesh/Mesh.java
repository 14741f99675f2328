package io.solaster.engine.mesh;

import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Objects;

import io.solaster.config.Internal;
import io.solaster.config.MeshConfig;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.task.Abandonable;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.SchedulingGroups;
import io.solaster.engine.task.Submission;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One shard's side of the mesh: its lanes to every peer and from every peer.
 *
 * <p>
 * Messages sent in one turn of the loop become visible together, with at most one wake-up per peer. A lane never refuses
 * a message, since a reply that cannot leave would deadlock two shards; whoever makes new requests asks
 * {@link #isWritable} first and waits with {@link #whenWritable}, behind those that wait already. A message takes a credit of its lane and its group until
 * the receiver is done with it: what the receiver has read and not run yet counts as much as what is in the lane. The
 * receiver reads every lane in each round nevertheless, so a group that is behind holds up neither other groups nor
 * replies, which take no credits.
 * All calls on the owning shard, but {@link #queued} and {@link #sent}.
 */
public final class Mesh {
    private static final Logger log = LoggerFactory.getLogger(Mesh.class);
    /** Messages taken from one lane before the next has its turn. */
    private static final int BATCH = 256;

    private final int self;
    private final Mesh[] peers;
    private final Lane[] outbound;
    private final Lane[] inbound;
    /** By peer and group, made by the sender before it first sends. */
    private final @Nullable Flow[][] outboundFlows;
    private final @Nullable Flow[][] inboundFlows;
    private final Runnable[] wakers;
    private final ShardStats stats;
    /** Targets with something unpublished or waiting; {@code dirty[0..dirtyCount)}. */
    private final int[] dirty;
    private final boolean[] isDirty;
    private int dirtyCount;
    /** Peers that have died. */
    private final boolean[] dead;
    private final Waiters waiters;
    private final ReturningFlows returning = new ReturningFlows();
    /** While messages are received: where their credits go back to, and since when they run at once and are alike. */
    private @Nullable Flow[] receiving;
    private long ranFrom;
    private int ranTag;
    private final GroupScheduler scheduler;
    private final Lane.Receiver receiver = this::received;

    private Mesh(int self, Mesh[] peers, MeshConfig config, Lane[][] lanes, @Nullable Flow[][][] flows,
            Runnable[] wakers, ShardStats stats, GroupScheduler scheduler) {
        int shards = lanes.length;
        this.self = self;
        this.peers = peers;
        this.outbound = lanes[self];
        this.inbound = new Lane[shards];
        Arrays.setAll(inbound, from -> lanes[from][self]);
        this.outboundFlows = flows[self];
        this.inboundFlows = new @Nullable Flow[shards][];
        Arrays.setAll(inboundFlows, from -> flows[from][self]);
        this.receiving = inboundFlows[self];
        this.wakers = wakers;
        this.stats = stats;
        this.scheduler = scheduler;
        this.waiters = new Waiters(self, config.highWaterMark(), scheduler, flow -> countSent(flow.to));
        this.dirty = new int[shards];
        this.isDirty = new boolean[shards];
        this.dead = new boolean[shards];
    }

    /**
     * Connects shards, each to each.
     *
     * @param wakers per shard, what makes a parked shard look at its lanes; callable from any thread, cheap where it is not parked
     * @param stats per shard, where it counts
     * @param schedulers per shard, in whose turns messages are delivered
     */
    @Internal
    public static Mesh[] connect(MeshConfig config, Runnable[] wakers, ShardStats[] stats,
            GroupScheduler[] schedulers) {
        int shards = wakers.length;
        Lane[][] lanes = new Lane[shards][shards];
        for (Lane[] row : lanes) {
            Arrays.setAll(row, i -> new Lane(config.laneCapacity()));
        }
        @Nullable
        Flow[][][] flows = new @Nullable Flow[shards][shards][SchedulingGroups.MOST];
        Mesh[] meshes = new Mesh[shards];
        Arrays.setAll(meshes, i -> new Mesh(i, meshes, config, lanes, flows, wakers, stats[i], schedulers[i]));
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
        send(target, group, message, 1);
    }

    /** As {@link #send(int, Message)}, for a message that holds much memory and so takes more than one credit. */
    public void send(int target, Message message, int credits) {
        send(target, scheduler.current(), message, credits);
    }

    /**
     * Sends a reply, or a word of a protocol that bounds itself: it takes no credits, so nobody's {@link #isWritable}
     * counts it.
     */
    public void sendFree(int target, Message message) {
        sendFree(target, scheduler.current(), message);
    }

    /** As {@link #sendFree(int, Message)}, in another group. */
    public void sendFree(int target, SchedulingGroup group, Message message) {
        // One that was refused goes home without having run.
        message.giveBack();
        send(target, group, message, 0);
    }

    /** As {@link #send(int, Message, int)}, in another group. */
    public void send(int target, SchedulingGroup group, Message message, int credits) {
        Lane lane = outbound[target];
        int tag = Message.tag(group.id(), credits);
        if (tag != lane.tag) {
            if (dead[target]) {
                scheduler.execute(group.id(), new Abandoned(message));
                return;
            }
            turnTo(target, tag);
        }
        message.tag = tag;
        lane.send(message);
        markDirty(target);
    }

    /** Messages of one group come in runs mostly, so whole runs are counted. */
    private void turnTo(int target, int tag) {
        countSent(target);
        outbound[target].tag = tag;
        // Before the receiver looks for it.
        flow(target, Message.groupIn(tag));
    }

    private void countSent(int target) {
        Lane lane = outbound[target];
        long all = lane.sent();
        flow(target, Message.groupIn(lane.tag)).sent += (all - lane.counted) * Message.creditsIn(lane.tag);
        lane.counted = all;
    }

    private Flow flow(int target, int group) {
        @Nullable
        Flow[] byGroup = outboundFlows[target];
        Flow flow = byGroup[group];
        if (flow == null) {
            flow = new Flow(self, target, group, peers[target]);
            flow.mark = waiters.highWaterMark();
            byGroup[group] = flow;
        }
        return flow;
    }

    private Flow counted(int target, SchedulingGroup group) {
        countSent(target);
        return flow(target, group.id());
    }

    /** Sends a message home from where it is. On the shard where it is. */
    void replyFrom(int from, Message message) {
        peers[from].sendFree(self, message);
    }

    private void markDirty(int target) {
        if (!isDirty[target]) {
            isDirty[target] = true;
            dirty[dirtyCount++] = target;
        }
    }

    /** Changes the mark above which requests wait. On the owning shard. */
    @Internal
    public void highWaterMark(int newHighWaterMark) {
        waiters.highWaterMark(newHighWaterMark);
        for (@Nullable
        Flow[] byGroup : outboundFlows) {
            for (Flow flow : byGroup) {
                if (flow != null) {
                    waiters.mark(flow);
                }
            }
        }
    }

    /**
     * Whether the group that is running here may send new requests to a shard: fewer of its credits than the high-water
     * mark are out there, and nobody waits for them ({@link #whenWritable}), or it is the turn of who asks.
     */
    public boolean isWritable(int target) {
        return isWritable(target, scheduler.current());
    }

    /** As {@link #isWritable(int)}, for another group. */
    public boolean isWritable(int target, SchedulingGroup group) {
        if (dead[target]) {
            return true;
        }
        Flow flow = counted(target, group);
        return flow.isBelow(flow.mark) || waiters.mayPass(flow);
    }

    /**
     * Runs an action on this shard once no more than half of the high-water mark is out on a shard, of the credits of the
     * group that is running here, and all that wait for the same have had their turn. It runs in that group. Its turn lasts
     * as long as it runs: {@link #isWritable} goes by the high-water mark alone then, for every shard, and says that others
     * come first after. Who goes on later than that, on a virtual thread say, sends without asking once more. An engine that
     * stops abandons an {@link Abandonable} that still waits, and drops another action.
     */
    public void whenWritable(int target, Runnable action) {
        whenWritable(target, scheduler.current(), action);
    }

    /** As {@link #whenWritable(int, Runnable)}, for another group and in it. */
    public void whenWritable(int target, SchedulingGroup group, Runnable action) {
        if (dead[target]) {
            scheduler.execute(group, action);
            return;
        }
        waiters.add(counted(target, group), action);
        stats.laneSaturations.increment();
    }

    private void received(Message message, long index) {
        int tag = message.tag;
        if (tag != ranTag) {
            giveBackRan(index);
            ranTag = tag;
        }
        if (!scheduler.mayRun(Message.groupIn(tag))) {
            giveBackRan(index);
            ranFrom = index + 1;
            queue(message, tag);
            return;
        }
        try {
            message.deliver();
        } catch (Throwable failure) {
            log.error("{} threw on shard {}", message.getClass().getName(), self, failure);
        }
    }

    private void queue(Message message, int tag) {
        int group = Message.groupIn(tag);
        message.queued = Message.creditsIn(tag) == 0 ? null : receiving[group];
        try {
            if (message instanceof Submission submission && message.mayBeRefused()) {
                scheduler.submit(submission);
            } else {
                scheduler.execute(group, message);
            }
        } catch (Throwable failure) {
            // Out of memory, say: it costs this message and not the shard.
            message.giveBack();
            scheduler.abandon(message, message.mayBeRefused(), failure);
        }
    }

    /** A run of like messages that ran at once gives its credits back together. */
    private void giveBackRan(long end) {
        int credits = Message.creditsIn(ranTag);
        if (credits > 0 && end > ranFrom) {
            Objects.requireNonNull(receiving[Message.groupIn(ranTag)]).giveBack((end - ranFrom) * credits);
        }
        ranFrom = end;
    }

    /** A flow's: the shard that sends there gets credits back. */
    void returns(Flow flow) {
        returning.add(flow);
    }

    /**
     * The loop's: delivers what peers have sent, then resumes who waited for a lane.
     *
     * @return how many messages were delivered
     */
    @Internal
    public int receive() {
        int count = 0;
        for (int from = 0; from < inbound.length; from++) {
            Lane lane = inbound[from];
            receiving = inboundFlows[from];
            ranFrom = lane.head;
            count += lane.receive(BATCH, receiver);
            giveBackRan(lane.head);
        }
        if (count > 0) {
            stats.messagesReceived.add(count);
            returning.publish();
            VarHandle.fullFence();
            for (int from = 0; from < inbound.length; from++) {
                if (from != self && inbound[from].producerStarved()) {
                    wakers[from].run();
                }
            }
            returning.wake(self, wakers);
        }
        return waiters.isEmpty() ? count : count + waiters.resume();
    }

    /** The loop's: publishes what was sent and what was given back in this turn, and wakes each parked peer once. */
    @Internal
    public void flush() {
        if (dirtyCount == 0 && returning.isEmpty()) {
            return;
        }
        returning.publish();
        boolean published = false;
        long sent = 0;
        for (int i = 0; i < dirtyCount; i++) {
            Lane lane = outbound[dirty[i]];
            published |= lane.flush();
            sent += lane.sent() - lane.told;
            lane.told = lane.sent();
        }
        stats.messagesSent.add(sent);
        if (published || !returning.isEmpty()) {
            VarHandle.fullFence();
        }
        returning.wake(self, wakers);
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
    @Internal
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
    @Internal
    public boolean hasWork() {
        if (hasMessages()) {
            return true;
        }
        for (int i = 0; i < dirtyCount; i++) {
            if (outbound[dirty[i]].canProceed()) {
                return true;
            }
        }
        return waiters.canProceed() || !returning.isEmpty();
    }

    /** The engine's: abandons what this shard has sent and nobody will receive, and who waits. After all shards have ended. */
    @Internal
    public void abandonAll() {
        for (Lane lane : outbound) {
            lane.abandonAll();
        }
        abandonWaiters();
    }

    /** The engine's: abandons who waits here for a peer. After this shard has ended. */
    @Internal
    public void abandonWaiters() {
        waiters.abandonAll();
    }

    /**
     * The engine's: a peer has died. Receives what it had sent, abandons what it did not receive, and from now on
     * whatever is sent to it; who waits for it goes on, and learns of it by sending.
     */
    @Internal
    public void abandonPeer(int target) {
        dead[target] = true;
        countSent(target);
        Lane lane = outbound[target];
        // First, since who hears of the end may send again at once.
        lane.tag = Message.NO_TAG;
        lane.abandonAll();
        lane.counted = lane.sent();
        lane.told = lane.sent();
        receiveRest(target);
        waiters.abandonPeer(peers[target]);
    }

    /** Also what the lane of the dead could not hold. All is queued, since this runs in the turn of some group. */
    private void receiveRest(int from) {
        Lane lane = inbound[from];
        receiving = inboundFlows[from];
        int count = 0;
        while (lane.flush() || lane.hasMessages()) {
            count += lane.receive(BATCH, (message, index) -> queue(message, message.tag));
        }
        stats.messagesReceived.add(count);
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
