package io.solaster.http.route;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.solaster.config.Internal;
import io.solaster.http.BodyGone;
import io.solaster.http.Escapes;
import io.solaster.http.Failures;
import io.solaster.http.HttpRequest;
import io.solaster.http.HttpResponse;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Router} found for a request: the route, and where in the path the values of its names lie. Kept in the
 * exchange and used again with it, so that a match allocates nothing. On the owning shard.
 */
@Internal
public final class RouteMatch {
    /** Of a request that no router was asked about. */
    @Nullable
    Route route;
    private String path = "";
    /** Begin and end of each captured part of the path. */
    private static final int[] NO_BOUNDS = {};
    private int[] bounds = NO_BOUNDS;
    private int nextError;
    private boolean headPassed;

    /** Forgets the last request. */
    public void clear() {
        route = null;
        path = "";
        nextError = 0;
        headPassed = false;
    }

    void begin(String rawPath, int captures) {
        clear();
        path = rawPath;
        if (bounds.length < 2 * captures) {
            bounds = Arrays.copyOf(bounds, 2 * captures);
        }
    }

    void capture(int index, int from, int to) {
        bounds[2 * index] = from;
        bounds[2 * index + 1] = to;
    }

    /** Whether a slash is escaped in what this route takes as a path. */
    boolean hidesSlash(Route found) {
        return path.indexOf('%') >= 0 && found.takesRest()
                && Escapes.hidesSlash(path, bounds[2 * (found.names().size() - 1)]);
    }

    /** See {@link HttpRequest#route}. */
    @Nullable
    public String template() {
        return route == null ? null : route.template();
    }

    /** See {@link HttpRequest#pathParam}. */
    public String param(String name) {
        List<String> names = names();
        for (int i = 0; i < names.size(); i++) {
            if (names.get(i).equals(name)) {
                return value(i);
            }
        }
        throw new IllegalArgumentException("pathParam '" + name + "': the route " + template() + " has no such name");
    }

    /** See {@link HttpRequest#pathParams}. */
    public Map<String, String> params() {
        List<String> names = names();
        if (names.isEmpty()) {
            return Map.of();
        }
        Map<String, String> params = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            params.put(names.get(i), value(i));
        }
        return params;
    }

    private List<String> names() {
        return route == null ? List.of() : route.names();
    }

    private String value(int index) {
        return Escapes.decode(path, bounds[2 * index], bounds[2 * index + 1]);
    }

    /**
     * Lets the route's {@code after} filters see a response whose head is about to be sent. The exchange calls it once
     * for every response, whether a router was asked or not.
     *
     * @throws Exception to be answered with instead
     */
    public void beforeHead(HttpRequest request, HttpResponse response) throws Exception {
        Route taken = route;
        if (taken == null || headPassed) {
            return;
        }
        headPassed = true;
        List<Filter> filters = taken.filters().after();
        for (int i = 0; i < filters.size(); i++) {
            Filter filter = filters.get(i);
            if (filter.appliesTo(path)) {
                filter.handler().handle(request, response);
            }
        }
    }

    /**
     * Lets the route's {@code error} filters answer a failure, before the exchange does so itself. Each filter is asked
     * once per exchange: one that fails itself passes that on to those behind it.
     *
     * @return the failure that is left to be answered; null if a filter has taken it
     */
    @Nullable
    public Throwable failed(Throwable failure, HttpRequest request, HttpResponse response) {
        Route taken = route;
        Throwable cause = Failures.cause(failure);
        if (response.isEnded() && BodyGone.isBehind(cause)) {
            return null;
        }
        if (taken == null) {
            return cause;
        }
        List<ErrorFilter<?>> filters = taken.filters().errors();
        while (nextError < filters.size()) {
            ErrorFilter<?> filter = filters.get(nextError++);
            if (filter.appliesTo(path, cause)) {
                try {
                    filter.answer(cause, request, response);
                    return null;
                } catch (Exception e) {
                    cause = Failures.cause(e);
                    if (response.isCommitted()) {
                        return cause;
                    }
                }
            }
        }
        return cause;
    }
}
