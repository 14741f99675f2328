package io.solaster.engine;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/** CPU time per thread; in a class of its own so that JMX is loaded only when somebody asks. */
final class ThreadTimes {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private ThreadTimes() {}

    static long cpuNanos(long threadId) {
        return THREADS.isThreadCpuTimeSupported() ? THREADS.getThreadCpuTime(threadId) : 0;
    }
}
