package io.solaster.http;

import java.util.concurrent.CompletionStage;

import io.solaster.engine.Shard;
import org.jspecify.annotations.Nullable;

/** The kinds of handlers that a {@link Router} tells from plain ones. */
final class Handlers {

    private Handlers() {}

    /** One that tells when it has done. */
    interface Later extends HttpHandler {

        CompletionStage<?> start(HttpRequest request, HttpResponse response) throws Exception;

        @Override
        default void handle(HttpRequest request, HttpResponse response) throws Exception {
            goOn(request, response, start(request, response), () -> {});
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
    record Streaming(HttpHandler handler) implements HttpHandler {

        @Override
        public void handle(HttpRequest request, HttpResponse response) throws Exception {
            handler.handle(request, response);
        }
    }

    /**
     * Goes on with an exchange once a stage has succeeded, on its shard; answers with the failure otherwise. Nothing is
     * left to do where the exchange has ended meanwhile: the client may have gone.
     */
    static void goOn(HttpRequest request, HttpResponse response, CompletionStage<?> stage, Step next) {
        Shard shard = request.shard();
        stage.whenComplete((done, failure) -> {
            if (shard.inEventLoop()) {
                goOn(response, failure, next);
            } else {
                shard.execute(() -> goOn(response, failure, next));
            }
        });
    }

    private static void goOn(HttpResponse response, @Nullable Throwable failure, Step next) {
        if (response.isEnded()) {
            return;
        }
        if (failure != null) {
            response.fail(Failures.cause(failure));
            return;
        }
        try {
            next.run();
        } catch (Throwable e) {
            response.fail(e);
        }
    }

    /** What is left to do. */
    @FunctionalInterface
    interface Step {

        void run() throws Exception;
    }
}
