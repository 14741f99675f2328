package io.solaster.store.command.admin;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

import io.solaster.store.shard.CommandCall;

/** What containers of subcommands answer to HELP. */
public final class Help {

    private Help() {}

    public static List<String> of(String container, String subcommands) {
        List<String> lines = new ArrayList<>();
        lines.add(container + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
        subcommands.lines().forEach(lines::add);
        lines.add("HELP");
        lines.add("    Prints this help.");
        return List.copyOf(lines);
    }

    /** Says that a subcommand has too many arguments, or none of those that it could have. */
    public static void refuse(CommandCall call) {
        call.reply().error("ERR unknown subcommand or wrong number of arguments for '" + call.word(1, 128) + "'. Try "
                + call.text(0).toUpperCase(Locale.ROOT) + " HELP.");
    }

    public static void answer(CommandCall call, List<String> lines) {
        call.reply().arrayHeader(lines.size());
        lines.forEach(call.reply()::simple);
    }
}
