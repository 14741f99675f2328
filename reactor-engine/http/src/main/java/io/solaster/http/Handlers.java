package io.solaster.http;

import java.util.concurrent.CompletionStage;

import io.solaster.engine.Shard;

/** The kinds of handlers that a {@link Router} tells from plain ones. */
final class Handlers {

    private Handlers() {}

    /** One that tells when it has done. */
    interface Later extends HttpHandler {

        CompletionStage<?> start(HttpRequest request, HttpResponse response) throws Exception;

        @Override
        default void handle(HttpRequest request, HttpResponse response) throws Exception {
            new Continuation(request.shard(), response).end(start(request, response));
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
     * An exchange that goes on later, unless it is over by then: request and response may serve another one afterwards.
     * On the owning shard.
     */
    static final class Continuation {
        final Shard shard;
        final HttpResponse response;
        private boolean over;

        Continuation(Shard shard, HttpResponse response) {
            this.shard = shard;
            this.response = response;
            response.onEnd(failure -> over = true);
        }

        /** Answers with the stage's failure, if it fails. */
        final void end(CompletionStage<?> stage) {
            goOn(stage, () -> {});
        }

        /** Goes on once the stage has succeeded; answers with its failure otherwise. */
        final void goOn(CompletionStage<?> stage, Step next) {
            stage.whenComplete((done, failure) -> {
                if (Shard.current() == shard) {
                    goOn(failure, next);
                } else {
                    shard.execute(() -> goOn(failure, next));
                }
            });
        }

        private void goOn(Throwable failure, Step next) {
            if (over) {
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
    }

    /** What is left to do. */
    @FunctionalInterface
    interface Step {

        void run() throws Exception;
    }
}
