package io.solaster.benchmarks.rig;

import java.util.ArrayList;
import java.util.List;

/** A table for a README that can be read on a terminal as well. */
public final class MarkdownTable {
    private final List<List<String>> rows = new ArrayList<>();

    public MarkdownTable(String... heads) {
        rows.add(List.of(heads));
    }

    /**
     * Adds a row.
     *
     * @throws IllegalArgumentException if it has another number of cells than the head
     */
    public MarkdownTable row(String... cells) {
        if (cells.length != rows.get(0).size()) {
            throw new IllegalArgumentException(cells.length + " cells in a table of " + rows.get(0).size());
        }
        rows.add(List.of(cells));
        return this;
    }

    public boolean isEmpty() {
        return rows.size() == 1;
    }

    @Override
    public String toString() {
        int columns = rows.get(0).size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int column = 0; column < columns; column++) {
                widths[column] = Math.max(widths[column], escaped(row.get(column)).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (int line = 0; line < rows.size(); line++) {
            for (int column = 0; column < columns; column++) {
                String cell = escaped(rows.get(line).get(column));
                text.append("| ").append(cell).append(" ".repeat(widths[column] - cell.length() + 1));
            }
            text.append("|\n");
            if (line == 0) {
                for (int width : widths) {
                    text.append('|').append("-".repeat(width + 2));
                }
                text.append("|\n");
            }
        }
        return text.toString();
    }

    private static String escaped(String cell) {
        return cell.replace("|", "\\|");
    }
}
