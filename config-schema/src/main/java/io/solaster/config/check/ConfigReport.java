package io.solaster.config.check;

import java.util.ArrayList;
import java.util.List;

import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.Origins;
import io.solaster.config.SolasterConfig;
import io.solaster.config.plan.Wording;

/**
 * What came of reading and checking a configuration. Any thread.
 *
 * @param config what was read, with defaults in place of values that cannot be read
 * @param violations everything that is wrong, errors and warnings; empty if nothing is
 * @param ignored variables of the environment that only look like ours: links to Kubernetes services
 * @param origins where each value was written
 */
public record ConfigReport(SolasterConfig config, List<Violation> violations, List<String> ignored, Origins origins) {

    public ConfigReport {
        violations = List.copyOf(violations);
        ignored = List.copyOf(ignored);
    }

    /** Whether an application may start with it. */
    public boolean isValid() {
        return errors().isEmpty();
    }

    /** What keeps an application from starting. */
    public List<Violation> errors() {
        return violations.stream().filter(Violation::isError).toList();
    }

    /** What should be looked at. */
    public List<Violation> warnings() {
        return violations.stream().filter(violation -> !violation.isError()).toList();
    }

    /** This with more violations, each with its origin; of two about one key the first is kept. */
    public ConfigReport plus(List<Violation> more) {
        List<Violation> all = new ArrayList<>(violations);
        for (Violation violation : more) {
            if (violations.stream().noneMatch(known -> known.key().equals(violation.key()))) {
                all.add((config.strict() ? violation.asError() : violation).from(origins));
            }
        }
        return new ConfigReport(config, all, ignored, origins);
    }

    /**
     * The configuration, if nothing keeps it from being used.
     *
     * @throws InvalidConfigException naming every error
     */
    public SolasterConfig orThrow() {
        List<Violation> errors = errors();
        if (!errors.isEmpty()) {
            throw new InvalidConfigException(errors);
        }
        return config;
    }

    /** Everything that is wrong as text for people, errors first, each with where it was written and what to write. */
    public String describe() {
        if (violations.isEmpty()) {
            return "The configuration of Solaster is valid.";
        }
        StringBuilder text = new StringBuilder("The configuration of Solaster is ")
                .append(isValid() ? "valid: " : "not valid: ").append(Wording.count(errors().size(), "error"))
                .append(", ").append(Wording.count(warnings().size(), "warning")).append('.');
        errors().forEach(violation -> text.append(lines("ERROR", violation)));
        warnings().forEach(violation -> text.append(lines("WARNING", violation)));
        return text.toString();
    }

    private static String lines(String severity, Violation violation) {
        return "\n\n" + severity + " " + violation.key()
                + (violation.origin() == null ? "" : " (" + violation.origin() + ")") + "\n    " + violation.reason()
                + "\n    " + violation.fix();
    }
}
