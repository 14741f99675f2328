package io.solaster.http;

import java.util.concurrent.CompletionStage;

/**
 * Answers requests. Called on the shard that owns the connection, as soon as a request's head has been read: its body
 * may still be on the way, see {@link RequestBody}. A {@link io.solaster.http.route.Router} gathers it first, unless a route asks it not to.
 *
 * <p>
 * A handler need not answer before it returns: the exchange is open until the response is ended, by whatever runs on
 * the shard later, or until the server's request timeout. It must not block; {@link #blocking} may.
 */
@FunctionalInterface
public interface HttpHandler {

    /**
     * Answers, or sees to it that something does.
     *
     * @throws HttpException to answer with its status
     * @throws Exception anything else is logged and answered with 500; if the response was begun, the connection ends
     */
    void handle(HttpRequest request, HttpResponse response) throws Exception;

    /** A handler whose stage tells when it has done: if it fails, that counts as if {@link #handle} had thrown. */
    static HttpHandler async(Async handler) {
        return new Handlers.Async(handler);
    }

    /**
     * A handler that may block: it runs on a virtual thread of the shard, which goes on with other work meanwhile.
     *
     * @throws IllegalArgumentException if the handler is marked as {@link #streaming}: that goes around the others
     */
    static HttpHandler blocking(HttpHandler handler) {
        if (handler instanceof Handlers.Streaming) {
            throw new IllegalArgumentException(
                    "blocking(streaming(handler)): its body would be gathered all the same; write streaming(blocking(handler))");
        }
        return new Handlers.Blocking(handler);
    }

    /**
     * A handler that a {@link io.solaster.http.route.Router} calls as soon as the head has been read: it reads {@link HttpRequest#body} itself,
     * in parts or as a whole. Put it around the others: {@code streaming(blocking(handler))}.
     */
    static HttpHandler streaming(HttpHandler handler) {
        return new Handlers.Streaming(handler);
    }

    /** A handler that answers later, and says when. */
    @FunctionalInterface
    interface Async {

        /** Begins to answer; the stage may be completed by any thread. */
        CompletionStage<?> handle(HttpRequest request, HttpResponse response) throws Exception;
    }
}
