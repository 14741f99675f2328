package io.solaster.engine;

import java.util.ArrayDeque;
import java.util.concurrent.TimeoutException;

import io.solaster.engine.task.SchedulingGroup;

/**
 * Mesh permits: the calls under way from one shard to another in one group. Those beyond the group's bound wait here, in
 * order. On the shard that asks.
 */
final class MeshPermits {
    private final Shard home;
    private final Shard to;
    private final SchedulingGroup group;
    private final ArrayDeque<Call<?>> waiting = new ArrayDeque<>();
    private int used;

    MeshPermits(Shard home, Shard to, SchedulingGroup group) {
        this.home = home;
        this.to = to;
        this.group = group;
    }

    /** Sends a call once there is a permit for it. */
    void send(Call<?> call, int most) {
        if (used < most && waiting.isEmpty()) {
            sendNow(call);
            return;
        }
        waiting.add(call);
        home.stats().permitWaits.increment();
        home.unlessDone(call.future(), group.config().queueTimeout(), () -> expire(call));
    }

    private void sendNow(Call<?> call) {
        used++;
        call.permits = this;
        home.mesh().send(to.id(), group, call);
    }

    private void expire(Call<?> call) {
        if (waiting.remove(call)) {
            home.stats().permitTimeouts.increment();
            call.future().completeExceptionally(new TimeoutException("solaster.engine.groups." + group.name()
                    + ".mesh-permits: none of " + group.config().meshPermits() + " to shard " + to.id()
                    + " was free within " + group.config().queueTimeout()));
            call.abandonHop();
        }
    }

    /** A call has come back. */
    void release() {
        used--;
        int most = group.config().meshPermits();
        while (!waiting.isEmpty() && (most == 0 || used < most)) {
            Call<?> next = waiting.remove();
            if (next.isCancelled()) {
                next.abandonHop();
            } else {
                sendNow(next);
            }
        }
    }

    /** After the shards have ended. */
    void abandonAll() {
        waiting.forEach(Call::abandon);
        waiting.clear();
    }
}
