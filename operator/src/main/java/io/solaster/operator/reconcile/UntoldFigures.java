package io.solaster.operator.reconcile;

import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The services whose figures others have changed, and not what is to be done: their statuses are told of that once it has
 * rested, and few at a time, since who changes a service meanwhile is not to wait. On one thread.
 */
final class UntoldFigures {
    private static final int AT_ONCE = 25;
    /** So long nothing has changed them then, or so long and so long per service they wait already. */
    private static final long REST = Duration.ofSeconds(5).toNanos();
    private static final long LONGEST = Duration.ofSeconds(1).toNanos();
    private static final long LONGEST_EACH = Duration.ofMillis(120).toNanos();

    private final Consumer<String> tell;
    /** Those that have waited longest first. */
    private final Set<String> untold = new LinkedHashSet<>();
    private long since;
    private long changed;

    /** @param tell has the service of a key told of */
    UntoldFigures(Consumer<String> tell) {
        this.tell = tell;
    }

    /** Plans are compared now: what follows is added by that. */
    void compare(long now) {
        changed = now;
        since = untold.isEmpty() ? now : since;
    }

    void add(String service) {
        untold.add(service);
    }

    /** Forgets services that are no more. */
    void retain(Set<String> services) {
        untold.retainAll(services);
    }

    /** Tells of some where it is time, with so many services in all. */
    void tell(int services, long now) {
        long longest = LONGEST + LONGEST_EACH * services;
        if (now - since >= longest || now - changed >= Math.min(longest, REST)) {
            Iterator<String> next = untold.iterator();
            for (int i = 0; i < AT_ONCE && next.hasNext(); i++) {
                tell.accept(next.next());
                next.remove();
            }
        }
    }
}
