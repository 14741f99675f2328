package io.solaster.store.multi;

import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Shard;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.trace.RequestTrace;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.KeyHold;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.shard.Transaction;
import org.jspecify.annotations.Nullable;

/**
 * Commands that run as one step: the keys of all of them are taken first, on all shards that own some, then the commands run in
 * their order, then the keys are given back. Nobody sees or changes one of these keys in between. What one shard owns runs
 * there as a batch, in one message; a command whose keys lie on several shards has hops of its own.
 *
 * <p>
 * {@link #begin}, the keys ({@link #slot}, {@link #keysOf}, {@link #everyShard}), then {@link #run} with a list of commands;
 * {@link Waiter#done} follows in a later turn, and then {@link #replies}. Where that is said the keys are given back behind these
 * commands; else any number of further calls of {@link #run} goes on under the same keys, as a script does which learns from
 * each reply what to do next, and the last one, perhaps of no command, ends that. Nobody else may end it: it is run
 * through whether its client is still there. It takes no more than its share of a turn at once, and keeps its keys meanwhile.
 * Where a shard dies or the process stops, {@link Waiter#abandoned} is called, and the keys on live shards are given back.
 *
 * <p>
 * Made, used again and again, and called on the shard of the client; who is not there sends it messages
 * ({@link Shard#executeOrElse}).
 *
 * <p>
 * Longer than 500 lines because every way that a command takes, a script's too, is a step of one and the same hold of keys.
 */
public final class CommandSequence implements KeyHold.Work, AutoCloseable {
    /** Who waits for it. On the shard of the client, unless that has stopped. */
    public interface Waiter {
        /** The commands that were given are run, or none was: {@link #isChanged}, {@link #refusal}. */
        void done();

        /** It was left where it was, as its shard or another one has stopped; called once, on whatever thread. */
        void abandoned();
    }

    /** Whether to run anything, asked on each shard that takes part once that has its keys. */
    @FunctionalInterface
    public interface Condition {
        /** The last time at which it holds unless somebody changes the keys; {@link Long#MIN_VALUE} if it does not hold. */
        long holdsUntil(StoreShard target);
    }

    private enum Step {
        NONE, BATCH, DESCRIBING, SPREAD, REPLYING, RESULT
    }

    private final StoreShard shard;
    private final KeyHold hold;
    /** Whether the keys are somebody else's, who waits meanwhile. */
    private final boolean within;
    private final Transaction spread;
    private final TransactionRequest request = new TransactionRequest();
    private final TransactionRequest.Arguments arguments;
    private final KeyHold.Turn later = new KeyHold.Turn(this::goOnLater, this::abandoned);
    private final HeldKeys keys;
    private final BatchHop batch;
    private final SequenceReplies replies;

    private @Nullable Waiter waiter;
    private @Nullable Condition condition;
    private @Nullable Client client;
    private int database;
    private @Nullable CommandList commands;
    private boolean last;
    private boolean taken;
    private boolean over;
    private boolean abandoned;
    private boolean needsMemory;
    private Step step = Step.NONE;
    private KeyHold.@Nullable Next first;
    /** Who holds the keys, while this works with them. */
    private KeyHold.@Nullable Work lender;
    /** A script that is under way. */
    private CommandCall.@Nullable Unfinished unfinished;

    // By shard, written there.
    private final boolean[] changed;
    private final long[] until;
    private final @Nullable String[] refused;

    public CommandSequence(StoreShard shard) {
        this(shard, new KeyHold(shard), false);
    }

    /**
     * One that runs under keys that are held already, while who holds them waits: {@link #beginWithin} begins it.
     */
    public CommandSequence(StoreShard shard, KeyHold held) {
        this(shard, held, true);
    }

    private CommandSequence(StoreShard shard, KeyHold hold, boolean within) {
        int shards = shard.parts().count();
        this.shard = shard;
        this.hold = hold;
        this.within = within;
        this.keys = new HeldKeys(hold, shards);
        this.spread = new Transaction(hold);
        this.batch = new BatchHop(hold, shards);
        this.replies = new SequenceReplies(shard);
        this.changed = new boolean[shards];
        this.until = new long[shards];
        Arrays.fill(until, Long.MAX_VALUE);
        this.refused = new @Nullable String[shards];
        this.arguments = TransactionRequest.Arguments.of(shard.call());
        shard.holds(this);
    }

    // ---- the keys

