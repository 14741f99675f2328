package io.solaster.store.command.admin;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;

import io.solaster.engine.Sharded;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.acl.Acl;
import io.solaster.store.acl.AclLog;
import io.solaster.store.acl.BadRuleException;
import io.solaster.store.acl.Rights;
import io.solaster.store.acl.Selector;
import io.solaster.store.acl.User;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.ServerSettings;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.watch.Permissions.Denial;
import io.solaster.store.watch.ShardWatch;
import org.jspecify.annotations.Nullable;

/** {@code ACL} and its subcommands: users, and what they may do. Changes are made on shard 0, and hold for all shards at once. */
public final class AclCommands {
    private static final List<String> HELP = Help.of("ACL", """
            CAT [<category>]
                The categories of commands, or the commands of one.
            DELUSER <username> [<username> ...]
                Remove users, and end their connections.
            DRYRUN <username> <command> [<arg> ...]
                Whether a user may run a command, without running it.
            GENPASS [<bits>]
                A password by chance, of 256 bits unless said otherwise.
            GETUSER <username>
                What a user may do.
            LIST
                All users, as the rules that would make them.
            LOAD
                Refused: users stand in the application's configuration.
            LOG [<count> | RESET]
                What was refused of late.
            SAVE
                Refused: users stand in the application's configuration.
            SETUSER <username> <rule> [<rule> ...]
                Make a user, or change what the user may do: by all of the rules, or none.
            USERS
                The names of all users.
            WHOAMI
                The name of the user of this connection.
            """);
    private static final String NO_FILE = "ERR This Redis instance is not configured to use an ACL file: solaster.store.users"
            + " has the users that are there from the start, and ACL SETUSER makes more until the process ends";
    private static final int MOST_BITS = 4096;
    private static final int DEFAULT_BITS = 256;
    private static final int LOG_ENTRIES = 10;
    /** Rules of one call. */
    private static final int MOST_RULES = 10_000;

    private AclCommands() {}

    public static void help(CommandCall call) {
        Help.answer(call, HELP);
    }

    private static Acl acl(CommandCall call) {
        return call.shard().parts().acl();
    }

    public static void noFile(CommandCall call) {
        call.reply().error(NO_FILE);
    }

    public static void whoami(CommandCall call) {
        call.reply().bulk(Latin.bytes(call.client().state().user().name()));
    }

    public static void users(CommandCall call) {
        List<User> users = List.copyOf(acl(call).all());
        call.reply().arrayHeader(users.size());
        users.forEach(user -> call.reply().bulk(Latin.bytes(user.name())));
    }

    public static void list(CommandCall call) {
        List<User> users = List.copyOf(acl(call).all());
        call.reply().arrayHeader(users.size());
        users.forEach(user -> call.reply()
                .bulk(Latin.bytes("user " + user.name() + " " + ConnectionCommands.rights(call, user).describe())));
    }

    public static void cat(CommandCall call) {
        if (call.count() > 3) {
            Help.refuse(call);
            return;
        }
        List<String> names = call.count() == 2
                ? acl(call).catalogue().categories()
                : acl(call).catalogue().commandsOf(call.text(2));
        if (names == null) {
            call.reply().error("ERR Unknown category '" + call.word(2, 128) + "'");
        } else {
            call.reply().arrayHeader(names.size());
            names.forEach(call.reply()::bulk);
        }
    }

    public static void genpass(CommandCall call) {
        long bits = DEFAULT_BITS;
        if (call.count() > 3) {
            Help.refuse(call);
            return;
        }
        if (call.count() == 3) {
            if (!call.isInteger(2)) {
                call.reply().error(Errors.NOT_INTEGER);
                return;
            }
            bits = call.integer();
        }
        if (bits <= 0 || bits > MOST_BITS) {
            call.reply().error("ERR ACL GENPASS argument must be the number of bits for the output password, a positive"
                    + " number up to " + MOST_BITS);
            return;
        }
        int digits = (int) (bits + 3) / 4;
        byte[] chance = new byte[(digits + 1) / 2];
        call.shard().shard().environment().secrets().nextBytes(chance);
        call.reply().bulk(HexFormat.of().formatHex(chance).substring(0, digits));
    }

