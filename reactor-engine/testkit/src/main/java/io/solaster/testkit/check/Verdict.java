package io.solaster.testkit.check;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

/**
 * What a checker found.
 *
 * @param kind whether the history is one of a correct system
 * @param partition what the calls are about that no order explains, or that took too long; null if all is well
 * @param calls those of the history that prove it; where time or memory ran out, all of that partition; none if all is well
 * @param explained the longest order of those calls that the model explains
 * @param reason a sentence
 */
public record Verdict<I, O extends @Nullable Object>(Kind kind, @Nullable Object partition,
        List<Operation<I, O>> calls, List<Operation<I, O>> explained, String reason) {

    /** The kinds of verdicts. */
    public enum Kind {
        /** There is an order of all calls that explains every answer. */
        LINEARIZABLE,
        /** There is none. */
        VIOLATED,
        /** Time or memory ran out first. */
        UNKNOWN
    }

    public Verdict {
        calls = List.copyOf(calls);
        explained = List.copyOf(explained);
    }

    /** Whether some order explains every answer. */
    public boolean isLinearizable() {
        return kind == Kind.LINEARIZABLE;
    }

    /**
     * Draws the calls that prove a violation as a page of HTML: a line a client, a bar a call, the calls that fit nowhere in
     * red. The page needs nothing beside itself.
     *
     * @return the file
     */
    public Path draw(Path file) throws IOException {
        return Files.writeString(file, TimeLine.of(this));
    }

    /** The calls that are in no order that was found. */
    List<Operation<I, O>> notExplained() {
        return calls.stream().filter(call -> call.outcome().isKnown() && !explained.contains(call)).toList();
    }

    @Override
    public String toString() {
        return reason + calls.stream().limit(50).map(each -> "\n  " + each).collect(Collectors.joining())
                + (calls.size() > 50 ? "\n  and " + (calls.size() - 50) + " more" : "");
    }
}
