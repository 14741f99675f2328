package io.solaster.engine.leaks;

import java.util.List;

import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetector.Level;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/**
 * Fails a test class when Netty has found leaks by its end, and the whole run when there are any left once all classes are
 * done: only then the collector is told to run, which takes a moment. What a class fails of may have been made by one before
 * it: Netty's record tells where. JUnit finds this by its service file.
 *
 * <p>
 * A class with the tag {@value #UNWATCHED} has its buffers followed by nobody: since it counts what is allocated, say.
 */
public final class FailOnLeaks implements BeforeAllCallback, AfterAllCallback {
    static final String UNWATCHED = "unwatched";
    private static final Namespace OURS = Namespace.create(FailOnLeaks.class);

    @Override
    public void beforeAll(ExtensionContext context) {
        if (!LeakWatch.isOn()) {
            return;
        }
        context.getRoot().getStore(OURS).computeIfAbsent(EndOfRun.class, key -> new EndOfRun());
        if (context.getTags().contains(UNWATCHED)) {
            context.getStore(OURS).put(Level.class, ResourceLeakDetector.getLevel());
            ResourceLeakDetector.setLevel(Level.DISABLED);
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        Level before = context.getStore(OURS).remove(Level.class, Level.class);
        if (before != null) {
            ResourceLeakDetector.setLevel(before);
        }
        failOn(LeakWatch.takeFound());
    }

    static void failOn(List<String> leaks) {
        if (!leaks.isEmpty()) {
            throw new AssertionError(leaks.size() + " leaked; Netty's records:\n\n" + String.join("\n\n", leaks));
        }
    }

    private static final class EndOfRun implements AutoCloseable {
        @Override
        public void close() throws InterruptedException {
            LeakWatch.collect();
            failOn(LeakWatch.takeFound());
        }
    }
}
