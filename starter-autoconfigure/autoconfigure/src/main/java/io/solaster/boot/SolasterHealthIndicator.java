package io.solaster.boot;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

import io.solaster.config.CpuSet;
import io.solaster.config.ShardPlan;
import io.solaster.config.ShardPlan.PlannedShard;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.TransportChoice;
import io.solaster.spring.ReloadStatus;
import io.solaster.spring.ServerLifecycle;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** UP while every shard runs and every server listens. It reads counters only, so that a stuck shard cannot hold it. */
final class SolasterHealthIndicator extends AbstractHealthIndicator {
    private final Engine engine;
    private final ServerLifecycle servers;
    private final Supplier<ReloadStatus> reload;

    SolasterHealthIndicator(Engine engine, ServerLifecycle servers, Supplier<ReloadStatus> reload) {
        super("The health of engine '" + engine.name() + "' cannot be told");
        this.engine = engine;
        this.servers = servers;
        this.reload = reload;
    }

    @Override
    protected void doHealthCheck(Health.Builder health) {
        List<String> problems = new ArrayList<>();
        for (Shard shard : engine.shards()) {
            // A loop whose thread died of an error is in this state too.
            if (shard.isShuttingDown()) {
                problems.add("shard " + shard.id() + " does not run");
            }
        }
        Map<String, Object> reports = new LinkedHashMap<>();
        for (String name : servers.names()) {
            reports.put(name, servers.server(name).map(server -> report(server, problems)).orElseGet(() -> {
                problems.add("server '" + name + "' does not listen");
                return Map.of("listening", false);
            }));
        }
        ShardPlan plan = engine.plan();
        health.up().withDetail("engine", engine.name()).withDetail("shards", plan.shards().size())
                .withDetail("pinned", plan.pinned())
                .withDetail("cpus", CpuSet.of(plan.shards().stream().mapToInt(PlannedShard::cpu).toArray()).toString())
                .withDetail("transport", TransportChoice.label(engine.transport().kind()))
                .withDetail("transportReason", engine.transport().reason())
                .withDetail("stalls", engine.shards().stream().mapToLong(shard -> shard.stats().stalls.get()).sum())
                .withDetail("servers", reports).withDetail("configuration", report(reload.get()));
        if (!problems.isEmpty()) {
            health.down().withDetail("problems", problems);
        }
    }

    /** Files that are wrong keep nothing from working: the status stays, and the detail says WARN. */
    private static Map<String, Object> report(ReloadStatus status) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("status", status.isWarning() ? "WARN" : "OK");
        report.put("reload", status.state().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        if (!status.problems().isEmpty()) {
            report.put("problems", status.problems());
        }
        return report;
    }

    private static Map<String, Object> report(TcpServer server, List<String> problems) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("protocol", server.config().protocol());
        report.put("host", server.config().host());
        report.put("port", server.port());
        report.put("listening", server.isListening());
        report.put("connections", server.connections());
        if (!server.isListening()) {
            problems.add("server '" + server.name() + "' does not listen");
        }
        return report;
    }
}