    /**
     * Begins to name keys.
     *
     * @param onlyIf whether to run anything; null for yes
     * @param whose seen by commands about the connection; null if there will be none
     */
    public void begin(Waiter whoWaits, @Nullable Condition onlyIf, @Nullable Client whose) {
        waiter = whoWaits;
        condition = onlyIf;
        client = whose;
        hold.begin(this);
        database = 0;
    }

    /** Says in which database the commands are that are run next, where there is no client who has selected one. */
    public void database(int number) {
        database = number;
    }

    /** For whom and in which database the next hop is: the one before may have been {@code SELECT}. */
    private void runIn() {
        Client whose = client;
        hold.as(whose == null ? null : whose.state().user(), whose == null ? database : whose.state().database());
        hold.writer(whose == null ? 0 : whose.state().writer());
    }

    /** Begins under keys that are held already; they are not given back. */
    public void beginWithin(Waiter whoWaits) {
        waiter = whoWaits;
        taken = true;
    }

    /**
     * Begins with keys of this shard that the caller has already, and keeps: the next call of {@link #run} is the only one, and says
     * that they are given back.
     *
     * @param now the time of the caller's step, in Unix milliseconds
     */
    public void beginHere(Waiter whoWaits, long now) {
        begin(whoWaits, null, null);
        hold.adopt(now);
        taken = true;
    }

    /** Adds all keys of a slot. */
    public void slot(int slot, boolean writes) {
        keys.slot(slot, writes);
    }

    /** Adds the keys of a command: of all shards, where it looks through all of them. */
    public void keysOf(Command command, CommandCall call) {
        keys.add(command, call);
    }

    /** Adds all keys of all shards. */
    public void everyShard(boolean writes) {
        keys.all(writes);
    }

    /** Whether a command may be run under the keys that were named: what others do not name must not be touched. */
    public boolean holds(Command command, CommandCall call) {
        return keys.hold(command, call);
    }

    /** Some command may need memory: it is refused as a whole where a shard has none left. Before the first run. */
    public void needsMemory() {
        needsMemory = true;
    }

    // ---- the commands

    /**
     * Runs commands, the first time once the keys are had. {@link Waiter#done} follows, in a later turn.
     *
     * @param list stays as it is until then, and is gone through; it may be empty
     * @param givesBack whether the keys are given back behind them
     * @param outputRoom bytes that may be answered, beyond which replies are dropped: {@link #isExceeded}
     */
    public void run(CommandList list, boolean givesBack, boolean inResp3, long outputRoom,
            @Nullable RequestTrace trace) {
        commands = list;
        last = givesBack;
        replies.begin(inResp3, outputRoom);
        if (within) {
            lender = hold.lend(this);
        }
        if (taken) {
            hold.goOn();
            return;
        }
        taken = true;
        // Commands without keys run here.
        hold.keysOf(shard.shard().id(), false);
        hold.trace(trace);
        hold.take();
    }

    /** As {@link KeyHold#now}, once something was run. */
    public long now() {
        return hold.now();
    }

    /** Whether a condition did not hold, so that nothing was run. */
    public boolean isChanged() {
        for (boolean each : changed) {
            if (each) {
                return true;
            }
        }
        return false;
    }

    /** Why nothing was run, in Redis's words; null if it was. */
    public @Nullable String refusal() {
        for (String each : refused) {
            if (each != null) {
                return each;
            }
        }
        return null;
    }

    /** Whether there were more replies than the client may leave unread; they were dropped. */
    public boolean isExceeded() {
        return replies.isExceeded();
    }

    /** What went wrong beside the commands, which are answered whatever they throw; then replies are missing. */
    public @Nullable Throwable failure() {
        return replies.failure();
    }

    /** The replies of the commands that were given last, one behind the other in the order of these. */
    public ByteBuf replies() {
        return replies.bytes();
    }

    /** How many of the replies are errors. */
    public long errors() {
        return replies.errors();
    }

    // ---- what the hold asks

    @Override
    public boolean agrees(StoreShard target) {
        int id = target.shard().id();
        if (condition != null) {
            until[id] = condition.holdsUntil(target);
            changed[id] = until[id] == Long.MIN_VALUE;
        }
        if (!changed[id] && needsMemory) {
            refused[id] = target.refusal();
        }
        return !changed[id] && refused[id] == null;
    }

