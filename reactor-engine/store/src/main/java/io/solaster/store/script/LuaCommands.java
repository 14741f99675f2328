package io.solaster.store.script;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.Function;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.Digits;
import io.solaster.engine.net.QuietLog;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.acl.User;
import io.solaster.store.multi.CommandList;
import io.solaster.store.multi.CommandPlace;
import io.solaster.store.multi.Redirect;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.KeyPositions;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.watch.ShardWatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * What scripts call of the server: commands, and what stands beside them in {@code redis}. On the owning shard.
 *
 * <p>
 * Longer than 500 lines because each way that a command takes from a script is decided here, and what it answers comes back here.
 */
final class LuaCommands implements CommandCall.Later {
    private static final Logger log = LoggerFactory.getLogger("io.solaster.store.script");
    private static final int REPLIES = 256;
    private static final int KEPT_REPLIES = 1 << 20;
    private static final int NUMBER = 32;
    /** What a script may tell subscribers in one go: then it leaves off, so that what it has told goes out. */
    private static final int MOST_TOLD = 1 << 20;
    /** What one event of a key takes, about, beside the key. */
    private static final int EVENT = 128;
    private static final String NOT_HERE = "within MULTI, a metamethod, an iterator, or a function that sorts or"
            + " replaces";
    private static final int ALL_COPIES = 3;
    private static final int LONGEST_LOGGED = 1024;

    private final ShardScripts scripts;
    private final StoreShard shard;
    private final Function<CommandCall, @Nullable Command> finder;
    private final CommandCall call;
    private final LuaState[] lua = new LuaState[1];
    private final ByteBuf replies = Unpooled.directBuffer(REPLIES);
    private long numbers = Memory.allocate(NUMBER * 16L);
    private int numbersRoom = 16;
    private final QuietLog[] logs = {new QuietLog(log, Level.DEBUG), new QuietLog(log, Level.DEBUG),
            new QuietLog(log, Level.INFO), new QuietLog(log, Level.WARN)};
    private @Nullable RepliesToLua toLua;
    /** What the command that was run last answers later. */
    private @Nullable LaterReply<?> later;

    LuaCommands(ShardScripts scripts, StoreShard shard, Function<CommandCall, @Nullable Command> finder) {
        this.scripts = scripts;
        this.shard = shard;
        this.finder = finder;
        this.call = shard.newCall();
        call.ofScripts();
    }

    void lua(LuaState state) {
        lua[0] = state;
        toLua = new RepliesToLua(state);
    }

    Map<String, Map<String, LuaState.Function>> libraries() {
        Map<String, LuaState.Function> redis = new HashMap<>();
        redis.put("call", thread -> call(thread, true));
        redis.put("pcall", thread -> call(thread, false));
        redis.put("sha1hex", this::sha);
        redis.put("log", this::log);
        redis.put("setresp", this::resp);
        redis.put("set_repl", this::replication);
        redis.put("acl_check_cmd", this::mayCall);
        OwnLibrary own = new OwnLibrary(lua);
        return Map.of("own", own.functions(), "redis", redis, "maths", own.maths(), "bit", BitLibrary.functions(lua),
                "struct", new StructLibrary(lua).functions(), "cmsgpack",
                new MessagePackLibrary(lua).functions(), "cjson", new JsonLibrary(lua).functions());
    }

    // ---- commands

    private int call(long thread, boolean raises) {
        ScriptRun run = Objects.requireNonNull(scripts.current());
        String problem = arguments(thread);
        if (problem != null) {
            return fails(thread, problem, raises);
        }
        call.as(null, run.database());
        Command command = finder.apply(call);
        problem = refusal(run, command);
        if (problem != null || command == null) {
            if (command != null) {
                shard.counts().rejected(command);
            }
            return fails(thread, problem, raises);
        }
        if (Redirect.of(command, call, false) != null) {
            return fails(thread, "ERR Script attempted to access a non local key in a cluster node", raises);
        }
        if (command.has(Command.Flag.WRITE)) {
            run.writes();
        }
        if (shard.isGated()) {
            ShardWatch.of(shard).tellOfScript(command, call);
        }
        if (run.isOverShards() && isOnKeys(command)) {
            boolean elsewhere = CommandPlace.of(command, call) != shard.shard().id();
            boolean leaves = lua[0].mayYield(thread);
            // What it writes here is one step of the log with what it writes elsewhere.
            if (leaves && (elsewhere || command.has(Command.Flag.WRITE) && shard.journal() != null)) {
                return run.callElsewhere(thread, command, call, raises);
            }
            if (elsewhere) {
                return fails(thread,
                        "ERR '" + command.name() + "' has keys on another shard, and cannot be called here: "
                                + NOT_HERE,
                        raises);
            }
        }
        if (shard.tells(command) && (run.hasTold(bytesTold(command)) > MOST_TOLD || shard.isHeldUp(command))) {
            return mayLeave(run, thread)
                    ? run.callLater(thread, command, call, raises)
                    : fails(thread, "ERR too many messages wait for subscribers, and '" + command.name()
                            + "' cannot wait for them here: " + NOT_HERE, raises);
        }
        if (command.spread() != null && !run.isOverShards() && isLongHere(command) && mayLeave(run, thread)) {
            return run.callInTurns(thread, command, call, raises);
        }
        LaterReply<?> result = answer(run, command, run.mayLeave());
        CommandCall.Unfinished rest = rest(run, command);
        if (rest != null) {
            return goOn(run, thread, rest, raises);
        }
        if (result != null && !result.isThere()) {
            replies.clear();
            return mayLeave(run, thread)
                    ? run.await(thread, result, raises)
                    : fails(thread, "ERR '" + command.name() + "' asks all shards, and cannot be called here: "
                            + NOT_HERE, raises);
        }
        Lua.top(thread, 0);
        return pushAnswer(run, thread, result) && raises ? lua[0].raise(thread) : 1;
    }

