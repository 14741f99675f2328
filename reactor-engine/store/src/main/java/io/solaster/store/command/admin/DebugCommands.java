package io.solaster.store.command.admin;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.solaster.engine.Slots;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.watch.ShardWatch;
import io.solaster.store.watch.SlowLog;
import org.jspecify.annotations.Nullable;

/** {@code DEBUG}: what tests need, where {@code solaster.store.debug} is on. */
public final class DebugCommands {
    private static final List<String> HELP = Help.of("DEBUG", """
            CHANGE-REPL-ID
                Accepted; there is no replication.
            ERROR <text>
                Answer an error.
            OBJECT <key>
                How the value of a key is kept.
            PROTOCOL <type>
                Answer a value of a type of the protocol.
            QUICKLIST-PACKED-THRESHOLD <bytes>
                Accepted; lists are packed as they are.
            SET-ACTIVE-EXPIRE (0|1)
                Whether keys that are due go by themselves, or when they are looked for.
            SLEEP <seconds>
                Answer after a while. Only this client waits.
            """);
    private static final String OFF = "ERR DEBUG command not allowed. Set solaster.store.debug to true, and start again";
    private static final double LONGEST_SLEEP = 3600;

    private DebugCommands() {}

    public static void debug(CommandCall call) {
        if (!call.shard().parts().debug()) {
            call.reply().error(OFF);
            return;
        }
        switch (call.text(1).toLowerCase(Locale.ROOT)) {
            case "help" -> Help.answer(call, HELP);
            case "sleep" -> sleep(call);
            case "set-active-expire" -> activeExpire(call);
            case "object" -> object(call);
            case "error" -> call.reply().error(call.count() == 3 ? call.text(2) : "ERR syntax error");
            case "protocol" -> protocol(call);
            case "change-repl-id", "quicklist-packed-threshold", "replybuffer", "stringmatch-len" -> call.reply().ok();
            default ->
                call.reply().error("ERR unknown subcommand or wrong number of arguments for '" + call.word(1, 128)
                        + "'. Try DEBUG HELP.");
        }
    }

    private static void sleep(CommandCall call) {
        double seconds;
        try {
            seconds = call.count() == 3 ? Double.parseDouble(call.text(2)) : -1;
        } catch (NumberFormatException e) {
            seconds = -1;
        }
        if (!(seconds >= 0 && seconds <= LONGEST_SLEEP)) {
            call.reply().error("ERR DEBUG SLEEP takes seconds, from 0 to " + (int) LONGEST_SLEEP);
            return;
        }
        long nanos = (long) (seconds * TimeUnit.SECONDS.toNanos(1));
        StoreShard shard = call.shard();
        List<byte[]> arguments = SlowLog.arguments(call);
        io.solaster.store.shard.Client client = call.client();
        CompletableFuture<@Nullable Void> over = new CompletableFuture<>();
        shard.shard().schedule(() -> over.complete(null), nanos, TimeUnit.NANOSECONDS);
        call.later(over, (reply, done) -> {
            ShardWatch.of(shard).slept(client, arguments, nanos);
            reply.ok();
        });
    }

    private static void activeExpire(CommandCall call) {
        if (call.count() != 3 || !call.isInteger(2)) {
            call.reply().error("ERR DEBUG SET-ACTIVE-EXPIRE takes 0 or 1");
            return;
        }
        boolean yes = call.integer() != 0;
        call.later(call.shard().parts().sharded().onAll(part -> {
            part.expiresByItself(yes);
            return true;
        }), (reply, done) -> reply.ok());
    }

    private static void object(CommandCall call) {
        if (call.count() != 3) {
            call.reply().error("ERR DEBUG OBJECT takes a key");
            return;
        }
        byte[] key = call.bytes(2);
        int database = call.database();
        int owner = Slots.shardOf(Slots.of(key), call.shard().parts().count());
        call.later(call.shard().parts().sharded().on(owner, part -> describe(part, database, key)), (reply, text) -> {
            if (text.isEmpty()) {
                reply.error("ERR no such key");
            } else {
                reply.simple(text);
            }
        });
    }

    private static String describe(StoreShard shard, int database, byte[] key) {
        Keyspace keys = shard.keyspace();
        keys.database(database);
        long copy = io.solaster.engine.memory.Memory.allocate(Math.max(1, key.length));
        try {
            io.solaster.engine.memory.Memory.copy(key, 0, copy, key.length);
            long entry = keys.peek(copy, key.length, shard.now());
            return entry == 0
                    ? ""
                    : "Value at:0x" + Long.toHexString(keys.valueAddress(entry)) + " refcount:1 encoding:"
                            + Encodings.of(shard.call(), entry) + " serializedlength:" + keys.bytes(entry) + " lru:0"
                            + " lru_seconds_idle:" + keys.idleSeconds(entry, shard.now());
        } finally {
            io.solaster.engine.memory.Memory.free(copy);
        }
    }

    private static void protocol(CommandCall call) {
        ReplyWriter reply = call.reply();
        switch (call.count() == 3 ? call.text(2).toLowerCase(Locale.ROOT) : "") {
            case "string" -> reply.bulk("Hello World");
            case "integer" -> reply.integer(12345);
            case "double" -> reply.doubleValue(3.141);
            case "null" -> reply.nullValue();
            case "array" -> {
                reply.arrayHeader(3);
                three(reply);
            }
            case "set" -> {
                reply.setHeader(3);
                three(reply);
            }
            case "map" -> {
                reply.mapHeader(3);
                for (int i = 0; i < 3; i++) {
                    reply.integer(i);
                    reply.bool(i == 1);
                }
            }
            case "true" -> reply.bool(true);
            case "false" -> reply.bool(false);
            case "bignum" -> reply.bigNumber("1234567999999999999999999999999999999");
            case "verbatim" -> reply.verbatim("txt", "This is a verbatim\nstring");
            default -> reply.error("ERR Wrong protocol type name. Please use one of the following:"
                    + " string|integer|double|null|array|set|map|verbatim|true|false|bignum");
        }
    }

    private static void three(ReplyWriter reply) {
        for (int i = 0; i < 3; i++) {
            reply.integer(i);
        }
    }
}
