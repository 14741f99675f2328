package io.solaster.pool.upstream;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;

import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.engine.env.TimeSource;
import io.solaster.pool.EndpointState;
import io.solaster.pool.balance.Balancer;
import io.solaster.pool.balance.Candidates;
import io.solaster.pool.balance.HashTable;
import io.solaster.pool.balance.Load;
import org.jspecify.annotations.Nullable;

/**
 * Whom requests may go to, and with which probability to which group of them: by priority and health, then by zone and
 * NUMA node; within a group an algorithm chooses. Made anew on each change. On the owning shard only.
 *
 * <p>
 * Priorities, degraded endpoints and panic are divided as Envoy does it (its documents on priority levels, degraded
 * endpoints and the panic threshold), but where nobody at all is well the first priority takes everything: standbys are
 * no worse off then, but it is the first that is meant to serve.
 */
final class Selection {
    static final Selection NONE = new Selection(List.of(), List.of(), false, false, null);

    /** Of weights, so that slow start can divide them. */
    private static final int WEIGHT_SCALE = 100;
    /** A slow start begins with so much of the weight, as Envoy's does. */
    private static final double LEAST_SHARE = 0.1;
    /** What rounding leaves over. */
    private static final double NOTHING = 1e-9;

    private final Balancer[] balancers;
    private final @Nullable DefaultTarget[][] groups;
    /** Up to which of 2^32 random values each group reaches. */
    private final long[] upTo;
    private final DefaultTarget[] trials;
    private final boolean panic;
    private final boolean byKey;
    /** As if each circuit breaker that is half open were closed; null where keys do not matter, or none is. */
    private final @Nullable Selection restored;

    private Selection(List<Group> found, List<DefaultTarget> trials, boolean panic, boolean byKey,
            @Nullable Selection restored) {
        double total = found.stream().mapToDouble(Group::load).sum();
        balancers = found.stream().map(Group::balancer).toArray(Balancer[]::new);
        groups = found.stream().map(Group::targets).toArray(@Nullable DefaultTarget[][]::new);
        upTo = new long[found.size()];
        double sum = 0;
        for (int i = 0; i < upTo.length; i++) {
            sum += found.get(i).load();
            upTo[i] = i == upTo.length - 1 ? 1L << 32 : Math.round(sum / total * (1L << 32));
        }
        this.trials = trials.toArray(DefaultTarget[]::new);
        this.panic = panic;
        this.byKey = byKey;
        this.restored = restored;
    }

    /** Whom requests to a shard go to now. */
    static Selection of(View view, List<DefaultTarget> targets, Place place, SplittableRandom random,
            TimeSource clock) {
        return new Builder(view, targets, place, random, clock, false).build();
    }

    /** Whether health is ignored, for some priority. */
    boolean isPanic() {
        return panic;
    }

    /** Those that single requests are to try. */
    DefaultTarget[] trials() {
        return trials;
    }

    /** Whether requests go by their keys, so that only those of its own try an endpoint. */
    boolean isByKey() {
        return byKey;
    }

    /** Who a request with a key falls to once all are tried; null if there is nobody, or none is to be tried. */
    @Nullable
    DefaultTarget owner(long key, SplittableRandom random) {
        return restored == null ? null : restored.choose(key, random);
    }

    /** By the algorithm; null if there is nobody. */
    @Nullable
    DefaultTarget choose(long ofRequest, SplittableRandom random) {
        long key = keyOf(ofRequest, random);
        int group = 0;
        if (upTo.length != 1) {
            if (upTo.length == 0) {
                return null;
            }
            // A key stays with its group, as it does with its endpoint.
            long draw = (byKey ? HashTable.mix(~key) : random.nextLong()) >>> 32;
            while (draw >= upTo[group]) {
                group++;
            }
        }
        return groups[group][balancers[group].choose(key)];
    }

    /** Of requests without a key none is like another: they go anywhere, or all would go to one endpoint. */
    private long keyOf(long key, SplittableRandom random) {
        return byKey && key == 0 ? random.nextLong() : key;
    }

    /** Any other than one; null if there is none. */
    @Nullable
    DefaultTarget other(DefaultTarget except, SplittableRandom random) {
        for (@Nullable
        DefaultTarget[] group : groups) {
            int start = random.nextInt(group.length);
            for (int i = 0; i < group.length; i++) {
                DefaultTarget target = group[(start + i) % group.length];
                if (target != null && target != except) {
                    return target;
                }
            }
        }
        return null;
    }

