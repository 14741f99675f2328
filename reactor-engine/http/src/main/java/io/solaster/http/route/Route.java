package io.solaster.http.route;

import java.util.List;

import io.solaster.http.HttpHandler;
import org.jspecify.annotations.Nullable;

/**
 * One route of a router that has been built.
 *
 * @param template as it was written, prefixes included; null of what answers where there is no route
 * @param names what the captured parts of the path are called, in their order
 * @param handler answers
 * @param streaming whether the handler takes the body as it comes, rather than the router gathering it
 * @param filters those that may apply
 */
record Route(@Nullable String template, List<String> names, HttpHandler handler, boolean streaming, Filters filters) {

    /** Whether its last name stands for all that is left of a path. */
    boolean takesRest() {
        return template != null && template.lastIndexOf("{*") >= 0;
    }
}
