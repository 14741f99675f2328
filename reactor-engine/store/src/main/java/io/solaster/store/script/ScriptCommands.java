package io.solaster.store.script;

import java.util.List;
import java.util.Locale;
import java.util.function.Function;

import io.solaster.store.script.ShardScripts.Kill;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.Parts;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/** The commands that run scripts, and those about them. */
public final class ScriptCommands {
    private static final int COMMAND_KEYS = 2;
    private static final int FIRST_KEY = 3;

    private final Function<CommandCall, @Nullable Command> finder;

    /** @param finder finds what a script calls */
    public ScriptCommands(Function<CommandCall, @Nullable Command> finder) {
        this.finder = finder;
    }

    private ShardScripts scripts(StoreShard shard) {
        ShardScripts scripts = shard.family(ShardScripts.class, of -> new ShardScripts(of, cache(of.parts()), finder));
        if (scripts.isClosed()) {
            throw new IllegalStateException(
                    "no scripts are run on shard " + shard.shard().id() + ": the store is closed");
        }
        return scripts;
    }

    private static ScriptCache cache(Parts parts) {
        return parts.family(ScriptCache.class, ScriptCache::new);
    }

    public void eval(CommandCall call) {
        run(call, false, false);
    }

    public void evalRo(CommandCall call) {
        run(call, false, true);
    }

    public void evalsha(CommandCall call) {
        run(call, true, false);
    }

    public void evalshaRo(CommandCall call) {
        run(call, true, true);
    }

    private boolean isMissing(CommandCall call) {
        String missing = LuaLibrary.missing();
        if (missing != null) {
            call.reply().error("ERR scripts cannot be run: " + missing);
            return true;
        }
        return false;
    }

    private void run(CommandCall call, boolean named, boolean readOnly) {
        if (isMissing(call)) {
            return;
        }
        ShardScripts scripts = scripts(call.shard());
        if (named && call.length(1) != ShardScripts.SHA_LENGTH) {
            ShardScripts.answerNone(call);
            return;
        }
        if (!call.isInteger(COMMAND_KEYS)) {
            call.reply().error(Errors.NOT_INTEGER);
            return;
        }
        long keys = call.integer();
        if (keys > call.count() - FIRST_KEY) {
            call.reply().error("ERR Number of keys can't be greater than number of args");
            return;
        }
        if (keys < 0) {
            call.reply().error("ERR Number of keys can't be negative");
            return;
        }
        Compiled script = named ? scripts.named(call, 1) : scripts.text(call, 1, false);
        if (script != null) {
            scripts.run(script, call, (int) keys, readOnly);
        }
    }

    public void load(CommandCall call) {
        if (isMissing(call)) {
            return;
        }
        Compiled script = scripts(call.shard()).text(call, 2, true);
        if (script != null) {
            call.reply().bulk(script.script.sha());
        }
    }

    public void exists(CommandCall call) {
        ScriptCache cache = cache(call.shard().parts());
        call.reply().arrayHeader(call.count() - 2);
        for (int i = 2; i < call.count(); i++) {
            call.reply().integer(cache.get(call.text(i).toLowerCase(Locale.ROOT)) == null ? 0 : 1);
        }
    }

    public void flush(CommandCall call) {
        if (call.count() > 3 || call.count() == 3 && !call.is(2, "sync") && !call.is(2, "async")) {
            call.reply().error("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
            return;
        }
        cache(call.shard().parts()).flush();
        call.reply().ok();
    }

    private Kill kill(StoreShard shard) {
        // Where there is no Lua, no script runs.
        return LuaLibrary.missing() == null ? scripts(shard).kill() : Kill.NOTHING;
    }

    public void kill(CommandCall call) {
        call.later(call.shard().parts().sharded().onAll(this::kill), (reply, met) -> {
            List<Kill> all = met;
            if (all.contains(Kill.KILLED)) {
                reply.ok();
            } else if (all.contains(Kill.UNKILLABLE)) {
                reply.error(
                        "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either"
                                + " wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE"
                                + " command.");
            } else {
                reply.error("NOTBUSY No scripts in execution right now.");
            }
        });
    }

    public void debug(CommandCall call) {
        call.reply().error("ERR scripts are not debugged here: SCRIPT DEBUG is not supported");
    }

    /** How many scripts are remembered. Any thread. */
    public static int cached(Parts parts) {
        return cache(parts).count();
    }

    /** Bytes that the texts of scripts take, about. Any thread. */
    public static long cachedBytes(Parts parts) {
        return cache(parts).bytes();
    }

    /** Bytes that code and values of scripts take on all shards, about. Any thread. */
    public static long memory(Parts parts) {
        return cache(parts).memory();
    }
}
