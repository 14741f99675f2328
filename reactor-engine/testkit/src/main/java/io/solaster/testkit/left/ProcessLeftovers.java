package io.solaster.testkit.left;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is left in the process since a moment: buffers, sockets, other descriptors, threads. Whatever runs beside the test
 * counts too, so that it is for tests that run alone. Any thread.
 */
public final class ProcessLeftovers implements AutoCloseable {
    private static boolean settled;

    private final Map<String, String> descriptors = Descriptors.open();
    private final Set<Thread> threads = Threads.running();
    private final Set<Object> buffers;
    private final Openings.Mark openings = Openings.begin();
    private boolean closed;

    private ProcessLeftovers() {
        Buffers.begin();
        buffers = Buffers.now();
    }

    /** From now on. */
    public static synchronized ProcessLeftovers begin() {
        if (!settled) {
            settled = true;
            Descriptors.settleJvm();
        }
        return new ProcessLeftovers();
    }

    /** Whether buffers are looked for: not where this version of Netty does not tell of them. */
    public static boolean looksForBuffers() {
        return Buffers.areTold();
    }

    /**
     * What has come since and does not end by itself within the limit.
     *
     * @param ignored kinds that are not looked for
     */
    public List<Remnant> remnants(Set<Left> ignored, Duration limit) {
        Set<Left> wanted = EnumSet.copyOf(Left.OF_PROCESS);
        wanted.removeAll(ignored);
        List<Remnant> left = new ArrayList<>(Patience.until(limit, () -> open(wanted)));
        if (wanted.contains(Left.BUFFERS)) {
            left.addAll(Buffers.leakedSince(buffers));
        }
        return left.isEmpty() ? left : openings.explain(left);
    }

    private List<Remnant> open(Set<Left> wanted) {
        List<Remnant> left = new ArrayList<>();
        if (wanted.contains(Left.SOCKETS)) {
            left.addAll(Descriptors.newSockets(descriptors));
        }
        if (wanted.contains(Left.DESCRIPTORS)) {
            left.addAll(Descriptors.newFiles(descriptors));
        }
        if (wanted.contains(Left.THREADS)) {
            left.addAll(Threads.since(threads));
        }
        return left;
    }

    /** Looks no more. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Buffers.end();
        }
    }
}
