package io.solaster.boot.actuate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.solaster.config.InvalidConfigException;
import io.solaster.config.plan.ShardReport;
import io.solaster.config.plan.ShardReport.Detail;
import io.solaster.config.plan.ShardReport.Group;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.spring.Live;
import io.solaster.spring.server.ServerLifecycle;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;

/**
 * The shards: what they are at, all of them or one in full, and operations on them where
 * {@code management.endpoint.shards.access} is {@code unrestricted}. Nothing here waits for a shard.
 */
@Endpoint(id = "shards", defaultAccess = Access.READ_ONLY)
final class ShardsEndpoint {
    private final Engine engine;
    private final ServerLifecycle servers;
    private final ShardReporter reporter;
    private final SolasterAvailability availability;
    private final Live<Duration> drainTimeout;

    ShardsEndpoint(Engine engine, ServerLifecycle servers, ShardReporter reporter, SolasterAvailability availability,
            Live<Duration> drainTimeout) {
        this.engine = engine;
        this.servers = servers;
        this.reporter = reporter;
        this.availability = availability;
        this.drainTimeout = drainTimeout;
    }

    /** As a table too: {@link ShardsEndpointWebExtension}. */
    @ReadOperation(producesFrom = TableFormat.class)
    ShardReport shards() {
        return reporter.report();
    }

    @ReadOperation
    @Nullable
    Detail shard(@Selector int id) {
        return reporter.detail(id).orElse(null);
    }

    /**
     * Changes a group's shares, or drains a server.
     *
     * @param group with {@code shares}: the group to change
     * @param shares with {@code group}: its new shares, on every shard at once
     * @param drain the server to drain, for good; it returns at once
     */
    @WriteOperation
    Object change(@Nullable String group, @Nullable Integer shares, @Nullable String drain) {
        if (drain != null && group == null && shares == null) {
            return drainServer(drain);
        }
        if (drain == null && group != null && shares != null) {
            return changeShares(group, shares);
        }
        throw refused("nothing to do", "give 'group' and 'shares', or 'drain' with the name of a server");
    }

    private Group changeShares(String name, int shares) {
        SchedulingGroup group = engine.groups().find(name)
                .orElseThrow(() -> refused("there is no scheduling group '" + name + "'",
                        "give one of " + engine.groups().all()));
        if (shares < 1) {
            throw refused(shares + " shares are out of range", "give a number from 1 to 1000000");
        }
        try {
            group.setShares(shares);
        } catch (InvalidConfigException | IllegalArgumentException e) {
            throw refused(String.valueOf(e.getMessage()), "give a number from 1 to 1000000");
        }
        return reporter.group(group);
    }

    private Map<String, Object> drainServer(String name) {
        TcpServer server = servers.server(name)
                .orElseThrow(() -> refused("there is no server '" + name + "' that listens",
                        "give one of " + names(servers.servers())));
        availability.refuseTraffic();
        if (!server.isDraining()) {
            start("drain-" + name, () -> server.drain(drainTimeout.get()));
        }
        return Map.of("server", name, "state", "draining", "connections", server.connections());
    }

    /**
     * Drains a shard: it takes no more connections of any server, for good, and those that it has are asked to finish.
     * Returns at once.
     *
     * @param id the shard
     * @param state what is asked for: {@code draining}
     */
    @WriteOperation
    @Nullable
    Map<String, Object> drain(@Selector int id, String state) {
        if (engine.shards().stream().noneMatch(shard -> shard.id() == id)) {
            return null;
        }
        if (!state.equals("draining")) {
            throw refused("a shard cannot be brought into state '" + state + "'", "give 'draining'");
        }
        List<TcpServer> serving = List.copyOf(servers.servers());
        for (TcpServer server : serving) {
            if (engine.shards().stream().map(Shard::id).noneMatch(other -> other != id && !server.isDrained(other))) {
                throw refused("shard " + id + " is the last that takes connections of server '" + server.name() + "'",
                        "drain the server");
            }
        }
        start("drain-shard-" + id, () -> serving.forEach(server -> server.drain(id, drainTimeout.get())));
        return Map.of("shard", id, "state", "draining", "connections",
                serving.stream().mapToLong(server -> server.connections(id)).sum());
    }

    private void start(String name, Runnable work) {
        Thread thread = new Thread(work, engine.name() + "-" + name);
        thread.setDaemon(true);
        thread.start();
    }

    private static List<String> names(Iterable<TcpServer> servers) {
        List<String> names = new ArrayList<>();
        servers.forEach(server -> names.add(server.name()));
        return names;
    }

    private static InvalidEndpointRequestException refused(String reason, String fix) {
        return new InvalidEndpointRequestException(reason + "; " + fix, reason + "; " + fix);
    }
}
