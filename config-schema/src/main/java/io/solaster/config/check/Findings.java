package io.solaster.config.check;

import static io.solaster.config.plan.Wording.print;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.value.ByteSize;
import org.jspecify.annotations.Nullable;

/** What the rules of one check have found so far, in the words that they share. For one thread. */
final class Findings {
    private final List<Violation> violations = new ArrayList<>();

    List<Violation> violations() {
        return List.copyOf(violations);
    }

    void add(String key, Object value, String reason, String fix) {
        violations.add(new Violation(key, value.toString(), reason, fix));
    }

    void addAll(Collection<Violation> more) {
        violations.addAll(more);
    }

    /** Of a key that is wrong already, nothing more is told. */
    void warn(String key, String value, String reason, String fix) {
        if (violations.stream().noneMatch(known -> known.key().equals(key))) {
            violations.add(Violation.warning(key, value, reason, fix));
        }
    }

    void given(String key, @Nullable String value, String what) {
        // Spring binds a missing key to null, whatever the record's types say.
        if (value == null || value.isBlank()) {
            add(key, "", "nothing is given", "write " + what);
        }
    }

    void within(String key, Duration value, Duration min, Duration max) {
        if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
            add(key, print(value), print(value) + " is out of range",
                    "write a duration from " + print(min) + " to " + print(max));
        }
    }

    void within(String key, ByteSize value, String min, String max) {
        if (value.compareTo(ByteSize.valueOf(min)) < 0 || value.compareTo(ByteSize.valueOf(max)) > 0) {
            add(key, value, value + " is out of range", "write a size from " + min + " to " + max);
        }
    }
}
