package io.solaster.rpc.server;

import io.solaster.engine.task.SchedulingGroup;
import io.solaster.rpc.RpcHandler;
import io.solaster.rpc.RpcMethod;
import io.solaster.rpc.RpcService;
import org.jspecify.annotations.Nullable;

/** A method on one shard, with the permits that are left there. On that shard. */
final class ServedMethod<Q, A> {
    final RpcMethod<Q, A> method;
    final RpcHandler<Q, A> handler;
    /** Where its calls run; null for the server's. */
    final @Nullable SchedulingGroup group;
    final String used;
    private int permits;

    ServedMethod(RpcService.Entry<Q, A> entry, @Nullable SchedulingGroup group) {
        this.method = entry.method();
        this.handler = entry.handler();
        this.group = group;
        this.permits = entry.permits();
        this.used = "'" + method + "' has its " + permits + " permits of a shard in use";
    }

    /** Takes a permit; false if there is none. */
    boolean admit() {
        if (permits == 0) {
            return false;
        }
        permits--;
        return true;
    }

    void release() {
        permits++;
    }
}
