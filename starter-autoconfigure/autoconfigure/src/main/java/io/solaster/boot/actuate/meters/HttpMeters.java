package io.solaster.boot.actuate.meters;

import java.util.Locale;
import java.util.function.ToLongFunction;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.solaster.http.ExchangeListener;
import io.solaster.http.HttpHandler;
import io.solaster.http.HttpStats;
import io.solaster.http.HttpStats.Malformed;
import io.solaster.http.HttpStats.Timeout;
import io.solaster.http.server.HttpProtocol;
import io.solaster.spring.HttpServerListener;
import org.jspecify.annotations.Nullable;

/** What each HTTP server counts beside its requests, summed over the shards. */
final class HttpMeters implements HttpServerListener {
    private static final String NAME = "solaster.http.";

    private final String engine;
    private final MeterRegistry registry;

    HttpMeters(String engine, MeterRegistry registry) {
        this.engine = engine;
        this.registry = registry;
    }

    @Override
    public @Nullable ExchangeListener of(String server, HttpHandler handler) {
        return null;
    }

    @Override
    public void serves(String server, HttpProtocol protocol) {
        Tags tags = Tags.of("engine", engine, "server", server);
        String responses = "Responses by class of status, those to malformed requests included";
        count(protocol, "responses", responses, tags.and("status", "2xx"), stats -> stats.succeeded.get());
        count(protocol, "responses", responses, tags.and("status", "3xx"), stats -> stats.redirected.get());
        count(protocol, "responses", responses, tags.and("status", "4xx"), stats -> stats.clientErrors.get());
        count(protocol, "responses", responses, tags.and("status", "5xx"), stats -> stats.serverErrors.get());
        count(protocol, "upgrades", "Connections handed over to another protocol", tags, stats -> stats.upgrades.get());
        count(protocol, "http2.connections", "Connections that have begun to speak HTTP/2", tags,
                stats -> stats.http2Connections.get());
        count(protocol, "http2.requests", "Requests that came over HTTP/2", tags, stats -> stats.http2Requests.get());
        count(protocol, "http2.resets", "Requests over HTTP/2 that the client has cancelled", tags,
                stats -> stats.http2Resets.get());
        for (Malformed reason : Malformed.values()) {
            count(protocol, "malformed", "Requests refused as they were read", tags.and("reason", tag(reason)),
                    stats -> stats.malformed(reason));
        }
        for (Timeout kind : Timeout.values()) {
            count(protocol, "timeouts", "Clients or handlers that took too long", tags.and("kind", tag(kind)),
                    stats -> stats.timeouts(kind));
        }
        count(protocol, "output.overflows", "Connections closed because the client did not read", tags,
                stats -> stats.outputOverflows.get());
        bytes(protocol, "in", "Bytes received from clients, decrypted", tags, stats -> stats.bytesIn.get());
        bytes(protocol, "out", "Bytes of responses, before they are encrypted", tags, stats -> stats.bytesOut.get());
        count(protocol, "access.lines", "Lines of the access log", tags, stats -> stats.logged.get());
        count(protocol, "access.dropped", "Lines of the access log dropped because it was too slow", tags,
                stats -> stats.logDropped.get());
    }

    private static String tag(Enum<?> name) {
        return name.name().toLowerCase(Locale.ROOT);
    }

    private void count(HttpProtocol protocol, String name, String description, Tags tags,
            ToLongFunction<HttpStats> count) {
        counter(protocol, name, description, tags, count).register(registry);
    }

    private void bytes(HttpProtocol protocol, String name, String description, Tags tags,
            ToLongFunction<HttpStats> count) {
        counter(protocol, name, description, tags, count).baseUnit("bytes").register(registry);
    }

    private static FunctionCounter.Builder<HttpProtocol> counter(HttpProtocol protocol, String name,
            String description, Tags tags, ToLongFunction<HttpStats> count) {
        return FunctionCounter
                .builder(NAME + name, protocol, all -> all.stats().values().stream().mapToLong(count).sum()).tags(tags)
                .description(description);
    }
}
