package io.solaster.store.multi;

import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.Shard;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.trace.RequestTrace;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.KeyHold;
import io.solaster.store.shard.KeyPositions;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Turn;
import io.solaster.store.shard.Values;
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
 */
public final class CommandSequence implements KeyHold.Work {
    /** What one hop takes at most: commands, and bytes of their arguments. */
    private static final int HOP_COMMANDS = 1024;
    private static final long HOP_BYTES = 1 << 20;
    /** A mask: of so many commands and one, the clock is looked at once. */
    private static final int UNTIMED = 7;
    /** Bytes of replies after which a shard looks at what the others have. */
    private static final int TOLD = 64 * 1024;
    private static final int KEPT = 64 * 1024;

    /** Who waits for it. On the shard of the client, unless that has stopped. */
    public interface Waiter {
        /** The commands that were given are run, or none was: {@link #isChanged}, {@link #refusal}. */
        void done();

        /** It was left where it was, as its shard or another one has stopped; called once, on whatever thread. */
        void abandoned();
    }

    /** Whether the commands are to be run at all: asked on each shard that takes part, once that has its keys. */
    public interface Condition {
        boolean holds(StoreShard shard);
    }

    private enum Step {
        NONE, BATCH, DESCRIBING, SPREAD, REPLYING, RESULT
    }

    private final StoreShard shard;
    private final KeyHold hold;
    private final Transaction spread;
    private final TransactionRequest request = new TransactionRequest();
    private final TransactionRequest.Arguments arguments;
    private final Turn later = new Turn(this::goOnLater, this::abandonedHere);
    private final @Nullable CommandList[] batches;
    private final Values.Room room;
    private ByteBuf replies = Unpooled.directBuffer(256);

    private @Nullable Waiter waiter;
    private @Nullable Condition condition;
    private @Nullable Client client;
    private @Nullable CommandList commands;
    private boolean last;
    private boolean taken;
    private boolean over;
    private boolean abandoned;
    private boolean needsMemory;
    private boolean resp3;
    private long most;
    private Step step = Step.NONE;
    private KeyHold.@Nullable Next first;
    /** Of a batch: the owner of each command. */
    private short[] order = new short[16];
    private int ordered;

    // By shard, written there.
    private final boolean[] changed;
    private final boolean[] exceeded;
    private final @Nullable String[] refused;
    private final @Nullable Throwable[] thrown;

    private boolean tooMuch;
    private @Nullable Throwable failure;
    private long errors;

    public CommandSequence(StoreShard shard) {
        int shards = shard.parts().count();
        this.shard = shard;
        this.hold = new KeyHold(shard);
        this.spread = new Transaction(hold);
        this.batches = new @Nullable CommandList[shards];
        this.room = new Values.Room(shards);
        this.changed = new boolean[shards];
        this.exceeded = new boolean[shards];
        this.refused = new @Nullable String[shards];
        this.thrown = new @Nullable Throwable[shards];
        CommandCall call = shard.call();
        this.arguments = new TransactionRequest.Arguments() {
            @Override
            public long address(int argument) {
                return call.address(argument);
            }

            @Override
            public int length(int argument) {
                return call.length(argument);
            }
        };
    }

    // ---- the keys

    /**
     * Begins to name keys.
     *
     * @param onlyIf null for in any case
     * @param whose seen by commands about the connection; null if there will be none
     */
    public void begin(Waiter whoWaits, @Nullable Condition onlyIf, @Nullable Client whose) {
        waiter = whoWaits;
        condition = onlyIf;
        client = whose;
        hold.begin(this);
    }

    /** Adds all keys of a slot. */
    public void slot(int slot, boolean writes) {
        hold.keysOf(Slots.shardOf(slot, batches.length), writes).slot(slot);
    }

    /** Adds the keys of a command: of all shards, where it looks through all of them. */
    public void keysOf(Command command, CommandCall call) {
        boolean writes = command.has(Command.Flag.WRITE);
        if (isOfEveryShard(command)) {
            everyShard(writes);
            return;
        }
        if (command.route() == Command.Route.CHANNEL) {
            askShard(CommandPlace.of(command, call));
            return;
        }
        KeyPositions keys = call.keys();
        command.keys().find(call, 0, keys);
        if (keys.isAny()) {
            everyShard(writes);
            return;
        }
        for (int i = 0; i < keys.count(); i++) {
            slot(Slots.of(call.address(keys.at(i)), call.length(keys.at(i))), writes);
        }
    }

