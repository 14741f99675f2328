package io.solaster.store.command.admin;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.ClientState;
import io.solaster.store.shard.ClientState.Replies;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.watch.ClientInfo;
import io.solaster.store.watch.ShardWatch;
import org.jspecify.annotations.Nullable;

/** {@code CLIENT} and its subcommands. */
public final class ClientCommands {
    private static final List<String> HELP = Help.of("CLIENT", """
            CACHING (YES|NO)
                Whether keys are tracked that the next command reads, after TRACKING ON with OPTIN or OPTOUT.
            GETNAME
                The name that this connection was given.
            GETREDIR
                Which connection is told of keys that this one has read.
            ID
                The number of this connection.
            INFO
                What LIST says of this connection.
            KILL <ip:port>
                Close the connection from there.
            KILL <option> <value> [<option> <value> [...]]
                Close all connections that fit every option, and say how many:
                * ADDR <ip:port>: where they come from
                * LADDR <ip:port>: where they were accepted
                * ID <client-id>
                * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)
                * USER <username>
                * MAXAGE <seconds>: which were made that long ago
                * SKIPME (YES|NO): whether to spare this connection (default: yes)
            LIST [TYPE <type> | ID <client-id> [<client-id> ...]]
                One line for each connection, or for those that fit.
            NO-EVICT (ON|OFF)
                Accepted; connections are never closed for the memory they take.
            PAUSE <milliseconds> [WRITE|ALL]
                Let the commands of all clients wait for so long, or those that write.
            REPLY (ON|OFF|SKIP)
                Answer all commands, none, or all but the next.
            SETINFO (LIB-NAME|LIB-VER) <value>
                Say by which library this connection is used.
            SETNAME <name>
                Give this connection a name.
            TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]] [OPTIN] [OPTOUT] [NOLOOP]
                Tell this connection of changes of keys that it has read.
            TRACKINGINFO
                How this connection tracks keys.
            UNBLOCK <client-id> [TIMEOUT|ERROR]
                Have a connection wait no more that a command has blocked.
            UNPAUSE
                Let the commands that wait go on.
            """);
    private static final Set<String> TYPES = Set.of("normal", "master", "slave", "replica", "pubsub");

    private ClientCommands() {}

    public static void help(CommandCall call) {
        Help.answer(call, HELP);
    }

    public static void id(CommandCall call) {
        call.reply().integer(call.client().id());
    }

    public static void getname(CommandCall call) {
        String name = call.client().state().name();
        if (name.isEmpty()) {
            call.reply().nullValue();
        } else {
            call.reply().bulk(name);
        }
    }

    public static void setname(CommandCall call) {
        String refusal = ConnectionCommands.refusalOfName(call, 2);
        if (refusal == null) {
            call.client().state().name(call.text(2));
            call.reply().ok();
        } else {
            call.reply().error(refusal);
        }
    }

    public static void setinfo(CommandCall call) {
        boolean isName = call.is(2, "lib-name");
        if (!isName && !call.is(2, "lib-ver")) {
            call.reply().error("ERR Unrecognized option '" + call.word(2, Integer.MAX_VALUE) + "'");
        } else if (call.length(3) > ClientState.LONGEST_NAME) {
            call.reply().error("ERR " + (isName ? "lib-name" : "lib-ver") + " may have at most "
                    + ClientState.LONGEST_NAME + " bytes, not " + call.length(3));
        } else if (!ConnectionCommands.isPrintable(call, 3)) {
            call.reply().error("ERR " + (isName ? "lib-name" : "lib-ver")
                    + " cannot contain spaces, newlines or special characters.");
        } else {
            ClientState state = call.client().state();
            if (isName) {
                state.libraryName(call.text(3));
            } else {
                state.libraryVersion(call.text(3));
            }
            call.reply().ok();
        }
    }

    public static void noEvict(CommandCall call) {
        if (call.is(2, "on") || call.is(2, "off")) {
            call.client().state().noEvict(call.is(2, "on"));
            call.reply().ok();
        } else {
            call.reply().error(Errors.SYNTAX);
        }
    }

