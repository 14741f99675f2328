package io.solaster.config;

import java.util.List;
import java.util.stream.Collectors;

/** Thrown with everything that is wrong in a configuration, each with the value and the fix. */
public final class InvalidConfigException extends RuntimeException {
    private final transient List<Violation> violations;

    /**
     * An exception whose message has a line per violation.
     *
     * @throws IllegalArgumentException if there is no violation
     */
    public InvalidConfigException(List<Violation> violations) {
        if (violations.isEmpty()) {
            throw new IllegalArgumentException("nothing is wrong; give at least one violation");
        }
        super(violations.stream().map(Violation::toString).collect(Collectors.joining("\n")));
        this.violations = List.copyOf(violations);
    }

    /** What is wrong; at least one. */
    public List<Violation> violations() {
        return violations;
    }

    /**
     * One thing that is wrong. Reason and fix are clauses that read well after each other:
     * {@code solaster.engine.shards: 8 asked, 2 CPUs allowed (cpuset 0-1); set 2 or 'auto'}.
     *
     * @param key the property, such as {@code solaster.engine.shards}
     * @param value the offending value, as written; empty where none was
     * @param reason what is wrong, naming the value
     * @param fix what to write instead
     */
    public record Violation(String key, String value, String reason, String fix) {

        @Override
        public String toString() {
            return key + ": " + reason + "; " + fix;
        }
    }
}
