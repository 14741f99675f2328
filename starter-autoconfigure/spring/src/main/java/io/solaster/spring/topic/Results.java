package io.solaster.spring.topic;

import java.util.concurrent.CompletionStage;

import reactor.core.publisher.Mono;

/** What listeners return, as a stage. Reactor's class is looked for only where a {@code Mono} is. */
final class Results {

    private Results() {}

    static CompletionStage<?> stage(Object result) {
        return result instanceof CompletionStage<?> stage ? stage : OfReactor.stage(result);
    }

    private static final class OfReactor {
        static CompletionStage<?> stage(Object result) {
            return ((Mono<?>) result).toFuture();
        }
    }
}
