package io.solaster.operator.reconcile.nodes;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Which nodes have refused pods a short while ago, for an operator that may not write that on the nodes. It forgets with a
 * restart: the next refusal tells again. Any thread.
 */
public final class RecentRefusals {
    private static final Duration RECENT = Duration.ofMinutes(10);

    private final Map<String, TreeMap<String, Instant>> last = new HashMap<>();

    public synchronized void add(String service, String node, Instant now) {
        last.computeIfAbsent(service, key -> new TreeMap<>()).put(node, now);
    }

    /** The nodes that have refused a service's pods lately. */
    public synchronized Set<String> nodes(String service, Instant now) {
        TreeMap<String, Instant> nodes = last.get(service);
        if (nodes == null) {
            return Set.of();
        }
        // Neither long ago nor, after the clock was set back, ahead.
        nodes.values().removeIf(at -> at.plus(RECENT).isBefore(now) || at.isAfter(now));
        if (nodes.isEmpty()) {
            last.remove(service);
        }
        return new TreeSet<>(nodes.keySet());
    }

    /** Forgets services. */
    public synchronized void forget(Predicate<String> which) {
        last.keySet().removeIf(which);
    }
}
