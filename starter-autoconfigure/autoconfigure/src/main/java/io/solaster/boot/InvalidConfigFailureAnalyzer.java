package io.solaster.boot;

import java.util.List;
import java.util.stream.Collectors;

import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Says everything that is wrong in {@code solaster.*}, and what to write instead: values that must not be, more shards
 * than CPUs, a transport or pinning that this machine does not have.
 */
final class InvalidConfigFailureAnalyzer extends AbstractFailureAnalyzer<InvalidConfigException> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, InvalidConfigException cause) {
        List<Violation> violations = cause.violations();
        String heading = violations.size() == 1
                ? "Solaster cannot start as configured:"
                : "Solaster cannot start as configured, for " + violations.size() + " reasons:";
        String description = violations.stream().map(v -> "    " + v.key() + ": " + v.reason())
                .collect(Collectors.joining("\n", heading + "\n\n", ""));
        String action = violations.stream().map(v -> "    " + v.key() + ": " + v.fix())
                .collect(Collectors.joining("\n", "Change the configuration:\n\n", ""));
        return new FailureAnalysis(description, action, cause);
    }
}
