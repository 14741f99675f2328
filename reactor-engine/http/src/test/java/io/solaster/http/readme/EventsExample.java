package io.solaster.http.readme;

import java.util.HashSet;
import java.util.Set;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Engine;
import io.solaster.engine.Sharded;
import io.solaster.http.ServerSentEvent;
import io.solaster.http.ServerSentEvents;
import io.solaster.http.route.Router;

final class EventsExample {
    private final Sharded<Set<ServerSentEvents>> readers;

    EventsExample(Engine engine) {
        readers = engine.sharded(shard -> new HashSet<>());
    }

    Router router() {
        return Router.builder()
                .get("/events", (request, response) -> {
                    Set<ServerSentEvents> here = readers.local();
                    ServerSentEvents events = ServerSentEvents.on(request, response);
                    here.add(events);
                    events.onClose(() -> here.remove(events));
                    if (events.lastEventId() == null) {
                        events.send(ServerSentEvent.of("hello", "you are new here"));
                    }
                })
                .build();
    }

    /** To the readers of this shard: encoded once, and the same bytes to each. */
    void tell(ServerSentEvent event) {
        ByteBuf encoded = event.encode();
        for (ServerSentEvents each : Set.copyOf(readers.local())) {
            each.send(encoded.retainedDuplicate());
        }
        encoded.release();
    }
}
