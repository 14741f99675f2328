package io.solaster.pool.health;

import io.solaster.config.pool.CheckConfig;
import org.jspecify.annotations.Nullable;

/** What an endpoint's checks have come to. The first check ever decides alone. On one thread. */
public final class CheckState {
    private Verdict verdict = Verdict.UNKNOWN;
    private int successes;
    private int failures;
    private @Nullable String why;

    /** What they have come to. */
    public Verdict verdict() {
        return verdict;
    }

    /** What the last check that failed said; null while the endpoint is healthy. */
    public @Nullable String why() {
        return verdict == Verdict.HEALTHY ? null : why;
    }

    /** Checks that have failed in a row. */
    public int failures() {
        return failures;
    }

    /**
     * A check succeeded.
     *
     * @return whether the verdict has changed
     */
    public boolean succeeded(CheckConfig config) {
        failures = 0;
        successes++;
        return verdict == Verdict.UNKNOWN || successes >= config.healthyAfter() ? become(Verdict.HEALTHY) : false;
    }

    /**
     * A check failed.
     *
     * @return whether the verdict has changed
     */
    public boolean failed(CheckConfig config, String message) {
        why = message;
        successes = 0;
        failures++;
        if (verdict == Verdict.UNKNOWN || failures >= config.unhealthyAfter()) {
            return become(Verdict.UNHEALTHY);
        }
        return verdict == Verdict.HEALTHY ? become(Verdict.DEGRADED) : false;
    }

    private boolean become(Verdict next) {
        boolean changed = verdict != next;
        verdict = next;
        return changed;
    }

    /** What checks can come to. */
    public enum Verdict {
        /** None has ended yet; the endpoint passes for healthy. */
        UNKNOWN,
        /** It is well. */
        HEALTHY,
        /** It was well until a check failed, and either too few have failed yet or too few have succeeded again. */
        DEGRADED,
        /** So many checks have failed that it is sick. */
        UNHEALTHY
    }
}
