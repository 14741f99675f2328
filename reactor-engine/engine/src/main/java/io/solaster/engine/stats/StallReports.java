package io.solaster.engine.stats;

import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

import io.solaster.config.StallConfig;
import io.solaster.engine.stats.Stall.Phase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells of stalls: each as a JFR event, and as many as may be in the log. What was left out is told with the next report
 * or at the minute's end; the short ones of an engine's first seconds, in one line when these are over. The watchdog's
 * thread only.
 */
final class StallReports implements Consumer<Stall> {
    private static final Logger log = LoggerFactory.getLogger(StallWatchdog.class);
    private static final long MINUTE_NANOS = 60_000_000_000L;
    private static final double NANOS_PER_MILLI = 1e6;
    /** Loading classes takes a few thresholds; what takes this many is the application's in a young JVM too. */
    private static final int THRESHOLDS_IN_GRACE = 10;

    private final String engine;
    private volatile int perMinute;
    private final LongSupplier clock;
    /** The shards whose present stall is in the log, and whose end shall be there too. */
    private final Set<Integer> told = new HashSet<>();
    private long minute;
    private int reported;
    private long suppressed;
    private final long graceEnd;
    private final long warnedInGrace;
    private int graced;
    private long longestGraced;

    StallReports(String engine, StallConfig config, LongSupplier clock) {
        this.engine = engine;
        this.perMinute = config.reportsPerMinute();
        this.clock = clock;
        long now = clock.getAsLong();
        this.minute = now - MINUTE_NANOS;
        this.graceEnd = now + config.grace().toNanos();
        this.warnedInGrace = THRESHOLDS_IN_GRACE * config.threshold().toNanos();
    }

    /** Changes how many may be in the log in a minute. Any thread. */
    void perMinute(int newPerMinute) {
        perMinute = newPerMinute;
    }

    @Override
    public void accept(Stall stall) {
        StallEvent.commit(engine, stall);
        if (stall.phase() == Phase.ENDED) {
            if (told.remove(stall.shard())) {
                log.warn("Engine '{}': shard {} goes on after {} ms", engine, stall.shard(), millis(stall.nanos()));
            }
            return;
        }
        long now = clock.getAsLong();
        if (stall.nanos() < warnedInGrace && now - graceEnd < 0) {
            graced += stall.phase() == Phase.BEGUN ? 1 : 0;
            longestGraced = Math.max(longestGraced, stall.nanos());
            return;
        }
        if (now - minute >= MINUTE_NANOS) {
            minute = now;
            reported = 0;
        }
        if (reported >= perMinute) {
            suppressed++;
            return;
        }
        reported++;
        told.add(stall.shard());
        log.warn("Engine '{}': shard {} {} {} ms with one task{}{}{}", engine, stall.shard(),
                stall.stack() == null ? "was busy for" : "has been busy for", millis(stall.nanos()),
                stall.group() == null ? "" : " of group '" + stall.group() + "'",
                suppressed == 0 ? "" : " (" + suppressed + " earlier report(s) left out)",
                stall.stack() == null ? "; it ended while its stack was looked at" : "\n" + stall.stack());
        suppressed = 0;
    }

    /** Tells how much was left out, once its time is over and nothing came that could have told. */
    void tick(long now) {
        if (graced > 0 && now - graceEnd >= 0) {
            log.info("Engine '{}': {} stall(s) of {} ms at most while it was young: classes were loaded and code was "
                    + "interpreted; solaster.engine.stalls.grace is over, and from now on each is warned of", engine,
                    graced, millis(longestGraced));
            graced = 0;
        }
        if (suppressed > 0 && now - minute >= MINUTE_NANOS) {
            log.warn("Engine '{}': {} more report(s) of stalls left out within a minute; "
                    + "solaster.engine.stalls.reports-per-minute is {}", engine, suppressed, perMinute);
            suppressed = 0;
        }
    }

    private static String millis(long nanos) {
        return String.format(Locale.ROOT, "%.1f", nanos / NANOS_PER_MILLI);
    }
}
