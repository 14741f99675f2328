package io.solaster.testkit.readme;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import io.solaster.testkit.sim.Simulation;
import io.solaster.testkit.sim.SimulationFailure;
import org.junit.jupiter.api.Test;

/** What the guide shows of tests on shards, of chaos and of simulation is what runs here. */
class GuideTest {
    private static final Path SOURCES = Path.of("src/test/java/io/solaster/testkit/readme");
    private static final Pattern FENCED = Pattern.compile("(?ms)^```java\n(.*?)^```$");

    private static String unindented(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).collect(Collectors.joining("\n"));
    }

    private static List<String> examples(String heading) throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        int from = readme.indexOf("\n## " + heading);
        assertThat(from).as("a part '%s'", heading).isNotNegative();
        int to = readme.indexOf("\n## ", from + 1);
        return FENCED.matcher(readme.substring(from, to < 0 ? readme.length() : to)).results()
                .map((MatchResult fenced) -> unindented(fenced.group(1))).toList();
    }

    @Test
    void itsExamplesRunHere() throws IOException {
        assertThat(examples("A test on shards")).singleElement()
                .matches(unindented(Files.readString(SOURCES.resolve("ReminderTest.java")))::contains);
        assertThat(examples("Chaos")).singleElement()
                .matches(unindented(Files.readString(SOURCES.resolve("ChaosExampleTest.java")))::contains);
    }

    @Test
    void itsLostUpdateIsFoundByASeedThatFindsItAgain() {
        SimulationFailure found = catchThrowableOfType(SimulationFailure.class, SimulationExample::losesNoVisit);
        long seed = found.result().seed();
        assertThat(found).hasMessageContaining("Not linearizable").hasMessageContaining("Simulation.run(" + seed + "L");
        SimulationFailure again = catchThrowableOfType(SimulationFailure.class,
                () -> Simulation.run(seed, true, SimulationExample::countsEachVisit));
        assertThat(again.result()).isEqualTo(found.result());
    }
}
