package io.solaster.store.watch;

import java.util.Set;

import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;

/** Which arguments are secrets, so that neither logs nor other clients are told of them. */
final class Redaction {
    static final String REDACTED = "(redacted)";
    private static final Set<String> SECRET_PARAMETERS = Set.of("requirepass", "masterauth", "masteruser",
            "tls-key-file-pass", "tls-client-key-file-pass");

    private Redaction() {}

    static boolean hides(Command command, CommandCall call, int argument) {
        return switch (command.name()) {
            case "auth" -> argument > 0;
            case "acl|setuser" -> argument > 1;
            case "config|set" -> argument > 2 && argument % 2 == 1
                    && SECRET_PARAMETERS.stream().anyMatch(name -> call.is(argument - 1, name));
            case "hello" ->
                argument > 2 && (call.is(argument - 1, "auth") || argument > 3 && call.is(argument - 2, "auth"));
            default -> false;
        };
    }
}
