package io.solaster.http;

import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

import io.solaster.config.Internal;

/** What a future failed with, as it was thrown. */
@Internal
public final class Failures {

    private Failures() {}

    public static Throwable cause(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }
}
