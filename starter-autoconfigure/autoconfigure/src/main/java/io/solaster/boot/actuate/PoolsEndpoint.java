package io.solaster.boot.actuate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Endpoint;
import io.solaster.pool.EndpointStatus;
import io.solaster.pool.PoolStats;
import io.solaster.pool.UpstreamStatus;
import io.solaster.spring.pool.PoolHandle;
import io.solaster.spring.pool.Pools;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;

/**
 * The pools: how their endpoints stand and what connections each shard has; and an endpoint taken out and back in by hand,
 * where {@code management.endpoint.pools.access} is {@code unrestricted}.
 */
@org.springframework.boot.actuate.endpoint.annotation.Endpoint(id = "pools", defaultAccess = Access.READ_ONLY)
final class PoolsEndpoint {
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private static final List<String> POOL_COLUMNS = List.of("protocol", "balancing");
    private static final List<String> ENDPOINT_COLUMNS = List.of("address", "state", "why", "weight", "priority",
            "zone",
            "ejectedForMillis", "inFlight", "openBreakers", "latencyMicros");
    private static final List<String> CONNECTION_COLUMNS = List.of("max", "open", "active", "pending");

    private final Pools pools;

    PoolsEndpoint(Pools pools) {
        this.pools = pools;
    }

    /** As a table too: {@link PoolsEndpointWebExtension}. */
    @ReadOperation(producesFrom = TableFormat.class)
    Map<String, Object> pools() {
        Map<String, Object> all = new LinkedHashMap<>();
        pools.all().forEach(pool -> all.put(pool.name(), report(pool)));
        return Map.of("pools", all);
    }

    /** A row for each endpoint of each pool. */
    String table() {
        List<List<@Nullable Object>> rows = new ArrayList<>();
        pools.all().forEach(pool -> {
            Map<String, Object> its = report(pool);
            Map<?, ?> connections = (Map<?, ?>) Objects.requireNonNull(its.get("connections"));
            for (Object endpoint : (List<?>) Objects.requireNonNull(its.get("endpoints"))) {
                List<@Nullable Object> row = new ArrayList<>(List.of(pool.name()));
                POOL_COLUMNS.forEach(column -> row.add(its.get(column)));
                ENDPOINT_COLUMNS.forEach(column -> row.add(((Map<?, ?>) endpoint).get(column)));
                CONNECTION_COLUMNS.forEach(column -> row.add(connections.get(column)));
                rows.add(row);
            }
        });
        List<String> columns = new ArrayList<>(List.of("pool", "protocol", "balancing"));
        columns.addAll(ENDPOINT_COLUMNS);
        CONNECTION_COLUMNS.forEach(column -> columns.add("pool." + column));
        return Csv.of(columns, rows);
    }

    @ReadOperation
    @Nullable
    Map<String, Object> pool(@Selector String name) {
        return pools.find(name).map(PoolsEndpoint::report).orElse(null);
    }

    /**
     * Takes an endpoint out, or back in.
     *
     * @param name of the pool
     * @param endpoint its address: {@code host:port}
     * @param action {@code drain}: no new request goes there, what is under way may finish; {@code readmit}: it is asked
     *            again, also if it was ejected
     */
    @WriteOperation
    Map<String, Object> change(@Selector String name, String endpoint, String action) {
        PoolHandle pool = pools.find(name).orElseThrow(() -> refused("there is no pool '" + name + "'",
                "give one of " + pools.all().stream().map(PoolHandle::name).toList()));
        ShardFuture<Boolean> changed = switch (action) {
            case "drain" -> pool.upstream().drain(endpoint);
            case "readmit" -> pool.upstream().readmit(endpoint);
            default -> throw refused("'" + action + "' is nothing that can be done with an endpoint",
                    "give 'drain' or 'readmit'");
        };
        if (Boolean.FALSE.equals(await(changed))) {
            throw refused("pool '" + name + "' has no endpoint '" + endpoint + "'",
                    "give one of " + pool.upstream().members());
        }
        return report(pool);
    }

    private static Map<String, Object> report(PoolHandle pool) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("state", label(pool.upstream().state()));
        report.put("protocol", label(pool.config().protocol()));
        report.put("balancing", label(pool.config().balancing().algorithm()));
        UpstreamStatus status = await(pool.upstream().status());
        if (status != null) {
            report.put("discovery", status.discovery());
            report.put("endpoints", status.endpoints().stream().map(PoolsEndpoint::report).toList());
        } else {
            // A shard that does not answer must not hide the rest.
            report.put("endpoints", pool.upstream().members().stream().map(Endpoint::address)
                    .map(address -> Map.of("address", address, "state", "unknown")).toList());
        }
        report.put("connections", connections(pool));
        return report;
    }

    private static Map<String, Object> report(EndpointStatus endpoint) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("address", endpoint.address());
        report.put("state", label(endpoint.state()));
        if (endpoint.why() != null) {
            report.put("why", endpoint.why());
        }
        report.put("weight", endpoint.weight());
        report.put("priority", endpoint.priority());
        if (endpoint.zone() != null) {
            report.put("zone", endpoint.zone());
        }
        if (endpoint.ejectedFor() != null) {
            report.put("ejectedForMillis", endpoint.ejectedFor().toMillis());
        }
        report.put("inFlight", endpoint.inFlight());
        report.put("openBreakers", endpoint.openBreakers());
        report.put("latencyMicros", TimeUnit.NANOSECONDS.toMicros(endpoint.latency().toNanos()));
        return report;
    }

    private static Map<String, Object> connections(PoolHandle pool) {
        List<PoolStats> stats = pool.connections();
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("max", pool.maxConnections());
        report.put("open", stats.stream().mapToLong(each -> each.open.get()).sum());
        report.put("active", stats.stream().mapToLong(each -> each.active.get()).sum());
        report.put("pending", stats.stream().mapToLong(each -> each.pending.get()).sum());
        List<Map<String, Object>> shards = new ArrayList<>();
        int count = pool.pool().stats().size();
        for (int shard = 0; shard < count; shard++) {
            int id = shard;
            List<PoolStats> its = IntStream.range(0, stats.size()).filter(i -> i % count == id).mapToObj(stats::get)
                    .toList();
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("shard", shard);
            one.put("open", its.stream().mapToLong(each -> each.open.get()).sum());
            one.put("active", its.stream().mapToLong(each -> each.active.get()).sum());
            one.put("idle", its.stream().mapToLong(PoolStats::idle).sum());
            one.put("pending", its.stream().mapToLong(each -> each.pending.get()).sum());
            shards.add(one);
        }
        report.put("shards", shards);
        return report;
    }

    /** What a shard says; null if it does not in time, or must not be waited for here. */
    private static <T> @Nullable T await(ShardFuture<T> answer) {
        Shard here = Shard.current();
        if (here != null && here.inEventLoop() && !answer.isDone()) {
            return null;
        }
        try {
            return answer.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        } catch (ExecutionException | TimeoutException e) {
            return null;
        }
    }

    private static String label(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static InvalidEndpointRequestException refused(String reason, String fix) {
        return new InvalidEndpointRequestException(reason + "; " + fix, reason + "; " + fix);
    }
}
