package io.solaster.boot;

import java.util.List;
import java.util.stream.Collectors;

import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.Origins;
import io.solaster.config.check.ConfigBinder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;

/**
 * Says everything that is wrong in {@code solaster.*}, where it was written, and what to write instead: values that must
 * not be, keys that are not there, more shards than CPUs, a transport or pinning that this machine does not have.
 */
final class InvalidConfigFailureAnalyzer extends AbstractFailureAnalyzer<InvalidConfigException> {
    private final Origins origins;

    /** @param environment tells where a value was written, if whoever refused it did not know */
    InvalidConfigFailureAnalyzer(Environment environment) {
        origins = environment instanceof ConfigurableEnvironment known
                ? ConfigBinder.origins(ConfigurationPropertySources.from(known.getPropertySources()))
                : Origins.NONE;
    }

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, InvalidConfigException cause) {
        List<Violation> violations = cause.violations().stream().map(violation -> violation.from(origins)).toList();
        String heading = violations.size() == 1
                ? "Solaster cannot start as configured:"
                : "Solaster cannot start as configured, for " + violations.size() + " reasons:";
        String description = violations.stream()
                .map(v -> "    " + v.key() + ": " + v.reason() + (v.origin() == null ? "" : " (" + v.origin() + ")"))
                .collect(Collectors.joining("\n", heading + "\n\n", ""));
        String action = violations.stream().map(v -> "    " + v.key() + ": " + v.fix())
                .collect(Collectors.joining("\n", "Change the configuration:\n\n", ""));
        return new FailureAnalysis(description, action, cause);
    }
}
