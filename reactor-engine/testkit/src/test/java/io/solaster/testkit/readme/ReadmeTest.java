package io.solaster.testkit.readme;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;

import io.solaster.testkit.check.Linearizability;
import io.solaster.testkit.check.Operation;
import io.solaster.testkit.check.Outcome;
import io.solaster.testkit.gen.PropertyFailure;
import io.solaster.testkit.readme.DeliveriesExample.Message;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Runs what the README shows. */
class ReadmeTest {
    private static final Path SOURCES = Path.of("src/test/java/io/solaster/testkit/readme");
    private static final Pattern FENCED = Pattern.compile("(?ms)^```java\n(.*?)^```$");

    /** What stands in no README is no example. */
    @Test
    void theReadmeShowsWhatRunsHere() throws IOException {
        List<String> examples = FENCED.matcher(Files.readString(Path.of("README.md"))).results()
                .map(fenced -> squeezed(fenced.group(1))).toList();
        List<String> missing = new ArrayList<>();
        try (var files = Files.newDirectoryStream(SOURCES, "*Example.java")) {
            for (Path file : files) {
                String source = squeezed(Files.readString(file));
                if (examples.stream().noneMatch(source::contains)) {
                    missing.add(file.getFileName().toString());
                }
            }
        }
        assertThat(missing).as("examples of which the README shows nothing").isEmpty();
    }

    private static String squeezed(String text) {
        return text.replaceAll("\\s+", " ");
    }

    @Nested
    class Sequences extends CommandsExample {}

    @Test
    void aPropertyThatFailsIsToldAsTheReadmeShows() throws IOException {
        PropertyFailure failure = catchThrowableOfType(PropertyFailure.class,
                () -> new PropertyExample().whatIsJoinedSplitsIntoTheSame());
        assertThat(Files.readString(Path.of("README.md"))).contains(failure.getMessage().lines()
                .filter(line -> line.matches("Failed .*|  +[\\[@vP}].*")).toList());
    }

    @Test
    void history() {
        AtomicLong visits = new AtomicLong();
        assertThat(HistoryExample.run(_ -> visits.incrementAndGet()).isLinearizable()).isTrue();
        assertThat(HistoryExample.run(_ -> {
            throw new IOException("reset");
        }).isLinearizable()).isTrue();
        assertThatThrownBy(() -> HistoryExample.run(_ -> 7)).hasMessageContaining("INCR visits -> 7");
    }

    @Test
    void model() {
        List<Operation<Long, Long>> calls = List.of(new Operation<>("a", 5L, Outcome.of(5L), 0, 1),
                new Operation<>("b", -7L, Outcome.of(5L), 2, 3));
        assertThat(Linearizability.of(ModelExample.run()).check(calls).isLinearizable()).isTrue();
    }

    @Test
    void deliveries() {
        List<Message> sent = List.of(new Message(0, 0), new Message(1, 0), new Message(0, 1));
        DeliveriesExample.run(sent, sent, List.of(sent.get(1), sent.get(0), sent.get(2)), List.of(0L, 0L, 1L));
        assertThatThrownBy(() -> DeliveriesExample.run(sent, sent, sent.reversed(), List.of()))
                .isInstanceOf(AssertionError.class);
    }
}