    public static void reply(CommandCall call) {
        ClientState state = call.client().state();
        if (call.is(2, "on")) {
            state.replies(Replies.ALL);
            call.reply().ok();
        } else if (call.is(2, "off")) {
            state.replies(Replies.NONE);
        } else if (!call.is(2, "skip")) {
            call.reply().error(Errors.SYNTAX);
        } else if (state.replies() != Replies.NONE) {
            state.replies(Replies.NOT_NEXT);
        }
    }

    /** Of all shards. A pause that is on lasts until the later end of both. */
    public static void pause(CommandCall call) {
        boolean all = call.count() == 3 || call.is(3, "all");
        if (call.count() > 4) {
            Help.refuse(call);
        } else if (!all && !call.is(3, "write")) {
            call.reply().error("ERR CLIENT PAUSE mode must be WRITE or ALL");
        } else if (!call.isInteger(2)) {
            call.reply().error("ERR timeout is not an integer or out of range");
        } else if (call.integer() < 0) {
            call.reply().error("ERR timeout is negative");
        } else {
            long millis = call.integer();
            call.later(call.shard().parts().sharded().onAll(part -> {
                ShardWatch.of(part).pause().begin(all, millis);
                return true;
            }), (reply, done) -> reply.ok());
        }
    }

    public static void unpause(CommandCall call) {
        call.later(call.shard().parts().sharded().onAll(part -> {
            ShardWatch.of(part).pause().end();
            return true;
        }), (reply, done) -> reply.ok());
    }

    public static void info(CommandCall call) {
        call.reply().verbatim("txt", ClientInfo.line(call.client(), call.shard().now()) + "\n");
    }

    public static void list(CommandCall call) {
        Set<Long> ids = new HashSet<>();
        String type = "";
        if (call.count() == 4 && call.is(2, "type")) {
            type = type(call, 3);
            if (type == null) {
                return;
            }
        } else if (call.count() > 3 && call.is(2, "id")) {
            for (int i = 3; i < call.count(); i++) {
                if (!call.isInteger(i)) {
                    call.reply().error("ERR Invalid client ID");
                    return;
                }
                ids.add(call.integer());
            }
        } else if (call.count() != 2) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        String ofType = type;
        Predicate<Client> wanted = client -> (ids.isEmpty() || ids.contains(client.id()))
                && (ofType.isEmpty() || ofType.equals(ClientInfo.type(client)));
        call.later(call.shard().parts().sharded().onAll(part -> lines(part, wanted)), (reply, lines) -> {
            List<Line> all = new ArrayList<>();
            lines.forEach(all::addAll);
            all.sort(Comparator.comparingLong(Line::id));
            StringBuilder text = new StringBuilder();
            all.forEach(line -> text.append(line.text()).append('\n'));
            reply.verbatim("txt", text.toString());
        });
    }

    /** Reads the type of a client; null after having answered an error. */
    private static @Nullable String type(CommandCall call, int argument) {
        for (String type : TYPES) {
            if (call.is(argument, type)) {
                return type;
            }
        }
        call.reply().error("ERR Unknown client type '" + call.word(argument, Integer.MAX_VALUE) + "'");
        return null;
    }

    public static void unblock(CommandCall call) {
        boolean withError = call.count() == 4 && call.is(3, "error");
        if (call.count() > 4) {
            call.reply().error("ERR unknown subcommand or wrong number of arguments for '" + call.word(1, 128)
                    + "'. Try CLIENT HELP.");
        } else if (call.count() == 4 && !withError && !call.is(3, "timeout")) {
            call.reply().error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
        } else if (!call.isInteger(2)) {
            call.reply().error(Errors.NOT_INTEGER);
        } else {
            long id = call.integer();
            int shard = (int) Math.floorMod(id, (long) call.shard().parts().count());
            call.later(call.shard().parts().sharded().on(shard, part -> {
                Client blocked = part.client(id);
                return blocked == null ? CompletableFuture.completedStage(false) : blocked.unblock(withError);
            }).thenCompose(waited -> waited), (reply, was) -> reply.integer(was ? 1 : 0));
        }
    }

