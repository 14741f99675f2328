package io.solaster.operator.reconcile;

import java.time.Duration;

/**
 * How long it waits between looks, by a clock that only runs forward: what no event tells of is looked for again and again.
 *
 * @param tick between looks at whether plans have to be made anew
 * @param sweep between looks at nodes that were set aside
 * @param kinds between looks for kinds that have come or gone
 * @param patience for what kinds that not every cluster has are listed at the start
 * @param retry until what has failed is tried again, at first
 * @param lease between attempts to get or to keep the lease
 */
record Pace(Duration tick, Duration sweep, Duration kinds, Duration patience, Duration retry, Duration lease) {
    static final Pace USUAL = new Pace(Duration.ofMillis(500), Duration.ofSeconds(15), Duration.ofSeconds(30),
            Duration.ofSeconds(3), Duration.ofSeconds(1), Duration.ofSeconds(2));
}
