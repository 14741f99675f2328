package io.solaster.benchmarks.rig;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MarkdownTableTest {

    @Test
    void columnsAreAsWideAsTheirWidestCell() {
        assertThat(new MarkdownTable("", "Redis").row("GET", "1.5 µs").row("a|b", "2")).hasToString("""
                |      | Redis  |
                |------|--------|
                | GET  | 1.5 µs |
                | a\\|b | 2      |
                """);
    }

    @Test
    void aRowOfAnotherLengthIsRefused() {
        assertThatThrownBy(() -> new MarkdownTable("a", "b").row("c")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 cells in a table of 2");
    }
}
