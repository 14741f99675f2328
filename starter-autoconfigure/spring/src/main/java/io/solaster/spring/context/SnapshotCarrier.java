package io.solaster.spring.context;

import java.util.concurrent.Callable;

import io.micrometer.context.ContextRegistry;
import io.micrometer.context.ContextSnapshotFactory;
import io.micrometer.context.ThreadLocalAccessor;
import io.solaster.engine.ContextCarrier;
import org.jspecify.annotations.Nullable;

/**
 * Takes along what Micrometer's context propagation knows of: observations, traces and what else is registered with its
 * {@link ContextRegistry}; and the diagnostic context. Needs {@code io.micrometer:context-propagation}. Any thread.
 */
public final class SnapshotCarrier implements ContextCarrier {
    private final ContextRegistry registry;
    private final ContextSnapshotFactory snapshots;
    private final MdcCarrier mdc = new MdcCarrier();

    /** For what is registered in a registry, now or later. */
    public SnapshotCarrier(ContextRegistry registry) {
        this.registry = registry;
        this.snapshots = ContextSnapshotFactory.builder().contextRegistry(registry).build();
    }

    @Override
    public <T extends @Nullable Object> Callable<T> carry(Callable<T> work) {
        Callable<T> withMdc = mdc.carry(work);
        for (ThreadLocalAccessor<?> accessor : registry.getThreadLocalAccessors()) {
            if (accessor.getValue() != null) {
                return snapshots.captureAll().wrap(withMdc);
            }
        }
        return withMdc;
    }
}
