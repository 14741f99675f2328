package io.solaster.store.script;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.multi.CommandList;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Intent;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/** The scripts of one shard: what it has compiled, its state of Lua, and those that are under way. On that shard. */
final class ShardScripts implements AutoCloseable, LuaState.Watch {
    /** What code and values of scripts may take on a shard. */
    static final long MEMORY = 32 << 20;
    /** A state that takes more when a script has ended is made anew. */
    private static final long MOST_KEPT = 8 << 20;
    private static final int RELEASED = 1 << 20;
    /** By so much the memory has to change to be told of. */
    private static final int TOLD = 16 << 10;
    private static final int RECENT = 256;
    static final int SHA_LENGTH = 40;
    /** So many scripts at most are under way on a shard, each in its thread; those that come then hold the shard until they end. */
    private static final int MOST_LEFT = 1000;
    private static final int IDLE = 4;
    private static final String NO_SCRIPT = "NOSCRIPT No matching script. Please use EVAL.";
    private static final String CROSS_SLOT = "CROSSSLOT Keys in request don't hash to the same slot";
    private static final String TOO_MANY = "ERR the script cache is full: more than " + ScriptCache.MOST
            + " scripts, or "
            + (ScriptCache.MOST_BYTES >> 20) + " MiB of them, were loaded; SCRIPT FLUSH empties it";

    private final StoreShard shard;
    private final ScriptCache cache;
    private final LuaState lua;
    private final LuaCommands commands;
    /** No more than the cache has, in number and in size. */
    private final Map<String, Compiled> compiled = new HashMap<>();
    private long compiledBytes;
    private final @Nullable Compiled[] byName = new Compiled[RECENT];
    private final @Nullable Compiled[] byText = new Compiled[RECENT];
    private final ArrayDeque<ScriptRun> idle = new ArrayDeque<>();
    private final List<ScriptRun> left = new ArrayList<>();
    private final Intent probe = new Intent(() -> {
        // Never queued.
    });
    private final ReplyWriter writer = new ReplyWriter();
    private @Nullable ScriptRun current;
    private long flushes;
    private long told;
    private boolean closed;

    ShardScripts(StoreShard shard, ScriptCache cache, Function<CommandCall, @Nullable Command> finder) {
        this.shard = shard;
        this.cache = cache;
        this.commands = new LuaCommands(this, shard, finder);
        this.lua = new LuaState(shard.shard().memory().system("scripts"), MEMORY, commands.libraries(), this);
        this.commands.lua(lua);
    }

    long nanos() {
        return shard.shard().environment().clock().nanoTime();
    }

    ReplyWriter writer() {
        return writer;
    }

    Intent probe() {
        return probe;
    }

    // ---- finding a script

    /** The script whose name is an argument; null, and the error is answered, if there is none. */
    @Nullable
    Compiled named(CommandCall call, int argument) {
        forgetFlushed();
        if (call.length(argument) == SHA_LENGTH) {
            long address = call.address(argument);
            int place = place(Memory.getLong(address));
            Compiled recent = byName[place];
            if (recent != null && recent.isNamed(address)) {
                return ready(recent, call);
            }
            String sha = call.text(argument).toLowerCase(Locale.ROOT);
            Compiled known = compiled.get(sha);
            if (known == null) {
                Script script = cache.get(sha);
                known = script == null ? null : compiled(script);
            }
            if (known != null) {
                byName[place] = known;
                return ready(known, call);
            }
        }
        answerNone(call);
        return null;
    }

    static void answerNone(CommandCall call) {
        call.reply().error(NO_SCRIPT);
    }

    /** The script that an argument is; null, and the error is answered, if it is none. */
    @Nullable
    Compiled text(CommandCall call, int argument, boolean loaded) {
        forgetFlushed();
        long address = call.address(argument);
        int length = call.length(argument);
        int place = place(length < Long.BYTES
                ? length
                : Memory.getLong(address) * 31 + Memory.getLong(address + (length >>> 1 & -8) / 2) * 31
                        + Memory.getLong(address + length - Long.BYTES) + length);
        Compiled recent = byText[place];
        if (recent != null && recent.isText(address, length) && !loaded) {
            return ready(recent, call);
        }
        if (length > MEMORY / 8) {
            call.reply().error("ERR a script may have at most " + MEMORY / 8 + " bytes");
            return null;
        }
        byte[] text = call.bytes(argument);
        String sha = Script.sha(text);
        Compiled known = compiled.get(sha);
        try {
            if (known == null) {
                Script script = cache.get(sha);
                known = compiled(script == null ? Script.of(sha, text) : script);
            }
        } catch (Script.Malformed malformed) {
            call.reply().error(String.valueOf(malformed.getMessage()));
            return null;
        }
        if (ready(known, call) == null) {
            forget(known);
            return null;
        }
        if (!cache.add(known.script, loaded)) {
            forget(known);
            call.reply().error(TOO_MANY);
            return null;
        }
        byText[place] = known;
        return known;
    }

