package io.solaster.boot.actuate;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.SolasterConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.udp.UdpServer;
import io.solaster.engine.stats.RecentStall;
import io.solaster.spring.Live;
import io.solaster.spring.server.ServerLifecycle;
import io.solaster.spring.server.UdpLifecycle;
import org.jspecify.annotations.Nullable;

/**
 * Whether an engine and its servers are well, and if not, why. Reads counters only, so that a stuck shard cannot hold
 * it. Any thread.
 */
final class EngineWatch {
    /** For how long a stall counts as one of late. */
    static final Duration LATELY = Duration.ofMinutes(1);
    /** At work for so long, a shard is called stuck. */
    static final Duration STUCK = Duration.ofSeconds(1);

    private static final double NANOS_PER_SECOND = 1e9;

    private final Engine engine;
    private final ServerLifecycle servers;
    private final @Nullable UdpLifecycle udp;
    private final Live<SolasterConfig> config;
    private final LoopWatch loops;
    private final Supplier<Optional<ConfigReloads>> reloads;

    EngineWatch(Engine engine, ServerLifecycle servers, @Nullable UdpLifecycle udp, Live<SolasterConfig> config,
            LoopWatch loops, Supplier<Optional<ConfigReloads>> reloads) {
        this.engine = engine;
        this.servers = servers;
        this.udp = udp;
        this.config = config;
        this.loops = loops;
        this.reloads = reloads;
    }

    /** {@code down}, {@code draining}, {@code degraded} or {@code healthy}, the first that applies. */
    String state() {
        return !problems().isEmpty()
                ? "down"
                : isDraining() ? "draining" : impairments().isEmpty() ? "healthy" : "degraded";
    }

    /** Whether some server finishes what it has received and takes nothing new. */
    boolean isDraining() {
        UdpLifecycle datagrams = udp;
        return servers.servers().stream().anyMatch(TcpServer::isDraining)
                || datagrams != null && datagrams.servers().stream().anyMatch(UdpServer::isDraining);
    }

    /** Whether some shard has not turned its loop for as long as makes the application broken. */
    boolean isBroken() {
        return engine.shards().stream().anyMatch(this::isBroken);
    }

    private boolean isBroken(Shard shard) {
        return loops.stuckFor(shard.id()).compareTo(config.get().health().brokenAfter()) >= 0;
    }

    /** Why the engine cannot serve; empty if it can. */
    List<String> problems() {
        List<String> problems = new ArrayList<>();
        for (Shard shard : engine.shards()) {
            // A loop whose thread died of an error is in this state too.
            if (shard.isShuttingDown()) {
                problems.add("shard " + shard.id() + " does not run");
            } else if (isBroken(shard)) {
                problems.add("shard " + shard.id() + " has not turned its loop for "
                        + loops.stuckFor(shard.id()).toSeconds() + " s");
            }
        }
        // Servers stop side by side: those that have drained are gone while others still do.
        boolean mayBeGone = isDraining();
        for (String name : servers.names()) {
            if (!servers.server(name).map(server -> server.isListening() || server.isDraining()).orElse(mayBeGone)) {
                problems.add("server '" + name + "' does not listen");
            }
        }
        UdpLifecycle datagrams = udp;
        if (datagrams != null) {
            for (String name : datagrams.names()) {
                if (!datagrams.server(name).map(server -> server.isListening() || server.isDraining())
                        .orElse(mayBeGone)) {
                    problems.add("UDP server '" + name + "' does not listen");
                }
            }
        }
        return problems;
    }

    /** What is not as it should be, though everything is served; empty if all is well. */
    List<String> impairments() {
        List<String> impairments = new ArrayList<>();
        if (engine.transport().isFallback(config.get().engine().transport())) {
            impairments.add("transport " + engine.transport().reason());
        }
        if (!engine.plan().pinned() && config.get().engine().pinning() != Pinning.NEVER) {
            impairments.add("shards are not pinned");
        }
        for (Shard shard : engine.shards()) {
            stuck(shard, impairments);
            stalls(shard, impairments);
        }
        for (TcpServer server : servers.servers()) {
            for (Shard shard : engine.shards()) {
                if (server.isDrained(shard.id()) && !server.isDraining()) {
                    impairments.add("shard " + shard.id() + " takes no more connections of server '" + server.name()
                            + "'");
                }
            }
        }
        reloads.get().flatMap(ConfigReloads::last).filter(last -> !last.applied())
                .ifPresent(last -> impairments.add("the changed configuration is not in force: " + last.problem()));
        return impairments;
    }

    private void stuck(Shard shard, List<String> impairments) {
        long nanos = shard.stats().heartbeat.busyFor(System.nanoTime());
        if (nanos >= STUCK.toNanos() && !shard.isShuttingDown() && !isBroken(shard)) {
            impairments.add(String.format(java.util.Locale.ROOT, "shard %d has been at one piece of work for %.1f s",
                    shard.id(), nanos / NANOS_PER_SECOND));
        }
    }

    private void stalls(Shard shard, List<String> impairments) {
        Instant since = Instant.now().minus(LATELY);
        List<RecentStall> late = engine.stallWatchdog().map(watchdog -> watchdog.recent(shard.id())).orElse(List.of())
                .stream().filter(stall -> !stall.ended() || stall.at().plusNanos(stall.nanos()).isAfter(since))
                .toList();
        if (!late.isEmpty()) {
            long longest = late.stream().mapToLong(RecentStall::nanos).max().orElse(0);
            impairments.add(String.format(java.util.Locale.ROOT,
                    "shard %d was held up by a task within the last minute, for up to %.3f s", shard.id(),
                    longest / NANOS_PER_SECOND));
        }
    }
}