    /** Whether a command on keys of this shard has more to do than a turn has time for. */
    private boolean isLongHere(Command command) {
        return CommandPlace.of(command, call) == CommandPlace.SEVERAL && !call.keys().isAny();
    }

    private boolean mayLeave(ScriptRun run, long thread) {
        return run.mayLeave() && lua[0].mayYield(thread);
    }

    private long bytesTold(Command command) {
        return command.route() == Command.Route.CHANNEL ? call.length(1) + (long) call.length(2) : EVENT;
    }

    /** What is left of the command that was run, where that has more to do than a turn has time for. */
    private CommandCall.@Nullable Unfinished rest(ScriptRun run, Command command) {
        if (call.isLeftOff()) {
            LongReply left = new LongReply(shard, command, call, replies, run.isResp3());
            call.leavable(false);
            return left;
        }
        return call.takeUnfinished();
    }

    /** Has a script leave off until a command is done; or does it at once where the script cannot. */
    private int goOn(ScriptRun run, long thread, CommandCall.Unfinished rest, boolean raises) {
        if (mayLeave(run, thread)) {
            replies.clear();
            return run.callInPieces(thread, rest, raises);
        }
        boolean failed = false;
        try {
            while (!rest.isDone()) {
                rest.proceed();
            }
        } catch (OutOfMemoryError none) {
            failed = true;
        }
        Lua.top(thread, 0);
        return pushRest(run, thread, rest, failed) && raises ? lua[0].raise(thread) : 1;
    }

    /** Pushes what a command has answered that is done; whether that is an error. */
    boolean pushRest(ScriptRun run, long thread, CommandCall.Unfinished rest, boolean failed) {
        if (failed) {
            rest.drop();
            pushError(thread, "ERR internal error");
            return true;
        }
        ReplyWriter reply = call.reply();
        reply.to(replies.clear());
        reply.resp3(run.isResp3());
        rest.answer(reply);
        reply.finish();
        return pushAnswer(run, thread, null);
    }

    /**
     * Runs a command, whose reply is in {@link #replies} then, unless it comes later.
     *
     * @param mayPause whether it may leave off: then {@link #rest} is what is left
     */
    private @Nullable LaterReply<?> answer(ScriptRun run, Command command, boolean mayPause) {
        later = null;
        call.client(null);
        call.as(null, run.database());
        call.writer(run.writer());
        call.now(run.now());
        call.held(this);
        call.mayPause(mayPause);
        call.leavable(mayPause);
        ReplyWriter reply = call.reply();
        reply.to(replies.clear());
        reply.resp3(run.isResp3());
        try {
            shard.runWithin(command, call);
        } finally {
            call.held(null);
            call.mayPause(false);
            reply.finish();
        }
        run.database(call.database());
        return later;
    }

    @Override
    public <T extends @Nullable Object> void later(CompletionStage<T> result, BiConsumer<ReplyWriter, T> answer) {
        later = new LaterReply<>(result.toCompletableFuture(), answer);
    }

    /** Pushes what the reply becomes that is there, or a result that has come; whether that is an error. */
    boolean pushAnswer(ScriptRun run, long thread, @Nullable LaterReply<?> result) {
        if (result != null) {
            ReplyWriter reply = call.reply();
            reply.to(replies.clear());
            reply.resp3(run.isResp3());
            result.write(reply);
            reply.finish();
        }
        boolean failed = pushReply(thread, Memory.address(replies), replies.readableBytes());
        if (replies.capacity() > KEPT_REPLIES) {
            replies.clear().capacity(REPLIES);
        }
        return failed;
    }

