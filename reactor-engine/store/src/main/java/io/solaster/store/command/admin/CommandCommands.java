package io.solaster.store.command.admin;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.Argument;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.Command.Category;
import io.solaster.store.shard.Command.Doc;
import io.solaster.store.shard.Command.Keys;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.Glob;
import io.solaster.store.shard.KeyPositions;
import io.solaster.store.watch.Permissions;
import org.jspecify.annotations.Nullable;

/** {@code COMMAND} and its subcommands: the table, told to clients. */
public final class CommandCommands {
    private static final List<String> HELP = Help.of("COMMAND", """
            (no subcommand)
                All commands in detail, as INFO does.
            COUNT
                How many commands there are.
            LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]
                The names of all commands, or of those that fit.
            INFO [<command-name> ...]
                How commands are called and what they touch; all without a name.
            DOCS [<command-name> ...]
                What commands are for; all without a name.
            GETKEYS <full-command>
                The keys in a command.
            GETKEYSANDFLAGS <full-command>
                The keys in a command, and what it does to each.
            """);

    private CommandCommands() {}

    public static void help(CommandCall call) {
        Help.answer(call, HELP);
    }

    private static List<Command> topLevel(CommandCall call) {
        return call.shard().parts().commands().all().stream().filter(command -> command.name().indexOf('|') < 0)
                .toList();
    }

    public static void command(CommandCall call) {
        details(call.reply(), topLevel(call));
    }

    public static void count(CommandCall call) {
        call.reply().integer(topLevel(call).size());
    }

    public static void info(CommandCall call) {
        details(call.reply(), call.count() == 2 ? topLevel(call) : named(call));
    }

    /** The commands that a call asks about, null for those that do not exist. */
    private static List<@Nullable Command> named(CommandCall call) {
        List<@Nullable Command> commands = new ArrayList<>();
        for (int i = 2; i < call.count(); i++) {
            commands.add(call.shard().parts().commands().named(call.text(i)));
        }
        return commands;
    }

    private static void details(ReplyWriter reply, List<? extends @Nullable Command> commands) {
        reply.arrayHeader(commands.size());
        for (Command command : commands) {
            if (command == null) {
                reply.nullValue();
            } else {
                detail(reply, command);
            }
        }
    }

    private static void detail(ReplyWriter reply, Command command) {
        Keys keys = command.keys();
        reply.arrayHeader(10);
        reply.bulk(command.name());
        reply.integer(command.arity());
        statuses(reply, command.flags().stream().map(flag -> flag.name().toLowerCase(Locale.ROOT)).toList());
        reply.integer(keys.first());
        reply.integer(keys.last());
        reply.integer(keys.step());
        statuses(reply, command.categories().stream().map(CommandCommands::label).toList());
        reply.setHeader(command.doc().tips().size());
        command.doc().tips().forEach(reply::bulk);
        if (keys.access().isEmpty()) {
            reply.setHeader(0);
        } else {
            reply.setHeader(keys.access().size());
            for (int i = 0; i < keys.access().size(); i++) {
                keys(reply, keys, i);
            }
        }
        reply.setHeader(command.subcommands().size());
        command.subcommands().values().forEach(subcommand -> detail(reply, subcommand));
    }

    private static String label(Category category) {
        return "@" + category.name().toLowerCase(Locale.ROOT);
    }

    private static void statuses(ReplyWriter reply, Collection<String> words) {
        reply.setHeader(words.size());
        words.forEach(reply::simple);
    }