    /**
     * Where a shard stands.
     *
     * @param numaNode of its CPU
     * @param nodeShares the part of all shards that each NUMA node has
     */
    record Place(int numaNode, List<Double> nodeShares) {

        double share(int node) {
            return node < nodeShares.size() ? nodeShares.get(node) : 0;
        }
    }

    /** A group and its part of the requests. */
    @SuppressWarnings("ArrayRecordComponent") // nobody compares or prints it
    private record Group(double load, Balancer balancer, @Nullable DefaultTarget[] targets) {}

    /** The endpoints of one priority. */
    private static final class Level {
        /** All that may be asked at all. */
        final List<DefaultTarget> all = new ArrayList<>();
        final List<DefaultTarget> well = new ArrayList<>();
        final List<DefaultTarget> degraded = new ArrayList<>();
        final List<DefaultTarget> halfOpen = new ArrayList<>();
        int members;
        double healthyLoad;
        double degradedLoad;

        /** @param restores whether a circuit breaker that is half open counts as closed */
        void add(DefaultTarget target, boolean restores) {
            if (target.state() == EndpointState.DRAINED) {
                return;
            }
            members++;
            if (target.isClosed() || restores && target.isHalfOpen()) {
                all.add(target);
                if (target.isWell()) {
                    (target.state() == EndpointState.HEALTHY ? well : degraded).add(target);
                }
            } else if (target.isHalfOpen()) {
                halfOpen.add(target);
            }
        }

        int capacity(List<DefaultTarget> part, int overprovision) {
            return members == 0 ? 0 : Math.min(100, overprovision * part.size() / members);
        }

        boolean isBelow(int threshold) {
            return 100 * (well.size() + degraded.size()) < threshold * members;
        }
    }

    private static final class Builder {
        private final View view;
        private final Place place;
        private final SplittableRandom random;
        private final List<DefaultTarget> targets;
        private final TimeSource clock;
        private final boolean restores;
        private final Algorithm algorithm;
        private final boolean byKey;
        private final TreeMap<Integer, Level> levels = new TreeMap<>();
        private final List<Group> groups = new ArrayList<>();
        private final List<DefaultTarget> trials = new ArrayList<>();
        private final Set<String> zones = new HashSet<>();

        Builder(View view, List<DefaultTarget> targets, Place place, SplittableRandom random, TimeSource clock,
                boolean restores) {
            this.view = view;
            this.targets = targets;
            this.restores = restores;
            this.place = place;
            this.random = random;
            this.clock = clock;
            algorithm = view.balancing().algorithm();
            byKey = algorithm == Algorithm.RING_HASH || algorithm == Algorithm.MAGLEV;
            for (DefaultTarget target : targets) {
                levels.computeIfAbsent(target.endpoint().priority(), priority -> new Level()).add(target, restores);
                if (target.endpoint().zone() != null) {
                    zones.add(target.endpoint().zone());
                }
            }
        }

        Selection build() {
            boolean enough = divide();
            boolean panic = false;
            int last = -1;
            for (var entry : levels.entrySet()) {
                Level level = entry.getValue();
                double load = level.healthyLoad + level.degradedLoad;
                if (load < NOTHING) {
                    continue;
                }
                last = entry.getKey();
                if (!enough && level.isBelow(view.health().panicThreshold())) {
                    panic = true;
                    add(load, entry.getKey(), level.all);
                } else {
                    add(level.healthyLoad, entry.getKey(), level.well);
                    add(level.degradedLoad, entry.getKey(), level.degraded);
                }
            }
            if (groups.isEmpty() && view.health().panicThreshold() > 0) {
                for (var entry : levels.entrySet()) {
                    if (!entry.getValue().all.isEmpty()) {
                        add(1, entry.getKey(), entry.getValue().all);
                        last = entry.getKey();
                        panic = true;
                        break;
                    }
                }
            }
            for (var entry : levels.entrySet()) {
                // A standby that is not asked is not tried either: it might refuse what the first would take.
                if (last < 0 || entry.getKey() <= last) {
                    addTrials(entry.getValue().halfOpen, panic);
                }
            }
            Selection restored = byKey && !trials.isEmpty()
                    ? new Builder(view, targets, place, random, clock, true).build()
                    : null;
            return new Selection(groups, trials, panic, byKey, restored);
        }

