package io.solaster.pool.upstream;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Collectors;

import io.solaster.config.PoolBalancingConfig.Algorithm;
import io.solaster.config.PoolConfig;
import io.solaster.config.PoolOutlierConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.Sharded;
import io.solaster.engine.timer.Timer;
import io.solaster.pool.Endpoint;
import io.solaster.pool.balance.HashTable;
import io.solaster.pool.health.CheckState;
import io.solaster.pool.health.CheckState.Verdict;
import io.solaster.pool.health.Checker;
import io.solaster.pool.health.HealthCheck;
import io.solaster.pool.health.Outliers;
import io.solaster.pool.health.Outliers.Outlier;
import io.solaster.pool.health.Outliers.Reason;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the books of an upstream on one shard, its home: who is a member, what checks and requests have said of it, who
 * is ejected or drained. It tells the shards by message, and they tell it so. On its home, unless a method says
 * otherwise.
 */
final class Aggregator {
    private static final Logger log = LoggerFactory.getLogger(Upstream.class);

    private final Engine engine;
    private final Shard home;
    private final String name;
    private final UpstreamStats stats;
    private final Function<PoolConfig, @Nullable HealthCheck> checks;
    private final Map<String, Tracked> tracked = new LinkedHashMap<>();
    private final Set<String> drained = new HashSet<>();
    private PoolConfig config;
    private @Nullable HealthCheck check;
    private @Nullable Sharded<ShardUpstream> shards;
    private @Nullable Timer interval;
    private List<Endpoint> found = List.of();
    private boolean discoveryFails;
    private boolean closed;
    private int lastId;
    private long version;
    /** What the tables were made of; another order, weight or algorithm makes others. */
    private @Nullable Blueprint made;
    private Map<Integer, HashTable> tables = Map.of();
    private @Nullable CompletionStage<Boolean> making;
    private volatile List<Endpoint> members = List.of();
    private volatile UpstreamState state = UpstreamState.DOWN;

    Aggregator(Engine engine, Shard home, String name, PoolConfig config,
            Function<PoolConfig, @Nullable HealthCheck> checks, UpstreamStats stats) {
        this.engine = engine;
        this.home = home;
        this.name = name;
        this.config = config;
        this.checks = checks;
        this.stats = stats;
    }

    /** Where it is. Any thread. */
    Shard home() {
        return home;
    }

    /** Any thread. */
    List<Endpoint> members() {
        return members;
    }

    /** Any thread. */
    UpstreamState state() {
        return state;
    }

    /** What it calls itself in the log. */
    private String label() {
        return "Pool '" + name + "'";
    }

    CompletionStage<Boolean> begin(Sharded<ShardUpstream> onShards) {
        shards = onShards;
        check = checks.apply(config);
        interval = home.timers().timer(this::gather);
        watch();
        return merge();
    }

    CompletionStage<Boolean> found(List<Endpoint> endpoints) {
        if (discoveryFails) {
            discoveryFails = false;
            log.info("{}: discovery works again and has found {} endpoints", label(), endpoints.size());
        }
        found = endpoints;
        return merge();
    }

    CompletionStage<Boolean> notFound(String discovery, Throwable cause) {
        if (!discoveryFails) {
            discoveryFails = true;
            log.warn("{}: discovery '{}' failed ({}); the {} endpoints that were found before go on to hold", label(),
                    discovery, cause.toString(), found.size());
        }
        return CompletableFuture.completedFuture(true);
    }

    CompletionStage<Boolean> reconfigure(PoolConfig newConfig) {
        PoolConfig old = config;
        config = newConfig;
        if (!old.equals(newConfig)) {
            check = checks.apply(newConfig);
            for (Tracked each : tracked.values()) {
                if (!old.health().check().equals(newConfig.health().check())
                        || !old.protocol().equals(newConfig.protocol())) {
                    each.check(check);
                }
            }
            watch();
        }
        return merge();
    }

