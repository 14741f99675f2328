package io.solaster.operator.reconcile;

import static java.util.Objects.requireNonNullElse;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

import io.solaster.operator.api.ShardedServiceSpec.Autoscaling;
import io.solaster.operator.observe.PodReport.Load;

/**
 * How many replicas the load asks for, by the part of their time that shards are busy: CPU use tells nothing of shards
 * that look for work as they idle. The formula is that of the horizontal pod autoscaler, with its tolerance; what is less
 * counts only when nothing more was asked for in the stabilization window. Any thread.
 */
final class Autoscaler {
    private static final double TOLERANCE = 0.1;
    private static final int TARGET = 60;
    private static final int WINDOW = 300;

    private record Advice(Instant at, int replicas) {}

    private final InstantSource clock;
    private final Map<String, Deque<Advice>> advice = new ConcurrentHashMap<>();

    Autoscaler(InstantSource clock) {
        this.clock = clock;
    }

    /**
     * @param service namespace/name
     * @param now how many replicas are asked for; 0 if there are none yet
     * @param loads how busy pods are, of those that tell
     */
    int replicas(String service, Autoscaling scaling, int now, List<Load> loads) {
        int min = requireNonNullElse(scaling.min(), 1);
        int max = Math.max(min, requireNonNullElse(scaling.max(), 1));
        if (now == 0) {
            return min;
        }
        int wanted = now;
        // Of those that do not tell, nothing is supposed: with less than half of them it stays as it is.
        if (loads.size() * 2 >= now) {
            double busy = loads.stream().mapToDouble(Load::mean).average().orElse(0);
            double ratio = busy * 100 / requireNonNullElse(scaling.targetUtilization(), TARGET);
            if (Math.abs(ratio - 1) > TOLERANCE) {
                wanted = (int) Math.ceil(loads.size() * ratio);
                if (ratio > 1) {
                    wanted = Math.max(wanted, now);
                }
            }
        }
        Instant time = clock.instant();
        Instant since = time.minus(Duration.ofSeconds(requireNonNullElse(scaling.stabilizationSeconds(), WINDOW)));
        Deque<Advice> given = advice.computeIfAbsent(service, key -> {
            ArrayDeque<Advice> first = new ArrayDeque<>();
            // After a restart nothing is known of the window: as many as there are were wanted.
            first.add(new Advice(time, now));
            return first;
        });
        int most = wanted;
        synchronized (given) {
            given.removeIf(each -> each.at().isBefore(since));
            given.add(new Advice(time, wanted));
            for (Advice each : given) {
                most = Math.max(most, each.replicas());
            }
        }
        int stable = wanted >= now ? wanted : Math.min(now, most);
        return Math.clamp(stable, min, max);
    }

    /** Forgets services. */
    void forget(Predicate<String> which) {
        advice.keySet().removeIf(which);
    }
}