    /** Whether a command looks at keys without naming them, such as DBSIZE and SCAN. */
    public static boolean isOfEveryShard(Command command) {
        return switch (command.route()) {
            case EVERY_SHARD -> true;
            case CONNECTION -> command.has(Command.Flag.READONLY) || command.has(Command.Flag.WRITE);
            case KEYS, CHANNEL -> false;
        };
    }

    /** Adds all keys of all shards. */
    public void everyShard(boolean writes) {
        for (int i = 0; i < batches.length; i++) {
            hold.keysOf(i, writes).all();
        }
    }

    /** Has a shard take part, if only for the condition. */
    public void askShard(int shardNumber) {
        hold.keysOf(shardNumber, false);
    }

    /** Whether a command may be run under the keys that were named: what others do not name must not be touched. */
    public boolean holds(Command command, CommandCall call) {
        KeyPositions keys = call.keys();
        command.keys().find(call, 0, keys);
        if (isOfEveryShard(command) || keys.isAny()) {
            for (int i = 0; i < batches.length; i++) {
                if (!hold.holds(i, Slots.COUNT)) {
                    return false;
                }
            }
            return true;
        }
        for (int i = 0; i < keys.count(); i++) {
            int slot = Slots.of(call.address(keys.at(i)), call.length(keys.at(i)));
            if (!hold.holds(Slots.shardOf(slot, batches.length), slot)) {
                return false;
            }
        }
        return true;
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
     * @param trace told of the request; null where that is not traced
     */
    public void run(CommandList list, boolean givesBack, boolean inResp3, long outputRoom,
            @Nullable RequestTrace trace) {
        commands = list;
        last = givesBack;
        resp3 = inResp3;
        most = Math.max(0, outputRoom);
        replies.clear();
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
        return tooMuch;
    }

    /** What went wrong beside the commands, which are answered whatever they throw; then replies are missing. */
    public @Nullable Throwable failure() {
        return failure;
    }

    /** The replies of the commands that were given last, one behind the other in the order of these. */
    public ByteBuf replies() {
        return replies;
    }

    /** How many of the replies are errors. */
    public long errors() {
        return errors;
    }

    // ---- what the hold asks

    @Override
    public boolean agrees(StoreShard target) {
        int id = target.shard().id();
        if (condition != null && !condition.holds(target)) {
            changed[id] = true;
        } else if (needsMemory) {
            refused[id] = target.refusal();
        }
        return !changed[id] && refused[id] == null;
    }

    @Override
    public boolean isRefused() {
        return isChanged() || refusal() != null;
    }

    @Override
    public boolean isOneHop() {
        CommandList list = list();
        try {
            if (last && list.hasNext() && CommandPlace.of(list.next(shard.call()), shard.call()) >= 0) {
                first = batch();
            }
        } catch (Throwable broken) {
            fail(broken);
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
            fail(broken);
            return KeyHold.Next.END;
        }
    }

    private void fail(Throwable broken) {
        if (failure == null) {
            failure = broken;
        }
    }

    private KeyHold.Next step() {
        CommandList list = list();
        CommandCall call = shard.call();
        int done = 0;
        while (true) {
            switch (step) {
                case BATCH -> {
                    if (!gather()) {
                        return KeyHold.Next.END;
                    }
                }
                case DESCRIBING -> {
                    list.next(call);
                    if (!request.goOn(arguments, call)) {
                        return KeyHold.Next.PAUSE;
                    }
                    spread.prepare(most - replies.readableBytes());
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
                case RESULT, NONE -> {
                }
            }
            step = Step.NONE;
            if (!list.hasNext()) {
                over = true;
                return last ? KeyHold.Next.END : KeyHold.Next.PAUSE;
            }
            if ((++done & UNTIMED) == 0 && Shard.needPreempt()) {
                return KeyHold.Next.PAUSE;
            }
            Command command = list.next(call);
            int place = CommandPlace.of(command, call);
            if (place >= 0) {
                return batch();
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
                    answer(writer -> writer.error(CommandPlace.refusal(command, place)));
                }
            }
        }
    }

    /** The commands from here on that one shard each can run, for all these shards at once. */
    private KeyHold.Next batch() {
        CommandList list = list();
        CommandCall call = shard.call();
        room.begin(most - replies.readableBytes());
        step = Step.BATCH;
        ordered = 0;
        long bytes = 0;
        while (list.hasNext() && ordered < HOP_COMMANDS && bytes < HOP_BYTES) {
            Command command = list.next(call);
            int owner = CommandPlace.of(command, call);
            if (owner < 0) {
                break;
            }
            CommandList batch = batches[owner];
            if (batch == null) {
                batch = new CommandList();
                batches[owner] = batch;
            }
            long before = batch.size();
            batch.add(command, call);
            bytes += batch.size() - before;
            if (ordered == order.length) {
                order = Arrays.copyOf(order, ordered * 2);
            }
            order[ordered++] = (short) owner;
            hold.busy(owner, true);
            list.took();
        }
        return last && !list.hasNext() ? KeyHold.Next.LAST_HOP : KeyHold.Next.HOP;
    }

    /** Takes the replies of a batch; false if a shard could not run its part. */
    private boolean gather() {
        boolean whole = true;
        for (int i = 0; i < batches.length; i++) {
            Throwable broken = thrown[i];
            tooMuch |= exceeded[i];
            if (broken != null) {
                fail(broken);
                CommandList batch = batches[i];
                whole &= batch == null || !batch.hasNext();
            }
        }
        if (failure == null && !tooMuch) {
            answer(writer -> {
                for (int i = 0; i < ordered; i++) {
                    CommandList batch = Objects.requireNonNull(batches[order[i]]);
                    batch.nextReply();
                    writer.raw(batch.replyAddress(), batch.replyLength());
                }
            });
        }
        for (int i = 0; i < batches.length; i++) {
            CommandList batch = batches[i];
            if (batch != null && batch.count() > 0) {
                batch.clear();
                hold.busy(i, false);
            }
        }
        return whole;
    }

    /** Adds to the replies, unless there are too many; where no memory is had, that is the answer to all of it. */
    private void answer(java.util.function.Consumer<ReplyWriter> what) {
        if (failure != null || tooMuch) {
            return;
        }
        ReplyWriter writer = open();
        int before = writer.position();
        try {
            what.accept(writer);
        } catch (Throwable broken) {
            writer.rewind(before);
            fail(broken);
        }
        close(writer);
    }

    private ReplyWriter open() {
        ReplyWriter writer = shard.call().reply();
        writer.to(replies);
        writer.resp3(resp3);
        return writer;
    }

    private void close(ReplyWriter writer) {
        writer.finish();
        tooMuch |= replies.readableBytes() > most;
    }

    private void describe(Command command, CommandCall call) {
        if (command.route() == Command.Route.EVERY_SHARD) {
            call.keys().clear();
        }
        spread.begin(command, call.keys().count());
        request.begin(spread, call.keys(), call.count());
        step = Step.DESCRIBING;
    }

    /** The reply of a command over several shards; false if it is not whole yet. */
    private boolean writeReply() {
        boolean whole = true;
        if (spread.isExceeded()) {
            tooMuch = true;
        } else if (failure == null && !tooMuch) {
            ReplyWriter writer = open();
            int before = writer.position();
            long errorsBefore = writer.errors();
            try {
                whole = spread.write(writer);
            } catch (Throwable broken) {
                writer.rewind(before);
                fail(broken);
            }
            errors += writer.errors() - errorsBefore;
            close(writer);
        }
        if (whole) {
            spread.clear();
            list().took();
        }
        return whole;
    }

    /** A command about the connection; false if its result is waited for. */
    private boolean runHere(Command command, CommandCall call) {
        ReplyWriter writer = open();
        int before = writer.position();
        long errorsBefore = writer.errors();
        call.client(client);
        call.now(shard.now());
        call.held(this::result);
        try {
            shard.runAnyhow(command, call);
        } finally {
            call.held(null);
            call.client(null);
            if (failure != null || tooMuch) {
                writer.rewind(before);
            }
            errors += writer.errors() - errorsBefore;
            resp3 = writer.resp3();
            close(writer);
        }
        return step != Step.RESULT;
    }

    /** A command about the connection answers later. */
    private <T extends @Nullable Object> void result(CompletionStage<T> result, BiConsumer<ReplyWriter, T> answer) {
        step = Step.RESULT;
        result.whenComplete((value, broken) -> shard.shard().executeOrElse(() -> {
            answer(writer -> {
                long errorsBefore = writer.errors();
                if (broken == null) {
                    answer.accept(writer, value);
                } else {
                    writer.error(Errors.of(broken));
                }
                errors += writer.errors() - errorsBefore;
            });
            hold.goOn();
        }, this::abandonedHere));
    }

    @Override
    public boolean run(StoreShard target, CommandCall call) {
        return step == Step.BATCH ? runBatch(target, call) : spread.run(target, call);
    }

    private boolean runBatch(StoreShard target, CommandCall call) {
        int id = target.shard().id();
        CommandList batch = Objects.requireNonNull(batches[id]);
        ReplyWriter writer = call.reply();
        writer.to(batch.replies());
        writer.resp3(resp3);
        int told = writer.position();
        int done = 0;
        call.held(CommandSequence::refuseLater);
        try {
            do {
                int before = writer.position();
                try {
                    target.runAnyhow(batch.next(call), call);
                } catch (OutOfMemoryError none) {
                    // Not even for an error. The others are run nevertheless.
                    thrown[id] = none;
                }
                if (exceeded[id] || thrown[id] != null) {
                    writer.rewind(before);
                } else if (writer.position() - told > TOLD) {
                    told = writer.position();
                    exceeded[id] = !room.takes(id, told);
                }
                batch.replied(writer.position());
                batch.took();
            } while (batch.hasNext() && ((++done & UNTIMED) != 0 || !Shard.needPreempt()));
        } finally {
            call.held(null);
            writer.finish();
        }
        return !batch.hasNext();
    }

    private static <T extends @Nullable Object> void refuseLater(CompletionStage<T> result,
            BiConsumer<ReplyWriter, T> answer) {
        throw new IllegalStateException("a command on keys answers at once");
    }

    @Override
    public void failed(StoreShard target, Throwable broken) {
        if (step == Step.BATCH) {
            thrown[target.shard().id()] = broken;
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
                gather();
            } else if (step == Step.SPREAD) {
                spread.conclude();
                step = Step.REPLYING;
            }
            if (step == Step.REPLYING && !writeReply()) {
                later.on(shard.shard());
                return;
            }
        } catch (Throwable broken) {
            fail(broken);
        }
        step = Step.NONE;
        done();
    }