    /** What is not in the books yet is entered, what is not there any more is struck. */
    private CompletionStage<Boolean> merge() {
        if (closed) {
            return publish();
        }
        Map<String, Endpoint> all = new LinkedHashMap<>();
        config.endpoints().forEach(each -> {
            Endpoint endpoint = Endpoint.of(each);
            all.putIfAbsent(endpoint.address(), endpoint);
        });
        found.forEach(endpoint -> all.putIfAbsent(endpoint.address(), endpoint));
        for (Tracked each : List.copyOf(tracked.values())) {
            if (!all.containsKey(each.endpoint.address())) {
                tracked.remove(each.endpoint.address());
                each.stop();
            }
        }
        // In the order in which they were told.
        Map<String, Tracked> before = new HashMap<>(tracked);
        tracked.clear();
        all.forEach((address, endpoint) -> {
            Tracked known = before.get(address);
            if (known == null) {
                known = new Tracked(++lastId, endpoint);
                known.drained = drained.contains(address);
                known.check(check);
            }
            known.endpoint = endpoint;
            tracked.put(address, known);
        });
        members = List.copyOf(all.values());
        return publish();
    }

    CompletionStage<Boolean> drain(String address) {
        Tracked target = tracked.get(address);
        if (target == null) {
            return CompletableFuture.completedFuture(false);
        }
        if (drained.add(address)) {
            target.drained = true;
            log.info("{}: endpoint {} is drained by hand", label(), address);
        }
        return publish().thenApply(done -> true);
    }

    CompletionStage<Boolean> readmit(String address) {
        boolean was = drained.remove(address);
        Tracked target = tracked.get(address);
        if (target == null) {
            return CompletableFuture.completedFuture(false);
        }
        if (was) {
            target.drained = false;
            log.info("{}: endpoint {} is readmitted by hand", label(), address);
        }
        if (target.isEjected()) {
            target.endEjection("readmitted by hand");
        }
        return publish().thenApply(done -> true);
    }

    CompletionStage<Boolean> close() {
        closed = true;
        tracked.values().forEach(Tracked::stop);
        tracked.clear();
        members = List.of();
        if (interval != null) {
            interval.cancel();
        }
        return publish();
    }

    /** Tells every shard, and counts anew. */
    private CompletionStage<Boolean> publish() {
        assess();
        if (!goesByKeys() || members.isEmpty()) {
            tables = Map.of();
            made = null;
            return tell();
        }
        Blueprint wanted = new Blueprint(config.balancing().algorithm(), members);
        if (wanted.equals(made)) {
            return tell();
        }
        if (making == null) {
            // It takes milliseconds; until then the shards go by what they were told before.
            making = engine.offload().call(wanted::make).handle((tablesMade, failure) -> {
                making = null;
                made = wanted;
                if (failure == null) {
                    tables = tablesMade;
                } else {
                    log.error("{}: no table for {} endpoints; the one before goes on to hold", label(),
                            wanted.endpoints().size(), failure);
                }
                return true;
            });
        }
        return making.thenCompose(done -> publish());
    }

    private boolean goesByKeys() {
        Algorithm algorithm = config.balancing().algorithm();
        return algorithm == Algorithm.RING_HASH || algorithm == Algorithm.MAGLEV;
    }

    /** What tables are made of. */
    private record Blueprint(Algorithm algorithm, List<Endpoint> endpoints) {

        Map<Integer, HashTable> make() {
            return endpoints.stream().collect(Collectors.groupingBy(Endpoint::priority, TreeMap::new,
                    Collectors.collectingAndThen(Collectors.toList(), level -> HashTable.of(algorithm, level))));
        }
    }

    private CompletionStage<Boolean> tell() {
        View view = new View(++version, config.balancing(), config.health(),
                tracked.values().stream().map(Tracked::member).toList(), tables);
        return Objects.requireNonNull(shards).onAll(shard -> {
            shard.apply(view);
            return true;
        }).thenApply(all -> true);
    }

