package io.solaster.store.script;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.ShardStoppedException;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.acl.User;
import io.solaster.store.multi.CommandList;
import io.solaster.store.multi.CommandSequence;
import io.solaster.store.persist.Journal;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Intent;
import io.solaster.store.shard.KeyHold;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/**
 * One script under way on one shard: in one go, as nearly all are; or, where it takes longer than the quota of a turn, a piece in
 * each turn, with the slots of its keys held meanwhile, so that it is one step nevertheless. It then goes on until it ends,
 * whatever becomes of its client. Used again and again, on the owning shard.
 *
 * <p>
 * Longer than 500 lines because what a script waits for, and what it has until then, is one state.
 */
final class ScriptRun implements CommandCall.Unfinished, CommandSequence.Waiter, AutoCloseable {
    /** Slots that a script may come to use once it has left off, beside those before. */
    private static final int MOST_MORE = 1024;
    private static final int FIRST_KEY = 3;
    private static final String TOO_LONG = "ERR the reply of the script is too long: more than "
            + LuaToReply.MOST_VALUES + " values, or " + (ShardScripts.MEMORY >> 20) + " MiB";
    static final String NO_MEMORY = "ERR not enough memory";
    private static final String UNKEPT = "-MISCONF Errors writing to the AOF file\r\n";

    /** What it waits for. */
    private enum Wait {
        NOTHING, TURN, KEYS, REPLY, RESULT, ROOM, PIECES, END, KEYS_BACK
    }

    private final ShardScripts scripts;
    private final StoreShard shard;
    private final LuaState lua;
    /** Where its thread and, while it has left off, its tables are kept. */
    private int threadReference;
    private int keysReference;
    private int argumentsReference;
    private long thread;
    private long generation = -1;

    // Where its keys lie on several shards.
    private @Nullable CommandSequence sequence;
    /** Runs a command on several keys of this shard that has more to do than a turn has time for; null for none. */
    private @Nullable CommandSequence here;
    private final CommandList list = new CommandList();
    private Wait wait = Wait.NOTHING;
    private boolean restart;
    /** What it waits for once it has left off. */
    private Wait next = Wait.TURN;
    private @Nullable LaterReply<?> awaited;
    /** A command that has more to do than a turn has time for. */
    private CommandCall.@Nullable Unfinished pieces;
    /** Bytes that it has told subscribers since it has last gone on. */
    private long told;
    private boolean raises;
    private boolean sending;
    private boolean sent;
    private long caller;

    private int declared;
    /** The keys that are held for it by who runs it, with other commands, as one step; null for none. */
    private @Nullable KeyHold held;
    private @Nullable Compiled compiled;
    private @Nullable User user;
    private int database;
    private long writer;
    private int begunIn;
    private boolean readOnly;
    private boolean mayLeave;
    private boolean toldBusy;
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
    /** What it uses: slots, and a bit for each of all. */
    private int[] slots = new int[16];
    private final long[] used = new long[Slots.COUNT >>> 6];
    private int slotCount;
    private boolean all;
    private boolean left;
    /** It runs no more; it is done once the log has what it wrote. */
    private boolean over;
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
        database = call.database();
        writer = call.writer();
        begunIn = database;
        readOnly = onlyReads || script.has(Script.NO_WRITES);
        outOfMemory = !script.has(Script.ALLOW_OOM) && shard.refusal() != null;
        mayLeave = call.mayLeave() && scripts.mayLeave();
        now = call.now();
        begun = scripts.nanos();
        problem = null;
        resp3 = false;
        wrote = false;
        toldBusy = false;
        forgetSlots();
        left = false;
        over = false;
        done = false;
        dropped = false;
        restart = false;
        sending = false;
        sent = false;
        sequence = null;
        held = call.heldKeys();
        wait = Wait.NOTHING;
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

    /** As {@link CommandCall#writer()}, of who has called it. */
    long writer() {
        return writer;
    }

    /** The database that it has selected; its client has the one that it had. */
    int database() {
        return database;
    }

