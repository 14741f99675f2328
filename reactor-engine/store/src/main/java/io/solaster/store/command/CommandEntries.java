package io.solaster.store.command;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

import io.solaster.store.shard.Argument;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.Command.Body;
import io.solaster.store.shard.Command.Category;
import io.solaster.store.shard.Command.Doc;
import io.solaster.store.shard.Command.Flag;
import io.solaster.store.shard.Command.KeyFinder;
import io.solaster.store.shard.Command.Keys;
import io.solaster.store.shard.Command.Route;
import io.solaster.store.shard.Spread;
import org.jspecify.annotations.Nullable;

/** Where the families of commands write their entries, once, as the table is made. */
final class CommandEntries {
    private final List<Command> all = new ArrayList<>();

    /** What was written, by {@link Command#index}. */
    List<Command> all() {
        return Collections.unmodifiableList(all);
    }

    /** A command; without keys it runs on the client's shard. {@link Entry#doc} ends it. */
    Entry entry(String name, int arity, String flags, Body body) {
        return new Entry(name, arity, flags, body);
    }

    /** A container of subcommands, which alone is never run. */
    Entry entry(String name, int arity, String flags) {
        return new Entry(name, arity, flags, call -> {
            throw new IllegalStateException(name + " needs a subcommand");
        });
    }

    Entry sub(String name, int arity, String flags, Body body) {
        return new Entry(name, arity, flags, body);
    }

    /** An entry being written; {@link #doc} puts it into the table. */
    final class Entry {
        private final String name;
        private final int arity;
        private final Set<Flag> flags;
        private final Body body;
        private Keys keys = Keys.NONE;
        private Route route = Route.CONNECTION;
        private @Nullable Spread spread;
        private String categories = "";
        private List<String> tips = List.of();
        private Map<String, Command> subcommands = Map.of();

        Entry(String name, int arity, String flags, Body body) {
            this.name = name;
            this.arity = arity;
            this.flags = words(Flag.class, flags);
            this.body = body;
        }

        /** It has one key, its first argument; {@code access} says what it does to it, in Redis's words. */
        Entry key(String access) {
            return keys(1, 1, null, access);
        }

        /** As {@link #key}; {@code steps} is how it is done where it may take several turns ({@link Spread#isLong}). */
        Entry key(Spread steps, String access) {
            return keys(1, 1, steps, access);
        }

        /** It is a subcommand with one key, the argument behind its name. */
        Entry keyOfSubcommand(String access) {
            return keys(2, 2, 1, null, null, access);
        }

        /**
         * It has keys from its first argument on; {@code over} says what it does where they lie on several shards,
         * {@code access} what it does to them: to each, with a bar in between, where that differs.
         */
        Entry keys(int last, int step, @Nullable Spread over, String access) {
            return keys(1, last, step, null, over, access);
        }

        /** It has keys that a function of its arguments finds; the numbers are what {@code COMMAND INFO} says of them. */
        Entry keys(int first, int last, int step, @Nullable KeyFinder finder, @Nullable Spread over, String access) {
            keys = new Keys(first, last, step, access(access), finder);
            route = Route.KEYS;
            spread = over;
            return this;
        }

        private static List<List<String>> access(String words) {
            return Arrays.stream(words.split(" \\| ", -1)).map(each -> List.of(each.split(" ", -1))).toList();
        }

        /** It publishes to the channel that is its first argument. */
        Entry channel() {
            route = Route.CHANNEL;
            return this;
        }

        /** It names channels from its first argument on where others name keys. */
        Entry channelsAsKeys(int last) {
            keys = new Keys(1, last, 1, access("not_key"), null);
            return this;
        }

        /** It names keys, its arguments, and runs on the client's shard nevertheless. */
        Entry onConnection(String access) {
            keys(-1, 1, null, access);
            route = Route.CONNECTION;
            return this;
        }

        /** It runs on every shard. */
        Entry everyShard(Spread over) {
            route = Route.EVERY_SHARD;
            spread = over;
            return this;
        }

        /** Categories beside those that its flags and its group imply. */
        Entry acl(String more) {
            categories = more;
            return this;
        }

        Entry tips(String... some) {
            tips = List.of(some);
            return this;
        }

        Entry subcommands(Command... some) {
            subcommands = new HashMap<>();
            for (Command subcommand : some) {
                subcommands.put(subcommand.name().substring(name.length() + 1), subcommand);
            }
            return this;
        }

        Command doc(String group, String since, String complexity, String summary, String usage) {
            Command command = new Command(all.size(), name, arity, flags, categories(group), keys, route, spread, body,
                    new Doc(summary, since, group, complexity, tips, Argument.parse(usage)), Map.copyOf(subcommands));
            all.add(command);
            return command;
        }

        private Set<Category> categories(String group) {
            Set<Category> found = words(Category.class, categories);
            for (Flag flag : flags) {
                switch (flag) {
                    case WRITE -> found.add(Category.WRITE);
                    case READONLY -> {
                        // A script does what it does, whatever it says.
                        if (!group.equals("scripting")) {
                            found.add(Category.READ);
                        }
                    }
                    case ADMIN -> Collections.addAll(found, Category.ADMIN, Category.DANGEROUS);
                    case PUBSUB -> found.add(Category.PUBSUB);
                    case BLOCKING -> found.add(Category.BLOCKING);
                    default -> {
                    }
                }
            }
            found.add(flags.contains(Flag.FAST) ? Category.FAST : Category.SLOW);
            boolean container = !subcommands.isEmpty();
            switch (group) {
                case "string" -> found.add(Category.STRING);
                case "hash" -> found.add(Category.HASH);
                case "set" -> found.add(Category.SET);
                case "list" -> found.add(Category.LIST);
                case "sorted-set" -> found.add(Category.SORTEDSET);
                case "stream" -> found.add(Category.STREAM);
                case "bitmap" -> found.add(Category.BITMAP);
                case "geo" -> found.add(Category.GEO);
                case "hyperloglog" -> found.add(Category.HYPERLOGLOG);
                case "transactions" -> found.add(Category.TRANSACTION);
                case "scripting" -> {
                    if (!container) {
                        found.add(Category.SCRIPTING);
                    }
                }
                case "generic" -> {
                    // SORT and WAIT are of the categories that they name alone.
                    if (!container && !found.contains(Category.SORTEDSET) && !found.contains(Category.CONNECTION)) {
                        found.add(Category.KEYSPACE);
                    }
                }
                case "connection" -> {
                    if (!container) {
                        found.add(Category.CONNECTION);
                    }
                }
                default -> {
                }
            }
            return found;
        }

        private static <E extends Enum<E>> Set<E> words(Class<E> type, String words) {
            Set<E> set = EnumSet.noneOf(type);
            if (!words.isEmpty()) {
                Arrays.stream(words.toUpperCase(Locale.ROOT).split(" ", -1))
                        .forEach(word -> set.add(Enum.valueOf(type, word)));
            }
            return set;
        }
    }
}
