package io.solaster.http.route;

import io.solaster.http.HttpHandler;

import org.jspecify.annotations.Nullable;

/**
 * A filter as a route knows it.
 *
 * @param prefix what a path must begin with; null if it is known that it does
 * @param handler the filter
 */
record Filter(@Nullable Template prefix, HttpHandler handler) {

    boolean appliesTo(String path) {
        return prefix == null || prefix.begins(path);
    }
}
