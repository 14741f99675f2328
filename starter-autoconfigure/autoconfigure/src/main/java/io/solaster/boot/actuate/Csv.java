package io.solaster.boot.actuate;

import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

/** Tables as RFC 4180 has them. */
final class Csv {
    private static final String END = "\r\n";

    private Csv() {}

    /** Rows below the names of their columns; what is null is empty. */
    static String of(List<String> columns, Collection<? extends List<? extends @Nullable Object>> rows) {
        return Stream.concat(Stream.of(columns), rows.stream())
                .map(row -> row.stream().map(Csv::field).collect(Collectors.joining(",", "", END)))
                .collect(Collectors.joining());
    }

    private static String field(@Nullable Object value) {
        String text = value == null ? "" : value.toString();
        return text.chars().noneMatch(c -> c == ',' || c == '"' || c == '\r' || c == '\n')
                ? text
                : '"' + text.replace("\"", "\"\"") + '"';
    }
}