    private record Line(long id, String text) {}

    private static List<Line> lines(StoreShard shard, Predicate<Client> wanted) {
        List<Line> lines = new ArrayList<>();
        for (Client client : shard.clients()) {
            if (wanted.test(client)) {
                lines.add(new Line(client.id(), ClientInfo.line(client, shard.now())));
            }
        }
        return lines;
    }

    public static void kill(CommandCall call) {
        boolean old = call.count() == 3;
        Victims victims = new Victims();
        if (old) {
            victims.address = call.text(2);
            victims.skip = 0;
        } else if (!read(call, victims)) {
            return;
        }
        Client self = call.client();
        call.later(call.shard().parts().sharded().onAll(part -> kill(part, victims, self)), (reply, killed) -> {
            long count = killed.stream().mapToLong(Integer::longValue).sum();
            if (victims.match(self)) {
                count++;
                self.closeAfterReply();
            }
            answerKilled(reply, old, count);
        });
    }

    private static void answerKilled(ReplyWriter reply, boolean old, long count) {
        if (!old) {
            reply.integer(count);
        } else if (count == 0) {
            reply.error("ERR No such client");
        } else {
            reply.ok();
        }
    }

    /** Kills all that match, but for the client that asks: it must be told first. */
    private static int kill(StoreShard shard, Victims victims, Client self) {
        int killed = 0;
        for (Client client : shard.clients()) {
            if (client.id() != self.id() && victims.match(client)) {
                client.kill();
                killed++;
            }
        }
        return killed;
    }

    private static boolean read(CommandCall call, Victims victims) {
        victims.skip = call.client().id();
        for (int i = 2; i < call.count(); i += 2) {
            int value = i + 1;
            if (value == call.count()) {
                call.reply().error(Errors.SYNTAX);
                return false;
            }
            if (call.is(i, "id")) {
                if (!call.isInteger(value) || call.integer() < 1) {
                    call.reply().error("ERR client-id should be greater than 0");
                    return false;
                }
                victims.id = call.integer();
            } else if (call.is(i, "type")) {
                String type = type(call, value);
                if (type == null) {
                    return false;
                }
                victims.type = type;
            } else if (call.is(i, "addr")) {
                victims.address = call.text(value);
            } else if (call.is(i, "laddr")) {
                victims.localAddress = call.text(value);
            } else if (call.is(i, "user")) {
                victims.user = call.text(value);
                if (call.shard().parts().acl().find(victims.user) == null) {
                    call.reply().error("ERR No such user '" + call.word(value, Integer.MAX_VALUE) + "'");
                    return false;
                }
            } else if (call.is(i, "maxage")) {
                if (!call.isInteger(value) || call.integer() < 1) {
                    call.reply().error("ERR maxage is not an integer or out of range");
                    return false;
                }
                victims.connectedBefore = call.shard().now() - call.integer() * 1000;
            } else if (call.is(i, "skipme") && (call.is(value, "yes") || call.is(value, "no"))) {
                victims.skip = call.is(value, "yes") ? call.client().id() : 0;
            } else {
                call.reply().error(Errors.SYNTAX);
                return false;
            }
        }
        return true;
    }

    /** Which clients to kill; filled by the shard that was asked, then read by all. */
    private static final class Victims {
        private long id;
        private long skip;
        private @Nullable String type;
        private @Nullable String address;
        private @Nullable String localAddress;
        private @Nullable String user;
        private long connectedBefore = Long.MAX_VALUE;

        boolean match(Client client) {
            return (type == null || type.equals(ClientInfo.type(client)))
                    && (id == 0 || client.id() == id)
                    && client.id() != skip
                    && (user == null || client.state().user().name().equals(user))
                    && client.state().connectedAt() <= connectedBefore
                    && (address == null || address.equals(ClientInfo.remote(client)))
                    && (localAddress == null || localAddress.equals(ClientInfo.local(client)));
        }
    }
}