    /** Of all keys, or of one of them where what is done differs from one to the next. */
    private static void keys(ReplyWriter reply, Keys keys, int one) {
        boolean all = keys.access().size() == 1;
        reply.mapHeader(3);
        reply.bulk("flags");
        statuses(reply, keys.access().get(one));
        reply.bulk("begin_search");
        if (keys.finder() instanceof Keys.Shown shown && !shown.places().get(one).isEmpty()) {
            String[] place = shown.places().get(one).split(" ", -1);
            if (place.length == 1) {
                index(reply, Integer.parseInt(place[0]));
            } else {
                keyword(reply, place[0], Integer.parseInt(place[1]));
            }
            if (place.length == 3) {
                range(reply, -1, 1, 2);
            } else {
                range(reply, 0, 1);
            }
            return;
        }
        if (keys.finder() instanceof Keys.Counted counted) {
            boolean target = counted.target() > 0 && one == 0;
            index(reply, target ? counted.target() : counted.number());
            if (target) {
                range(reply, 0, 1);
            } else {
                counted(reply);
            }
            return;
        }
        if (keys.finder() != null) {
            // What a function finds is not to be said in numbers.
            unknown(reply);
            reply.bulk("find_keys");
            unknown(reply);
            return;
        }
        index(reply, keys.first() + one);
        boolean more = one < keys.access().size() - 1;
        range(reply, keys.last() < 0 && !more ? keys.last() : all ? keys.last() - keys.first() : 0, keys.step());
    }

    private static void index(ReplyWriter reply, int index) {
        reply.mapHeader(2);
        reply.bulk("type");
        reply.bulk("index");
        reply.bulk("spec");
        reply.mapHeader(1);
        reply.bulk("index");
        reply.integer(index);
        reply.bulk("find_keys");
        reply.mapHeader(2);
        reply.bulk("type");
    }

    private static void keyword(ReplyWriter reply, String word, int from) {
        reply.mapHeader(2);
        reply.bulk("type");
        reply.bulk("keyword");
        reply.bulk("spec");
        reply.mapHeader(2);
        reply.bulk("keyword");
        reply.bulk(word);
        reply.bulk("startfrom");
        reply.integer(from);
        reply.bulk("find_keys");
        reply.mapHeader(2);
        reply.bulk("type");
    }

    private static void range(ReplyWriter reply, int last, int step) {
        range(reply, last, step, 0);
    }

    /** @param limit the part of what is left of the arguments that are keys: 2 for half; 0 for all */
    private static void range(ReplyWriter reply, int last, int step, int limit) {
        reply.bulk("range");
        reply.bulk("spec");
        reply.mapHeader(3);
        reply.bulk("lastkey");
        reply.integer(last);
        reply.bulk("keystep");
        reply.integer(step);
        reply.bulk("limit");
        reply.integer(limit);
    }

    private static void counted(ReplyWriter reply) {
        reply.bulk("keynum");
        reply.bulk("spec");
        reply.mapHeader(3);
        reply.bulk("keynumidx");
        reply.integer(0);
        reply.bulk("firstkey");
        reply.integer(1);
        reply.bulk("keystep");
        reply.integer(1);
    }

    private static void unknown(ReplyWriter reply) {
        reply.mapHeader(2);
        reply.bulk("type");
        reply.bulk("unknown");
        reply.bulk("spec");
        reply.mapHeader(0);
    }

    public static void docs(CommandCall call) {
        List<Command> commands = new ArrayList<>();
        if (call.count() == 2) {
            commands.addAll(topLevel(call));
        } else {
            for (Command command : named(call)) {
                if (command != null) {
                    commands.add(command);
                }
            }
        }
        docs(call.reply(), commands);
    }

    private static void docs(ReplyWriter reply, Collection<Command> commands) {
        reply.mapHeader(commands.size());
        for (Command command : commands) {
            Doc doc = command.doc();
            reply.bulk(command.name());
            reply.mapHeader(4 + (doc.arguments().isEmpty() ? 0 : 1) + (command.subcommands().isEmpty() ? 0 : 1));
            entry(reply, "summary", doc.summary());
            entry(reply, "since", doc.since());
            entry(reply, "group", doc.group());
            entry(reply, "complexity", doc.complexity());
            if (!doc.arguments().isEmpty()) {
                reply.bulk("arguments");
                arguments(reply, doc.arguments());
            }
            if (!command.subcommands().isEmpty()) {
                reply.bulk("subcommands");
                docs(reply, command.subcommands().values());
            }
        }
    }

