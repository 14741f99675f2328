package io.solaster.store.shard;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

import io.solaster.store.acl.Catalogue;
import org.jspecify.annotations.Nullable;

/** The commands that a store has, for who asks about them rather than runs them. Any thread may call. */
public final class Commands {
    private final List<Command> all;
    private final Map<String, Command> byName = new HashMap<>();

    /** @param all commands and subcommands, by their {@link Command#index} */
    public Commands(List<Command> all) {
        this.all = List.copyOf(all);
        for (Command command : all) {
            byName.put(command.name(), command);
        }
    }

    /** All commands and subcommands, by their {@link Command#index}. */
    public List<Command> all() {
        return all;
    }

    /** What the rules of users can name. */
    Catalogue catalogue() {
        return new Catalogue(all.stream()
                .map(command -> new Catalogue.Entry(command.name(),
                        command.categories().stream().map(Commands::lower).collect(Collectors.toSet()),
                        command.has(Command.Flag.NO_AUTH)))
                .toList(), Arrays.stream(Command.Category.values()).map(Commands::lower).toList(),
                pattern -> new Glob(pattern)::matches);
    }

    private static String lower(Command.Category category) {
        return category.name().toLowerCase(Locale.ROOT);
    }

    /** The command, or with its container the subcommand ({@code client|list}), of that name in whatever case. */
    public @Nullable Command named(String name) {
        return byName.get(name.toLowerCase(Locale.ROOT));
    }
}
