package io.solaster.http.route;

import io.solaster.http.ErrorMapper;
import io.solaster.http.HttpRequest;
import io.solaster.http.HttpResponse;

import org.jspecify.annotations.Nullable;

/**
 * An error filter as a route knows it.
 *
 * @param prefix what a path must begin with; null if it is known that it does
 * @param type of the failures that it takes
 * @param mapper answers
 */
record ErrorFilter<T extends Throwable>(@Nullable Template prefix, Class<T> type, ErrorMapper<? super T> mapper) {

    boolean appliesTo(String path, Throwable failure) {
        return type.isInstance(failure) && (prefix == null || prefix.begins(path));
    }

    void answer(Throwable failure, HttpRequest request, HttpResponse response) throws Exception {
        mapper.answer(type.cast(failure), request, response);
    }
}
