package io.solaster.boot;

import io.solaster.engine.net.BindException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says which server cannot listen where, why, and what to do. */
final class BindFailureAnalyzer extends AbstractFailureAnalyzer<BindException> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, BindException cause) {
        String message = String.valueOf(cause.getMessage());
        String description = message.endsWith("; " + cause.fix())
                ? message.substring(0, message.length() - cause.fix().length() - 2)
                : message;
        return new FailureAnalysis(capitalized(description) + ".", capitalized(cause.fix()) + ".", cause);
    }

    private static String capitalized(String text) {
        return Character.toUpperCase(text.charAt(0)) + text.substring(1);
    }
}
