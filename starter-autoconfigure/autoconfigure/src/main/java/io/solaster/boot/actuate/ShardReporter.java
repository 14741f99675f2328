package io.solaster.boot.actuate;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.solaster.config.plan.ShardPlan;
import io.solaster.config.plan.ShardReport;
import io.solaster.config.plan.ShardReport.Configuration;
import io.solaster.config.plan.ShardReport.Detail;
import io.solaster.config.plan.ShardReport.Group;
import io.solaster.config.plan.ShardReport.Server;
import io.solaster.config.plan.ShardReport.Stall;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.net.RequestStats;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.stats.GroupStats;
import io.solaster.engine.stats.Histogram;
import io.solaster.engine.stats.HistogramSnapshot;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.stats.Utilization;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.transport.TransportChoice;
import io.solaster.spring.reload.ReloadStatus;
import io.solaster.spring.server.ServerLifecycle;
import org.jspecify.annotations.Nullable;

/** Tells what an engine is at. Reads counters only: it answers while shards are stuck, and while they stop. Any thread. */
final class ShardReporter {
    private static final double NANOS_PER_SECOND = 1e9;

    private final Engine engine;
    private final ServerLifecycle servers;
    private final EngineWatch watch;
    private final Supplier<@Nullable ReloadStatus> reloads;
    private final List<Utilization> utilizations;

    /** @param reloads what came of reading files again; null where nothing does */
    ShardReporter(Engine engine, ServerLifecycle servers, EngineWatch watch,
            Supplier<@Nullable ReloadStatus> reloads) {
        this.engine = engine;
        this.servers = servers;
        this.watch = watch;
        this.reloads = reloads;
        this.utilizations = engine.shards().stream().map(shard -> new Utilization(shard.stats(),
                shard.environment().clock())).toList();
    }

    ShardReport report() {
        ShardPlan plan = engine.plan();
        return new ShardReport(engine.name(), watch.state(), watch.problems(), watch.impairments(),
                TransportChoice.label(engine.transport().kind()), engine.transport().reason(),
                new ShardReport.Plan(plan.pinned(), plan.spin(), plan.housekeeping().toString(), plan.reasons()),
                engine.shards().stream().map(this::shard).toList(),
                engine.groups().all().stream().map(this::group).toList(),
                servers.planned().entrySet().stream().map(entry -> server(entry.getKey(), entry.getValue()))
                        .toList(),
                configuration(reloads.get()));
    }

    private static @Nullable Configuration configuration(@Nullable ReloadStatus status) {
        return status == null
                ? null
                : new Configuration(status.state().name().toLowerCase(Locale.ROOT).replace('_', '-'), status.at(),
                        status.problems(), status.fingerprints());
    }

    /** One shard in full; empty if there is none of that number. */
    Optional<Detail> detail(int id) {
        return engine.shards().stream().filter(shard -> shard.id() == id).findFirst().map(shard -> {
            Map<String, Long> connections = servers.servers().stream().collect(Collectors.toMap(TcpServer::name,
                    server -> server.connections(id), (one, other) -> one, LinkedHashMap::new));
            Map<String, Integer> ports = servers.servers().stream().filter(server -> server.shardPort(id) > 0)
                    .collect(Collectors.toMap(TcpServer::name, server -> server.shardPort(id), (one, other) -> one,
                            LinkedHashMap::new));
            int count = engine.shards().size();
            return new Detail(shard(shard), shard.stats().groups().stream().map(ShardReporter::group).toList(),
                    connections, ports, IntStream.range(0, count).mapToObj(to -> engine.messages(id, to)).toList(),
                    IntStream.range(0, count).mapToObj(to -> engine.messagesQueued(id, to)).toList(), stalls(id));
        });
    }

    /** The last few stalls of a shard, latest first. */
    List<Stall> stalls(int shard) {
        return engine.stallWatchdog().map(watchdog -> watchdog.recent(shard)).orElse(List.of()).stream()
                .map(stall -> new Stall(stall.at(), stall.group(), stall.nanos() / NANOS_PER_SECOND, stall.ended(),
                        stall.stack()))
                .toList();
    }

