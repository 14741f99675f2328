package io.solaster.spring.trace;

import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;

import io.micrometer.observation.Observation;
import io.solaster.engine.trace.Hop;
import org.jspecify.annotations.Nullable;

/** A hop as an observation below the one that handed the work over. */
final class ObservedHop implements Hop {
    private final ObservedTracing tracing;
    private final Observation parent;
    private final Observation observation;
    private final HopContext context;
    private final AtomicBoolean ended = new AtomicBoolean();
    private final long handedOver = System.nanoTime();

    ObservedHop(ObservedTracing tracing, Observation parent, Observation observation, HopContext context) {
        this.tracing = tracing;
        this.parent = parent;
        this.observation = observation;
        this.context = context;
    }

    @Override
    public void begun() {
        context.queueWaitNanos(System.nanoTime() - handedOver);
    }

    @Override
    public <T extends @Nullable Object> T call(Callable<T> work) throws Exception {
        begun();
        try (Observation.Scope _ = observation.openScope()) {
            return work.call();
        }
    }

    @Override
    public void ended(@Nullable Throwable failure) {
        if (ended.compareAndSet(false, true)) {
            context.over(failure);
            if (failure != null) {
                observation.error(failure);
            }
            tracing.stop(observation);
        }
    }

    @Override
    public void resume(Runnable completion) {
        try (Observation.Scope _ = parent.openScope()) {
            completion.run();
        }
    }
}
