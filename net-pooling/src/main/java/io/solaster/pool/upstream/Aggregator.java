package io.solaster.pool.upstream;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Collectors;

import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.Sharded;
import io.solaster.pool.Endpoint;
import io.solaster.pool.EndpointStatus;
import io.solaster.pool.Upstream;
import io.solaster.pool.UpstreamState;
import io.solaster.pool.UpstreamStats;
import io.solaster.pool.health.HealthCheck;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the books of an upstream on one shard, its home: who is a member, and, on a page of each ({@link Tracked}), what
 * checks and requests have said of it, whether it is ejected or drained. It tells the shards by message, and they tell it
 * so. On its home, unless a method says otherwise.
 */
final class Aggregator {
    private static final Logger log = LoggerFactory.getLogger(Upstream.class);

    private final Engine engine;
    private final Shard home;
    private final String label;
    private final UpstreamStats stats;
    private final Function<PoolConfig, @Nullable HealthCheck> checks;
    private final Map<String, Tracked> tracked = new LinkedHashMap<>();
    private final Set<String> drained = new HashSet<>();
    private final Tables tables;
    private final Standing standing;
    private final Ejections ejections;
    private PoolConfig config;
    private @Nullable HealthCheck check;
    private @Nullable Sharded<DefaultShardUpstream> shards;
    private List<Endpoint> found = List.of();
    private boolean discoveryFails;
    private boolean closed;
    private int lastId;
    private long version;
    private volatile List<Endpoint> members = List.of();

    Aggregator(Engine engine, Shard home, String name, PoolConfig config,
            Function<PoolConfig, @Nullable HealthCheck> checks, UpstreamStats stats) {
        this.engine = engine;
        this.home = home;
        this.label = "Pool '" + name + "'";
        this.config = config;
        this.checks = checks;
        this.stats = stats;
        this.tables = new Tables(engine.offload(), label);
        this.standing = new Standing(label, stats);
        this.ejections = new Ejections(this);
    }

    /** Where it is. Any thread. */
    Shard home() {
        return home;
    }

    /** What it calls itself in the log. Any thread. */
    String label() {
        return label;
    }

    /** Any thread. */
    List<Endpoint> members() {
        return members;
    }

    /** Any thread. */
    UpstreamState state() {
        return standing.state();
    }

    PoolConfig config() {
        return config;
    }

    UpstreamStats stats() {
        return stats;
    }

    boolean isClosed() {
        return closed;
    }

    Collection<Tracked> tracked() {
        return tracked.values();
    }

    @Nullable
    Tracked byId(int id) {
        for (Tracked each : tracked.values()) {
            if (each.id == id) {
                return each;
            }
        }
        return null;
    }

    CompletionStage<Boolean> begin(Sharded<DefaultShardUpstream> onShards) {
        shards = onShards;
        check = checks.apply(config);
        ejections.watch();
        return merge();
    }

    // ---- who is a member

    CompletionStage<Boolean> found(List<Endpoint> endpoints) {
        if (discoveryFails) {
            discoveryFails = false;
            log.info("{}: discovery works again and has found {} endpoints", label, endpoints.size());
        }
        found = endpoints;
        return merge();
    }

    CompletionStage<Boolean> notFound(String discovery, Throwable cause) {
        if (!discoveryFails) {
            discoveryFails = true;
            log.warn("{}: discovery '{}' failed ({}); the {} endpoints that were found before go on to hold", label,
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
            ejections.watch();
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
                known = new Tracked(this, ++lastId, endpoint);
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
            log.info("{}: endpoint {} is drained by hand", label, address);
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
            log.info("{}: endpoint {} is readmitted by hand", label, address);
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
        ejections.stop();
        return publish();
    }

    // ---- what the shards are told

    /** Tells every shard, and counts anew. */
    CompletionStage<Boolean> publish() {
        standing.assess(tracked.values(), config.health().panicThreshold(), version <= 1, closed);
        CompletionStage<Boolean> fitting = tables.fit(config.balancing().algorithm(), members);
        return fitting.thenCompose(fit -> fit ? tell() : publish());
    }

    private CompletionStage<Boolean> tell() {
        View view = new View(++version, config.balancing(), config.health(),
                tracked.values().stream().map(Tracked::member).toList(), tables.current());
        return everywhere(shard -> {
            shard.apply(view);
            return true;
        }).thenApply(all -> true);
    }

    /** Asks every shard, each on itself. */
    <T> CompletionStage<List<T>> everywhere(Function<DefaultShardUpstream, T> work) {
        return Objects.requireNonNull(shards, "it has not begun").onAll(work);
    }

    // ---- what the shards tell

    /** A shard has seen nothing but errors of late. On any shard. */
    void suspected(int id, int errors) {
        atHome(() -> ejections.suspected(id, errors));
    }

    /** On any shard. */
    void breakerOpened(int id, int errors, int requests) {
        atHome(() -> {
            Tracked each = byId(id);
            if (each != null) {
                each.breakerOpened(errors, requests);
            }
        });
    }

    /** On any shard. */
    void breakerClosed(int id) {
        atHome(() -> {
            Tracked each = byId(id);
            if (each != null) {
                each.breakerClosed();
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

    /** How each member stands, with what the shards have told. */
    List<EndpointStatus> status(List<List<DefaultShardUpstream.TargetStatus>> byShard) {
        Map<Integer, List<DefaultShardUpstream.TargetStatus>> byId = byShard.stream().flatMap(Collection::stream)
                .collect(Collectors.groupingBy(DefaultShardUpstream.TargetStatus::id));
        return tracked.values().stream().map(each -> each.status(byId.getOrDefault(each.id, List.of()))).toList();
    }
}
