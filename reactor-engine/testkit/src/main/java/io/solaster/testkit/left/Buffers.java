package io.solaster.testkit.left;

import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.lang.reflect.Field;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import org.jspecify.annotations.Nullable;

/**
 * Netty's leak detector for buffers, which follows each of them while anybody looks. It knows which have not been released:
 * the collector has to run only where there are such, and what it then finds unreachable is leaked; what somebody still
 * holds is not. Netty's set of those is private, so that a Netty that has none is not asked. Any thread.
 */
final class Buffers {
    private static final Duration COLLECTS = Duration.ofSeconds(2);
    /** What another thread is about to release is no matter for the collector. */
    private static final Duration SETTLES = Duration.ofMillis(20);
    /** A line of a stack in one of Netty's records. */
    private static final Pattern FRAME = Pattern
            .compile("\\s+(?:[^\\s/]*/+)?([\\w.$]+)\\.([\\w$<>]+)\\(([^:)]+)(?::(\\d+))?\\)");

    private static final @Nullable Collection<?> UNRELEASED = unreleased();
    /** What Netty has told of before we could look. */
    private static final ConcurrentLinkedQueue<String> TOLD = new ConcurrentLinkedQueue<>();
    private static int lookers;
    private static ResourceLeakDetector.Level levelBefore = ResourceLeakDetector.Level.SIMPLE;

    private Buffers() {}

    private static @Nullable Collection<?> unreleased() {
        try {
            // Netty makes its detector of buffers with its first allocator.
            ByteBufAllocator.DEFAULT.isDirectBufferPooled();
            Field ofBuffers = Class.forName("io.netty.buffer.AbstractByteBuf").getDeclaredField("leakDetector");
            ofBuffers.setAccessible(true);
            @SuppressWarnings("unchecked")
            ResourceLeakDetector<ByteBuf> detector = (ResourceLeakDetector<ByteBuf>) ofBuffers.get(null);
            Field all = ResourceLeakDetector.class.getDeclaredField("allLeaks");
            all.setAccessible(true);
            Object leaks = all.get(detector);
            if (detector == null || !(leaks instanceof Collection<?> collection)) {
                return null;
            }
            detector.setLeakListener((type, records) -> TOLD.add(records));
            return collection;
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            return null;
        }
    }

    /** Whether Netty tells of its buffers. */
    static boolean areTold() {
        return UNRELEASED != null;
    }

    /** Each buffer is followed from now on, until {@link #end}. */
    static synchronized void begin() {
        if (lookers++ == 0) {
            levelBefore = ResourceLeakDetector.getLevel();
            ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        }
    }

    static synchronized void end() {
        if (--lookers == 0) {
            ResourceLeakDetector.setLevel(levelBefore);
        }
    }

    /** What has not been released by now, for {@link #leakedSince}. */
    static Set<Object> now() {
        TOLD.clear();
        Set<Object> now = Collections.newSetFromMap(new IdentityHashMap<>());
        if (UNRELEASED != null) {
            now.addAll(UNRELEASED);
        }
        return now;
    }

    /** What was made since, has not been released, and cannot be released any more since nobody holds it. */
    static List<Remnant> leakedSince(Set<Object> before) {
        long end = System.nanoTime() + SETTLES.toNanos();
        while (!unreleasedSince(before).isEmpty() && System.nanoTime() - end < 0) {
            LockSupport.parkNanos(1_000_000);
        }
        if (!unreleasedSince(before).isEmpty()) {
            collect();
        }
        Set<String> records = new HashSet<>();
        for (Reference<?> each : unreleasedSince(before)) {
            if (each.refersTo(null)) {
                records.add(each.toString());
                forget(each);
            }
        }
        for (String told = TOLD.poll(); told != null; told = TOLD.poll()) {
            records.add(told);
        }
        return records.stream().map(Buffers::remnant).toList();
    }

    /** Told once. */
    private static void forget(Reference<?> leaked) {
        if (UNRELEASED != null) {
            UNRELEASED.remove(leaked);
        }
    }

    private static List<Reference<?>> unreleasedSince(Set<Object> before) {
        List<Reference<?>> since = new ArrayList<>();
        if (UNRELEASED != null) {
            for (Object each : UNRELEASED) {
                if (each instanceof Reference<?> reference && !before.contains(each)) {
                    since.add(reference);
                }
            }
        }
        return since;
    }

    private static void collect() {
        WeakReference<Object> sentinel = new WeakReference<>(new Object());
        long end = System.nanoTime() + COLLECTS.toNanos();
        do {
            System.gc();
            LockSupport.parkNanos(100_000);
        } while (!sentinel.refersTo(null) && System.nanoTime() - end < 0);
    }

    /** Of Netty's records, the latest of what touched the buffer first, at last what made it. */
    private static Remnant remnant(String records) {
        int made = records.lastIndexOf("Created at:");
        List<StackTraceElement> madeAt = made < 0 ? List.of() : stack(records.substring(made));
        StringBuilder name = new StringBuilder("that was not released");
        new Remnant(Left.BUFFERS, "", stack(records.substring(0, Math.max(0, made)))).line()
                .ifPresent(line -> name.append(", last used at ").append(line));
        return new Remnant(Left.BUFFERS, name.toString(), madeAt);
    }

    private static List<StackTraceElement> stack(String records) {
        List<StackTraceElement> stack = new ArrayList<>();
        for (Matcher frame = FRAME.matcher(records); frame.find();) {
            stack.add(new StackTraceElement(frame.group(1), frame.group(2), frame.group(3),
                    frame.group(4) == null ? -1 : Integer.parseInt(frame.group(4))));
        }
        return stack;
    }
}
