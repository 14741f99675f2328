package io.solaster.store;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.Command.Body;
import io.solaster.store.Command.Doc;
import io.solaster.store.Command.Flag;
import io.solaster.store.Command.Gather;
import io.solaster.store.Command.Keys;
import io.solaster.store.Command.Route;
import org.jspecify.annotations.Nullable;

/**
 * Every command there is, an entry each. To add one: a method in one of the {@code ...Commands} classes, and an entry
 * here.
 */
final class CommandTable {
    private static final List<Command> ALL = new ArrayList<>();

    /** Looked up by the first and last bytes of the name; open addressing, at most half full. */
    private static final long[] NAMES;
    private static final @Nullable Command[] COMMANDS;

    static {
        entry("ping", -1, flags(Flag.FAST), Keys.NONE, Route.CONNECTION, Gather.NONE, ConnectionCommands::ping,
                new Doc("Ping the server", "1.0.0", "connection", "O(1)"));
        entry("get", 2, flags(Flag.READONLY, Flag.FAST), Keys.ONE, Route.KEYS, Gather.NONE, StringCommands::get,
                new Doc("Get the value of a key", "1.0.0", "string", "O(1)"));
        entry("set", -3, flags(Flag.WRITE, Flag.DENYOOM), Keys.ONE, Route.KEYS, Gather.NONE, StringCommands::set,
                new Doc("Set the string value of a key", "1.0.0", "string", "O(1)"));

        int capacity = Integer.highestOneBit(ALL.size() * 2) * 2;
        NAMES = new long[capacity];
        COMMANDS = new Command[capacity];
        for (Command command : ALL) {
            if (command.name().indexOf('|') < 0) {
                byte[] name = command.name().getBytes(java.nio.charset.StandardCharsets.US_ASCII);
                long block = Memory.allocate(name.length);
                Memory.copy(name, 0, block, name.length);
                long key = key(block, name.length);
                Memory.free(block);
                int at = place(key);
                while (COMMANDS[at] != null) {
                    at = at + 1 & capacity - 1;
                }
                NAMES[at] = key;
                COMMANDS[at] = command;
            }
        }
    }

    private CommandTable() {}

    private static Command entry(String name, int arity, Set<Flag> flags, Keys keys, Route route, Gather gather,
            Body body, Doc doc, Command... subcommands) {
        Map<String, Command> byName = new HashMap<>();
        for (Command subcommand : subcommands) {
            byName.put(subcommand.name().substring(subcommand.name().indexOf('|') + 1), subcommand);
        }
        Command command = new Command(ALL.size(), name, arity, flags, keys, route, gather, body, doc,
                Map.copyOf(byName));
        ALL.add(command);
        return command;
    }

    private static Set<Flag> flags(Flag... flags) {
        return flags.length == 0 ? EnumSet.noneOf(Flag.class) : EnumSet.copyOf(Arrays.asList(flags));
    }

    /** How many commands and subcommands there are. */
    static int size() {
        return ALL.size();
    }

    /** The command that a call names; null if there is none. */
    static @Nullable Command find(Call call) {
        long key = key(call.address(0), call.length(0));
        for (int at = place(key);; at = at + 1 & COMMANDS.length - 1) {
            Command command = COMMANDS[at];
            if (command == null) {
                return null;
            }
            if (NAMES[at] == key && (call.length(0) <= 8
                    ? command.name().length() == call.length(0)
                    : call.is(0, command.name()))) {
                return command.subcommands().isEmpty() ? command : subcommand(command, call);
            }
        }
    }

    private static @Nullable Command subcommand(Command container, Call call) {
        if (call.count() < 2) {
            return container;
        }
        return container.subcommands().get(call.text(1).toLowerCase(Locale.ROOT));
    }

    /** Says why a call names no command. */
    static void refuse(Call call, ReplyWriter reply) {
        StringBuilder error = new StringBuilder("ERR unknown command '").append(call.text(0))
                .append("', with args beginning with: ");
        for (int i = 1; i < call.count(); i++) {
            error.append('\'').append(call.text(i)).append("' ");
        }
        reply.error(error.toString());
    }

    /** Up to 8 bytes of the name, in lower case: all of a short name, the beginning of a long one. */
    private static long key(long address, int length) {
        long bytes;
        if (length >= 8) {
            bytes = Memory.getLong(address);
        } else if (length >= 4) {
            bytes = Memory.getInt(address) & 0xffffffffL | (long) Memory.getInt(address + length - 4) << 32;
        } else if (length >= 2) {
            bytes = Memory.getShort(address) & 0xffffL | (long) Memory.getByte(address + length - 1) << 16;
        } else {
            bytes = length == 0 ? 0 : Memory.getByte(address);
        }
        return bytes | 0x2020202020202020L;
    }

    private static int place(long key) {
        return (int) (key * 0x9E3779B97F4A7C15L >>> 40) & COMMANDS.length - 1;
    }
}
