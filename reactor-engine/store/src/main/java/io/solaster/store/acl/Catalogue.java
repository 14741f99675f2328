package io.solaster.store.acl;

import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

/** What rules can name: commands, subcommands, and categories of them. Never changed, so any thread may call. */
public final class Catalogue {
    /** The longest pattern of a rule, in bytes. */
    static final int LONGEST_PATTERN = 1024;

    private final List<Entry> entries;
    private final Map<String, Integer> byName = new HashMap<>();
    private final Map<String, BitSet> categories = new LinkedHashMap<>();
    private final Map<Integer, BitSet> subcommands = new HashMap<>();
    private final Function<byte[], Pattern> patterns;

    /**
     * A command, or a subcommand.
     *
     * @param name in lower case, a subcommand's with its container, such as {@code client|list}
     * @param categories in lower case
     * @param open whether everybody may run it, whatever the rules
     */
    public record Entry(String name, Set<String> categories, boolean open) {
        boolean isSubcommand() {
            return name.indexOf('|') >= 0;
        }
    }

    /** A compiled pattern. */
    public interface Pattern {
        /** Whether the first bytes of an array match. */
        boolean matches(byte[] text, int length);
    }

    /**
     * @param entries the commands by their numbers
     * @param names the categories, in the order in which they are listed
     * @param patterns compiles one of {@link #LONGEST_PATTERN} bytes at most
     */
    public Catalogue(List<Entry> entries, List<String> names, Function<byte[], Pattern> patterns) {
        this.entries = List.copyOf(entries);
        this.patterns = patterns;
        names.forEach(name -> categories.put(name, new BitSet()));
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            byName.put(entry.name(), i);
            for (String category : entry.categories()) {
                categories.computeIfAbsent(category, name -> new BitSet()).set(i);
            }
        }
        for (int i = 0; i < entries.size(); i++) {
            String name = entries.get(i).name();
            int bar = name.indexOf('|');
            if (bar >= 0) {
                subcommands.computeIfAbsent(number(name.substring(0, bar)), container -> new BitSet()).set(i);
            }
        }
    }

    int size() {
        return entries.size();
    }

    /** The number of a command in whatever case; below 0 if there is none. */
    int number(String name) {
        return byName.getOrDefault(name.toLowerCase(Locale.ROOT), -1);
    }

    Entry entry(int number) {
        return entries.get(number);
    }

    /** The subcommands of a command; null if it has none. */
    @Nullable
    BitSet subcommands(int number) {
        return subcommands.get(number);
    }

    /** The names of the categories. */
    public List<String> categories() {
        return List.copyOf(categories.keySet());
    }

    /** The names of the commands of a category, in whatever case; null if there is no such category. */
    public @Nullable List<String> commandsOf(String category) {
        BitSet found = category(category);
        return found == null ? null : found.stream().mapToObj(number -> entries.get(number).name()).toList();
    }

    @Nullable
    BitSet category(String name) {
        return categories.get(name.toLowerCase(Locale.ROOT));
    }

    Pattern pattern(String text) {
        return patterns.apply(text.getBytes(StandardCharsets.ISO_8859_1));
    }
}
