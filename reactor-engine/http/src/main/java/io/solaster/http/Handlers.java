package io.solaster.http;

import java.util.concurrent.CompletionStage;

import io.solaster.config.Internal;

/** The kinds of handlers that a {@link io.solaster.http.route.Router} tells from plain ones. */
@Internal
public final class Handlers {

    private Handlers() {}

    /** One that tells when it has done. */
    public interface Later extends HttpHandler {

        CompletionStage<?> start(HttpRequest request, HttpResponse response) throws Exception;

        @Override
        default void handle(HttpRequest request, HttpResponse response) throws Exception {
            Continuation.of(request, response, start(request, response), () -> {});
        }
    }

    /** See {@link HttpHandler#async}. */
    record Async(HttpHandler.Async handler) implements Later {

        @Override
        public CompletionStage<?> start(HttpRequest request, HttpResponse response) throws Exception {
            return handler.handle(request, response);
        }
    }

    /** See {@link HttpHandler#blocking}. */
    record Blocking(HttpHandler handler) implements Later {

        @Override
        public CompletionStage<?> start(HttpRequest request, HttpResponse response) {
            return request.shard().fork(() -> {
                handler.handle(request, response);
                return true;
            }).future();
        }
    }

    /** See {@link HttpHandler#streaming}. */
    public record Streaming(HttpHandler handler) implements HttpHandler {

        @Override
        public void handle(HttpRequest request, HttpResponse response) throws Exception {
            handler.handle(request, response);
        }
    }
}
