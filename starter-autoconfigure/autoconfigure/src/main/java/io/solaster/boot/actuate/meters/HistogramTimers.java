package io.solaster.boot.actuate.meters;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.config.MeterFilterReply;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.solaster.engine.stats.HistogramSnapshot;
import org.springframework.util.ClassUtils;

/**
 * Shows what shards record as timers. A timer of Micrometer's own would be shared by all shards; so Micrometer gets count
 * and sum, and Prometheus, where buckets are asked for, a collector of its own ({@link PrometheusHistograms}).
 */
final class HistogramTimers {
    private static final boolean PROMETHEUS = ClassUtils.isPresent(
            "io.micrometer.prometheusmetrics.PrometheusMeterRegistry", HistogramTimers.class.getClassLoader());
    /** As for a timer of Micrometer, but that our requests take microseconds. */
    private static final DistributionStatisticConfig OURS = DistributionStatisticConfig.builder()
            .minimumExpectedValue((double) TimeUnit.MICROSECONDS.toNanos(10))
            .maximumExpectedValue((double) TimeUnit.SECONDS.toNanos(10)).build();

    private final List<MeterFilter> filters;
    /** A registry holds what it asks weakly. */
    private final List<Supplier<HistogramSnapshot>> asked = new CopyOnWriteArrayList<>();

    /** @param filters what the registries filter by, in their order */
    HistogramTimers(List<MeterFilter> filters) {
        this.filters = filters;
    }

    /**
     * Shows one series, as long as this is there.
     *
     * @param recorded what there is up to now, in nanoseconds; asked at each scrape
     */
    void register(MeterRegistry registry, String name, String description, Tags tags,
            Supplier<HistogramSnapshot> recorded) {
        if (registry instanceof CompositeMeterRegistry composite && PROMETHEUS
                && composite.getRegistries().stream().anyMatch(PrometheusHistograms::fits)) {
            composite.getRegistries().forEach(part -> register(part, name, description, tags, recorded));
            return;
        }
        if (PROMETHEUS && PrometheusHistograms.fits(registry)) {
            Meter.Id id = new Meter.Id(name, tags, "seconds", description, Meter.Type.TIMER);
            for (MeterFilter filter : filters) {
                id = filter.map(id);
            }
            Meter.Id mapped = id;
            DistributionStatisticConfig config = distribution(mapped);
            if (config.isPublishingHistogram()) {
                if (filters.stream().noneMatch(filter -> filter.accept(mapped) == MeterFilterReply.DENY)) {
                    PrometheusHistograms.in(registry, name, description).add(mapped, config, recorded);
                }
                return;
            }
        }
        asked.add(recorded);
        FunctionTimer.builder(name, recorded, from -> from.get().count(), from -> from.get().sum(),
                TimeUnit.NANOSECONDS).tags(tags).description(description).register(registry);
    }

    private DistributionStatisticConfig distribution(Meter.Id id) {
        DistributionStatisticConfig config = OURS;
        for (MeterFilter filter : filters) {
            DistributionStatisticConfig configured = filter.configure(id, config);
            config = configured == null ? config : configured;
        }
        return config.merge(DistributionStatisticConfig.DEFAULT);
    }
}