    void database(int number) {
        database = number;
    }

    boolean isRefused() {
        return problem != null;
    }

    /** Runs it, and writes its reply; or leaves off. */
    void start(CommandCall call, int keys) {
        declared = keys;
        for (int i = 0; i < keys; i++) {
            int slot = Slots.of(call.address(FIRST_KEY + i), call.length(FIRST_KEY + i));
            if ((used[slot >>> 6] & 1L << slot) == 0) {
                add(slot);
            }
        }
        Lua.rawGet(thread, Lua.REGISTRY, compiled().reference);
        boolean ended = step(0);
        if (restart || !ended && keys == 0 && !wrote) {
            // Once it has left off it could not.
            restart = true;
            scripts.tables(call, keys);
            startOverShards(call, keys);
        } else if (ended) {
            try {
                answer(call.reply(), thread);
            } finally {
                end();
            }
        } else {
            leave(call);
            hold();
            wait = next;
            if (here == null) {
                drive();
            } else {
                // Not within the step of the log that this turn is.
                shard.shard().executeOrElse(this::driveUnlessClosed, () -> {
                    // As of later().
                });
            }
        }
    }

    private void driveUnlessClosed() {
        if (!over && !scripts.isClosed()) {
            drive();
        }
    }

    /** Runs it within other commands that are one step with it, under the keys that are held for all of them; in a later turn. */
    void startWithin(CommandCall call, int keys) {
        declared = keys;
        mayLeave = true;
        CommandSequence made = new CommandSequence(shard, Objects.requireNonNull(held));
        sequence = made;
        made.beginWithin(this);
        leave(call);
        Lua.rawGet(thread, Lua.REGISTRY, compiled().reference);
        later();
    }