    /** How many are well, and what that means. */
    private void assess() {
        Map<Integer, int[]> levels = new TreeMap<>();
        int well = 0;
        int all = 0;
        boolean perfect = true;
        int ejected = 0;
        for (Tracked each : tracked.values()) {
            EndpointState stands = each.state();
            ejected += each.isEjected() ? 1 : 0;
            if (stands == EndpointState.DRAINED) {
                continue;
            }
            int[] level = levels.computeIfAbsent(each.endpoint.priority(), priority -> new int[2]);
            level[1]++;
            all++;
            if (stands == EndpointState.HEALTHY || stands == EndpointState.DEGRADED) {
                level[0]++;
                well++;
            }
            perfect &= stands == EndpointState.HEALTHY;
        }
        stats.members.set(tracked.size());
        stats.healthy.set(well);
        stats.ejected.set(ejected);
        int threshold = config.health().panicThreshold();
        boolean quorum = levels.values().stream()
                .anyMatch(level -> level[0] > 0 && 100 * level[0] >= threshold * level[1]);
        become(!quorum ? UpstreamState.DOWN : perfect ? UpstreamState.HEALTHY : UpstreamState.DEGRADED, well, all);
    }

    private void become(UpstreamState next, int well, int all) {
        UpstreamState before = state;
        state = next;
        if (before == next || closed) {
            return;
        }
        if (next != UpstreamState.DOWN) {
            if (before == UpstreamState.DOWN && version > 1) {
                log.info("{}: {} of {} endpoints are well again", label(), well, all);
            }
        } else if (all == 0) {
            log.warn("{}: there is no endpoint", label());
        } else if (config.health().panicThreshold() == 0) {
            log.warn("{}: {} of {} endpoints are well", label(), well, all);
        } else {
            stats.panics.increment();
            log.warn("{}: {} of {} endpoints are well, fewer than {} %: requests go to all of them, well or not",
                    label(), well, all, config.health().panicThreshold());
        }
    }

    // What requests say.

    /** Gathers the shards' counts at each interval, if anybody wants to know. */
    private void watch() {
        PoolOutlierConfig outliers = config.health().outliers();
        Timer timer = Objects.requireNonNull(interval);
        if (outliers.consecutiveErrors() > 0 || outliers.successDeviations() > 0 || outliers.latencyFactor() > 0) {
            timer.armWithFixedDelay(outliers.interval(), outliers.interval());
        } else {
            timer.cancel();
        }
    }

    private void gather() {
        // What was counted before an ejection has been judged, though the counts come after its end.
        Set<Integer> ejected = tracked.values().stream().filter(Tracked::isEjected).map(each -> each.id)
                .collect(Collectors.toSet());
        Objects.requireNonNull(shards).onAll(ShardUpstream::collect).thenAccept(counts -> judge(counts, ejected));
    }

    private void judge(List<long[]> byShard, Set<Integer> ejected) {
        if (closed) {
            return;
        }
        Map<Integer, long[]> sums = new HashMap<>();
        for (long[] counts : byShard) {
            for (int at = 0; at < counts.length; at += ShardUpstream.COUNTS) {
                long[] sum = sums.computeIfAbsent((int) counts[at], id -> new long[ShardUpstream.COUNTS]);
                for (int i = 1; i < ShardUpstream.COUNTS; i++) {
                    sum[i] += counts[at + i];
                }
            }
        }
        PoolOutlierConfig outliers = config.health().outliers();
        List<Outliers.Counts> counts = new ArrayList<>();
        boolean any = false;
        for (Tracked each : tracked.values()) {
            if (ejected.contains(each.id) || each.isEjected()) {
                each.errorsInRow = 0;
                continue;
            }
            long[] sum = sums.getOrDefault(each.id, new long[ShardUpstream.COUNTS]);
            each.errorsInRow = sum[1] > 0 ? 0 : each.errorsInRow + sum[2];
            if (outliers.consecutiveErrors() > 0 && each.errorsInRow >= outliers.consecutiveErrors()) {
                any |= eject(each, Reason.ERRORS, each.errorsInRow + " errors in a row");
            }
            if (!each.isEjected()) {
                counts.add(new Outliers.Counts(each.id, sum[1], sum[2], sum[3]));
            }
        }
        for (Outlier outlier : Outliers.find(outliers, counts)) {
            Tracked each = byId(outlier.id());
            if (each != null) {
                any |= eject(each, outlier.reason(), outlier.why());
            }
        }
        if (any) {
            publish();
        }
    }