    public static void getuser(CommandCall call) {
        User user = acl(call).find(call.text(2));
        ReplyWriter reply = call.reply();
        if (user == null) {
            reply.nullValue();
            return;
        }
        Rights rights = ConnectionCommands.rights(call, user);
        reply.mapHeader(6);
        reply.bulk("flags");
        reply.setHeader(rights.flags().size());
        rights.flags().forEach(reply::bulk);
        reply.bulk("passwords");
        reply.arrayHeader(rights.passwords().size());
        rights.passwords().forEach(reply::bulk);
        selector(reply, rights.selectors().getFirst());
        reply.bulk("selectors");
        reply.arrayHeader(rights.selectors().size() - 1);
        rights.selectors().stream().skip(1).forEach(selector -> {
            reply.mapHeader(3);
            selector(reply, selector);
        });
    }

    private static void selector(ReplyWriter reply, Selector selector) {
        reply.bulk("commands");
        reply.bulk(Latin.bytes(selector.commands()));
        reply.bulk("keys");
        reply.bulk(Latin.bytes(selector.keys()));
        reply.bulk("channels");
        reply.bulk(Latin.bytes(selector.channels()));
    }

    public static void setuser(CommandCall call) {
        String name = call.text(2);
        if (!Acl.isWord(name)) {
            call.reply().error("ERR Usernames can't contain spaces or null characters");
            return;
        }
        List<String> rules = new ArrayList<>();
        String problem = rules(call, rules);
        if (problem != null) {
            call.reply().error("ERR " + problem);
            return;
        }
        ServerSettings settings = call.client().settings();
        User user = acl(call).find(name);
        Rights before = user == null ? null : user.rights();
        Client self = call.client();
        Sharded<StoreShard> shards = call.shard().parts().sharded();
        call.later(shards.on(0, part -> set(part, settings, name, rules)).thenCompose(error -> user == null
                || before == null || !error.isEmpty() || user.rights().mayUseChannelsOf(before)
                        ? CompletableFuture.completedFuture(error)
                        : shards.onAll(part -> endSubscribers(part, user, self)).thenApply(done -> error)),
                (reply, error) -> {
                    if (error.isEmpty()) {
                        reply.ok();
                    } else {
                        reply.error("ERR " + error);
                    }
                });
    }

    /** Ends the connections of a user that have subscribed, since a channel may not be theirs any more. */
    private static boolean endSubscribers(StoreShard shard, User user, Client self) {
        for (Client client : shard.clients()) {
            if (client.id() != self.id() && client.state().user().equals(user) && client.state().isSubscribed()) {
                client.kill();
            }
        }
        return true;
    }

    /** Reads the rules, those of a selector as one; answers what is wrong, or null. */
    private static @Nullable String rules(CommandCall call, List<String> rules) {
        if (call.count() > MOST_RULES) {
            return "there may be at most " + MOST_RULES + " rules at once";
        }
        StringBuilder selector = null;
        String first = "";
        for (int i = 3; i < call.count(); i++) {
            String rule = call.text(i);
            if (selector != null) {
                selector.append(' ').append(rule);
            } else if (rule.startsWith("(") && !rule.endsWith(")")) {
                first = rule;
                selector = new StringBuilder(rule);
            } else {
                rules.add(rule);
            }
            if (selector != null && rule.endsWith(")")) {
                rules.add(selector.toString());
                selector = null;
            }
        }
        return selector == null ? null : "Unmatched parenthesis in acl selector starting at '" + first + "'.";
    }

    /** On shard 0; answers what is wrong, or nothing. */
    private static String set(StoreShard shard, ServerSettings settings, String name, List<String> rules) {
        try {
            shard.parts().acl().set(name, rules);
        } catch (BadRuleException e) {
            return e.reason();
        }
        if (name.equals(Acl.DEFAULT) && settings.password() != null
                && rules.stream().anyMatch(AclCommands::forgetsPasswords)) {
            settings.change(settings.config().withPassword(null));
        }
        return "";
    }

