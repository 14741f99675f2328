package io.solaster.operator.reconcile.plans;

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
import io.solaster.operator.reconcile.plans.Heat.Busy;

/**
 * How many replicas, or shards a pod, the load asks for, by the part of their time that shards are busy: CPU use tells
 * nothing of shards that look for work as they idle. The formula is that of the horizontal pod autoscaler, with its
 * tolerance; what is less counts only when nothing more was asked for in the stabilization window; and a hot shard among
 * idle ones asks for nothing, since nothing that is added would take its load. Any thread.
 */
public final class Autoscaler {
    private static final double TOLERANCE = 0.1;
    private static final int TARGET = 60;
    private static final int WINDOW = 300;

    private record Advice(Instant at, int amount) {}

    /**
     * What is to be.
     *
     * @param amount replicas, or shards of a pod
     * @param held why it is not what the utilization alone asks for; empty if it is
     */
    public record Decision(int amount, String held) {}

    private final InstantSource clock;
    private final Map<String, Deque<Advice>> advice = new ConcurrentHashMap<>();

    public Autoscaler(InstantSource clock) {
        this.clock = clock;
    }

    /**
     * How many replicas there should be.
     *
     * @param service namespace/name
     * @param now how many replicas are asked for; 0 if there are none yet
     * @param loads how busy pods are, of those that tell
     */
    public Decision replicas(String service, Autoscaling scaling, int now, List<Busy> loads) {
        int min = requireNonNullElse(scaling.min(), 1);
        int max = Math.max(min, requireNonNullElse(scaling.max(), 1));
        if (now == 0) {
            return new Decision(min, "");
        }
        // Of those that do not tell, nothing is supposed: with less than half of them it stays as it is.
        if (loads.size() * 2 < now) {
            return stable(service, scaling, now, new Decision(now, ""), min, max);
        }
        Decision wanted = wanted(scaling, now, loads.size(), loads, "replicas");
        return stable(service, scaling, now, wanted, min, max);
    }

    /**
     * How many shards a pod should have. One change at a time: as long as pods are replaced, it stays.
     *
     * @param service namespace/name
     * @param now how many a pod has
     * @param pods how many pods there are
     * @param settled whether all of them have as many, and are ready
     * @param loads how busy they are, of those that tell
     */
    public Decision shards(String service, Autoscaling scaling, int now, int pods, boolean settled, List<Busy> loads) {
        int min = requireNonNullElse(scaling.min(), 1);
        int max = Math.max(min, requireNonNullElse(scaling.max(), now));
        if (!settled) {
            // What was asked for before the pods were replaced says nothing of those that follow.
            advice.remove(service);
            return new Decision(now, "");
        }
        Decision wanted = loads.size() * 2 < pods
                ? new Decision(now, "")
                : wanted(scaling, now, now, loads, "shards");
        return stable(service, scaling, now, wanted, min, max);
    }

    /** @param telling how much of what there is the utilization is of */
    private static Decision wanted(Autoscaling scaling, int now, int telling, List<Busy> loads, String what) {
        double target = requireNonNullElse(scaling.targetUtilization(), TARGET) / 100.0;
        double ratio = loads.stream().mapToDouble(Busy::mean).average().orElse(0) / target;
        if (Math.abs(ratio - 1) <= TOLERANCE) {
            return new Decision(now, "");
        }
        if (ratio > 1) {
            Heat heat = Heat.of(loads);
            if (heat.uneven() && heat.others() / target <= 1 + TOLERANCE) {
                return new Decision(now, "Does not scale out: " + heat.told() + " More " + what
                        + " would not relieve it; spread its keys or connections.");
            }
            return new Decision(Math.max((int) Math.ceil(telling * ratio), now), "");
        }
        return new Decision((int) Math.ceil(telling * ratio), "");
    }

    private Decision stable(String service, Autoscaling scaling, int now, Decision wanted, int min, int max) {
        Instant time = clock.instant();
        Instant since = time.minus(Duration.ofSeconds(requireNonNullElse(scaling.stabilizationSeconds(), WINDOW)));
        Deque<Advice> given = advice.computeIfAbsent(service, key -> {
            ArrayDeque<Advice> first = new ArrayDeque<>();
            // After a restart nothing is known of the window: as many as there are were wanted.
            first.add(new Advice(time, now));
            return first;
        });
        int most = wanted.amount();
        synchronized (given) {
            // What is of a time to come was noted before the clock was set back.
            given.removeIf(each -> each.at().isBefore(since) || each.at().isAfter(time));
            given.add(new Advice(time, wanted.amount()));
            for (Advice each : given) {
                most = Math.max(most, each.amount());
            }
        }
        int stable = wanted.amount() >= now ? wanted.amount() : Math.min(now, most);
        return new Decision(Math.clamp(stable, min, max), wanted.held());
    }

    /** Forgets services. */
    public void forget(Predicate<String> which) {
        advice.keySet().removeIf(which);
    }
}