    /** A shard has seen nothing but errors of late. On any shard. */
    void suspected(int id, int errors) {
        atHome(() -> {
            Tracked each = byId(id);
            if (each != null && eject(each, Reason.ERRORS, errors + " errors in a row")) {
                publish();
            }
        });
    }

    /** On any shard. */
    void breakerOpened(int id, int errors, int requests) {
        atHome(() -> {
            Tracked each = byId(id);
            if (each != null && each.openBreakers++ == 0) {
                log.warn("{}: a circuit breaker for endpoint {} is open, since {} of {} requests of its shard failed",
                        label(), each.endpoint, errors, requests);
            }
        });
    }

    /** On any shard. */
    void breakerClosed(int id) {
        atHome(() -> {
            Tracked each = byId(id);
            if (each != null && --each.openBreakers == 0) {
                log.info("{}: the circuit breakers for endpoint {} are closed again", label(), each.endpoint);
            }
        });
    }

    /** Never from within the call: the caller may be in the midst of something. */
    private void atHome(Runnable work) {
        if (Shard.current() == home) {
            home.execute(work);
        } else {
            engine.submitTo(home.id(), () -> {
                work.run();
                return true;
            });
        }
    }

    private @Nullable Tracked byId(int id) {
        for (Tracked each : tracked.values()) {
            if (each.id == id) {
                return each;
            }
        }
        return null;
    }

    private boolean eject(Tracked each, Reason reason, String why) {
        if (each.isEjected() || each.drained || closed) {
            return false;
        }
        long ejected = tracked.values().stream().filter(Tracked::isEjected).count();
        PoolOutlierConfig outliers = config.health().outliers();
        each.errorsInRow = 0;
        if (ejected > 0 && 100 * (ejected + 1) > (long) outliers.maxEjectionPercent() * tracked.size()) {
            stats.ejectionsRefused.increment();
            return false;
        }
        (switch (reason) {
            case ERRORS -> stats.ejectedForErrors;
            case SUCCESS_RATE -> stats.ejectedForSuccessRate;
            case LATENCY -> stats.ejectedForLatency;
        }).increment();
        each.eject(outliers, why);
        return true;
    }

    /** How each member stands, with what the shards have told. */
    List<EndpointStatus> status(List<List<ShardUpstream.TargetStatus>> byShard) {
        Map<Integer, List<ShardUpstream.TargetStatus>> byId = byShard.stream().flatMap(Collection::stream)
                .collect(Collectors.groupingBy(ShardUpstream.TargetStatus::id));
        return tracked.values().stream().map(each -> each.status(byId.getOrDefault(each.id, List.of()))).toList();
    }

    private static String millis(Duration duration) {
        return duration.toMillis() % 1_000 == 0 ? duration.toSeconds() + " s" : duration.toMillis() + " ms";
    }

    /** One member's page in the books. */
    private final class Tracked {
        final int id;
        Endpoint endpoint;
        boolean drained;
        int openBreakers;
        long errorsInRow;
        private CheckState checked = new CheckState();
        private @Nullable Checker checker;
        /** How many times as long as the first ejection the last one was. */
        private int ejections;
        private @Nullable Timer ejection;
        private long ejectedUntil;
        private long backSince;
        private String whyEjected = "";

        Tracked(int id, Endpoint endpoint) {
            this.id = id;
            this.endpoint = endpoint;
        }