    private Compiled compiled(Script script) {
        if (compiled.size() >= ScriptCache.MOST || compiledBytes + script.text().length > ScriptCache.MOST_BYTES) {
            forgetAll();
        }
        Compiled made = new Compiled(script);
        compiled.put(script.sha(), made);
        compiledBytes += script.text().length;
        return made;
    }

    private void forget(Compiled script) {
        if (compiled.remove(script.script.sha()) != null) {
            compiledBytes -= script.script.text().length;
        }
    }

    /** Scripts that are needed again are compiled again. */
    private void forgetAll() {
        compiled.clear();
        compiledBytes = 0;
        Arrays.fill(byName, null);
        Arrays.fill(byText, null);
        renewIfIdle();
    }

    private static int place(long word) {
        return (int) (word * 0x9E3779B97F4A7C15L >>> 56);
    }

    /** Compiles it, unless that is done already; null, and the error is answered, where it is wrong. */
    private @Nullable Compiled ready(Compiled script, CommandCall call) {
        lua.main();
        if (script.generation == lua.generation()) {
            return script;
        }
        if (lua.heap().used() > MOST_KEPT) {
            // Scripts that are compiled and not run would fill it.
            renewIfIdle();
            lua.main();
        }
        int reference = lua.reference();
        String problem = lua.compile(script.script.text(), script.script.body(), reference);
        if (problem != null) {
            lua.release(reference);
            call.reply().error("ERR Error compiling script (new function): " + problem);
            return null;
        }
        script.reference = reference;
        script.generation = lua.generation();
        return script;
    }

    private void forgetFlushed() {
        if (flushes != cache.flushes()) {
            flushes = cache.flushes();
            forgetAll();
        }
    }

    // ---- running it

    /** Runs a script, which is answered now or later. */
    void run(Compiled script, CommandCall call, int keys, boolean readOnly) {
        long bytes = 0;
        for (int i = 3; i < call.count(); i++) {
            bytes += call.length(i) + 64L;
        }
        if (!lua.heap().hasRoom(bytes)) {
            renewIfIdle();
            if (ready(script, call) == null) {
                return;
            }
            if (!lua.heap().hasRoom(bytes)) {
                call.reply().error("ERR not enough memory for the arguments of the script: " + bytes + " bytes, of "
                        + MEMORY + " for scripts on a shard");
                return;
            }
        }
        ScriptRun run = idle.poll();
        if (run == null) {
            run = new ScriptRun(this, shard, lua);
            shard.holds(run);
        }
        run.prepare(script, call, readOnly);
        if (run.isRefused()) {
            run.refuse(call);
            return;
        }
        tables(call, keys);
        if (call.heldKeys() != null && call.mayLeave()) {
            run.startWithin(call, keys);
        } else if (isOverShards(call, keys)) {
            if (call.mayLeave() && mayLeave()) {
                run.startOverShards(call, keys);
            } else {
                call.reply().error(CROSS_SLOT);
                give(run);
            }
        } else {
            run.start(call, keys);
        }
    }

    /** Sets what scripts know as KEYS and ARGV. */
    void tables(CommandCall call, int keys) {
        lua.beginKeys(keys);
        for (int i = 0; i < keys; i++) {
            lua.element(i + 1, call.address(3 + i), call.length(3 + i));
        }
        lua.end();
        int arguments = call.count() - 3 - keys;
        lua.beginArguments(arguments);
        for (int i = 0; i < arguments; i++) {
            lua.element(i + 1, call.address(3 + keys + i), call.length(3 + keys + i));
        }
        lua.end();
    }

