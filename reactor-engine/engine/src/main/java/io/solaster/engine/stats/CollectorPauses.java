package io.solaster.engine.stats;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * How long collections have held all threads, in nanoseconds. What collectors do beside the threads is left out: ZGC and
 * Shenandoah count that under names that end in 'Cycles'. Any thread.
 */
final class CollectorPauses implements LongSupplier {
    private static final long MILLI = 1_000_000;

    private final List<GarbageCollectorMXBean> collectors = ManagementFactory.getGarbageCollectorMXBeans().stream()
            .filter(collector -> !collector.getName().endsWith("Cycles")).toList();

    @Override
    public long getAsLong() {
        long millis = 0;
        for (GarbageCollectorMXBean collector : collectors) {
            millis += Math.max(0, collector.getCollectionTime());
        }
        return millis * MILLI;
    }
}
