package io.solaster.rpc;

import java.util.concurrent.Callable;

import io.netty.util.concurrent.FastThreadLocal;
import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/** Which call the calling code serves. Any thread. */
@Internal
public final class CurrentCall {
    private static final ScopedValue<RpcCall> FORK = ScopedValue.newInstance();
    private static final FastThreadLocal<@Nullable RpcCall> LOOP = new FastThreadLocal<>();

    private CurrentCall() {}

    static @Nullable RpcCall get() {
        if (Thread.currentThread().isVirtual()) {
            return FORK.isBound() ? FORK.get() : null;
        }
        return LOOP.get();
    }

    /** Has what runs on the loop from here on serve a call; null for none any more. On a shard's loop. */
    public static void set(@Nullable RpcCall call) {
        LOOP.set(call);
    }

    /** Runs work that serves a call. In its fork. */
    public static <T> T call(RpcCall call, Callable<T> work) throws Exception {
        return ScopedValue.where(FORK, call).call(work::call);
    }
}