    /** A key that is watched may have come to be due since its shard has agreed. */
    @Override
    public boolean holdsAt(long now) {
        for (int i = 0; i < until.length; i++) {
            changed[i] |= now > until[i];
        }
        return !isChanged();
    }

    @Override
    public boolean isRefused() {
        return isChanged() || refusal() != null;
    }

    @Override
    public boolean isOneHop() {
        try {
            if (last && list().hasNext() && CommandPlace.inSequence(list().next(shard.call()), shard.call()) >= 0) {
                first = fill();
            }
        } catch (Throwable broken) {
            replies.fail(broken);
            first = KeyHold.Next.END;
        }
        return first == KeyHold.Next.LAST_HOP;
    }

    @Override
    public KeyHold.Next next() {
        KeyHold.Next known = first;
        if (known != null) {
            first = null;
            return known;
        }
        try {
            return step();
        } catch (Throwable broken) {
            replies.fail(broken);
            return KeyHold.Next.END;
        }
    }

    private KeyHold.Next step() {
        CommandList list = list();
        CommandCall call = shard.call();
        int done = 0;
        while (true) {
            switch (step) {
                case BATCH -> {
                    if (!batch.gather(replies)) {
                        return KeyHold.Next.END;
                    }
                }
                case DESCRIBING -> {
                    list.next(call);
                    if (!request.goOn(arguments, call)) {
                        return KeyHold.Next.PAUSE;
                    }
                    spread.prepare(replies.room());
                    step = Step.SPREAD;
                    continue;
                }
                case SPREAD -> {
                    KeyHold.Next next = spread.next();
                    if (next != KeyHold.Next.END) {
                        return next == KeyHold.Next.LAST_HOP && last && list.isAtLast() ? next : KeyHold.Next.HOP;
                    }
                    spread.conclude();
                    step = Step.REPLYING;
                    continue;
                }
                case REPLYING -> {
                    if (!writeReply()) {
                        return KeyHold.Next.PAUSE;
                    }
                }
                case RESULT -> writeResult();
                case NONE -> {
                }
            }
            step = Step.NONE;
            if (!list.hasNext()) {
                over = true;
                return last ? KeyHold.Next.END : KeyHold.Next.PAUSE;
            }
            if ((++done & BatchHop.UNTIMED) == 0 && Shard.needPreempt()) {
                return KeyHold.Next.PAUSE;
            }
            Command command = list.next(call);
            int place = CommandPlace.inSequence(command, call);
            if (place >= 0) {
                return fill();
            }
            if (place == CommandPlace.CROSS_SLOT && command.has(Command.Flag.NO_MANDATORY_KEYS)) {
                list.took();
                if (!runHere(command, call)) {
                    return KeyHold.Next.PAUSE;
                }
                continue;
            }
            switch (place) {
                case CommandPlace.SEVERAL -> describe(command, call);
                case CommandPlace.CONNECTION -> {
                    list.took();
                    if (!runHere(command, call)) {
                        return KeyHold.Next.PAUSE;
                    }
                }
                default -> {
                    list.took();
                    replies.answer(writer -> writer.error(CommandPlace.refusal(command, place)));
                }
            }
        }
    }

    /** The commands from here on that one shard each can run. */
    private KeyHold.Next fill() {
        step = Step.BATCH;
        runIn();
        batch.fill(list(), shard.call(), replies.room());
        return last && !list().hasNext() ? KeyHold.Next.LAST_HOP : KeyHold.Next.HOP;
    }

    private void describe(Command command, CommandCall call) {
        if (command.route() == Command.Route.EVERY_SHARD) {
            call.keys().clear();
        }
        runIn();
        spread.begin(command, call.keys().count());
        request.begin(spread, call.keys(), call.count());
        step = Step.DESCRIBING;
    }

    /** The reply of a command over several shards; false if it is not whole yet. */
    private boolean writeReply() {
        boolean[] whole = {true};
        if (spread.isExceeded()) {
            replies.exceeded();
        }
        replies.answer(writer -> whole[0] = spread.write(writer));
        if (whole[0] || replies.isOver()) {
            spread.clear();
            list().took();
            return true;
        }
        return false;
    }

