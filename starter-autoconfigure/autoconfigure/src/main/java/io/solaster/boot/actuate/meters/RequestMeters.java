package io.solaster.boot.actuate.meters;

import java.util.List;
import java.util.Locale;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.solaster.engine.Engine;
import io.solaster.engine.net.RequestStats;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.stats.Histogram;
import io.solaster.engine.stats.HistogramSnapshot;
import io.solaster.spring.server.ServerLifecycle;

/** How many requests each server answered, and how long they took: recorded per shard, merged when somebody looks. */
final class RequestMeters implements MeterBinder {
    private static final String NAME = "solaster.server.requests";
    private static final String DESCRIPTION = "Requests answered, from reading them to writing the answer";

    private final Engine engine;
    private final ServerLifecycle servers;
    private final HistogramTimers timers;

    RequestMeters(Engine engine, ServerLifecycle servers, HistogramTimers timers) {
        this.engine = engine;
        this.servers = servers;
        this.timers = timers;
    }

    /** What became of requests. */
    enum Outcome {
        SUCCESS, ERROR;

        String tag() {
            return name().toLowerCase(Locale.ROOT);
        }

        Histogram of(RequestStats stats) {
            return this == SUCCESS ? stats.succeeded : stats.failed;
        }
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        for (String server : servers.names()) {
            for (Outcome outcome : Outcome.values()) {
                timers.register(registry, NAME, DESCRIPTION,
                        Tags.of("engine", engine.name(), "server", server, "outcome", outcome.tag()),
                        () -> snapshot(server, outcome));
            }
        }
    }

    private HistogramSnapshot snapshot(String name, Outcome outcome) {
        return servers.server(name).map(TcpServer::requests).orElse(List.of()).stream()
                .map(stats -> outcome.of(stats).snapshot()).reduce(HistogramSnapshot::plus)
                .orElseGet(() -> new Histogram().snapshot());
    }
}