    /** Runs a command that has waited, and pushes what it answers; whether that is an error. */
    boolean pushCalled(ScriptRun run, long thread, CommandList list) {
        Command command = list.next(call);
        list.took();
        return pushAnswer(run, thread, answer(run, command, false));
    }

    private static boolean isOnKeys(Command command) {
        return command.route() == Command.Route.KEYS || command.route() == Command.Route.EVERY_SHARD;
    }

    /** Pushes what a reply becomes; whether that is an error. */
    boolean pushReply(long thread, long address, int length) {
        RepliesToLua values = Objects.requireNonNull(toLua);
        if (!lua[0].heap().hasRoom(values.need(address, length))) {
            pushError(thread, "ERR not enough memory for a reply of " + length + " bytes");
            return true;
        }
        values.push(thread, address);
        return Memory.getByte(address) == '-';
    }

    /** Takes what was given as the arguments of a command. */
    private @Nullable String arguments(long thread) {
        int count = Lua.top(thread);
        if (count == 0) {
            return "ERR Please specify at least one argument for this redis lib call";
        }
        if (count > numbersRoom) {
            long more = Memory.allocate((long) NUMBER * count);
            Memory.free(numbers);
            numbers = more;
            numbersRoom = count;
        }
        call.begin(count);
        long cell = lua[0].cell();
        for (int i = 0; i < count; i++) {
            switch (Lua.type(thread, i + 1)) {
                case Lua.STRING -> {
                    long address = Lua.string(thread, i + 1, cell);
                    call.argument(i, address, (int) Memory.getLong(cell));
                }
                case Lua.NUMBER -> {
                    long at = numbers + (long) NUMBER * i;
                    call.argument(i, at, write(Lua.number(thread, i + 1), at));
                }
                default -> {
                    return "ERR Lua redis lib command arguments must be strings or integers";
                }
            }
        }
        return null;
    }

    private static int write(double number, long at) {
        long whole = (long) number;
        if (whole == number && Math.abs(number) < 1e15 && (whole != 0 || 1 / number > 0)) {
            return (int) (Digits.write(whole, at) - at);
        }
        byte[] text = LuaNumbers.text(number, 17).getBytes(StandardCharsets.ISO_8859_1);
        Memory.copy(text, 0, at, text.length);
        return text.length;
    }

    private @Nullable String refusal(ScriptRun run, @Nullable Command command) {
        if (run.hasFailed()) {
            return "ERR the script has ended";
        }
        if (command == null) {
            return "ERR Unknown Redis command called from script";
        }
        if (!command.arityFits(call.count())) {
            return "ERR Wrong number of args calling Redis command from script";
        }
        if (command.has(Command.Flag.NOSCRIPT)) {
            return "ERR This Redis command is not allowed from script";
        }
        if (run.user() != null) {
            String denied = ShardWatch.of(shard).refusalInScript(run.user(), command, call);
            if (denied != null) {
                return denied;
            }
        }
        if (command.has(Command.Flag.WRITE) && run.isReadOnly()) {
            return "ERR Write commands are not allowed from read-only scripts.";
        }
        if (command.has(Command.Flag.DENYOOM) && run.isOutOfMemory()) {
            return "OOM command not allowed when used memory > 'maxmemory'.";
        }
        String unkept = command.has(Command.Flag.WRITE) && !run.hasWritten() ? shard.refusalToKeep() : null;
        if (unkept != null) {
            return unkept;
        }
        return switch (command.route()) {
            case CONNECTION -> null;
            // Once it is published the script could not begin anew.
            case CHANNEL -> run.mayRestart() && shard.parts().count() > 1
                    ? restart(run)
                    : null;
            case KEYS -> run.isOverShards() ? heldKeys(run, command) : keys(run, command);
            case EVERY_SHARD -> run.mayRestart() && shard.parts().count() > 1
                    ? restart(run)
                    : shard.parts().count() == 1 || run.isOverShards() && run.holds(command, call)
                            ? null
                            : "ERR '" + command.name() + "' concerns all shards, and is not allowed from a script";
        };
    }

    /** Has a script begin anew, with the keys of all shards; what it calls now is not run. */
    private static String restart(ScriptRun run) {
        run.restart();
        return "ERR it begins anew";
    }

    private @Nullable String heldKeys(ScriptRun run, Command command) {
        if (run.holds(command, call)) {
            return null;
        }
        KeyPositions keys = call.keys();
        return "ERR Script attempted to access the key '" + (keys.count() == 0 ? "" : call.word(keys.at(0), 128))
                + "', or another one of '" + command.name()
                + "', which was not declared; name it among the keys of the script";
    }

