package io.solaster.store.command;

import java.util.List;

import io.solaster.store.command.admin.Help;
import io.solaster.store.script.ScriptCommands;
import io.solaster.store.shard.Command.Keys;

/** The commands that run scripts. */
final class ScriptTable {
    private static final String FLAGS = "noscript stale skip_monitor no_mandatory_keys movablekeys";
    private static final String USAGE = " numkeys [key...] [arg...]";

    private static final List<String> HELP = Help.of("SCRIPT", """
            EXISTS <sha1> [<sha1> ...]
                Which scripts are remembered.
            FLUSH [ASYNC|SYNC]
                Forgets all scripts.
            KILL
                Ends scripts that run for too long, unless they have written.
            LOAD <script>
                Remembers a script without running it.
            """);

    private ScriptTable() {}

    static void write(CommandEntries to) {
        ScriptCommands scripts = new ScriptCommands(CommandTable::find);
        to.entry("eval", -3, FLAGS, scripts::eval).keys(0, 0, 0, Keys.counted(2), null, "RW access update")
                .doc("scripting", "2.6.0", "Depends on the script", "Runs a script.", "script" + USAGE);
        to.entry("evalsha", -3, FLAGS, scripts::evalsha).keys(0, 0, 0, Keys.counted(2), null, "RW access update")
                .doc("scripting", "2.6.0", "Depends on the script", "Runs a script that is remembered.",
                        "sha1" + USAGE);
        to.entry("eval_ro", -3, "readonly " + FLAGS, scripts::evalRo)
                .keys(0, 0, 0, Keys.counted(2), null, "RO access")
                .doc("scripting", "7.0.0", "Depends on the script", "Runs a script that writes nothing.",
                        "script" + USAGE);
        to.entry("evalsha_ro", -3, "readonly " + FLAGS, scripts::evalshaRo)
                .keys(0, 0, 0, Keys.counted(2), null, "RO access")
                .doc("scripting", "7.0.0", "Depends on the script",
                        "Runs a script that is remembered and writes nothing.", "sha1" + USAGE);
        to.entry("script", -2, "").subcommands(
                to.sub("script|load", 3, "noscript stale", scripts::load)
                        .tips("request_policy:all_nodes", "response_policy:all_succeeded")
                        .doc("scripting", "2.6.0", "O(N) in the length of the script", "Remembers a script.", "script"),
                to.sub("script|exists", -3, "noscript", scripts::exists)
                        .tips("request_policy:all_shards", "response_policy:agg_logical_and")
                        .doc("scripting", "2.6.0", "O(N) in the number of scripts", "Which scripts are remembered.",
                                "sha1..."),
                to.sub("script|flush", -2, "noscript", scripts::flush)
                        .tips("request_policy:all_nodes", "response_policy:all_succeeded")
                        .doc("scripting", "2.6.0", "O(N) in the number of scripts", "Forgets all scripts.",
                                "[ASYNC|SYNC]"),
                to.sub("script|kill", 2, "noscript allow_busy", scripts::kill)
                        .tips("request_policy:all_shards", "response_policy:one_succeeded")
                        .doc("scripting", "2.6.0", "O(1)", "Ends scripts that run for too long.", ""),
                to.sub("script|debug", 3, "noscript", scripts::debug)
                        .doc("scripting", "3.2.0", "O(1)", "Refused: scripts are not debugged here.", "mode"),
                to.sub("script|help", 2, "loading stale", call -> Help.answer(call, HELP))
                        .doc("scripting", "5.0.0", "O(1)", "Describes the subcommands.", ""))
                .doc("scripting", "2.6.0", "Depends on the subcommand", "Scripts that are remembered.", "");
    }
}
