package io.solaster.http;

import java.util.Map;

import org.jspecify.annotations.Nullable;

/** What a router found for a request. A placeholder until there is one: its own takes this one's place. */
final class RouteMatch {

    /** Forgets the last request. */
    void clear() {}

    /** See {@link HttpRequest#route}. */
    @Nullable
    String template() {
        return null;
    }

    /** See {@link HttpRequest#pathParam}. */
    String param(String name) {
        throw new IllegalArgumentException("pathParam '" + name + "': no router was asked");
    }

    /** See {@link HttpRequest#pathParams}. */
    Map<String, String> params() {
        return Map.of();
    }

    /** Called before each response's head is written. */
    void beforeHead(HttpRequest request, HttpResponse response) throws Exception {}

    /** Called with each failure; what is left of it. */
    @Nullable
    Throwable failed(Throwable failure, HttpRequest request, HttpResponse response) {
        return failure;
    }
}
