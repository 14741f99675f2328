package io.solaster.boot.actuate.meters;

import java.util.function.ToLongFunction;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.spring.server.ServerLifecycle;

/** What each server counts. Meters are there before the servers are bound, and show 0 until then. */
final class ServerMeters implements MeterBinder {
    private final Engine engine;
    private final ServerLifecycle servers;

    ServerMeters(Engine engine, ServerLifecycle servers) {
        this.engine = engine;
        this.servers = servers;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        for (String name : servers.names()) {
            Tags tags = Tags.of("engine", engine.name(), "server", name);
            Gauge.builder("solaster.server.connections", servers, s -> read(s, name, TcpServer::connections)).tags(tags)
                    .description("Connections that are open").register(registry);
            count(registry, tags, name, "accepted", "Connections accepted", TcpServer::accepted);
            count(registry, tags, name, "refused", "Connections refused because there were as many as allowed",
                    TcpServer::refused);
            count(registry, tags, name, "accept.pauses",
                    "Times that accepting paused for want of file descriptors", TcpServer::acceptPauses);
            count(registry, tags, name, "handed.over", "Connections that one shard accepted for another",
                    TcpServer::handedOver);
            count(registry, tags, name, "accept.policy.failures",
                    "Times that the accept policy threw, or named a shard that takes no connections",
                    TcpServer::policyFailures);
        }
    }

    private void count(MeterRegistry registry, Tags tags, String server, String name, String description,
            ToLongFunction<TcpServer> value) {
        FunctionCounter.builder("solaster.server." + name, servers, s -> read(s, server, value)).tags(tags)
                .description(description).register(registry);
    }

    private static double read(ServerLifecycle servers, String name, ToLongFunction<TcpServer> value) {
        return servers.server(name).map(server -> (double) value.applyAsLong(server)).orElse(0.0);
    }
}
