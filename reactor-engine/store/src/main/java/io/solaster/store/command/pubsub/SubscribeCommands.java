package io.solaster.store.command.pubsub;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.message.ClientSubscriptions;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.Glob;
import io.solaster.streams.subscribe.NamePattern;
import io.solaster.streams.subscribe.Subscriptions;
import io.solaster.streams.subscribe.name.NameTable;
import org.jspecify.annotations.Nullable;

/** {@code SUBSCRIBE} and its like: each name is answered with a message of its own. On the client's shard. */
public final class SubscribeCommands {
    private SubscribeCommands() {}

    public static void subscribe(CommandCall call) {
        subscribe(call, Subscriptions.CHANNEL, "subscribe");
    }

    public static void psubscribe(CommandCall call) {
        subscribe(call, Subscriptions.PATTERN, "psubscribe");
    }

    public static void ssubscribe(CommandCall call) {
        subscribe(call, Subscriptions.SHARD_CHANNEL, "ssubscribe");
    }

    public static void unsubscribe(CommandCall call) {
        unsubscribe(call, Subscriptions.CHANNEL, "unsubscribe");
    }

    public static void punsubscribe(CommandCall call) {
        unsubscribe(call, Subscriptions.PATTERN, "punsubscribe");
    }

    public static void sunsubscribe(CommandCall call) {
        unsubscribe(call, Subscriptions.SHARD_CHANNEL, "sunsubscribe");
    }

    private static void subscribe(CommandCall call, int kind, String word) {
        ClientSubscriptions own = call.client().state().subscriptions(call.client(), call.shard());
        String refusal = refusal(call, kind, own);
        if (refusal != null) {
            call.reply().error(refusal);
            return;
        }
        for (int i = 1; i < call.count(); i++) {
            own.add(kind, call.address(i), call.length(i),
                    kind == Subscriptions.PATTERN ? pattern(call, i, own) : null);
            begin(call.reply(), word);
            call.reply().bulk(call.address(i), call.length(i));
            call.reply().integer(count(own, kind));
        }
        own.settle(!call.isHeld());
    }

    /** Before anything is subscribed to: all of it, or nothing. */
    private static @Nullable String refusal(CommandCall call, int kind, ClientSubscriptions own) {
        long bytes = 0;
        for (int i = 1; i < call.count(); i++) {
            bytes += call.length(i);
            if (kind == Subscriptions.PATTERN) {
                if (call.length(i) > Glob.LONGEST) {
                    return Errors.PATTERN_TOO_LONG;
                }
                bytes += Glob.bytes(call.length(i));
            }
        }
        return own.refusal(call.count() - 1, bytes);
    }

    private static NamePattern pattern(CommandCall call, int argument, ClientSubscriptions own) {
        NamePattern known = own.known(call.address(argument), call.length(argument));
        return known != null ? known : new GlobPattern(call.bytes(argument));
    }

    private static void unsubscribe(CommandCall call, int kind, String word) {
        ClientSubscriptions own = call.client().state().subscriptions(call.client(), call.shard());
        ReplyWriter reply = call.reply();
        if (call.count() == 1) {
            unsubscribeAll(call, kind, word, own);
        }
        for (int i = 1; i < call.count(); i++) {
            own.remove(kind, call.address(i), call.length(i));
            begin(reply, word);
            reply.bulk(call.address(i), call.length(i));
            reply.integer(count(own, kind));
        }
        own.settle(!call.isHeld());
    }

    private static void unsubscribeAll(CommandCall call, int kind, String word, ClientSubscriptions own) {
        ReplyWriter reply = call.reply();
        NameTable names = own.names();
        if (own.count(kind) == 0) {
            begin(reply, word);
            reply.nullValue();
            reply.integer(count(own, kind));
        }
        for (int id = own.first(kind); id != NameTable.NONE; id = own.first(kind)) {
            begin(reply, word);
            reply.bulk(names.address(id), names.length(id));
            own.remove(kind, names.address(id), names.length(id));
            reply.integer(count(own, kind));
        }
    }

    private static void begin(ReplyWriter reply, String word) {
        reply.pushHeader(3);
        reply.bulk(word);
    }

    private static int count(ClientSubscriptions own, int kind) {
        return kind == Subscriptions.SHARD_CHANNEL ? own.count(kind) : own.channelsAndPatterns();
    }
}
