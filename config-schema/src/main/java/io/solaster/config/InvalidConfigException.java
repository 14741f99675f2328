package io.solaster.config;

import java.util.List;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

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
     * @param severity whether it keeps the application from starting
     * @param origin where the value was written, such as {@code application.yml:12:15}; null where that is not known
     */
    public record Violation(String key, String value, String reason, String fix, Severity severity,
            @Nullable String origin) {

        /** An error whose origin is not known. */
        public Violation(String key, String value, String reason, String fix) {
            this(key, value, reason, fix, Severity.ERROR, null);
        }

        /** A warning whose origin is not known. */
        public static Violation warning(String key, String value, String reason, String fix) {
            return new Violation(key, value, reason, fix, Severity.WARNING, null);
        }

        /** Whether it keeps the application from starting. */
        public boolean isError() {
            return severity == Severity.ERROR;
        }

        /** This as an error. */
        public Violation asError() {
            return new Violation(key, value, reason, fix, Severity.ERROR, origin);
        }

        /** This with the origin that is known of its key, unless it has one. */
        public Violation from(Origins origins) {
            return origin != null ? this : new Violation(key, value, reason, fix, severity, origins.of(key, value));
        }

        @Override
        public String toString() {
            return key + ": " + reason + "; " + fix + (origin == null ? "" : " (" + origin + ")");
        }
    }

    /** How bad it is. */
    public enum Severity {
        /** Nothing starts. */
        ERROR,
        /** It is logged, and an error with {@code solaster.strict}. */
        WARNING
    }
}