    /** Why the keys of a command may not be used. */
    private @Nullable String keys(ScriptRun run, Command command) {
        KeyPositions keys = call.keys();
        command.keys().find(call, 0, keys);
        int shards = shard.parts().count();
        for (int i = 0; i < keys.count(); i++) {
            int at = keys.at(i);
            int slot = Slots.of(call.address(at), call.length(at));
            boolean elsewhere = shards > 1 && Slots.shardOf(slot, shards) != shard.shard().id();
            if (shards > 1 && (elsewhere || command.has(Command.Flag.WRITE)) && run.mayRestart()) {
                // Once it has written it could not.
                return restart(run);
            }
            if (elsewhere) {
                return "ERR Script attempted to access the key '" + call.word(at, 128)
                        + "', which lies on another shard and was not declared; name it among the keys of the script";
            }
            if (!run.use(slot)) {
                return "ERR Script attempted to access the key '" + call.word(at, 128)
                        + "', which is in use by others and was not declared; name it among the keys of the script";
            }
        }
        return null;
    }

    void pushError(long thread, String problem) {
        Lua.newTable(thread, 0, 1);
        LuaState.pushName(thread, LuaState.ERR);
        lua[0].push(thread, problem);
        Lua.rawSet(thread, -3);
    }

    /** Fails as commands do: with a table. */
    private int fails(long thread, @Nullable String problem, boolean raises) {
        Lua.top(thread, 0);
        pushError(thread, problem == null ? "ERR" : problem);
        return raises ? lua[0].raise(thread) : 1;
    }

    // ---- what stands beside them

    private int sha(long thread) {
        if (Lua.top(thread) != 1) {
            return fails(thread, "ERR wrong number of arguments", true);
        }
        int type = Lua.type(thread, 1);
        byte[] bytes = type == Lua.STRING || type == Lua.NUMBER
                ? LuaArguments.bytes(lua[0], thread, 1, "sha1hex")
                : new byte[0];
        lua[0].push(thread, Script.sha(bytes));
        return 1;
    }

    private int log(long thread) {
        int count = Lua.top(thread);
        if (count < 2) {
            return fails(thread, "ERR redis.log() requires two arguments or more.", true);
        }
        if (Lua.isNumber(thread, 1) == 0) {
            return fails(thread, "ERR First argument must be a number (log level).", true);
        }
        int level = (int) LuaNumbers.whole(Lua.number(thread, 1));
        if (level < 0 || level >= logs.length) {
            return fails(thread, "ERR Invalid debug level.", true);
        }
        StringBuilder line = new StringBuilder();
        for (int i = 2; i <= count && line.length() < LONGEST_LOGGED; i++) {
            String text = lua[0].text(thread, i);
            if (text != null) {
                line.append(i == 2 ? "" : " ").append(text, 0, Math.min(text.length(), LONGEST_LOGGED));
            }
        }
        for (int i = 0; i < line.length(); i++) {
            if (line.charAt(i) < ' ') {
                line.setCharAt(i, ' ');
            }
        }
        logs[level].tell("A script says: {}", line.toString());
        return 0;
    }

    private int resp(long thread) {
        if (Lua.top(thread) != 1) {
            return fails(thread, "ERR redis.setresp() requires one argument.", true);
        }
        int version = (int) Lua.number(thread, 1);
        if (version != 2 && version != 3) {
            return fails(thread, "ERR RESP version must be 2 or 3.", true);
        }
        Objects.requireNonNull(scripts.current()).resp3(version == 3);
        return 0;
    }

    /** What goes to the log and to replicas is what has become of the keys, so that there is nothing to choose. */
    private int replication(long thread) {
        if (Lua.top(thread) != 1) {
            return fails(thread, "ERR redis.set_repl() requires two arguments.", true);
        }
        if (((int) Lua.number(thread, 1) & ~ALL_COPIES) != 0) {
            return fails(thread, "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.",
                    true);
        }
        return 0;
    }

    private int mayCall(long thread) {
        String problem = arguments(thread);
        if (problem != null) {
            return fails(thread, problem, true);
        }
        Command command = finder.apply(call);
        if (command == null) {
            return fails(thread, "ERR Invalid command passed to redis.acl_check_cmd()", true);
        }
        User user = Objects.requireNonNull(scripts.current()).user();
        boolean may = user == null
                || ShardWatch.of(shard).permissions().check(user.rights(), command, call, 0) == null;
        Lua.pushBoolean(thread, may ? 1 : 0);
        return 1;
    }

    void close() {
        replies.release();
        Memory.free(numbers);
    }
}
