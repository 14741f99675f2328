package io.solaster.store.command.admin;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.acl.Acl;
import io.solaster.store.acl.Rights;
import io.solaster.store.acl.User;
import io.solaster.store.message.ClientSubscriptions;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.ClientState;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.watch.ShardWatch;
import org.jspecify.annotations.Nullable;

/** Commands about the connection itself. */
public final class ConnectionCommands {
    private static final String NO_PASSWORD = "ERR AUTH <password> called without any password configured for the default"
            + " user. Are you sure your configuration is correct?";
    private static final String HELLO_UNAUTHENTICATED = "NOAUTH HELLO must be called with the client already"
            + " authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the"
            + " client and select the RESP protocol version at the same time";

    private ConnectionCommands() {}

    public static void ping(CommandCall call) {
        if (call.count() > 2) {
            call.reply().error("ERR wrong number of arguments for 'ping' command");
        } else if (call.isOfSubscriber()) {
            call.reply().arrayHeader(2);
            call.reply().bulk("pong");
            if (call.count() == 2) {
                call.reply().bulk(call.address(1), call.length(1));
            } else {
                call.reply().bulk("");
            }
        } else if (call.count() == 2) {
            call.reply().bulk(call.address(1), call.length(1));
        } else {
            call.reply().pong();
        }
    }

    public static void echo(CommandCall call) {
        call.reply().bulk(call.address(1), call.length(1));
    }

    public static void quit(CommandCall call) {
        call.reply().ok();
        call.client().closeAfterReply();
    }

    public static void select(CommandCall call) {
        String wrong = Errors.ofDatabase(call, 1);
        if (wrong != null && call.shard().parts().ownership() != null && call.isInteger(1)) {
            wrong = "ERR SELECT is not allowed in cluster mode";
        }
        if (wrong == null) {
            call.select((int) call.integer());
            call.reply().ok();
        } else {
            call.reply().error(wrong);
        }
    }

    public static void auth(CommandCall call) {
        if (call.count() > 3) {
            call.reply().error(Errors.SYNTAX);
        } else if (call.count() == 2 && rights(call, call.shard().parts().acl().defaultUser()).takesAnyPassword()) {
            call.reply().error(NO_PASSWORD);
        } else if (logsIn(call, call.count() == 3 ? call.text(1) : Acl.DEFAULT, call.count() - 1)) {
            call.reply().ok();
        }
    }

    /** Whether a password is that of a user; else the error is answered, in a while. */
    private static boolean logsIn(CommandCall call, String name, int password) {
        User user = call.shard().parts().acl().find(name);
        if (user != null) {
            Rights rights = rights(call, user);
            if (rights.isEnabled() && rights.takes(call.bytes(password))) {
                call.client().login(user);
                return true;
            }
        }
        call.client().refuseLogin(name, Errors.WRONG_PASSWORD);
        return false;
    }

    /** What a user may do; the default one's password is that of the server, too. */
    static Rights rights(CommandCall call, User user) {
        String password = call.client().settings().password();
        return password == null || !user.name().equals(Acl.DEFAULT)
                ? user.rights()
                : user.rights().withPassword(password);
    }

    public static void hello(CommandCall call) {
        ReplyWriter reply = call.reply();
        Client client = call.client();
        long version = 0;
        if (call.count() >= 2) {
            if (!call.isInteger(1)) {
                reply.error("ERR Protocol version is not an integer or out of range");
                return;
            }
            version = call.integer();
            if (version != 2 && version != 3) {
                reply.error("NOPROTO unsupported protocol version");
                return;
            }
        }
        int user = 0;
        int name = 0;
        for (int i = 2; i < call.count(); i++) {
            if (call.is(i, "auth") && i + 2 < call.count()) {
                user = i + 1;
                i += 2;
            } else if (call.is(i, "setname") && i + 1 < call.count()) {
                name = ++i;
                String refusal = refusalOfName(call, i);
                if (refusal != null) {
                    reply.error(refusal);
                    return;
                }
            } else {
                reply.error("ERR Syntax error in HELLO option '" + call.word(i, Integer.MAX_VALUE) + "'");
                return;
            }
        }
        if (user != 0) {
            if (!logsIn(call, call.text(user), user + 1)) {
                return;
            }
        }
        if (!client.state().authenticated()) {
            reply.error(HELLO_UNAUTHENTICATED);
            return;
        }
        if (name != 0) {
            client.state().name(call.text(name));
        }
        if (version != 0) {
            client.state().resp3(version == 3);
            reply.resp3(version == 3);
        }
        reply.mapHeader(7);
        reply.bulk("server");
        reply.bulk("redis");
        reply.bulk("version");
        reply.bulk(Info.REDIS_VERSION);
        reply.bulk("proto");
        reply.integer(client.state().resp3() ? 3 : 2);
        reply.bulk("id");
        reply.integer(client.id());
        reply.bulk("mode");
        reply.bulk("standalone");
        reply.bulk("role");
        reply.bulk("master");
        reply.bulk("modules");
        reply.arrayHeader(0);
    }

    public static void reset(CommandCall call) {
        Client client = call.client();
        ShardWatch.of(call.shard()).monitors().remove(client);
        client.state().reset();
        ClientSubscriptions own = client.state().subscriptions();
        if (own != null) {
            own.removeAll(!call.isHeld());
        }
        client.multi().reset();
        call.select(0);
        client.logout();
        call.reply().resp3(false);
        call.reply().simple("RESET");
    }

    /** Why an argument may not be the name of a client; null if it may. */
    static @Nullable String refusalOfName(CommandCall call, int argument) {
        if (call.length(argument) > ClientState.LONGEST_NAME) {
            return "ERR Client names may have at most " + ClientState.LONGEST_NAME + " bytes, not "
                    + call.length(argument);
        }
        return isPrintable(call, argument) ? null : Errors.CLIENT_NAME;
    }

    /** Whether an argument may be part of a line of {@code CLIENT LIST}. */
    public static boolean isPrintable(CommandCall call, int argument) {
        for (byte b : call.bytes(argument)) {
            if (b < '!' || b > '~') {
                return false;
            }
        }
        return true;
    }
}
