package io.solaster.streams.plugin;

import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.LongConsumer;

import io.solaster.config.plugin.PluginConfig;
import io.solaster.config.plugin.PluginConfig.OnFailure;
import io.solaster.engine.Shard;
import io.solaster.engine.env.TimeSource;
import io.solaster.engine.stats.Counter;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The place of one plug-in on one shard: whichever version runs stands in it. On its shard; the counts any thread. */
final class PluginSlot {
    private static final Logger log = LoggerFactory.getLogger(PluginSlot.class);
    /** One call in so many is timed: two looks at the clock take longer than a call. A power of two. */
    private static final int TIMED = 256;
    private static final int ERROR_LENGTH = 300;

    /** A version on this shard. */
    record Running(PluginInstance instance, WatchCell cell, long generation, String version, boolean stops) {}

    final String name;
    final PluginConfig config;
    private final Shard shard;
    private final TimeSource clock;
    /** Told of the generation that failed too often, and why; returns at once. */
    private final BiConsumer<Long, String> giveUp;
    /** Told of the generation whose instance here is of no use any more; returns at once. */
    private final LongConsumer renew;

    private @Nullable Running running;
    private int failedInARow;
    private int overrunsOfVersion;
    private boolean told;
    private boolean givenUp;
    private boolean awaitsInstance;

    final Counter calls = new Counter();
    final Counter failures = new Counter();
    final Counter drops = new Counter();
    final Counter replaces = new Counter();
    final Counter routes = new Counter();
    final Counter renewals = new Counter();
    final Counter overruns = new Counter();
    final Counter missed = new Counter();
    final Counter timedCalls = new Counter();
    final Counter timedNanos = new Counter();
    volatile @Nullable String lastError;

    PluginSlot(String name, PluginConfig config, Shard shard, BiConsumer<Long, String> giveUp, LongConsumer renew) {
        this.name = name;
        this.config = config;
        this.shard = shard;
        this.clock = shard.environment().clock();
        this.giveUp = giveUp;
        this.renew = renew;
    }

    /** Puts another version in the place, or none, and returns the one that was there. */
    @Nullable
    Running swap(@Nullable Running other) {
        Running before = running;
        running = other;
        awaitsInstance = false;
        failedInARow = 0;
        overrunsOfVersion = 0;
        told = false;
        givenUp = false;
        return before;
    }

    /** Puts another instance of the version in the place of one that has broken. */
    void renewed(Running other) {
        running = other;
        awaitsInstance = false;
    }

    /** Whether messages need to come by at all. */
    boolean looks() {
        return running != null || config.onFailure() != OnFailure.PASS;
    }

    Verdict process(MessageView view) {
        Running now = running;
        if (now == null) {
            missed.increment();
            return instead(view, "it is not there", null);
        }
        if (awaitsInstance) {
            missed.increment();
            return instead(view, "its instance broke off a call, and the next one is being made", null);
        }
        WatchCell cell = now.cell;
        if (cell.isRunning()) {
            return failed(view, now, "it was called within its own call", null);
        }
        view.forget();
        calls.increment();
        boolean timed = (calls.get() & TIMED - 1) == 1;
        long start = timed ? clock.nanoTime() : 0;
        Verdict verdict = null;
        Throwable failure = null;
        cell.begin();
        try {
            verdict = now.instance.process(view);
        } catch (Throwable e) {
            // Errors too: of a plug-in's code none is this process's end.
            failure = e;
        }
        boolean late = cell.end();
        if (timed) {
            timedCalls.increment();
            timedNanos.add(clock.nanoTime() - start);
        }
        if (late) {
            String problem = late(now);
            if (now.stops) {
                return failed(view, now, problem, null);
            }
        }
        if (failure != null) {
            return failed(view, now, words(failure), failure);
        }
        if (verdict == null || verdict == Verdict.REPLACE && !view.isReplaced()
                || verdict == Verdict.ROUTE && view.target() == null) {
            return failed(view, now, "it answered " + verdict + " without "
                    + (verdict == null ? "a verdict" : verdict == Verdict.ROUTE ? "a topic" : "a value"), null);
        }
        failedInARow = 0;
        count(verdict);
        return verdict;
    }

    private void count(Verdict verdict) {
        if (verdict == Verdict.DROP) {
            drops.increment();
        } else if (verdict == Verdict.REPLACE) {
            replaces.increment();
        } else if (verdict == Verdict.ROUTE) {
            routes.increment();
        }
    }

    private String late(Running now) {
        overruns.increment();
        String problem = "a call took longer than solaster.plugins.processors." + name + ".limits.time ("
                + config.limits().time().toNanos() / 1000 + "us)";
        lastError = problem;
        if (!now.stops) {
            tell(now, problem, null);
            if (++overrunsOfVersion >= config.maxFailures()) {
                giveUp(now, overrunsOfVersion + " calls took too long; " + problem);
            }
        }
        return problem;
    }

    private Verdict failed(MessageView view, Running now, String problem, @Nullable Throwable failure) {
        failures.increment();
        lastError = problem;
        tell(now, problem, failure);
        if (++failedInARow >= config.maxFailures()) {
            giveUp(now, failedInARow + " calls in a row failed; " + problem);
        } else if (now.instance.isBroken()) {
            awaitsInstance = true;
            renew.accept(now.generation);
        }
        view.forget();
        return instead(view, problem, failure);
    }

    private void giveUp(Running now, String reason) {
        if (!givenUp) {
            givenUp = true;
            giveUp.accept(now.generation, reason);
        }
    }

    /** Once for each version and shard: all are counted. */
    private void tell(Running now, String problem, @Nullable Throwable failure) {
        if (!told) {
            told = true;
            log.warn("Plug-in '{}' {} on shard {}: {}", name, now.version, shard.id(), problem, failure);
        }
    }

    private Verdict instead(MessageView view, String problem, @Nullable Throwable failure) {
        return switch (config.onFailure()) {
            case PASS -> Verdict.CONTINUE;
            case DROP -> Verdict.DROP;
            case REJECT -> throw new RejectedByPluginException(name, view.topic(), problem, failure);
        };
    }

    /** Of a failure, as short text: what a plug-in says may be long, and must not fail once more. */
    static String words(Throwable failure) {
        String text;
        try {
            text = Objects.toString(failure.getMessage(), "");
        } catch (Throwable e) {
            text = "";
        }
        String whole = failure.getClass().getName() + (text.isEmpty() ? "" : ": " + text.replaceAll("\\p{Cntrl}", " "));
        return whole.length() > ERROR_LENGTH ? whole.substring(0, ERROR_LENGTH) + "..." : whole;
    }
}
