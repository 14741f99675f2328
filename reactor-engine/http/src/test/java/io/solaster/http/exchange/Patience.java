package io.solaster.http.exchange;

import java.time.Duration;

/** How long bodies wait for memory, which only their own package may change. */
public final class Patience {

    private Patience() {}

    /** As long as no test takes, unless the server's configuration says less. On the owning shard. */
    public static void isLong(GatherBudget budget) {
        budget.waiters().patience(Duration.ofMinutes(10));
    }

    /** For nobody longer than until the queue is looked at. On the owning shard. */
    public static void isOver(GatherBudget budget) {
        budget.waiters().patience(Duration.ZERO);
    }
}
