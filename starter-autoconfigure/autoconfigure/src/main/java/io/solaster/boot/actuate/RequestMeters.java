package io.solaster.boot.actuate;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.config.MeterFilterReply;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.RequestStats;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.stats.Histogram;
import io.solaster.engine.stats.HistogramSnapshot;
import io.solaster.spring.ServerLifecycle;
import org.springframework.util.ClassUtils;

/**
 * How many requests each server answered, and how long they took: recorded per shard, merged when somebody looks. A
 * Micrometer timer would be shared by all shards; so Micrometer gets count and sum, and Prometheus, where buckets are
 * asked for, a collector of its own ({@link PrometheusRequests}).
 */
final class RequestMeters implements MeterBinder {
    static final String NAME = "solaster.server.requests";
    static final String DESCRIPTION = "Requests answered, from reading them to writing the answer";

    private static final boolean PROMETHEUS = ClassUtils.isPresent(
            "io.micrometer.prometheusmetrics.PrometheusMeterRegistry", RequestMeters.class.getClassLoader());
    /** As for a timer of Micrometer, but that our requests take microseconds. */
    private static final DistributionStatisticConfig OURS = DistributionStatisticConfig.builder()
            .minimumExpectedValue((double) TimeUnit.MICROSECONDS.toNanos(10))
            .maximumExpectedValue((double) TimeUnit.SECONDS.toNanos(10)).build();

    private final Engine engine;
    private final ServerLifecycle servers;
    private final List<MeterFilter> filters;

    /** @param filters what the registries filter by, in their order */
    RequestMeters(Engine engine, ServerLifecycle servers, List<MeterFilter> filters) {
        this.engine = engine;
        this.servers = servers;
        this.filters = filters;
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
        if (registry instanceof CompositeMeterRegistry composite && PROMETHEUS
                && composite.getRegistries().stream().anyMatch(PrometheusRequests::fits)) {
            Set<MeterRegistry> parts = composite.getRegistries();
            parts.forEach(this::bindTo);
            return;
        }
        for (String server : servers.names()) {
            for (Outcome outcome : Outcome.values()) {
                bind(registry, server, outcome);
            }
        }
    }

    private void bind(MeterRegistry registry, String server, Outcome outcome) {
        Tags tags = Tags.of("engine", engine.name(), "server", server, "outcome", outcome.tag());
        if (PROMETHEUS && PrometheusRequests.fits(registry)) {
            Meter.Id id = new Meter.Id(NAME, tags, "seconds", DESCRIPTION, Meter.Type.TIMER);
            for (MeterFilter filter : filters) {
                id = filter.map(id);
            }
            Meter.Id mapped = id;
            DistributionStatisticConfig config = distribution(mapped);
            if (config.isPublishingHistogram()) {
                if (filters.stream().noneMatch(filter -> filter.accept(mapped) == MeterFilterReply.DENY)) {
                    PrometheusRequests.in(registry).add(mapped, config, () -> snapshot(server, outcome));
                }
                return;
            }
        }
        FunctionTimer.builder(NAME, this, self -> self.snapshot(server, outcome).count(),
                self -> self.snapshot(server, outcome).sum(), TimeUnit.NANOSECONDS).tags(tags).description(DESCRIPTION)
                .register(registry);
    }

    private DistributionStatisticConfig distribution(Meter.Id id) {
        DistributionStatisticConfig config = OURS;
        for (MeterFilter filter : filters) {
            DistributionStatisticConfig configured = filter.configure(id, config);
            config = configured == null ? config : configured;
        }
        return config.merge(DistributionStatisticConfig.DEFAULT);
    }

    private HistogramSnapshot snapshot(String name, Outcome outcome) {
        return servers.server(name).map(TcpServer::requests).orElse(List.of()).stream()
                .map(stats -> outcome.of(stats).snapshot()).reduce(HistogramSnapshot::plus)
                .orElseGet(() -> new Histogram().snapshot());
    }
}
