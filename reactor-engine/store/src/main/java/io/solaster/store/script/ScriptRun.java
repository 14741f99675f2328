package io.solaster.store.script;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.Shard;
import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.acl.User;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Intent;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/**
 * One script under way on one shard: in one go, as nearly all are; or, where it takes longer than the quota of a turn, a piece in
 * each turn, with the slots of its keys held meanwhile, so that it is one step nevertheless. It then goes on until it ends,
 * whatever becomes of its client. Used again and again, on the owning shard.
 */
final class ScriptRun implements CommandCall.Unfinished {
    /** Slots that a script may come to use once it has left off, beside those before. */
    private static final int MOST_MORE = 1024;

    private final ShardScripts scripts;
    private final StoreShard shard;
    private final LuaState lua;
    /** Where its thread and, while it has left off, its tables are kept. */
    private int threadReference;
    private int keysReference;
    private int argumentsReference;
    private long thread;
    private long generation = -1;

    private @Nullable Compiled compiled;
    private @Nullable User user;
    private boolean readOnly;
    private boolean mayLeave;
    private boolean toldBusy;
    private int level;
    private @Nullable String problem;

    // What its commands are run with.
    private boolean resp3;
    private boolean outOfMemory;
    private boolean wrote;
    private long begun;
    private long stepBegun;
    private boolean leaving;
    private long now;

    // Once it has left off.
    private final Intent intent = new Intent(() -> {
        // It has its keys from the start.
    });
    /** What it has come to use then, each slot by itself. */
    private final List<Intent> more = new ArrayList<>();
    private int[] slots = new int[16];
    private int slotCount;
    private boolean left;
    private boolean done;
    private boolean dropped;
    private @Nullable ByteBuf reply;
    private boolean replyResp3;
    private @Nullable Runnable whenDone;

    ScriptRun(ShardScripts scripts, StoreShard shard, LuaState lua) {
        this.scripts = scripts;
        this.shard = shard;
        this.lua = lua;
    }

    /** Makes it ready for a script. */
    void prepare(Compiled toRun, CommandCall call, boolean onlyReads) {
        if (generation != lua.generation()) {
            generation = lua.generation();
            threadReference = lua.reference();
            keysReference = lua.reference();
            argumentsReference = lua.reference();
            thread = lua.newThread(threadReference);
        }
        Script script = toRun.script;
        boolean undeclared = script.has(Script.UNDECLARED);
        compiled = toRun;
        user = call.user();
        readOnly = onlyReads || script.has(Script.NO_WRITES);
        outOfMemory = !script.has(Script.ALLOW_OOM) && shard.isOutOfMemory();
        mayLeave = call.mayLeave() && scripts.mayLeave();
        now = call.now();
        begun = scripts.nanos();
        problem = null;
        resp3 = false;
        wrote = false;
        toldBusy = false;
        level = 0;
        slotCount = 0;
        left = false;
        done = false;
        dropped = false;
        if (onlyReads && !undeclared && !script.has(Script.NO_WRITES)) {
            problem = "ERR Can not execute a script with write flag using *_ro command.";
        } else if (outOfMemory && !undeclared && !readOnly) {
            problem = "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'";
        }
    }

    /** For whom it is run; null for code of this process. */
    @Nullable
    User user() {
        return user;
    }

    boolean isRefused() {
        return problem != null;
    }

    /** Runs it, and writes its reply; or leaves off. */
    void start(CommandCall call) {
        Lua.rawGet(thread, Lua.REGISTRY, compiled().reference);
        if (step(0)) {
            answer(call.reply(), thread);
            end();
        } else {
            leave(call);
        }
    }

    private Compiled compiled() {
        return Objects.requireNonNull(compiled);
    }

    /** Answers why it is not run. */
    void refuse(CommandCall call) {
        call.reply().error(Objects.requireNonNull(problem));
        end();
    }

    /** Goes on with it; whether it has ended. What it ended with lies on its stack. */
    private boolean step(int arguments) {
        scripts.current(this);
        try {
            stepBegun = scripts.nanos();
            leaving = false;
            int result = lua.resume(thread, arguments);
            if (result == Lua.YIELD && leaving) {
                return false;
            }
            if (result == Lua.YIELD && problem == null) {
                problem = "ERR attempt to yield across metamethod/C-call boundary";
            }
            if (result != 0) {
                if (problem == null) {
                    problem = problem(result);
                } else {
                    problem += where();
                }
                // What has failed is not to be resumed again.
                thread = lua.newThread(threadReference);
                lua.level(0);
            }
            return true;
        } finally {
            scripts.current(null);
        }
    }

    private void answer(ReplyWriter to, long from) {
        if (problem != null) {
            to.error(problem);
            return;
        }
        if (Lua.top(from) == 0) {
            to.nullValue();
        } else {
            Lua.top(from, 1);
            new LuaToReply(lua, to, resp3).write(from);
        }
        Lua.top(from, 0);
    }

    // ---- errors

    private String problem(int result) {
        if (result == Lua.ERROR_MEMORY) {
            return "ERR not enough memory" + where();
        }
        String text;
        if (Lua.type(thread, -1) == Lua.TABLE) {
            LuaState.pushName(thread, LuaState.ERR);
            Lua.rawGet(thread, -2);
            text = lua.text(thread, -1);
            Lua.pop(thread, 1);
        } else {
            text = "ERR " + plain();
        }
        return (text == null ? "ERR unknown error" : text) + where();
    }

