package io.solaster.engine.stats;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

import io.solaster.config.Internal;

/** CPU time per thread; in a class of its own so that JMX is loaded only when somebody asks. Any thread. */
@Internal
public final class ThreadTimes {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private ThreadTimes() {}

    /** What a thread has used so far, in nanoseconds; 0 where the system does not tell. */
    public static long cpuNanos(long threadId) {
        return THREADS.isThreadCpuTimeSupported() ? THREADS.getThreadCpuTime(threadId) : 0;
    }
}
