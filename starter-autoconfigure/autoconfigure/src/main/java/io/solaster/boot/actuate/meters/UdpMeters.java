package io.solaster.boot.actuate.meters;

import java.util.List;
import java.util.function.ToLongFunction;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.solaster.engine.Engine;
import io.solaster.engine.net.udp.UdpServer;
import io.solaster.engine.net.udp.UdpStats;
import io.solaster.engine.net.udp.UdpStats.Drop;
import io.solaster.spring.server.UdpLifecycle;

/**
 * What each server of datagrams counts, over all shards. Meters are there before the servers are bound, and show 0 until then.
 */
final class UdpMeters implements MeterBinder {
    private final Engine engine;
    private final UdpLifecycle servers;

    UdpMeters(Engine engine, UdpLifecycle servers) {
        this.engine = engine;
        this.servers = servers;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        for (String name : servers.names()) {
            Tags tags = Tags.of("engine", engine.name(), "server", name);
            count(registry, tags, name, "received", "Datagrams handed to the handler", stats -> stats.received.get());
            count(registry, tags, name, "received.bytes", "Bytes of datagrams handed to the handler",
                    stats -> stats.receivedBytes.get());
            count(registry, tags, name, "receives",
                    "Passes over the sockets that brought datagrams: received and dropped"
                            + " ones by this is how many come at once",
                    stats -> stats.batches.snapshot().count());
            count(registry, tags, name, "sent", "Datagrams that the kernel took to send", stats -> stats.sent.get());
            count(registry, tags, name, "errors", "Errors that the kernel told of, other than of sending",
                    stats -> stats.errors.get());
            count(registry, tags, name, "handler.failures", "Times that the handler threw",
                    stats -> stats.handlerFailures.get());
            for (Drop reason : Drop.values()) {
                count(registry, tags.and("reason", reason.tag()), name, "dropped", "Datagrams dropped",
                        stats -> stats.dropped(reason));
            }
        }
    }

    private void count(MeterRegistry registry, Tags tags, String server, String name, String description,
            ToLongFunction<UdpStats> value) {
        FunctionCounter.builder("solaster.udp." + name, servers, s -> read(s, server, value)).tags(tags)
                .description(description).register(registry);
    }

    private static double read(UdpLifecycle servers, String name, ToLongFunction<UdpStats> value) {
        return servers.server(name).map(UdpServer::stats).orElse(List.of()).stream().mapToLong(value).sum();
    }
}