    private void done() {
        Objects.requireNonNull(waiter).done();
    }

    @Override
    public void abandoned() {
        if (!abandoned) {
            abandoned = true;
            Objects.requireNonNull(waiter).abandoned();
        }
    }

    /** This shard stops. */
    private void abandonedHere() {
        if (waiter != null) {
            abandoned();
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
        hold.clear();
        for (CommandList batch : batches) {
            if (batch != null) {
                batch.clear();
            }
        }
        Arrays.fill(changed, false);
        Arrays.fill(exceeded, false);
        Arrays.fill(refused, null);
        Arrays.fill(thrown, null);
        replies.clear();
        if (replies.capacity() > KEPT) {
            replies.capacity(256);
        }
        waiter = null;
        condition = null;
        client = null;
        commands = null;
        taken = false;
        over = false;
        abandoned = false;
        needsMemory = false;
        tooMuch = false;
        failure = null;
        errors = 0;
        first = null;
        step = Step.NONE;
    }

    /** Bytes that are kept between uses. */
    public int kept() {
        int kept = replies.capacity() + hold.kept() + spread.kept();
        for (CommandList batch : batches) {
            kept += batch == null ? 0 : batch.kept();
        }
        return kept;
    }

    public void close() {
        clear();
        spread.close();
        hold.close();
        for (CommandList batch : batches) {
            if (batch != null) {
                batch.close();
            }
        }
        replies.release();
    }
}