    private static boolean forgetsPasswords(String rule) {
        return switch (rule.toLowerCase(Locale.ROOT)) {
            case "nopass", "resetpass", "reset" -> true;
            default -> false;
        };
    }

    public static void deluser(CommandCall call) {
        List<String> names = new ArrayList<>();
        for (int i = 2; i < call.count(); i++) {
            names.add(call.text(i));
        }
        if (names.contains(Acl.DEFAULT)) {
            call.reply().error("ERR The 'default' user cannot be removed");
            return;
        }
        Client self = call.client();
        call.later(call.shard().parts().sharded()
                .on(0, part -> names.stream().filter(part.parts().acl()::remove).count())
                .thenCompose(removed -> call.shard().parts().sharded().onAll(part -> end(part, self))
                        .thenApply(done -> removed)),
                (reply, removed) -> {
                    if (self.state().user().isRemoved()) {
                        self.closeAfterReply();
                    }
                    reply.integer(removed);
                });
    }

    /** Ends the connections of users that are gone, but for the one that asks: it must be told first. */
    private static boolean end(StoreShard shard, Client self) {
        for (Client client : shard.clients()) {
            if (client.id() != self.id() && client.state().user().isRemoved()) {
                client.kill();
            }
        }
        return true;
    }

    public static void log(CommandCall call) {
        boolean reset = call.count() == 3 && call.is(2, "reset");
        if (call.count() > 3) {
            Help.refuse(call);
        } else if (reset) {
            call.later(call.shard().parts().sharded().onAll(part -> {
                ShardWatch.of(part).aclLog().clear();
                return true;
            }), (reply, done) -> reply.ok());
        } else if (call.count() == 3 && !call.isInteger(2)) {
            call.reply().error(Errors.NOT_INTEGER);
        } else {
            long most = Math.min(call.count() == 3 ? Math.max(0, call.integer()) : LOG_ENTRIES,
                    call.shard().parts().diagnostics().aclLogLength());
            long now = call.shard().now();
            call.later(call.shard().parts().sharded().onAll(part -> ShardWatch.of(part).aclLog().entries()),
                    (reply, entries) -> answer(reply, AclLog.merge(entries).stream().limit(most).toList(), now));
        }
    }

    private static void answer(ReplyWriter reply, List<AclLog.Entry> entries, long now) {
        reply.arrayHeader(entries.size());
        for (AclLog.Entry entry : entries) {
            reply.mapHeader(7);
            reply.bulk("count");
            reply.integer(entry.count());
            reply.bulk("reason");
            reply.bulk(entry.reason());
            reply.bulk("context");
            reply.bulk(entry.context());
            reply.bulk("object");
            reply.bulk(Latin.bytes(entry.object()));
            reply.bulk("username");
            reply.bulk(Latin.bytes(entry.user()));
            reply.bulk("age-seconds");
            reply.doubleValue((now - entry.at()) / 1000.0);
            reply.bulk("client-info");
            reply.bulk(Latin.bytes(entry.client()));
        }
    }

    public static void dryrun(CommandCall call) {
        User user = acl(call).find(call.text(2));
        if (user == null) {
            call.reply().error("ERR User '" + call.word(2, Integer.MAX_VALUE) + "' not found");
            return;
        }
        Command command = CommandCommands.commandAt(call, 3);
        if (command == null) {
            call.reply().error("ERR Command '" + call.word(3, Integer.MAX_VALUE) + "' not found");
        } else if (!command.arityFits(call.count() - 3)) {
            call.reply().error("ERR wrong number of arguments for '" + command.name() + "' command");
        } else {
            Denial denial = ShardWatch.of(call.shard()).permissions().check(user.rights(), command, call, 3);
            if (denial == null) {
                call.reply().ok();
            } else {
                call.reply().bulk(Latin.bytes("This user has no permissions to " + switch (denial.reason()) {
                    case COMMAND -> "run the '" + command.name() + "' command";
                    case KEY -> "access the '" + call.text(denial.argument()) + "' key";
                    case CHANNEL -> "access the '" + call.text(denial.argument()) + "' channel";
                }));
            }
        }
    }
}