    /** A command about the connection, or a script over several shards; false if its result is waited for. */
    private boolean runHere(Command command, CommandCall call) {
        call.client(client);
        call.now(hold.now());
        call.held(this::result);
        call.heldKeys(hold);
        call.mayLeave(true);
        try {
            replies.answerBy(() -> shard.runAnyhow(command, call));
            unfinished = call.takeUnfinished();
        } finally {
            call.held(null);
            call.heldKeys(null);
            call.mayLeave(false);
            call.client(null);
        }
        CommandCall.Unfinished script = unfinished;
        if (script != null) {
            step = Step.RESULT;
            // In a turn of its own: nothing calls deeper and deeper.
            script.whenDone(() -> later.on(shard.shard()));
        }
        return step != Step.RESULT;
    }

    /** What a script answers that was waited for. */
    private void writeResult() {
        CommandCall.Unfinished script = unfinished;
        unfinished = null;
        if (script == null) {
            return;
        }
        if (replies.isOver()) {
            script.drop();
        } else {
            replies.answer(script::answer);
        }
    }

    /** A command about the connection answers later. */
    private <T extends @Nullable Object> void result(CompletionStage<T> result, BiConsumer<ReplyWriter, T> answer) {
        step = Step.RESULT;
        result.whenComplete((value, broken) -> shard.shard().executeOrElse(() -> {
            replies.answer(writer -> {
                if (broken == null) {
                    answer.accept(writer, value);
                } else {
                    writer.error(Errors.of(broken));
                }
            });
            hold.goOn();
        }, this::abandoned));
    }

    @Override
    public boolean isHeldUp(StoreShard target) {
        return step == Step.BATCH && batch.isHeldUp(target);
    }

    @Override
    public boolean run(StoreShard target, CommandCall call) {
        return step == Step.BATCH ? batch.run(target, call, replies.resp3()) : spread.run(target, call);
    }

    @Override
    public void failed(StoreShard target, Throwable broken) {
        if (step == Step.BATCH) {
            batch.failed(target, broken);
        } else {
            spread.failed(target, broken);
        }
    }

    /** Tells the waiter that it is its turn, or asks for a turn of its own. */
    @Override
    public void paused() {
        if (over) {
            over = false;
            done();
        } else if (step != Step.RESULT) {
            later.on(shard.shard());
        }
    }

    private void goOnLater() {
        if (abandoned) {
            return;
        }
        if (taken) {
            hold.goOn();
        } else {
            finish();
        }
    }

    /** The keys are given back. */
    @Override
    public void ended() {
        taken = false;
        finish();
    }

    /** Gathers what the last hop has left. */
    private void finish() {
        try {
            if (isRefused()) {
                step = Step.NONE;
            } else if (step == Step.BATCH) {
                batch.gather(replies);
            } else if (step == Step.SPREAD) {
                spread.conclude();
                step = Step.REPLYING;
            }
            if (step == Step.REPLYING && !writeReply()) {
                later.on(shard.shard());
                return;
            }
        } catch (Throwable broken) {
            replies.fail(broken);
        }
        step = Step.NONE;
        done();
    }

    private void done() {
        KeyHold.Work who = lender;
        if (who != null) {
            lender = null;
            hold.lend(who);
        }
        Objects.requireNonNull(waiter).done();
    }

    @Override
    public void abandoned() {
        if (!abandoned && waiter != null) {
            abandoned = true;
            waiter.abandoned();
        }
        KeyHold.Work who = lender;
        if (who != null) {
            lender = null;
            who.abandoned();
        }
    }

    private CommandList list() {
        return Objects.requireNonNull(commands);
    }

    @Override
    public String toString() {
        return "several commands";
    }

    /** Makes it ready for other commands. */
    public void clear() {
        spread.clear();
        if (!within) {
            hold.clear();
        }
        if (unfinished != null) {
            unfinished.drop();
            unfinished = null;
        }
        batch.clear();
        replies.clear();
        Arrays.fill(changed, false);
        Arrays.fill(until, Long.MAX_VALUE);
        Arrays.fill(refused, null);
        waiter = null;
        condition = null;
        client = null;
        commands = null;
        taken = false;
        over = false;
        abandoned = false;
        needsMemory = false;
        first = null;
        step = Step.NONE;
    }

    /** Bytes that are kept between uses. */
    public int kept() {
        return replies.kept() + batch.kept() + hold.kept() + spread.kept();
    }

    @Override
    public void close() {
        if (!shard.letsGo(this)) {
            return;
        }
        clear();
        spread.close();
        if (!within) {
            hold.close();
        }
        batch.close();
        replies.close();
    }
}
