package io.solaster.engine.leaks;

import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakTracker;

/**
 * Netty's leak detector as tests have it: what it finds is kept for {@link FailOnLeaks}, besides being logged. Netty makes
 * one for each kind of resource, since {@code io.netty.customResourceLeakDetector} names this class. Any thread.
 */
public final class LeakWatch<T> extends ResourceLeakDetector<T> {
    private static final Duration COLLECTS = Duration.ofSeconds(30);
    private static final Queue<LeakWatch<?>> ALL = new ConcurrentLinkedQueue<>();
    private static final Queue<String> FOUND = new ConcurrentLinkedQueue<>();

    public LeakWatch(Class<?> type, int samplingInterval) {
        super(type, samplingInterval);
        ALL.add(this);
    }

    /** Netty looks for this one as well. */
    public LeakWatch(Class<?> type, int samplingInterval, long ignored) {
        this(type, samplingInterval);
    }

    /** Whether Netty has this class for its detectors. */
    static boolean isOn() {
        return LeakWatch.class.getName().equals(System.getProperty("io.netty.customResourceLeakDetector"));
    }

    /** Has everything collected that nobody holds any more, so that what of it was not released is found. */
    static void collect() throws InterruptedException {
        // What is collected first is certainly told of once the next is.
        for (int i = 0; i < 2; i++) {
            ReferenceQueue<Object> collected = new ReferenceQueue<>();
            PhantomReference<Object> sentinel = new PhantomReference<>(new Object(), collected);
            System.gc();
            collected.remove(COLLECTS.toMillis());
            sentinel.clear();
        }
        ALL.forEach(LeakWatch::look);
    }

    /** Netty looks for what was collected when it begins to follow the next one. */
    @SuppressWarnings("unchecked")
    private void look() {
        T next = (T) new Object();
        ResourceLeakTracker<T> follows = trackForcibly(next);
        if (follows != null) {
            follows.close(next);
        }
    }

    /** What was found since this was last asked, as Netty puts it. */
    static List<String> takeFound() {
        List<String> found = new ArrayList<>();
        for (String each = FOUND.poll(); each != null; each = FOUND.poll()) {
            found.add(each);
        }
        return found;
    }

    /** Also where a test has silenced the log. */
    @Override
    protected boolean needReport() {
        return true;
    }

    @Override
    protected void reportTracedLeak(String type, String records) {
        FOUND.add(type + " was collected and had not been released. " + records.strip());
        super.reportTracedLeak(type, records);
    }

    @Override
    protected void reportUntracedLeak(String type) {
        FOUND.add(type + " was collected and had not been released; nobody watched when it was made");
        super.reportUntracedLeak(type);
    }
}
