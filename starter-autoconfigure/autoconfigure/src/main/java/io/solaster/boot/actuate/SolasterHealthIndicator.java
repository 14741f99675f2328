package io.solaster.boot.actuate;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

import io.solaster.config.plan.ShardPlan;
import io.solaster.config.plan.ShardPlan.PlannedShard;
import io.solaster.config.value.CpuSet;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.Tls;
import io.solaster.engine.tls.ServerCertificate;
import io.solaster.engine.tls.TlsContexts;
import io.solaster.engine.transport.TransportChoice;
import io.solaster.spring.reload.ReloadStatus;
import io.solaster.spring.server.ServerLifecycle;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/**
 * UP while every shard turns and every server listens, be it impaired; OUT_OF_SERVICE while servers drain; else DOWN. It
 * reads counters only, so that a stuck shard cannot hold it.
 */
final class SolasterHealthIndicator extends AbstractHealthIndicator {
    private final Engine engine;
    private final ServerLifecycle servers;
    private final EngineWatch watch;
    private final Supplier<ReloadStatus> reload;

    SolasterHealthIndicator(Engine engine, ServerLifecycle servers, EngineWatch watch,
            Supplier<ReloadStatus> reload) {
        super("The health of engine '" + engine.name() + "' cannot be told");
        this.engine = engine;
        this.servers = servers;
        this.watch = watch;
        this.reload = reload;
    }

    @Override
    protected void doHealthCheck(Health.Builder health) {
        Map<String, Object> reports = new LinkedHashMap<>();
        for (String name : servers.names()) {
            reports.put(name, servers.server(name).map(SolasterHealthIndicator::report)
                    .orElseGet(() -> Map.of("listening", false)));
        }
        ShardPlan plan = engine.plan();
        String state = watch.state();
        switch (state) {
            case "down" -> health.down();
            case "draining" -> health.outOfService();
            default -> health.up();
        }
        health.withDetail("engine", engine.name()).withDetail("state", state)
                .withDetail("shards", plan.shards().size()).withDetail("pinned", plan.pinned())
                .withDetail("cpus", CpuSet.of(plan.shards().stream().mapToInt(PlannedShard::cpu).toArray()).toString())
                .withDetail("transport", TransportChoice.label(engine.transport().kind()))
                .withDetail("transportReason", engine.transport().reason())
                .withDetail("stalls", engine.shards().stream().mapToLong(shard -> shard.stats().stalls.get()).sum())
                .withDetail("servers", reports).withDetail("configuration", report(reload.get()));
        health.withDetail("memory", memory());
        add(health, "problems", watch.problems());
        add(health, "impairments", watch.impairments());
    }

    private Map<String, Object> memory() {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("level", engine.memory().level().name());
        report.put("limit", engine.memory().limit());
        report.put("used", engine.memory().used());
        report.put("pages", engine.howMemory());
        return report;
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

    private static void add(Health.Builder health, String name, List<String> sentences) {
        if (!sentences.isEmpty()) {
            health.withDetail(name, sentences);
        }
    }

    private static Map<String, Object> report(TcpServer server) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("protocol", server.config().protocol());
        report.put("host", server.config().host());
        report.put("port", server.port());
        report.put("listening", server.isListening());
        report.put("connections", server.connections());
        Tls tls = server.tls();
        TlsContexts contexts = tls == null ? null : tls.contexts();
        if (contexts != null) {
            report.put("tls", Map.of("provider", contexts.choice().toString(), "certificates",
                    contexts.certificates().stream().map(SolasterHealthIndicator::report).toList()));
        }
        return report;
    }

    /** As with files that are wrong: the status stays. */
    private static Map<String, Object> report(ServerCertificate certificate) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("status", certificate.expiresSoon() || certificate.problem() != null ? "WARN" : "OK");
        report.put("bundle", certificate.bundle());
        if (!certificate.names().isEmpty()) {
            report.put("names", certificate.names());
        }
        report.put("subjects", certificate.subjects());
        report.put("expires", certificate.expires().toString());
        String problem = certificate.problem();
        if (problem != null) {
            report.put("problem", "what it was updated to is no good: " + problem);
        }
        return report;
    }
}
