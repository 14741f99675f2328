package io.solaster.engine.mesh;

import java.util.ArrayDeque;
import java.util.function.Consumer;

import io.solaster.engine.task.Abandonable;
import io.solaster.engine.task.GroupScheduler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who waits on one shard for credits of its flows, and whose turn it is: first in, first out by flow.
 *
 * <p>
 * A flow with waiters is writable to nobody else, so newcomers wait behind them. A waiter has its turn once no more than
 * half of the high-water mark is out, and goes by that mark alone as long as its action runs, on other flows too: a command
 * for several shards has waited already and is no newcomer anywhere, and the upper half is the room that such senders find. A
 * rule by which each lane asked for a turn of its own would have a sender for two lanes wait for one while its turn on the
 * other passes. A sender that finds yet another lane full waits there behind those that wait there.
 *
 * <p>
 * Newcomers pay nothing for this: the mark that they are held to is the flow's own, and 0 while somebody waits. On the
 * owning shard.
 */
final class Waiters {
    private static final Logger log = LoggerFactory.getLogger(Waiters.class);
    /** Fewer credits are never out. */
    private static final int NOBODY = 0;

    private final int self;
    private final GroupScheduler scheduler;
    /** Brings the count of what a flow has sent up to date. */
    private final Consumer<Flow> count;
    private final ArrayDeque<Flow> flows = new ArrayDeque<>();
    private int highWaterMark;
    /** A waiter has its turn. */
    private boolean resuming;

    Waiters(int self, int highWaterMark, GroupScheduler scheduler, Consumer<Flow> count) {
        this.self = self;
        this.highWaterMark = highWaterMark;
        this.scheduler = scheduler;
        this.count = count;
    }

    boolean isEmpty() {
        return flows.isEmpty();
    }

    int highWaterMark() {
        return highWaterMark;
    }

    private int lowWaterMark() {
        return highWaterMark / 2;
    }

    /** Flows take it by {@link #mark}. */
    void highWaterMark(int newHighWaterMark) {
        highWaterMark = newHighWaterMark;
        flows.forEach(this::want);
    }

    /** Says what newcomers are held to. */
    void mark(Flow flow) {
        flow.mark = flow.waiters.isEmpty() ? highWaterMark : NOBODY;
    }

    /** Whether this is a waiter's turn and there is room, although newcomers may not write. */
    boolean mayPass(Flow flow) {
        return resuming && flow.isBelow(highWaterMark);
    }

    /** The flow's count is up to date. */
    void add(Flow flow, Runnable action) {
        flow.waiters.add(action);
        flow.mark = NOBODY;
        want(flow);
        if (!flow.waiting) {
            flow.waiting = true;
            flows.add(flow);
        }
    }

    /** A waiter whose turn its group has queued needs no waking. */
    private void want(Flow flow) {
        if (flow.waiters.isEmpty() || flow.turnQueued) {
            flow.wantNothing();
        } else {
            flow.want(lowWaterMark());
        }
    }

    /**
     * Resumes those whose turn it is.
     *
     * @return how many there were
     */
    int resume() {
        int resumed = 0;
        for (int left = flows.size(); left > 0; left--) {
            Flow flow = flows.remove();
            try {
                resumed += resume(flow);
            } finally {
                flow.waiting = flow.turnQueued || !flow.waiters.isEmpty();
                if (flow.waiting) {
                    flows.add(flow);
                }
                want(flow);
            }
        }
        return resumed;
    }

    private int resume(Flow flow) {
        int resumed = 0;
        // No more than wait now, since one that is not content may wait again.
        for (int most = flow.waiters.size(); most > 0 && isTurnDue(flow); most--) {
            if (!scheduler.mayRun(flow.group)) {
                queueTurn(flow);
                break;
            }
            resumeFirst(flow);
            resumed++;
        }
        return resumed;
    }

    private boolean isTurnDue(Flow flow) {
        if (flow.turnQueued || flow.waiters.isEmpty()) {
            return false;
        }
        count.accept(flow);
        return flow.outstanding() <= lowWaterMark();
    }

    /** The group has others before; the waiter keeps its place meanwhile, and one has its turn at a time. */
    private void queueTurn(Flow flow) {
        Runnable turn = flow.turn;
        if (turn == null) {
            turn = () -> queuedTurn(flow);
            flow.turn = turn;
        }
        scheduler.execute(flow.group, turn);
        flow.turnQueued = true;
    }

    private void queuedTurn(Flow flow) {
        flow.turnQueued = false;
        if (isTurnDue(flow)) {
            resumeFirst(flow);
            if (isTurnDue(flow)) {
                queueTurn(flow);
            }
        }
        want(flow);
    }

    private void resumeFirst(Flow flow) {
        Runnable waiter = flow.waiters.remove();
        resuming = true;
        try {
            waiter.run();
        } catch (Throwable failure) {
            log.error("{} threw on shard {}", waiter.getClass().getName(), self, failure);
        } finally {
            resuming = false;
            mark(flow);
        }
    }

    /** Whether somebody's turn is due; ordered after the shard's own volatile stores. */
    boolean canProceed() {
        if (flows.isEmpty()) {
            // Asked several times a turn: without the second compiler an iterator is an object.
            return false;
        }
        for (Flow flow : flows) {
            if (!flow.turnQueued && !flow.waiters.isEmpty() && flow.canProceed(lowWaterMark())) {
                return true;
            }
        }
        return false;
    }

    /** Has those go on in their groups who wait for a peer that has died: they learn of it by sending. */
    void abandonPeer(Mesh peer) {
        for (int left = flows.size(); left > 0; left--) {
            Flow flow = flows.remove();
            if (flow.receiver != peer) {
                flows.add(flow);
                continue;
            }
            flow.waiting = false;
            flow.wantNothing();
            while (!flow.waiters.isEmpty()) {
                scheduler.execute(flow.group, flow.waiters.remove());
            }
        }
    }

    /** After the shard has ended. */
    void abandonAll() {
        for (Flow flow = flows.poll(); flow != null; flow = flows.poll()) {
            for (@Nullable
            Runnable waiter = flow.waiters.poll(); waiter != null; waiter = flow.waiters.poll()) {
                if (waiter instanceof Abandonable abandonable) {
                    Lane.abandon(abandonable);
                }
            }
        }
    }
}
