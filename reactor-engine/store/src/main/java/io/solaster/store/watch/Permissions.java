package io.solaster.store.watch;

import java.util.List;

import io.solaster.engine.memory.Memory;
import io.solaster.store.acl.Rights;
import io.solaster.store.acl.Selector;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.KeyPositions;
import org.jspecify.annotations.Nullable;

/** Whether a user may run a command with these arguments. On the owning shard. */
public final class Permissions {
    private static final List<String> OVERWRITES = List.of("OW", "update");
    private static final List<String> READS = List.of("RO", "access");
    /** Bytes of a key that are kept for the next. */
    private static final int KEPT = 1024;

    private final KeyPositions keys = new KeyPositions();
    private byte[] text = new byte[KEPT];

    Permissions() {}

    /** What a user may not use; what comes later says more about what is wrong with a command. */
    public enum Reason {
        COMMAND, KEY, CHANNEL
    }

    /**
     * What was refused.
     *
     * @param argument the key or channel; 0 where it is the command
     */
    public record Denial(Reason reason, int argument) {
        boolean saysMoreThan(@Nullable Denial other) {
            return other == null || reason.compareTo(other.reason) > 0
                    || reason == other.reason && argument > other.argument;
        }
    }

    /**
     * Looks at a command.
     *
     * @param from which argument of the call is its name
     * @return null if it may be run
     */
    public @Nullable Denial check(Rights rights, Command command, CommandCall call, int from) {
        if (rights.mayAll()) {
            return null;
        }
        Denial denial = null;
        for (Selector selector : rights.selectors()) {
            Denial of = check(selector, command, call, from);
            if (of == null) {
                return null;
            }
            if (of.saysMoreThan(denial)) {
                denial = of;
            }
        }
        if (text.length > KEPT) {
            text = new byte[KEPT];
        }
        return denial;
    }

    private @Nullable Denial check(Selector selector, Command command, CommandCall call, int from) {
        int index = command.index();
        int first = from + (command.name().indexOf('|') < 0 ? 1 : 2);
        if (!selector.mayRun(index) && !(selector.asksFirstArgument(index) && first < call.count()
                && selector.mayRunWith(index, call.text(first)))) {
            return new Denial(Reason.COMMAND, 0);
        }
        if (!selector.mayAllKeys() && command.keys().isAny()) {
            command.keys().find(call, from, keys);
            for (int key = 0; key < keys.count(); key++) {
                int at = keys.at(key);
                List<String> access = access(command, call, from, key);
                load(call, at);
                if (!selector.mayUseKey(text, call.length(at), access.contains("access"), writes(access))) {
                    return new Denial(Reason.KEY, at);
                }
            }
        }
        return selector.mayAllChannels() ? null : channels(selector, command, call, from);
    }

    private static boolean writes(List<String> access) {
        return access.contains("update") || access.contains("insert") || access.contains("delete");
    }

    /** What a command does to a key, in Redis's words: less than it might, where its arguments say so. */
    public static List<String> access(Command command, CommandCall call, int from, int key) {
        return switch (command.name()) {
            case "set" -> has(call, from + 3, "get") ? command.keys().access(key) : OVERWRITES;
            case "bitfield" -> has(call, from + 2, "set") || has(call, from + 2, "incrby")
                    ? command.keys().access(key)
                    : READS;
            default -> command.keys().access(key);
        };
    }

    private static boolean has(CommandCall call, int from, String word) {
        for (int i = from; i < call.count(); i++) {
            if (call.is(i, word)) {
                return true;
            }
        }
        return false;
    }

    /** Why SORT may not look at keys that only a pattern names, in Redis's words; null if it may. */
    @Nullable
    String sortRefusal(Rights rights, Command command, CommandCall call) {
        if (!command.name().equals("sort") && !command.name().equals("sort_ro")) {
            return null;
        }
        for (Selector selector : rights.selectors()) {
            if (selector.mayReadAllKeys() && check(selector, command, call, 0) == null) {
                return null;
            }
        }
        for (int i = 2; i + 1 < call.count(); i++) {
            boolean by = call.is(i, "by");
            if (by && call.text(i + 1).indexOf('*') >= 0 || !by && call.is(i, "get") && !call.text(i + 1).equals("#")) {
                return "ERR " + (by ? "BY" : "GET") + " option of SORT denied due to insufficient ACL permissions.";
            }
        }
        return null;
    }

    private @Nullable Denial channels(Selector selector, Command command, CommandCall call, int from) {
        return switch (command.name()) {
            case "publish", "spublish" -> channels(selector, call, from + 1, from + 2, false);
            case "subscribe", "ssubscribe" -> channels(selector, call, from + 1, call.count(), false);
            case "psubscribe" -> channels(selector, call, from + 1, call.count(), true);
            default -> null;
        };
    }

    private @Nullable Denial channels(Selector selector, CommandCall call, int first, int end, boolean patterns) {
        for (int at = first; at < end; at++) {
            load(call, at);
            if (patterns
                    ? !selector.mayUseChannelPattern(call.text(at))
                    : !selector.mayUseChannel(text, call.length(at))) {
                return new Denial(Reason.CHANNEL, at);
            }
        }
        return null;
    }

    private void load(CommandCall call, int argument) {
        int length = call.length(argument);
        if (length > text.length) {
            text = new byte[length];
        }
        Memory.copy(call.address(argument), text, 0, length);
    }
}
