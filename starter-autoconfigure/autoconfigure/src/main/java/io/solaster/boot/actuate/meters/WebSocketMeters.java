package io.solaster.boot.actuate.meters;

import java.util.List;
import java.util.function.ToLongFunction;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.solaster.http.websocket.CloseCode;
import io.solaster.http.websocket.WebSocketStats;
import io.solaster.http.websocket.WebSockets;

/** What WebSocket connections do, those of WebFlux included, summed over the shards. */
final class WebSocketMeters implements MeterBinder {
    private static final String NAME = "solaster.websocket.";
    /** Those that a server sees; from 3000 on are the applications' own. */
    private static final List<Integer> CODES = List.of(CloseCode.NORMAL, CloseCode.GOING_AWAY, CloseCode.PROTOCOL_ERROR,
            CloseCode.UNSUPPORTED, CloseCode.NONE, CloseCode.ABNORMAL, CloseCode.BAD_DATA, CloseCode.POLICY,
            CloseCode.TOO_BIG, CloseCode.INTERNAL_ERROR);

    private final List<WebSockets> sockets;
    private final Tags tags;

    WebSocketMeters(List<WebSockets> sockets, String engine) {
        this.sockets = sockets;
        this.tags = Tags.of("engine", engine);
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder(NAME + "connections", sockets, all -> all.stream().mapToLong(WebSockets::open).sum()).tags(tags)
                .description("WebSocket connections that are open").register(registry);
        count(registry, "messages", "Messages received and sent", tags.and("direction", "in"),
                stats -> stats.messagesIn.get());
        count(registry, "messages", "Messages received and sent", tags.and("direction", "out"),
                stats -> stats.messagesOut.get());
        count(registry, "dropped", "Messages dropped because a client did not read", tags,
                stats -> stats.dropped.get());
        count(registry, "refused", "Requests for a WebSocket that were refused", tags, stats -> stats.refused.get());
        for (int code : CODES) {
            count(registry, "closed", "Connections that have ended, by close code",
                    tags.and("code", Integer.toString(code)), stats -> stats.closed(code));
        }
    }

    private void count(MeterRegistry registry, String name, String description, Tags its,
            ToLongFunction<WebSocketStats> count) {
        FunctionCounter.builder(NAME + name, sockets,
                all -> all.stream().flatMap(each -> each.stats().stream()).mapToLong(count).sum()).tags(its)
                .description(description).register(registry);
    }
}
