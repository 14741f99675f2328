package io.solaster.store.command;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Commands;
import org.jspecify.annotations.Nullable;

/**
 * Every command there is, found by its name. To add one: a method in one of the {@code ...Commands} classes, and an entry
 * in the {@code ...Table} of its family.
 */
public final class CommandTable {
    /** An error quotes no more of what a client sent. */
    private static final int QUOTED = 128;

    private static final List<Command> ALL;
    private static final Commands LISTED;

    /** Looked up by the first and last bytes of the name; open addressing, at most half full. */
    private static final long[] NAMES;
    private static final @Nullable Command[] COMMANDS;

    static {
        CommandEntries entries = new CommandEntries();
        ConnectionTable.write(entries);
        StringTable.write(entries);
        HashTable.write(entries);
        SetTable.write(entries);
        KeyTable.write(entries);
        ListTable.write(entries);
        SortedSetTable.write(entries);
        StreamTable.write(entries);
        PubSubTable.write(entries);
        ServerTable.write(entries);
        ClusterTable.write(entries);
        ScriptTable.write(entries);
        TransactionTable.write(entries);
        ALL = entries.all();
        LISTED = new Commands(ALL);

        int capacity = Integer.highestOneBit(ALL.size() * 2) * 2;
        NAMES = new long[capacity];
        COMMANDS = new Command[capacity];
        for (Command command : ALL) {
            if (command.name().indexOf('|') < 0) {
                place(command);
            }
        }
    }

    private CommandTable() {}

    /** How many commands and subcommands there are. */
    public static int size() {
        return ALL.size();
    }

    /** All commands and subcommands, by their {@link Command#index}. */
    public static List<Command> all() {
        return ALL;
    }

    /** All of them, for who looks them up by their names. */
    public static Commands commands() {
        return LISTED;
    }

    /** The command, or with its container the subcommand, of that name in whatever case. */
    public static @Nullable Command named(String name) {
        return LISTED.named(name);
    }

    /** The command that a call names; null if there is none. */
    public static @Nullable Command find(CommandCall call) {
        Command command = lookUp(call);
        return command == null || command.subcommands().isEmpty() || call.count() < 2
                ? command
                : command.subcommands().get(call.text(1).toLowerCase(Locale.ROOT));
    }

    private static @Nullable Command lookUp(CommandCall call) {
        long key = key(call.address(0), call.length(0));
        for (int at = place(key);; at = at + 1 & COMMANDS.length - 1) {
            Command command = COMMANDS[at];
            if (command == null) {
                return null;
            }
            if (NAMES[at] == key && (call.length(0) <= 8
                    ? command.name().length() == call.length(0)
                    : call.is(0, command.name()))) {
                return command;
            }
        }
    }

    /** Says why a call names no command. */
    public static void refuse(CommandCall call, ReplyWriter reply) {
        if (lookUp(call) != null) {
            reply.error("ERR unknown subcommand '" + call.word(1, QUOTED) + "'. Try "
                    + call.text(0).toUpperCase(Locale.ROOT) + " HELP.");
            return;
        }
        StringBuilder arguments = new StringBuilder();
        for (int i = 1; i < call.count() && arguments.length() < QUOTED; i++) {
            String word = call.word(i, QUOTED - arguments.length());
            arguments.append('\'').append(word).append("' ");
        }
        reply.error("ERR unknown command '" + call.word(0, QUOTED) + "', with args beginning with: " + arguments);
    }

    private static void place(Command command) {
        byte[] name = command.name().getBytes(StandardCharsets.US_ASCII);
        long block = Memory.allocate(name.length);
        Memory.copy(name, 0, block, name.length);
        long key = key(block, name.length);
        Memory.free(block);
        int at = place(key);
        while (COMMANDS[at] != null) {
            at = at + 1 & COMMANDS.length - 1;
        }
        NAMES[at] = key;
        COMMANDS[at] = command;
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