    private static void arguments(ReplyWriter reply, List<Argument> arguments) {
        reply.arrayHeader(arguments.size());
        for (Argument argument : arguments) {
            boolean key = argument.type().equals("key");
            List<String> flags = new ArrayList<>();
            if (argument.optional()) {
                flags.add("optional");
            }
            if (argument.multiple()) {
                flags.add("multiple");
            }
            reply.mapHeader(2 + (key ? 1 : 0) + (argument.token().isEmpty() ? 0 : 1) + (flags.isEmpty() ? 0 : 1)
                    + (argument.parts().isEmpty() ? 0 : 1));
            entry(reply, "name", argument.name());
            entry(reply, "type", argument.type());
            if (key) {
                reply.bulk("key_spec_index");
                reply.integer(0);
            }
            if (!argument.token().isEmpty()) {
                entry(reply, "token", argument.token());
            }
            if (!flags.isEmpty()) {
                reply.bulk("flags");
                statuses(reply, flags);
            }
            if (!argument.parts().isEmpty()) {
                reply.bulk("arguments");
                arguments(reply, argument.parts());
            }
        }
    }

    private static void entry(ReplyWriter reply, String name, String value) {
        reply.bulk(name);
        reply.bulk(value);
    }

    public static void list(CommandCall call) {
        Predicate<Command> wanted;
        if (call.count() == 2) {
            wanted = command -> true;
        } else if (call.count() != 5 || !call.is(2, "filterby")) {
            call.reply().error(Errors.SYNTAX);
            return;
        } else if (call.is(3, "pattern")) {
            String pattern = call.text(4);
            wanted = command -> Glob.matches(pattern, command.name());
        } else if (call.is(3, "aclcat")) {
            String label = "@" + call.text(4).toLowerCase(Locale.ROOT);
            wanted = command -> command.categories().stream().anyMatch(category -> label(category).equals(label));
        } else if (call.is(3, "module")) {
            wanted = command -> false;
        } else {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        List<Command> found = call.shard().parts().commands().all().stream().filter(wanted).toList();
        call.reply().arrayHeader(found.size());
        found.forEach(command -> call.reply().bulk(command.name()));
    }

    public static void getkeys(CommandCall call) {
        if (keysOf(call) != null) {
            KeyPositions keys = call.keys();
            call.reply().arrayHeader(keys.count());
            for (int i = 0; i < keys.count(); i++) {
                call.reply().bulk(call.address(keys.at(i)), call.length(keys.at(i)));
            }
        }
    }

    public static void getkeysandflags(CommandCall call) {
        Command of = keysOf(call);
        if (of != null) {
            KeyPositions keys = call.keys();
            call.reply().arrayHeader(keys.count());
            for (int i = 0; i < keys.count(); i++) {
                call.reply().arrayHeader(2);
                call.reply().bulk(call.address(keys.at(i)), call.length(keys.at(i)));
                statuses(call.reply(), Permissions.access(of, call, 2, i));
            }
        }
    }

    /** The command that a call has as its arguments, from one on; null if there is none of that name. */
    static @Nullable Command commandAt(CommandCall call, int from) {
        Command command = call.shard().parts().commands().named(call.text(from));
        return command == null || command.subcommands().isEmpty() || call.count() == from + 1
                ? command
                : command.subcommands().get(call.text(from + 1).toLowerCase(Locale.ROOT));
    }

    /** Finds the keys in the command that a call has as its arguments; null after having answered an error. */
    private static @Nullable Command keysOf(CommandCall call) {
        Command command = commandAt(call, 2);
        if (command == null) {
            call.reply().error("ERR Invalid command specified");
        } else if (!command.keys().isAny()) {
            call.reply().error("ERR The command has no key arguments");
        } else if (!command.arityFits(call.count() - 2)) {
            call.reply().error("ERR Invalid number of arguments specified for command");
        } else {
            command.keys().find(call, 2, call.keys());
            if (call.keys().count() > 0 || command.has(Command.Flag.NO_MANDATORY_KEYS)) {
                return command;
            }
            call.reply().error("ERR Invalid arguments specified for command");
        }
        return null;
    }
}