    private ShardReport.Shard shard(Shard shard) {
        ShardStats stats = shard.stats();
        long atWork = stats.heartbeat.busyFor(System.nanoTime());
        String state = shard.isShuttingDown()
                ? "stopped"
                : atWork >= EngineWatch.STUCK.toNanos() ? "stuck" : "running";
        return new ShardReport.Shard(shard.id(), shard.place().cpu(), shard.place().numaNode(), state,
                atWork / NANOS_PER_SECOND, utilizations.get(shard.id()).get(), shard.cpuNanos() / NANOS_PER_SECOND,
                stats.stealNanos() / NANOS_PER_SECOND, stats.turns.get(), stats.tasks.get(), stats.pending.get(),
                stats.connections.get(), stats.accepted.get(), stats.messagesSent.get(), stats.messagesReceived.get(),
                stats.stalls.get(), stats.longestStallNanos.get() / NANOS_PER_SECOND);
    }

    /** A group's figures, summed over the shards. */
    Group group(SchedulingGroup group) {
        List<Group> parts = new ArrayList<>();
        for (Shard shard : engine.shards()) {
            shard.stats().groups().stream().filter(stats -> stats.id() == group.id()).map(ShardReporter::group)
                    .forEach(parts::add);
        }
        return parts.stream().reduce(ShardReporter::plus).map(sum -> new Group(group.name(), group.shares(),
                sum.runtimeSeconds(), sum.starveSeconds(), sum.waitSeconds(), sum.tasks(), sum.queued(),
                sum.rejected(), sum.quotaViolations()))
                .orElseGet(() -> new Group(group.name(), group.shares(), 0, 0, 0, 0, 0, 0, 0));
    }

    private static Group plus(Group one, Group other) {
        return new Group(one.name(), one.shares(), one.runtimeSeconds() + other.runtimeSeconds(),
                one.starveSeconds() + other.starveSeconds(), one.waitSeconds() + other.waitSeconds(),
                one.tasks() + other.tasks(), one.queued() + other.queued(), one.rejected() + other.rejected(),
                one.quotaViolations() + other.quotaViolations());
    }

    private static Group group(GroupStats stats) {
        return new Group(stats.name(), stats.shares(), stats.runtimeNanos.get() / NANOS_PER_SECOND,
                stats.starveNanos.get() / NANOS_PER_SECOND, stats.waitNanos.get() / NANOS_PER_SECOND,
                stats.tasks.get(), stats.queued.get(), stats.rejected.get(), stats.quotaViolations.get());
    }

    private Server server(String name, ServerConfig planned) {
        return servers.server(name).map(this::server).orElseGet(() -> new Server(name, planned.protocol(),
                planned.host(), planned.port(), shardPorts(planned), planned.group(), "closed", 0, 0, 0, 0, 0,
                List.of(), null));
    }

    private static @Nullable Integer shardPorts(ServerConfig server) {
        return server.shardPorts() == 0 ? null : server.shardPorts();
    }

    private Server server(TcpServer server) {
        HistogramSnapshot all = new Histogram().snapshot();
        long succeeded = 0;
        long failed = 0;
        for (RequestStats requests : server.requests()) {
            HistogramSnapshot well = requests.succeeded.snapshot();
            HistogramSnapshot badly = requests.failed.snapshot();
            succeeded += well.count();
            failed += badly.count();
            all = all.plus(well).plus(badly);
        }
        String state = server.isListening()
                ? "listening"
                : server.isDraining() && server.connections() > 0 ? "draining" : "closed";
        return new Server(server.name(), server.config().protocol(), server.config().host(), server.port(),
                shardPorts(server.config()), server.config().group(), state, server.connections(), server.accepted(),
                server.refused(),
                succeeded + failed, failed,
                engine.shards().stream().map(Shard::id).filter(server::isDrained).toList(), all.buckets());
    }
}
