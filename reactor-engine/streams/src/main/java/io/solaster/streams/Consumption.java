package io.solaster.streams;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.streams.group.Groups;
import org.jspecify.annotations.Nullable;

/** One who takes the entries of a topic for a group, on all shards: {@link Streams#consume}. Any thread may call. */
public final class Consumption implements AutoCloseable {
    /** How long handlers that run may take to end. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Streams streams;
    private final Engine engine;
    private final String topic;
    private final String group;
    /** By shard; null where the shard has ended. */
    private final Groups.@Nullable Place[] places;
    private @Nullable CompletableFuture<@Nullable Void> stopped;

    Consumption(Streams streams, Engine engine, String topic, String group, Groups.@Nullable Place[] places) {
        this.streams = streams;
        this.engine = engine;
        this.topic = topic;
        this.group = group;
        this.places = places;
    }

    /** The topic's name. */
    public String topic() {
        return topic;
    }

    /** The group's name. */
    public String group() {
        return group;
    }

    /**
     * Takes no more entries. Completes once the handlers that run have ended, 10 s at most, and what was acknowledged is in the
     * log. What is not acknowledged then is delivered to the group's other members, or to those who come. The same stage each time.
     */
    public synchronized CompletableFuture<@Nullable Void> stop() {
        CompletableFuture<@Nullable Void> all = stopped;
        if (all == null) {
            List<CompletableFuture<@Nullable Void>> each = new ArrayList<>();
            for (int shard = 0; shard < places.length; shard++) {
                Groups.Place place = places[shard];
                if (place != null) {
                    each.add(engine.<@Nullable Void>submitStageTo(shard, CallOptions.DEFAULTS,
                            () -> place.leave(PATIENCE)));
                }
            }
            all = CompletableFuture.allOf(each.toArray(CompletableFuture[]::new)).handle((done, ended) -> null);
            stopped = all;
            streams.left(this);
        }
        return all;
    }

    /** {@link #stop()}, and waits for that. Not on a shard's loop. */
    @Override
    public void close() {
        Shard.refuseToBlock("closing a consumption of topic '" + topic + "'", "call stop() there");
        try {
            engine.environment().threads().await(stop(), PATIENCE.multipliedBy(2));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
