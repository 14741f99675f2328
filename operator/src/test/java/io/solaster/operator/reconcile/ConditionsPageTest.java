package io.solaster.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.solaster.operator.apply.ApplyException;
import io.solaster.operator.reconcile.plans.Scaling;
import io.solaster.operator.reconcile.status.Conditions;
import io.solaster.operator.reconcile.status.ProfileStatuses;
import org.junit.jupiter.api.Test;

/** CONDITIONS.md has every condition and reason that the code has, and no others. */
class ConditionsPageTest {
    private static final Path SOURCES = Path.of("src/main/java/io/solaster/operator");
    /** Where reasons stand as texts. */
    private static final List<String> FILES = List.of("reconcile/Applying", "reconcile/status/Conditions",
            "reconcile/Observation", "reconcile/status/ProfileStatuses", "reconcile/Refusals",
            "reconcile/plans/Scaling",
            "reconcile/ShardedServiceReconciler", "observe/Alignment", "rollout/Course", "rollout/Reloading");
    private static final Pattern TEXT = Pattern.compile("\"([A-Z][a-z]+(?:[A-Z][a-z]+)*)\"");
    private static final Pattern CODE = Pattern.compile("`([A-Z][a-z]+(?:[A-Z][a-z]+)*)`");
    /** Words of Kubernetes. */
    private static final Set<String> OTHERS = Set.of("True", "False", "Unknown", "Running", "Guaranteed");

    @Test
    void eachReasonIsThere() throws IOException {
        TreeSet<String> code = new TreeSet<>();
        for (String file : FILES) {
            TEXT.matcher(Files.readString(SOURCES.resolve(file + ".java"))).results()
                    .forEach(each -> code.add(each.group(1)));
        }
        Stream.of(ApplyException.Reason.values()).forEach(each -> code.add(each.name()));
        code.removeAll(OTHERS);
        TreeSet<String> page = new TreeSet<>();
        for (String line : Files.readAllLines(Path.of("CONDITIONS.md"))) {
            String[] cells = line.split("\\|");
            if (line.startsWith("| ") && cells.length > 3) {
                // What it means and what to do may name other things.
                boolean event = cells.length == 4;
                for (int i = 1; i < (event ? 2 : 4); i++) {
                    CODE.matcher(cells[i]).results().forEach(each -> page.add(each.group(1)));
                }
            }
        }
        page.removeAll(OTHERS);
        assertThat(page).isEqualTo(code);
    }

    @Test
    void eachRowSaysWhatItMeansAndWhatToDo() throws IOException {
        List<String> rows = Files.readAllLines(Path.of("CONDITIONS.md")).stream().filter(line -> line.startsWith("| "))
                .toList();
        assertThat(rows).hasSizeGreaterThan(40)
                .allSatisfy(row -> assertThat(Stream.of(row.split("\\|")).skip(3)).allMatch(cell -> !cell.isBlank()));
    }
}