    /** Runs it with keys of several shards: of all, where it has named none. */
    void startOverShards(CommandCall call, int keys) {
        if (restart) {
            restart = false;
            problem = null;
            awaited = null;
            CommandCall.Unfinished begunBefore = pieces;
            pieces = null;
            if (begunBefore != null) {
                // It only reads.
                begunBefore.drop();
            }
            closeHere();
            database = begunIn;
            thread = lua.newThread(threadReference);
            lua.level(0);
        }
        declared = keys;
        CommandSequence made = new CommandSequence(shard);
        sequence = made;
        made.begin(this, null, null);
        if (keys == 0) {
            made.everyShard(!readOnly);
        }
        forgetSlots();
        for (int i = 0; i < keys; i++) {
            int slot = Slots.of(call.address(FIRST_KEY + i), call.length(FIRST_KEY + i));
            made.slot(slot, !readOnly);
            add(slot);
        }
        leave(call);
        wait = Wait.KEYS;
        list.clear();
        send(false);
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
            next = Wait.TURN;
            told = 0;
            int result = lua.heap().isRefused() ? 0 : lua.resume(thread, arguments);
            if (lua.heap().isRefused()) {
                fail(NO_MEMORY);
            }
            if (result == Lua.YIELD && leaving && !lua.heap().isRefused()) {
                return false;
            }
            if (result == Lua.YIELD && problem == null) {
                problem = "ERR attempt to yield across metamethod/C-call boundary";
            }
            if (result != 0 || problem != null) {
                if (problem == null) {
                    problem = problem(result);
                } else {
                    problem += where();
                }
                // What has failed is not to be resumed again, nor is what was stopped: it may have caught that, and left results.
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
        int begin = to.position();
        try {
            if (Lua.top(from) == 0) {
                to.nullValue();
            } else {
                Lua.top(from, 1);
                new LuaToReply(lua, to, resp3).write(from);
            }
        } catch (LuaToReply.TooLong tooLong) {
            to.rewind(begin);
            to.error(TOO_LONG);
        } finally {
            Lua.top(from, 0);
        }
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

    /** Whether it has keys of several shards. */
    boolean isOverShards() {
        return sequence != null;
    }

    /** Whether a command's keys are its own. */
    boolean holds(Command command, CommandCall call) {
        return Objects.requireNonNull(sequence).holds(command, call);
    }

    /** Whether it may begin anew with the keys of all shards: it has named none, and done nothing yet. */
    boolean mayRestart() {
        return mayLeave && !left && declared == 0 && !wrote;
    }

    void restart() {
        restart = true;
        fail("ERR it begins anew");
    }

    /** Has it leave off until a command is run whose keys lie on other shards. */
    int callElsewhere(long running, Command command, CommandCall call, boolean raisesErrors) {
        return leaveCalling(Wait.REPLY, running, command, call, raisesErrors);
    }

    /** Has it leave off until there is room for what a command tells subscribers. */
    int callLater(long running, Command command, CommandCall call, boolean raisesErrors) {
        return leaveCalling(Wait.ROOM, running, command, call, raisesErrors);
    }

    private int leaveCalling(Wait until, long running, Command command, CommandCall call, boolean raisesErrors) {
        list.clear();
        list.add(command, call);
        return leaveUntil(until, running, raisesErrors);
    }

    /** Has it leave off until a reply is there. */
    int await(long running, LaterReply<?> reply, boolean raisesErrors) {
        awaited = reply;
        return leaveUntil(Wait.RESULT, running, raisesErrors);
    }

    /** Has it leave off until a command on several of its keys is run, a piece in each turn. */
    int callInTurns(long running, Command command, CommandCall call, boolean raisesErrors) {
        CommandSequence made = new CommandSequence(shard);
        here = made;
        made.beginHere(this, now);
        return leaveCalling(Wait.REPLY, running, command, call, raisesErrors);
    }

    private void closeHere() {
        CommandSequence made = here;
        here = null;
        if (made != null) {
            made.close();
        }
    }

    /** Who runs the command that it waits for. */
    private CommandSequence asked() {
        CommandSequence made = here;
        return made != null ? made : Objects.requireNonNull(sequence);
    }

    /** Has it leave off until a command is done that it has begun; that is done in any case, as it may have changed something. */
    int callInPieces(long running, CommandCall.Unfinished rest, boolean raisesErrors) {
        pieces = rest;
        return leaveUntil(Wait.PIECES, running, raisesErrors);
    }

    private int leaveUntil(Wait until, long running, boolean raisesErrors) {
        caller = running;
        raises = raisesErrors;
        next = until;
        leaving = true;
        Lua.top(running, 0);
        return Lua.leave(running, 0);
    }

    /** Notes that it tells subscribers something; how many bytes it has told since it has last gone on. */
    long hasTold(long bytes) {
        told += bytes;
        return told;
    }

    /** Whether it may leave off at all, and go on in a later turn. */
    boolean mayLeave() {
        return mayLeave;
    }

    /** Notes a slot that it uses; whether it may. */
    boolean use(int slot) {
        if (all || (used[slot >>> 6] & 1L << slot) != 0 || held != null && held.holds(shard.shard().id(), slot)) {
            return true;
        }
        if (!shard.locks().isFree() && !mayTake(slot)) {
            return false;
        }
        if (left) {
            return extend(slot);
        }
        add(slot);
        return true;
    }

    private void add(int slot) {
        used[slot >>> 6] |= 1L << slot;
        if (slotCount == slots.length) {
            slots = Arrays.copyOf(slots, slotCount * 2);
        }
        slots[slotCount++] = slot;
    }

    private void forgetSlots() {
        for (int i = 0; i < slotCount; i++) {
            used[slots[i] >>> 6] = 0;
        }
        slotCount = 0;
        all = false;
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
            // Instead of very many it takes all, if nobody else has one.
            all = shard.locks().isOnlyOf(had -> had.equals(intent) || more.contains(had));
            if (!all) {
                return false;
            }
        }
        add(slot);
        Intent another = new Intent(() -> {
            // It has its key from the start.
        });
        another.begin(true);
        if (all) {
            another.all();
        } else {
            another.slot(slot);
        }
        shard.locks().addInFront(another);
        more.add(another);
        return true;
    }

    private void hold() {
        intent.begin(true);
        // Of very many slots it takes all, and may then use all if nobody else does.
        all = slotCount > MOST_MORE && shard.locks().isOnlyOf(had -> false);
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

    /** Whether it is leaving off: each of its threads does, from the innermost on. */
    boolean isLeaving() {
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
        scripts.left(this);
        call.leave(this);
    }

    private void later() {
        shard.shard().executeOrElse(this::goOn, () -> {
            // The shard has stopped, and its clients' connections with it.
        });
    }

    private void goOn() {
        if (over || scripts.isClosed()) {
            return;
        }
        int results = 0;
        CommandCall.Unfinished rest = pieces;
        if (rest != null) {
            tellIfBusy();
            boolean failed = !proceed(rest);
            if (!rest.isDone()) {
                later();
                return;
            }
            pieces = null;
            if (problem == null) {
                raiseIf(scripts.pushRest(this, thread, rest, failed));
                results = 1;
            } else {
                rest.drop();
            }
        } else if (problem == null && wait == Wait.ROOM) {
            if (shard.subscriptions().isHeldUp()) {
                shard.subscriptions().whenFree(this::goOn);
                return;
            }
            raiseIf(scripts.pushCalled(this, thread, list));
            results = 1;
        } else if (problem == null && wait == Wait.RESULT) {
            raiseIf(scripts.pushLate(this, thread, Objects.requireNonNull(awaited)));
            awaited = null;
            results = 1;
        }
        resume(results);
        drive();
    }

    /** False if there was no memory, not even for an error. */
    private static boolean proceed(CommandCall.Unfinished rest) {
        try {
            rest.proceed();
            return true;
        } catch (OutOfMemoryError none) {
            return false;
        }
    }

    private void tellIfBusy() {
        if (!toldBusy && scripts.isTooLong(took())) {
            toldBusy = true;
            scripts.busy(1);
        }
    }

    /** What it has called was answered, perhaps by an error. */
    private void raiseIf(boolean failed) {
        if (failed && raises) {
            lua.raiseIn(caller);
        }
    }

    /** Goes on with it, unless it is to end. */
    private void resume(int arguments) {
        tellIfBusy();
        boolean ended = true;
        if (problem == null) {
            lua.restoreTables(keysReference, argumentsReference);
            lua.level(0);
            ended = step(arguments);
        } else {
            // It is not gone on with.
            problem += where();
            thread = lua.newThread(threadReference);
        }
        lua.level(0);
        if (ended) {
            write();
        }
        wait = ended ? Wait.END : next;
    }

    /** Does what comes next, for as long as nothing is to be waited for. */
    private void drive() {
        while (true) {
            switch (wait) {
                case TURN, ROOM, PIECES -> {
                    // What it has told subscribers goes out at the end of this turn.
                    later();
                    return;
                }
                case RESULT -> {
                    Objects.requireNonNull(awaited).result().whenComplete((_, _) -> later());
                    return;
                }
                case END -> {
                    if (sequence != null && held != null) {
                        sequence.close();
                        sequence = null;
                    }
                    if (sequence == null) {
                        finish();
                        return;
                    }
                    list.clear();
                    wait = Wait.KEYS_BACK;
                    send(true);
                    return;
                }
                case REPLY -> {
                    sending = true;
                    asked().database(database);
                    asked().run(list, here != null, resp3, ShardScripts.MEMORY, null);
                    sending = false;
                    if (!sent) {
                        return;
                    }
                    sent = false;
                    replied();
                }
                case KEYS, KEYS_BACK, NOTHING -> {
                    return;
                }
            }
        }
    }

    private void send(boolean givesBack) {
        Objects.requireNonNull(sequence).run(list, givesBack, false, ShardScripts.MEMORY, null);
    }

    /** What it waited for is there. */
    @Override
    public void done() {
        if (scripts.isClosed()) {
            return;
        }
        switch (wait) {
            case KEYS -> {
                now = Objects.requireNonNull(sequence).now();
                Lua.rawGet(thread, Lua.REGISTRY, compiled().reference);
                resume(0);
                drive();
            }
            case REPLY -> {
                if (sending) {
                    // Nobody calls deeper and deeper.
                    sent = true;
                } else {
                    replied();
                    drive();
                }
            }
            case KEYS_BACK -> {
                CommandSequence over = Objects.requireNonNull(sequence);
                sequence = null;
                over.close();
                finish();
            }
            default -> throw new IllegalStateException("nothing was asked for");
        }
    }

    private void replied() {
        CommandSequence asked = asked();
        ByteBuf replies = asked.replies();
        boolean failed = true;
        if (problem == null) {
            if (asked.failure() != null || !replies.isReadable() || asked.isExceeded()) {
                scripts.pushError(thread,
                        asked.isExceeded() ? "ERR not enough memory for a reply" : "ERR internal error");
            } else {
                failed = scripts.pushReply(thread, replies);
            }
            raiseIf(failed);
        }
        closeHere();
        resume(1);
    }

    @Override
    public void abandoned() {
        // If so all of its parts are back, or nobody has them; else this shard has stopped, too.
        boolean isBack = shard.shard().inEventLoop();
        shard.shard().executeOrElse(() -> {
            if (scripts.isClosed()) {
                return;
            }
            CommandSequence lost = sequence;
            sequence = null;
            if (lost != null && isBack) {
                lost.close();
            }
            if (!over) {
                CommandCall.Unfinished rest = pieces;
                pieces = null;
                while (rest != null && !rest.isDone()) {
                    proceed(rest);
                }
                if (rest != null) {
                    rest.drop();
                }
                if (reply == null) {
                    fail("ERR a shard has stopped");
                    write();
                }
                // It may have left off there.
                thread = lua.newThread(threadReference);
                finish();
            }
        }, () -> {
            // All have stopped.
        });
    }

    /** Keeps its reply. */
    private void write() {
        ByteBuf into = Unpooled.directBuffer(256);
        try {
            ReplyWriter writer = scripts.writer();
            writer.to(into);
            writer.resp3(replyResp3);
            answer(writer, thread);
            writer.finish();
        } catch (Throwable failure) {
            into.clear().writeBytes("-ERR internal error\r\n".getBytes(StandardCharsets.ISO_8859_1));
        }
        reply = into;
    }

    private void finish() {
        over = true;
        wait = Wait.NOTHING;
        Journal journal = wrote ? shard.journal() : null;
        long mark = journal == null ? 0 : journal.mark();
        giveBack();
        lua.forget(keysReference);
        lua.forget(argumentsReference);
        if (toldBusy) {
            scripts.busy(-1);
        }
        scripts.over(this);
        shard.serveWaiting();
        if (journal == null || journal.isKept(mark)) {
            tell();
        } else {
            journal.whenKept(mark).whenComplete((kept, why) -> {
                if (why != null && ShardFuture.causeOf(why) instanceof ShardStoppedException) {
                    // Its client's connection has ended, too.
                    return;
                }
                if (why != null) {
                    Objects.requireNonNull(reply).clear().writeBytes(UNKEPT.getBytes(StandardCharsets.US_ASCII));
                }
                tell();
            });
        }
    }

    /** The log has what it did, or never will: it is answered. */
    private void tell() {
        done = true;
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
        held = null;
        awaited = null;
        scripts.give(this);
    }

    /** It is not used any more. */
    @Override
    public void close() {
        if (!shard.letsGo(this)) {
            return;
        }
        list.close();
        if (reply != null) {
            reply.release();
            reply = null;
        }
        if (generation == lua.generation()) {
            lua.forget(threadReference);
            lua.release(threadReference);
            lua.release(keysReference);
            lua.release(argumentsReference);
        }
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
        try {
            to.raw(Memory.address(written), written.readableBytes());
        } finally {
            answered();
        }
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