    private boolean isOverShards(CommandCall call, int keys) {
        int shards = shard.parts().count();
        if (shards > 1) {
            for (int i = 3; i < 3 + keys; i++) {
                if (Slots.shardOf(Slots.of(call.address(i), call.length(i)), shards) != shard.shard().id()) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Pushes what a reply becomes; whether that is an error. */
    boolean pushReply(long thread, ByteBuf reply) {
        return commands.pushReply(thread, Memory.address(reply), reply.readableBytes());
    }

    void pushError(long thread, String problem) {
        commands.pushError(thread, problem);
    }

    /** Pushes a reply that a script has waited for; whether that is an error. */
    boolean pushLate(ScriptRun run, long thread, LaterReply<?> reply) {
        return commands.pushAnswer(run, thread, reply);
    }

    /** Runs a command that has waited for room, and pushes what its reply becomes; whether that is an error. */
    boolean pushCalled(ScriptRun run, long thread, CommandList list) {
        return commands.pushCalled(run, thread, list);
    }

    /** Pushes what a command has answered that took several turns; whether that is an error. */
    boolean pushRest(ScriptRun run, long thread, CommandCall.Unfinished rest, boolean failed) {
        return commands.pushRest(run, thread, rest, failed);
    }

    void current(@Nullable ScriptRun run) {
        current = run;
    }

    @Nullable
    ScriptRun current() {
        return current;
    }

    /** A script has ended, and nobody asks for its reply any more. */
    void give(ScriptRun run) {
        if (idle.size() < IDLE && !closed) {
            idle.push(run);
        } else {
            run.close();
        }
        if (closed) {
            return;
        }
        if (lua.heap().used() > MOST_KEPT || lua.heap().isRefused()) {
            renewIfIdle();
        }
        long used = lua.heap().used();
        if (Math.abs(used - told) >= TOLD) {
            told = used;
            cache.memory(shard.shard().id(), used);
        }
    }

    private void renewIfIdle() {
        if (left.isEmpty() && current == null) {
            renew();
        }
    }

    /** Begins with an empty state: what scripts have left there goes at once, and its memory a piece in each turn. */
    private void renew() {
        lua.drop();
        release();
    }

    private void release() {
        if (!closed && lua.heap().release(RELEASED)) {
            shard.shard().execute(shard.parts().engine().groups().maintenance(), this::release);
        }
    }

    // ---- scripts that take long

    boolean mayLeave() {
        return left.size() < MOST_LEFT;
    }

    void left(ScriptRun run) {
        left.add(run);
    }

    void over(ScriptRun run) {
        left.remove(run);
    }

    boolean isClosed() {
        return closed;
    }

    boolean isTooLong(long nanos) {
        long limit = shard.parts().diagnostics().busyMillis();
        return limit > 0 && nanos > limit * 1_000_000;
    }

    void busy(int more) {
        shard.parts().busy(more);
    }

    /** Some more instructions of a script are done. */
    @Override
    public void hook(long thread) {
        ScriptRun run = current;
        if (run == null) {
            return;
        }
        if (lua.heap().isRefused()) {
            run.fail(ScriptRun.NO_MEMORY);
        }
        if (run.hasFailed()) {
            lua.stop(thread);
        } else if (run.isLeaving()) {
            // A thread further in has left off, and this one is about to.
            return;
        } else if (run.leaves(thread)) {
            int ignored = Lua.leave(thread, 0);
        } else if (isTooLong(run.stepTook())) {
            run.fail("ERR script stopped after " + shard.parts().diagnostics().busyMillis()
                    + " ms at a place where it cannot let others go on: within MULTI, a metamethod, an iterator, or a"
                    + " function that sorts or replaces");
            lua.stop(thread);
        }
    }

    /** What {@code SCRIPT KILL} met on a shard. */
    enum Kill {
        NOTHING, KILLED, UNKILLABLE
    }

    /** Ends the scripts that have run for too long, unless they have written. */
    Kill kill() {
        Kill met = Kill.NOTHING;
        for (ScriptRun run : left) {
            if (run.isBusy()) {
                if (run.hasWritten()) {
                    met = met == Kill.KILLED ? met : Kill.UNKILLABLE;
                } else {
                    run.fail("ERR Script killed by user with SCRIPT KILL...");
                    met = Kill.KILLED;
                }
            }
        }
        return met;
    }

    @Override
    public void close() {
        closed = true;
        idle.forEach(ScriptRun::close);
        idle.clear();
        // Those that are under way run no more. What they have sent to other shards comes to its end, and they are closed then.
        commands.close();
        lua.close();
    }
}
