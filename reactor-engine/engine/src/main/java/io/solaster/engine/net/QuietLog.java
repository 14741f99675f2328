package io.solaster.engine.net;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

import io.solaster.engine.env.TimeSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.event.Level;

/**
 * Tells of one kind of event that clients can bring about as often as they like: the first is logged, and then one a
 * minute at most, with the number of those that were left out. So whoever floods a server does not flood its log. Those
 * left out are logged at DEBUG. Make one per kind, and keep it: a constant, or a field of what lives as long as a server.
 * Any thread; what is left out allocates nothing.
 */
public final class QuietLog {
    private static final long MINUTE_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final Logger log;
    private final Level level;
    private final TimeSource clock;
    private final AtomicLong toldAt;
    private final LongAdder leftOut = new LongAdder();

    /**
     * For one kind of event.
     *
     * @param level of the lines that are not left out
     */
    public QuietLog(Logger log, Level level) {
        this(log, level, TimeSource.SYSTEM);
    }

    QuietLog(Logger log, Level level, TimeSource clock) {
        this.log = log;
        this.level = level;
        this.clock = clock;
        this.toldAt = new AtomicLong(clock.nanoTime() - MINUTE_NANOS);
    }

    /** Tells of an event, unless one was told of within the last minute. Arguments as SLF4J takes them. */
    public void tell(String message, @Nullable Object argument) {
        if (isDue()) {
            write(message, argument);
        } else {
            log.debug(message, argument);
        }
    }

    /** As {@link #tell(String, Object)}; a {@link Throwable} beyond the message's places is logged with its stack. */
    public void tell(String message, @Nullable Object first, @Nullable Object second) {
        if (isDue()) {
            write(message, first, second);
        } else {
            log.debug(message, first, second);
        }
    }

    /** As {@link #tell(String, Object, Object)}. */
    public void tell(String message, @Nullable Object first, @Nullable Object second, @Nullable Object third) {
        if (isDue()) {
            write(message, first, second, third);
        } else if (log.isDebugEnabled()) {
            log.debug(message, first, second, third);
        }
    }

    private boolean isDue() {
        long last = toldAt.get();
        long now = clock.nanoTime();
        if (now - last >= MINUTE_NANOS && toldAt.compareAndSet(last, now)) {
            return true;
        }
        leftOut.increment();
        return false;
    }

    private void write(String message, @Nullable Object... arguments) {
        long more = leftOut.sumThenReset();
        log.atLevel(level).log(
                more == 0 ? message : message + " (" + more + " like it left out since the last such line)", arguments);
    }
}
