package io.solaster.http;

/** Answers a request that failed: what {@link io.solaster.http.route.Router.Builder#error} is given. On the owning shard; must not block. */
@FunctionalInterface
public interface ErrorMapper<T extends Throwable> {

    /**
     * Answers, or sees to it that something does.
     *
     * @param failure what a filter, a handler or the server itself failed with, as it was thrown
     * @throws Exception to leave it to the mappers behind this one: the same failure, or another in its place
     */
    void answer(T failure, HttpRequest request, HttpResponse response) throws Exception;
}