    /** What {@code tostring} makes of the error. */
    private String plain() {
        String text = lua.text(thread, -1);
        if (text != null) {
            return text;
        }
        return switch (Lua.type(thread, -1)) {
            case Lua.NIL, Lua.NONE -> "nil";
            case Lua.BOOLEAN -> Lua.bool(thread, -1) != 0 ? "true" : "false";
            case Lua.FUNCTION -> "function";
            default -> "userdata";
        };
    }

    private String where() {
        String place = lua.place(thread);
        return place == null ? "" : " script: " + compiled().script.sha() + ", on " + place + ".";
    }

    /** Has it end with an error, as soon as may be. */
    void fail(String message) {
        if (problem == null) {
            problem = message;
        }
    }

    // ---- what its commands ask

    boolean hasFailed() {
        return problem != null;
    }

    boolean isReadOnly() {
        return readOnly;
    }

    boolean isResp3() {
        return resp3;
    }

    void resp3(boolean yes) {
        resp3 = yes;
    }

    boolean isOutOfMemory() {
        return outOfMemory && !wrote;
    }

    void writes() {
        wrote = true;
    }

    boolean hasWritten() {
        return wrote;
    }

    long now() {
        return now;
    }

    /** Nanoseconds since it began. */
    long took() {
        return scripts.nanos() - begun;
    }

    /** Notes a slot that it uses; whether it may. */
    boolean use(int slot) {
        for (int i = slotCount - 1; i >= 0 && i >= slotCount - 8; i--) {
            if (slots[i] == slot) {
                return true;
            }
        }
        if (!left) {
            add(slot);
            return shard.locks().isFree() || mayTake(slot);
        }
        for (int i = 0; i < slotCount; i++) {
            if (slots[i] == slot) {
                return true;
            }
        }
        return mayTake(slot) && extend(slot);
    }

    private void add(int slot) {
        if (slotCount == slots.length) {
            slots = Arrays.copyOf(slots, slotCount * 2);
        }
        slots[slotCount++] = slot;
    }

    private boolean mayTake(int slot) {
        Intent probe = scripts.probe();
        probe.begin(true);
        probe.slot(slot);
        return !shard.locks().isInTheWay(probe);
    }

    /** Takes one slot more, which nobody uses. */
    private boolean extend(int slot) {
        if (more.size() == MOST_MORE) {
            return false;
        }
        add(slot);
        Intent another = new Intent(() -> {
            // It has its key from the start.
        });
        another.begin(true);
        another.slot(slot);
        shard.locks().addInFront(another);
        more.add(another);
        return true;
    }

    private void hold() {
        intent.begin(true);
        for (int i = 0; i < slotCount; i++) {
            intent.slot(slots[i]);
        }
        shard.locks().addInFront(intent);
    }

    private void giveBack() {
        shard.locks().remove(intent);
        more.forEach(shard.locks()::remove);
        more.clear();
    }

    // ---- where it takes longer than a turn

    /** Has it leave off at the instruction where it is, if its turn is over and it may. */
    boolean leaves(long running) {
        leaving = mayLeave && Shard.needPreempt() && lua.mayYield(running);
        return leaving;
    }

    /** Nanoseconds since it has last gone on. */
    long stepTook() {
        return scripts.nanos() - stepBegun;
    }

    private void leave(CommandCall call) {
        left = true;
        replyResp3 = call.reply().resp3();
        lua.keepTables(keysReference, argumentsReference);
        level = lua.level();
        hold();
        scripts.left(this);
        call.leave(this);
        later();
    }

    private void later() {
        shard.shard().executeOrElse(this::goOn, () -> {
            // The shard has stopped, and its clients' connections with it.
        });
    }

    private void goOn() {
        if (done || scripts.isClosed()) {
            return;
        }
        if (!toldBusy && scripts.isTooLong(took())) {
            toldBusy = true;
            scripts.busy(1);
        }
        if (problem == null) {
            lua.restoreTables(keysReference, argumentsReference);
            lua.level(level);
            if (!step(0)) {
                level = lua.level();
                later();
                return;
            }
        } else {
            // It is not gone on with.
            problem += where();
            thread = lua.newThread(threadReference);
        }
        finish();
    }

    private void finish() {
        ByteBuf into = Unpooled.directBuffer(256);
        try {
            ReplyWriter writer = scripts.writer();
            writer.to(into);
            writer.resp3(replyResp3);
            answer(writer, thread);
            writer.finish();
            reply = into;
        } catch (Throwable failure) {
            into.release();
            reply = Unpooled.directBuffer(64).writeBytes("-ERR internal error\r\n".getBytes(
                    StandardCharsets.ISO_8859_1));
        }
        done = true;
        giveBack();
        lua.level(0);
        lua.forget(keysReference);
        lua.forget(argumentsReference);
        if (toldBusy) {
            scripts.busy(-1);
        }
        scripts.over(this);
        Runnable told = whenDone;
        if (told != null) {
            told.run();
        }
        if (dropped) {
            answered();
        }
    }

    private void answered() {
        ByteBuf written = reply;
        if (written != null) {
            written.release();
            reply = null;
        }
        whenDone = null;
        end();
    }

    private void end() {
        compiled = null;
        scripts.give(this);
    }

    // ---- for who waits for it

    @Override
    public boolean isDone() {
        return done;
    }

    @Override
    public void whenDone(Runnable told) {
        whenDone = told;
    }

    @Override
    public void answer(ReplyWriter to) {
        ByteBuf written = Objects.requireNonNull(reply);
        to.raw(Memory.address(written), written.readableBytes());
        answered();
    }

    @Override
    public void drop() {
        whenDone = null;
        if (done) {
            answered();
        } else {
            dropped = true;
        }
    }

    /** Whether {@code SCRIPT KILL} is for it. */
    boolean isBusy() {
        return toldBusy;
    }
}
