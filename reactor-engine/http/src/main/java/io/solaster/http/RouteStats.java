package io.solaster.http;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.engine.stats.Histogram;
import io.solaster.engine.stats.HistogramSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * How long one server's requests took, by the template of their route and what became of them: recorded per shard, merged
 * when somebody looks. There are as many series as were asked for, whatever clients send. A request takes no memory but
 * the first of its kind on a shard.
 */
@SuppressWarnings("EnumOrdinal") // a place in an array
public final class RouteStats implements ExchangeListener {
    /** What requests without a route, and those of routes beyond the limit, are counted as. */
    public static final String OTHER = "other";

    private static final int OUTCOMES = Outcome.values().length;

    /** What became of requests. */
    public enum Outcome {
        /** A status below 400. */
        SUCCESS,
        /** One from 400 to 499. */
        CLIENT_ERROR,
        /** One of 500 or above, or the response could not be written. */
        SERVER_ERROR;

        static Outcome of(HttpResponseStatus status, @Nullable Throwable failure) {
            return failure != null || status.code() >= 500
                    ? SERVER_ERROR
                    : status.code() >= 400 ? CLIENT_ERROR : SUCCESS;
        }
    }

    private final List<String> routes;
    private final Map<String, Integer> places = new HashMap<>();
    /** By shard; written by it, a place each time that one is first needed. */
    private final List<AtomicReferenceArray<Histogram>> shards;

    /**
     * Nothing yet.
     *
     * @param shards of the engine
     * @param templates of the routes, as {@link HttpRequest#route} has them; twice is once
     * @param most routes that are told apart
     */
    public RouteStats(int shards, List<String> templates, int most) {
        routes = Stream.concat(templates.stream().distinct().limit(most), Stream.of(OTHER)).distinct().toList();
        for (String route : routes) {
            places.put(route, places.size());
        }
        this.shards = IntStream.range(0, shards)
                .mapToObj(shard -> new AtomicReferenceArray<Histogram>(routes.size() * OUTCOMES)).toList();
    }

    /** What is told apart: templates, and at last {@link #OTHER}. */
    public List<String> routes() {
        return routes;
    }

    /** What was recorded up to now, in nanoseconds. Any thread. */
    public HistogramSnapshot snapshot(String route, Outcome outcome) {
        Integer place = places.get(route);
        if (place == null) {
            throw new IllegalArgumentException("'" + route + "' is none of " + routes);
        }
        HistogramSnapshot sum = new Histogram().snapshot();
        for (AtomicReferenceArray<Histogram> shard : shards) {
            Histogram histogram = shard.get(place * OUTCOMES + outcome.ordinal());
            sum = histogram == null ? sum : sum.plus(histogram.snapshot());
        }
        return sum;
    }

    @Override
    public void onEnd(HttpRequest request, HttpResponse response, long nanos, @Nullable Throwable failure) {
        String route = request.route();
        Integer place = route == null ? null : places.get(route);
        int cell = (place == null ? routes.size() - 1 : place) * OUTCOMES
                + Outcome.of(response.status(), failure).ordinal();
        AtomicReferenceArray<Histogram> cells = shards.get(request.shard().id());
        Histogram histogram = cells.get(cell);
        if (histogram == null) {
            histogram = new Histogram();
            cells.set(cell, histogram);
        }
        histogram.record(nanos);
    }
}
