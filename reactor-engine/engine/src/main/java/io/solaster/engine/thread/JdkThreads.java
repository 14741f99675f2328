package io.solaster.engine.thread;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.util.Objects;
import java.util.concurrent.Executor;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place that reaches into the JDK for what it does not offer yet: virtual threads with a scheduler of one's own
 * (in JDK 25 a package-private constructor, there for the JDK's tests) and the thread that carries the calling one.
 */
public final class JdkThreads {
    private static final Logger log = LoggerFactory.getLogger(JdkThreads.class);
    private static final @Nullable MethodHandle BUILDER;
    private static final @Nullable MethodHandle CARRIER;
    private static final @Nullable Throwable UNAVAILABLE;

    static {
        MethodHandle builder = null;
        MethodHandle carrier = null;
        Throwable unavailable = null;
        try {
            Class<?> builders = Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder");
            builder = MethodHandles.privateLookupIn(builders, MethodHandles.lookup())
                    .findConstructor(builders, MethodType.methodType(void.class, Executor.class))
                    .asType(MethodType.methodType(Thread.Builder.OfVirtual.class, Executor.class));
            carrier = MethodHandles.privateLookupIn(Thread.class, MethodHandles.lookup()).findStatic(Thread.class,
                    "currentCarrierThread", MethodType.methodType(Thread.class));
            keepOffTheShards();
        } catch (ReflectiveOperationException | RuntimeException e) {
            unavailable = e;
        }
        BUILDER = builder;
        CARRIER = carrier;
        UNAVAILABLE = unavailable;
    }

    private JdkThreads() {}

    /** Makes the class ready where that is cheap: on a thread that is no shard. */
    public static void prepare() {
        // The static initialiser has done it.
    }

    /**
     * The JDK's own pollers for blocking sockets are virtual threads, and would inherit the shard of the first thread that
     * reads from a socket: every socket of the process would then hang once that shard has stopped.
     */
    private static void keepOffTheShards() {
        for (String name : new String[]{"sun.nio.ch.Poller", "java.lang.VirtualThread$DelayedTaskSchedulers"}) {
            try {
                Class.forName(name, true, null);
            } catch (ClassNotFoundException | LinkageError e) {
                log.debug("This JDK has no {}", name, e);
            }
        }
    }

    /**
     * A virtual thread that is not started yet.
     *
     * @param scheduler given the same task each time that the thread can go on; whoever runs it carries the thread
     * @throws IllegalStateException where the JVM does not let us
     */
    public static Thread unstarted(Executor scheduler, String name, Runnable body) {
        if (BUILDER == null) {
            throw unavailable();
        }
        try {
            return ((Thread.Builder.OfVirtual) BUILDER.invokeExact(scheduler)).name(name).unstarted(body);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Starts what {@link #unstarted} has made. */
    public static void start(Thread virtual) {
        virtual.start();
    }

    /** The platform thread under the calling virtual thread; the calling thread where that cannot be known. */
    public static Thread carrier() {
        if (CARRIER == null) {
            return Thread.currentThread();
        }
        try {
            return (Thread) CARRIER.invokeExact();
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** The thread behind what a scheduler was given; null where this JDK does not show it. Slow: for reports. */
    public static @Nullable Thread threadOf(Runnable continuation) {
        try {
            for (Field field : continuation.getClass().getDeclaredFields()) {
                field.setAccessible(true);
                if (field.get(continuation) instanceof Thread thread) {
                    return thread;
                }
            }
        } catch (ReflectiveOperationException | RuntimeException e) {
            log.debug("{} does not show its thread", continuation.getClass(), e);
        }
        return null;
    }

    private static IllegalStateException unavailable() {
        Throwable cause = Objects.requireNonNull(UNAVAILABLE);
        return new IllegalStateException(cause instanceof IllegalAccessException
                ? "straight-line code on a shard needs the JVM's virtual threads: start it with"
                        + " --add-opens=java.base/java.lang=ALL-UNNAMED, or put 'Add-Opens: java.base/java.lang' into the"
                        + " manifest of the jar that it starts"
                : "straight-line code on a shard does not run on Java " + Runtime.version()
                        + ": it has no virtual threads with a scheduler of one's own; use Java 25",
                cause);
    }
}
