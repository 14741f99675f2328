package io.solaster.boot.actuate.meters;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.solaster.engine.Engine;
import io.solaster.engine.net.Tls;
import io.solaster.engine.stats.Counter;
import io.solaster.engine.tls.HandshakeStats;
import io.solaster.engine.tls.ServerCertificate;
import io.solaster.engine.tls.TlsContexts;
import io.solaster.spring.server.ServerLifecycle;
import org.jspecify.annotations.Nullable;

/** Handshakes and certificates of the servers that encrypt. Meters are there before the servers are bound. */
final class TlsMeters implements MeterBinder {
    private final Engine engine;
    private final ServerLifecycle servers;
    /** What was seen last of each server: it counts on once the server is bound again, and must not show less until then. */
    private final Map<String, Tls> seen = new ConcurrentHashMap<>();

    TlsMeters(Engine engine, ServerLifecycle servers) {
        this.engine = engine;
        this.servers = servers;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        servers.planned().forEach((name, server) -> {
            String bundle = server.sslBundle();
            if (bundle != null && !bundle.isEmpty()) {
                bind(registry, name);
            }
        });
    }

    private void bind(MeterRegistry registry, String name) {
        Tags tags = Tags.of("engine", engine.name(), "server", name);
        result(registry, tags, name, "succeeded", stats -> stats.succeeded);
        result(registry, tags, name, "failed", stats -> stats.failed);
        result(registry, tags, name, "not-tls", stats -> stats.notTls);
        result(registry, tags, name, "timeout", stats -> stats.timedOut);
        result(registry, tags, name, "aborted", stats -> stats.aborted);
        result(registry, tags, name, "refused", stats -> stats.refused);
        FunctionCounter.builder("solaster.server.tls.resumed", this, meters -> meters.sum(name, stats -> stats.resumed))
                .tags(tags).description("Handshakes that resumed a session").register(registry);
        Gauge.builder("solaster.server.tls.in.progress", this, meters -> meters.sum(name, stats -> stats.inProgress))
                .tags(tags)
                .description("Handshakes under way").register(registry);
        Gauge.builder("solaster.server.tls.waiting", this, meters -> meters.sum(name, stats -> stats.waiting))
                .tags(tags)
                .description("Handshakes that wait for a turn of their shard").register(registry);
        Gauge.builder("solaster.server.tls.certificate.expires", this,
                meters -> meters.certificates(name, TlsMeters::expires))
                .tags(tags).baseUnit("seconds")
                .description("Time until the first certificate in force expires; negative once it has")
                .register(registry);
        updates(registry, tags, name, "applied", ServerCertificate::updates);
        updates(registry, tags, name, "refused", ServerCertificate::refusedUpdates);
    }

    private void result(MeterRegistry registry, Tags tags, String server, String result,
            Function<HandshakeStats, Counter> count) {
        FunctionCounter.builder("solaster.server.tls.handshakes", this, meters -> meters.sum(server, count))
                .tags(tags.and("result", result)).description("Handshakes that are over, by what became of them")
                .register(registry);
    }

    private void updates(MeterRegistry registry, Tags tags, String server, String outcome,
            ToDoubleFunction<ServerCertificate> count) {
        FunctionCounter.builder("solaster.server.tls.updates", this,
                meters -> meters.certificates(server, all -> all.stream().mapToDouble(count).sum()))
                .tags(tags.and("outcome", outcome))
                .description("SSL bundles that changed, and were put in force or were no good").register(registry);
    }

    private static double expires(List<ServerCertificate> all) {
        Instant now = Instant.now();
        return all.stream().mapToDouble(each -> Duration.between(now, each.expires()).toSeconds()).min()
                .orElse(Double.NaN);
    }

    private double sum(String name, Function<HandshakeStats, Counter> count) {
        Tls tls = tls(name);
        return tls == null ? 0 : tls.stats().values().stream().mapToLong(stats -> count.apply(stats).get()).sum();
    }

    private double certificates(String name, ToDoubleFunction<List<ServerCertificate>> value) {
        Tls tls = tls(name);
        TlsContexts contexts = tls == null ? null : tls.contexts();
        return contexts == null ? 0 : value.applyAsDouble(contexts.certificates());
    }

    private @Nullable Tls tls(String name) {
        servers.server(name).map(server -> server.tls()).ifPresent(tls -> seen.put(name, tls));
        return seen.get(name);
    }
}
