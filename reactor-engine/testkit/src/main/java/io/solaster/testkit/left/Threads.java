package io.solaster.testkit.left;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.atomic.AtomicReference;

import org.jspecify.annotations.Nullable;

/** The platform threads of this process. Any thread. */
final class Threads {
    /** Threads that live as long as the process does, or end by themselves, whoever first needed them. */
    private static final List<String> OF_PROCESS = List.of("globalEventExecutor-", "CompletableFutureDelayScheduler",
            "junit-", "surefire-", "process reaper", "Keep-Alive-Timer", "Attach Listener", "JFR ", "VirtualThread-",
            "Common-Cleaner", "Cleaner-", "JNA Cleaner", "ObjectCleanerThread", "RMI ", "Read-Poller", "Write-Poller",
            "child-jvms", "logback-", "boundedElastic-", "parallel-", "single-", "reactor-http-");

    private Threads() {}

    static Set<Thread> running() {
        Set<Thread> running = Collections.newSetFromMap(new IdentityHashMap<>());
        running.addAll(all());
        return running;
    }

    static List<Remnant> since(Set<Thread> before) {
        List<Remnant> left = new ArrayList<>();
        for (Thread thread : all()) {
            if (!before.contains(thread) && thread.isAlive() && !livesOn(thread)) {
                StackTraceElement[] stack = thread.getStackTrace();
                if (stack.length > 0 || thread.isAlive()) {
                    left.add(new Remnant(Left.THREADS, name(thread, stack), List.of()));
                }
            }
        }
        return left;
    }

    private static String name(Thread thread, StackTraceElement[] stack) {
        return "'" + thread.getName() + "' #" + thread.threadId() + ", " + thread.getState() + Arrays.stream(stack)
                .filter(frame -> !frame.getClassName().startsWith("java.") && !frame.getClassName().startsWith("jdk."))
                .findFirst().or(() -> Arrays.stream(stack).findFirst()).map(frame -> ", now at " + frame).orElse("");
    }

    private static boolean livesOn(Thread thread) {
        ThreadGroup group = thread.getThreadGroup();
        if (thread instanceof ForkJoinWorkerThread worker) {
            return ForkJoinPool.commonPool().equals(worker.getPool())
                    || !worker.getClass().equals(ForkJoinWorkerThread.class)
                            && !worker.getClass().getName().startsWith("java.util.concurrent");
        }
        if (thread.getClass().getName().equals("java.util.concurrent.DelayScheduler")) {
            // Virtual threads that wait for a time have the JDK start one, which stays; another pool's was left.
            return thread.getName().startsWith(carriers());
        }
        return group == null || group.getName().equals("system") || group.getName().equals("InnocuousThreadGroup")
                || OF_PROCESS.stream().anyMatch(thread.getName()::startsWith)
                || thread.getClass().getName().startsWith("jdk.")
                || thread.getClass().getName().startsWith("org.junit.");
    }

    /** What the names of the threads of that pool begin with that runs virtual threads. */
    private static String carriers() {
        AtomicReference<String> name = new AtomicReference<>("");
        Thread thread = Thread.ofVirtual().start(() -> name.set(Thread.currentThread().toString()));
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        // Such as VirtualThread[#30]/runnable@ForkJoinPool-1-worker-2.
        String carrier = name.get().substring(name.get().lastIndexOf('@') + 1);
        int worker = carrier.lastIndexOf("worker-");
        return worker < 0 ? carrier : carrier.substring(0, worker);
    }

    private static List<Thread> all() {
        ThreadGroup root = Thread.currentThread().getThreadGroup();
        for (ThreadGroup above = root; above != null; above = above.getParent()) {
            root = above;
        }
        @Nullable
        Thread[] threads = new Thread[root.activeCount() + 64];
        int found = root.enumerate(threads, true);
        while (found == threads.length) {
            threads = new Thread[threads.length * 2];
            found = root.enumerate(threads, true);
        }
        List<Thread> all = new ArrayList<>(found);
        for (Thread thread : threads) {
            if (thread != null) {
                all.add(thread);
            }
        }
        return all;
    }
}