        /** What the process has taken out is tried only where nobody else is left. */
        private void addTrials(List<DefaultTarget> halfOpen, boolean panic) {
            for (DefaultTarget target : halfOpen) {
                if (target.isWell() || panic || groups.isEmpty()) {
                    trials.add(target);
                }
            }
        }

        /** Divides the requests between the priorities; whether those that are well can take all of them. */
        private boolean divide() {
            int overprovision = view.health().overprovision();
            int sum = 0;
            for (Level level : levels.values()) {
                sum += level.capacity(level.well, overprovision) + level.capacity(level.degraded, overprovision);
            }
            int total = Math.min(100, sum);
            if (total == 0) {
                return false;
            }
            double left = 1;
            for (Level level : levels.values()) {
                level.healthyLoad = Math.min(left, (double) level.capacity(level.well, overprovision) / total);
                left -= level.healthyLoad;
            }
            for (Level level : levels.values()) {
                level.degradedLoad = Math.min(left, (double) level.capacity(level.degraded, overprovision) / total);
                left -= level.degradedLoad;
            }
            return total == 100;
        }

        private void add(double load, int priority, List<DefaultTarget> targets) {
            if (load < NOTHING || targets.isEmpty()) {
                return;
            }
            BalancingConfig balancing = view.balancing();
            if (byKey) {
                addTable(load, priority, targets);
            } else {
                String zone = balancing.zone();
                if (zone == null) {
                    addNear(load, targets);
                } else {
                    // Nobody tells where the callers stand: as many in each zone as in any other.
                    zones.add(zone);
                    Localities.split(load, targets, target -> target.endpoint().zone(), zone,
                            other -> 1.0 / zones.size(), this::addNear);
                }
            }
        }

        private void addNear(double load, List<DefaultTarget> targets) {
            if (view.balancing().numaAware()) {
                Localities.split(load, targets, target -> node(target), place.numaNode(),
                        place::share, this::addGroup);
            } else {
                addGroup(load, targets);
            }
        }

        private static @Nullable Integer node(DefaultTarget target) {
            int node = target.endpoint().numaNode();
            return node < 0 ? null : node;
        }

        private void addGroup(double load, List<DefaultTarget> targets) {
            DefaultTarget[] group = targets.toArray(DefaultTarget[]::new);
            groups.add(new Group(load, Balancer.of(algorithm, candidates(group)), group));
        }

        /** The table's endpoints, some of which are no members any more. */
        private void addTable(double load, int priority, List<DefaultTarget> targets) {
            HashTable table = view.tables().get(priority);
            if (table == null) {
                return;
            }
            Map<String, DefaultTarget> byAddress = new HashMap<>();
            for (DefaultTarget target : targets) {
                byAddress.put(target.endpoint().address(), target);
            }
            int size = table.endpoints().size();
            @Nullable
            DefaultTarget[] group = new @Nullable DefaultTarget[size];
            boolean[] available = new boolean[size];
            boolean any = false;
            for (int i = 0; i < size; i++) {
                group[i] = byAddress.get(table.endpoints().get(i).address());
                available[i] = group[i] != null;
                any |= available[i];
            }
            if (any) {
                // Bounds count what is under way, which belongs to the balancers that requests go by.
                double bound = restores ? 0 : view.balancing().boundedLoad();
                groups.add(new Group(load, table.balancer(candidates(group), available, bound), group));
            }
        }

        private Candidates candidates(@Nullable DefaultTarget[] group) {
            Load[] loads = new Load[group.length];
            int[] weights = new int[group.length];
            long now = clock.nanoTime();
            for (int i = 0; i < group.length; i++) {
                DefaultTarget target = group[i];
                loads[i] = target == null ? new Load() : target.load();
                weights[i] = target == null ? 1 : weight(target, now);
            }
            return new Candidates(loads, weights, random, clock, view.balancing().decay().toNanos());
        }

        private int weight(DefaultTarget target, long now) {
            int whole = WEIGHT_SCALE * (algorithm == Algorithm.ROUND_ROBIN ? 1 : target.endpoint().weight());
            double part = byKey ? 1 : rampedUp(target, view.balancing().slowStart().toNanos(), now);
            return (int) Math.max(1, whole * Math.max(LEAST_SHARE, part));
        }
    }

    /** How far a target's slow start has come: 1 if it is over. */
    static double rampedUp(DefaultTarget target, long slowStart, long now) {
        long passed = now - target.since();
        return slowStart <= 0 || passed >= slowStart ? 1 : (double) passed / slowStart;
    }
}
