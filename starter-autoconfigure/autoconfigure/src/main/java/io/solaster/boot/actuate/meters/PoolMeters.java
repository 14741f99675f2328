package io.solaster.boot.actuate.meters;

import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.solaster.engine.Engine;
import io.solaster.engine.stats.Histogram;
import io.solaster.engine.stats.HistogramSnapshot;
import io.solaster.pool.CloseReason;
import io.solaster.pool.PoolStats;
import io.solaster.pool.UpstreamStats;
import io.solaster.pool.request.RequestStats;
import io.solaster.spring.pool.PoolHandle;
import io.solaster.spring.pool.Pools;

/** What each pool counts, summed over the shards, by the names that those of Hikari have below {@code hikaricp}. */
final class PoolMeters implements MeterBinder {
    private static final String NAME = "solaster.pool.";

    private final Engine engine;
    private final Pools pools;
    private final HistogramTimers timers;

    PoolMeters(Engine engine, Pools pools, HistogramTimers timers) {
        this.engine = engine;
        this.pools = pools;
        this.timers = timers;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        pools.all().forEach(pool -> new OfOne(registry, pool).bind());
    }

    private final class OfOne {
        private final MeterRegistry registry;
        private final PoolHandle pool;
        private final Tags tags;

        OfOne(MeterRegistry registry, PoolHandle pool) {
            this.registry = registry;
            this.pool = pool;
            this.tags = Tags.of("engine", engine.name(), "pool", pool.name());
        }

        void bind() {
            connections();
            endpoints();
            requests();
        }

        private void connections() {
            gauge("connections", "Connections that are open", it -> stats(it, stats -> stats.open.get()));
            gauge("connections.active", "Connections that somebody has", it -> stats(it, stats -> stats.active.get()));
            gauge("connections.idle", "Connections that nobody has", it -> stats(it, PoolStats::idle));
            gauge("connections.pending", "Requests that wait for a connection",
                    it -> stats(it, stats -> stats.pending.get()));
            gauge("connections.connecting", "Connects under way", it -> stats(it, stats -> stats.connecting.get()));
            gauge("connections.max", "The most connections of the process", PoolHandle::maxConnections);
            timer("connections.creation", "How long it takes to make a connection", stats -> stats.creation);
            timer("connections.acquire", "How long requests wait for a connection", stats -> stats.acquire);
            timer("connections.usage", "How long connections are out", stats -> stats.usage);
            count("connections.timeout", "Requests that got no connection in time", tags,
                    it -> stats(it, stats -> stats.timeouts.get()));
            count("connections.refused", "Requests refused since too many waited", tags,
                    it -> stats(it, stats -> stats.refused.get()));
            count("connections.failed", "Connects that failed", tags,
                    it -> stats(it, stats -> stats.connectFailures.get()));
            count("connections.leaked", "Connections that were out for longer than leak-after", tags,
                    it -> stats(it, stats -> stats.leaks.get()));
            count("connections.forwarded", "Requests that ran with a connection of another shard", tags,
                    it -> stats(it, stats -> stats.forwarded.get()));
            for (CloseReason reason : CloseReason.values()) {
                count("connections.closed", "Connections closed", tags.and("reason", label(reason)),
                        it -> stats(it, stats -> stats.closed(reason)));
            }
        }

        private void endpoints() {
            gauge("endpoints", "Endpoints that there are", it -> upstream(it, stats -> stats.members.get()));
            gauge("endpoints.healthy", "Endpoints that are well", it -> upstream(it, stats -> stats.healthy.get()));
            gauge("endpoints.ejected", "Endpoints that are ejected", it -> upstream(it, stats -> stats.ejected.get()));
            count("ejections", "Endpoints ejected", tags.and("reason", "errors"),
                    it -> upstream(it, stats -> stats.ejectedForErrors.get()));
            count("ejections", "Endpoints ejected", tags.and("reason", "success-rate"),
                    it -> upstream(it, stats -> stats.ejectedForSuccessRate.get()));
            count("ejections", "Endpoints ejected", tags.and("reason", "latency"),
                    it -> upstream(it, stats -> stats.ejectedForLatency.get()));
            count("checks", "Checks of endpoints that have ended", tags.and("result", "failed"),
                    it -> upstream(it, stats -> stats.checksFailed.get()));
            count("checks", "Checks of endpoints that have ended", tags.and("result", "passed"),
                    it -> upstream(it, stats -> stats.checks.get() - stats.checksFailed.get()));
            count("panics", "Times that so few endpoints were well that health was ignored", tags,
                    it -> upstream(it, stats -> stats.panics.get()));
            gauge("breakers.open", "Circuit breakers of shards that are not closed",
                    it -> upstream(it, stats -> stats.breakersOpen.get()));
            count("breakers.opened", "Times that a circuit breaker of a shard opened", tags,
                    it -> upstream(it, stats -> stats.breakersOpened.get()));
        }

        private void requests() {
            timers.register(registry, NAME + "requests", "How long requests take that are answered, retries and all",
                    tags, () -> merged(pool.calls(), stats -> stats.latency));
            count("requests.failed", "Requests that failed without an answer", tags,
                    it -> calls(it, stats -> stats.failures.get()));
            count("retries", "Tries after a first one", tags.and("reason", "unreachable"),
                    it -> calls(it, stats -> stats.retriesUnreachable.get()));
            count("retries", "Tries after a first one", tags.and("reason", "broken"),
                    it -> calls(it, stats -> stats.retriesBroken.get()));
            count("retries", "Tries after a first one", tags.and("reason", "stale"),
                    it -> calls(it, stats -> stats.retriesStale.get()));
            count("retries", "Tries after a first one", tags.and("reason", "timeout"),
                    it -> calls(it, stats -> stats.retriesTimeout.get()));
            count("retries", "Tries after a first one", tags.and("reason", "answer"),
                    it -> calls(it, stats -> stats.retriesAnswer.get()));
            count("retries.refused", "Retries and hedges that the budget has not allowed", tags,
                    it -> calls(it, stats -> stats.budgetExhausted.get()));
            count("hedges", "Second tries beside a first that was slow", tags,
                    it -> calls(it, stats -> stats.hedges.get()));
            count("hedges.won", "Second tries that were answered first", tags,
                    it -> calls(it, stats -> stats.hedgesWon.get()));
        }

        private void gauge(String name, String description, ToDoubleFunction<PoolHandle> value) {
            Gauge.builder(NAME + name, pool, value).tags(tags).description(description).register(registry);
        }

        private void count(String name, String description, Tags its, ToDoubleFunction<PoolHandle> value) {
            FunctionCounter.builder(NAME + name, pool, value).tags(its).description(description).register(registry);
        }

        private void timer(String name, String description, Function<PoolStats, Histogram> of) {
            timers.register(registry, NAME + name, description, tags, () -> merged(pool.connections(), of));
        }
    }

    private static long stats(PoolHandle pool, ToLongFunction<PoolStats> value) {
        return pool.connections().stream().mapToLong(value).sum();
    }

    private static long upstream(PoolHandle pool, ToLongFunction<UpstreamStats> value) {
        return pool.upstream().stats().stream().mapToLong(value).sum();
    }

    private static long calls(PoolHandle pool, ToLongFunction<RequestStats> value) {
        return pool.calls().stream().mapToLong(value).sum();
    }

    private static <T> HistogramSnapshot merged(List<T> shards, Function<T, Histogram> of) {
        return shards.stream().map(stats -> of.apply(stats).snapshot()).reduce(HistogramSnapshot::plus)
                .orElseGet(() -> new Histogram().snapshot());
    }

    private static String label(Enum<?> reason) {
        return reason.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