        EndpointState state() {
            if (drained) {
                return EndpointState.DRAINED;
            }
            Verdict verdict = checked.verdict();
            if (verdict == Verdict.UNHEALTHY) {
                return EndpointState.UNHEALTHY;
            }
            if (isEjected()) {
                return EndpointState.EJECTED;
            }
            return verdict == Verdict.DEGRADED ? EndpointState.DEGRADED : EndpointState.HEALTHY;
        }

        Member member() {
            return new Member(id, endpoint, state());
        }

        boolean isEjected() {
            return ejection != null;
        }

        void eject(PoolOutlierConfig outliers, String why) {
            long now = home.timers().now();
            long first = Math.max(1, outliers.ejection().toNanos());
            // Each time as long as an ejection that went well takes one back.
            ejections = (int) Math.max(0, ejections - (now - backSince) / first) + 1;
            Duration lasts = outliers.ejection().multipliedBy(ejections);
            if (lasts.compareTo(outliers.maxEjection()) > 0) {
                lasts = outliers.maxEjection();
            }
            whyEjected = why;
            ejectedUntil = now + lasts.toNanos();
            ejection = home.timers().timer(() -> {
                endEjection("its time is over");
                publish();
            });
            ejection.arm(lasts);
            log.warn("{}: endpoint {} is ejected for {}: {}", label(), endpoint, millis(lasts), why);
        }

        void endEjection(String why) {
            if (ejection != null) {
                ejection.cancel();
                ejection = null;
                backSince = home.timers().now();
                log.info("{}: endpoint {} is no longer ejected: {}", label(), endpoint, why);
            }
        }

        void check(@Nullable HealthCheck with) {
            endChecks();
            if (with != null) {
                checker = new Checker(home, endpoint, with, config.health().check(), this::checked);
                checker.start();
            } else {
                checked = new CheckState();
            }
        }

        private void checked(@Nullable Throwable failure) {
            Verdict before = checked.verdict();
            stats.checks.increment();
            boolean changed;
            if (failure == null) {
                changed = checked.succeeded(config.health().check());
            } else {
                stats.checksFailed.increment();
                changed = checked.failed(config.health().check(), messageOf(failure));
            }
            if (changed) {
                tell(before);
                publish();
            }
        }

        private void tell(Verdict before) {
            switch (checked.verdict()) {
                case DEGRADED -> log.info("{}: endpoint {} is degraded, since a check failed: {}", label(), endpoint,
                        checked.why());
                case UNHEALTHY -> log.warn("{}: endpoint {} is unhealthy, since {} checks failed in a row: {}", label(),
                        endpoint, checked.failures(), checked.why());
                default -> {
                    if (before != Verdict.UNKNOWN) {
                        log.info("{}: endpoint {} is healthy again, by its checks", label(), endpoint);
                    }
                }
            }
        }

        private void endChecks() {
            if (checker != null) {
                checker.stop();
                checker = null;
            }
        }

        void stop() {
            endChecks();
            if (ejection != null) {
                ejection.cancel();
                ejection = null;
            }
        }

        EndpointStatus status(List<ShardUpstream.TargetStatus> onShards) {
            EndpointState stands = state();
            String why = switch (stands) {
                case HEALTHY -> null;
                case DEGRADED, UNHEALTHY -> checked.why();
                case EJECTED -> whyEjected;
                case DRAINED -> "drained by hand";
            };
            Duration left = isEjected()
                    ? Duration.ofNanos(Math.max(0, ejectedUntil - home.timers().now()))
                    : null;
            double latency = onShards.stream().mapToDouble(ShardUpstream.TargetStatus::latency)
                    .filter(each -> each > 0).average().orElse(0);
            return new EndpointStatus(endpoint.address(), stands, why, endpoint.weight(), endpoint.priority(),
                    endpoint.zone(), left, onShards.stream().mapToLong(ShardUpstream.TargetStatus::inFlight).sum(),
                    (int) onShards.stream().filter(each -> !each.closed()).count(), Duration.ofNanos((long) latency));
        }
    }

    private static String messageOf(Throwable failure) {
        return failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    }
}
