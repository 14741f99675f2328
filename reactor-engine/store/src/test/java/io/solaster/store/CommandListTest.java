package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

import io.solaster.store.command.CommandTable;
import io.solaster.store.shard.Command;
import org.junit.jupiter.api.Test;

/** The README lists the commands that there are; {@code -Dgenerate} writes the list anew. */
class CommandListTest {
    private static final Path README = Path.of("README.md");
    private static final String TITLE = "## Commands";

    @Test
    void readmeListsEveryCommand() throws IOException {
        List<String> written = Files.readAllLines(README);
        int title = written.indexOf(TITLE);
        int end = title + 1;
        while (!written.get(end).startsWith("## ")) {
            end++;
        }
        int first = title;
        while (!written.get(first).startsWith("|---")) {
            first++;
        }
        List<String> right = new ArrayList<>(written.subList(0, first + 1));
        right.addAll(rows());
        right.add("");
        right.addAll(written.subList(end, written.size()));
        if (System.getProperty("generate") != null) {
            Files.writeString(README, String.join("\n", right) + "\n");
            return;
        }
        assertThat(written).as("the list of commands; -Dgenerate writes it").isEqualTo(right);
    }

    private static List<String> rows() {
        Map<String, TreeSet<String>> groups = new TreeMap<>();
        for (Command command : CommandTable.all()) {
            if (command.name().indexOf('|') < 0) {
                groups.computeIfAbsent(command.doc().group(), group -> new TreeSet<>()).add(words(command));
            }
        }
        return groups.entrySet().stream().map(group -> "| " + group.getKey() + " | "
                + String.join(", ", group.getValue()) + " |").toList();
    }

    private static String words(Command command) {
        String name = "`" + command.name().toUpperCase(Locale.ROOT) + "`";
        if (command.subcommands().isEmpty()) {
            return name;
        }
        TreeSet<String> subcommands = new TreeSet<>();
        command.subcommands().keySet().forEach(word -> subcommands.add("`" + word.toUpperCase(Locale.ROOT) + "`"));
        return name + " (" + String.join(" ", subcommands) + ")";
    }
}
