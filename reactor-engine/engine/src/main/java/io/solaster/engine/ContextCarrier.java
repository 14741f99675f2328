package io.solaster.engine;

import java.util.concurrent.Callable;

import org.jspecify.annotations.Nullable;

/**
 * Takes what a thread has beside its stack, such as a logging context or a trace, along to the thread that runs its work:
 * see {@link Engine#carryContext}. Asked for every call from one shard to another, so it should be quick.
 */
public interface ContextCarrier {

    /**
     * On the thread that calls.
     *
     * @return work that has the calling thread's context while it runs and leaves none behind; the work itself where there
     *         is nothing to carry
     */
    <T extends @Nullable Object> Callable<T> carry(Callable<T> work);
}
