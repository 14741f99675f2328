package io.solaster.boot.actuate.meters;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Supplier;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.config.NamingConvention;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.solaster.engine.stats.HistogramSnapshot;

/** Histograms of the shards as buckets of one Prometheus metric, merged at each scrape. */
final class PrometheusHistograms implements Collector {
    private static final double NANOS_PER_SECOND = 1e9;
    private static final Map<MeterRegistry, Map<String, PrometheusHistograms>> BY_REGISTRY = new WeakHashMap<>();

    private final String name;
    private final String description;
    private final NamingConvention naming;
    /** One for each combination of labels, since a scrape with two of one would fail as a whole. */
    private final Map<Labels, Series> series = new ConcurrentSkipListMap<>();

    private PrometheusHistograms(String name, String description, NamingConvention naming) {
        this.naming = naming;
        this.name = naming.name(name, Meter.Type.TIMER, "seconds");
        this.description = description;
    }

    static boolean fits(MeterRegistry registry) {
        return registry instanceof PrometheusMeterRegistry;
    }

    /** The collector of a meter in a registry, which is registered with the first call. */
    static PrometheusHistograms in(MeterRegistry registry, String name, String description) {
        synchronized (BY_REGISTRY) {
            return BY_REGISTRY.computeIfAbsent(registry, key -> new HashMap<>()).computeIfAbsent(name, key -> {
                PrometheusHistograms made = new PrometheusHistograms(name, description,
                        registry.config().namingConvention());
                ((PrometheusMeterRegistry) registry).getPrometheusRegistry().register(made);
                return made;
            });
        }
    }

    void add(Meter.Id id, DistributionStatisticConfig config, Supplier<HistogramSnapshot> recorded) {
        List<String> keys = new ArrayList<>();
        List<String> values = new ArrayList<>();
        for (Tag tag : id.getTags()) {
            keys.add(naming.tagKey(tag.getKey()));
            values.add(naming.tagValue(tag.getValue()));
        }
        Labels labels = Labels.of(keys, values);
        series.put(labels, new Series(labels, List.copyOf(config.getHistogramBuckets(true)), recorded));
    }

    @Override
    public MetricSnapshot collect() {
        return new io.prometheus.metrics.model.snapshots.HistogramSnapshot(
                new io.prometheus.metrics.model.snapshots.MetricMetadata(name, description),
                series.values().stream().map(Series::point).toList());
    }

    /**
     * One combination of labels.
     *
     * @param bounds of the buckets, in nanoseconds, rising
     */
    private record Series(Labels labels, List<Double> bounds, Supplier<HistogramSnapshot> recorded) {

        HistogramDataPointSnapshot point() {
            HistogramSnapshot snapshot = recorded.get();
            double[] seconds = new double[bounds.size() + 1];
            long[] counts = new long[bounds.size() + 1];
            long below = 0;
            for (int i = 0; i < bounds.size(); i++) {
                seconds[i] = bounds.get(i) / NANOS_PER_SECOND;
                long upTo = snapshot.countUpTo(bounds.get(i).longValue());
                counts[i] = upTo - below;
                below = upTo;
            }
            seconds[bounds.size()] = Double.POSITIVE_INFINITY;
            counts[bounds.size()] = snapshot.count() - below;
            return HistogramDataPointSnapshot.builder()
                    .classicHistogramBuckets(ClassicHistogramBuckets.of(seconds, counts))
                    .sum(snapshot.sum() / NANOS_PER_SECOND).labels(labels).build();
        }
    }
}
