package io.solaster.boot.actuate.meters;

import java.util.List;
import java.util.Locale;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.solaster.engine.Engine;
import io.solaster.http.ExchangeListener;
import io.solaster.http.HttpHandler;
import io.solaster.http.RouteStats;
import io.solaster.http.RouteStats.Outcome;
import io.solaster.http.route.Router;
import io.solaster.spring.HttpServerListener;

/** How long the requests of each route took, of servers that are answered by a router. */
final class RouteMeters implements HttpServerListener {
    private static final String NAME = "solaster.http.requests";
    private static final String DESCRIPTION = "Requests by route, from their head to the end of the response";
    /** Each makes two series for each outcome; those beyond are counted together. */
    private static final int MOST_ROUTES = 100;

    private final Engine engine;
    private final MeterRegistry registry;
    private final HistogramTimers timers;

    RouteMeters(Engine engine, MeterRegistry registry, HistogramTimers timers) {
        this.engine = engine;
        this.registry = registry;
        this.timers = timers;
    }

    @Override
    public ExchangeListener of(String server, HttpHandler handler) {
        RouteStats stats = new RouteStats(engine.shards().size(),
                handler instanceof Router router ? router.templates() : List.of(), MOST_ROUTES);
        for (String route : stats.routes()) {
            for (Outcome outcome : Outcome.values()) {
                timers.register(registry, NAME, DESCRIPTION, Tags.of("engine", engine.name(), "server", server, "route",
                        route, "outcome", outcome.name().toLowerCase(Locale.ROOT)),
                        () -> stats.snapshot(route, outcome));
            }
        }
        return stats;
    }
}
