package io.solaster.config;

import java.util.List;
import java.util.stream.Collectors;

/** Thrown with everything that is wrong in a configuration, each with the value and the fix. */
public final class InvalidConfigException extends RuntimeException {
    private final transient List<Violation> violations;

    public InvalidConfigException(List<Violation> violations) {
        super(violations.stream().map(Violation::toString).collect(Collectors.joining("\n")));
        this.violations = List.copyOf(violations);
    }

    /** What is wrong; at least one. */
    public List<Violation> violations() {
        return violations;
    }

    /**
     * One thing that is wrong.
     *
     * @param key the property, such as {@code solaster.engine.shards}
     * @param value the offending value, as written
     * @param reason what is wrong with it
     * @param fix what to write instead
     */
    public record Violation(String key, String value, String reason, String fix) {

        @Override
        public String toString() {
            return key + ": " + value + ": " + reason + "; " + fix;
        }
    }
}
