package io.solaster.store.server;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.ShardStoppedException;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.mesh.Message;
import io.solaster.engine.timer.Timer;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.persist.Journal;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Intent;
import io.solaster.store.shard.KeyPositions;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.waiting.Waiter;
import org.jspecify.annotations.Nullable;

/**
 * A command that may wait, all of whose keys lie on one shard. From another shard it travels there, and comes back with its
 * reply: at once if one of its keys is there, else once one of them is, after its time, or when it is told to wait no more.
 * On the client's own shard it is made when the command has to wait. What it has taken for a client that is gone goes back.
 *
 * <p>
 * It belongs to one shard at a time, but for {@link #cancel}, which sends word to where it is. One for each command.
 */
final class BlockedCommand extends Message implements CommandCall.Blocker, AutoCloseable {
    /** Why a command waits no more that has got nothing. */
    enum Reason {
        TIMEOUT(null), UNBLOCKED("UNBLOCKED client unblocked via CLIENT UNBLOCK"), DRAINING(
                "UNBLOCKED the server is stopping"), GONE(null);

        private final @Nullable String error;

        Reason(@Nullable String error) {
            this.error = error;
        }

        /** Answers it. */
        void answer(ReplyWriter reply) {
            if (error == null) {
                reply.nullArray();
            } else {
                reply.error(error);
            }
        }
    }

    /** Waiting longer than this is waiting for ever, and a longer delay is none that a timer takes. */
    static final long LONGEST_MILLIS = Duration.ofDays(10_000).toMillis();

    private static final String FAILED = "-ERR internal error\r\n";
    private static final String UNKEPT = "-MISCONF Errors writing to the AOF file\r\n";

    private final KeyWait wait;
    private final StoreShard origin;
    private final StoreShard target;
    private final Command command;
    private final boolean resp3;
    private final int database;
    private final ByteStrings arguments = new ByteStrings();
    private final ByteStrings taken = new ByteStrings();
    private final Waiter waiter;
    private final Intent intent = new Intent(this::hasKeys);
    private final Runnable begin = this::begin;
    private final Runnable offerAgain = this::offerAgain;

    private boolean home;
    private int type;
    private int firstKey;
    private CommandCall.@Nullable Wanted wants;
    private @Nullable LookAgain again;
    private int keys;
    /** The key that {@link #intent} is for, where it waits for others to be done with one that was offered. */
    private int wanted;
    private @Nullable Timer timer;
    private @Nullable ByteBuf replies;
    private long errors;
    /** What the log has to have before it goes home; 0 for nothing. */
    private long mark;
    private @Nullable Reason ended;
    /** Why it is not to wait, though it has not begun. */
    private @Nullable Reason pending;

    BlockedCommand(KeyWait wait, StoreShard origin, StoreShard target, Command command, CommandCall call) {
        this.wait = wait;
        this.origin = origin;
        this.target = target;
        this.command = command;
        this.resp3 = call.client().state().resp3();
        this.database = call.database();
        this.waiter = new Waiter(origin.shard().id(), this::offer);
        origin.holds(this);
        for (int i = 0; i < call.count(); i++) {
            arguments.add(call.address(i), call.length(i));
        }
    }

    StoreShard target() {
        return target;
    }

    /** On the origin, which is not the target: has it run there. */
    void send() {
        origin.shard().mesh().send(target.shard().id(), this);
    }

    @Override
    public void deliver() {
        if (home) {
            wait.returned(this);
        } else {
            begin();
        }
    }

    // ---- on the target

    /** Runs the command once others do not use its keys. Whatever is thrown, it goes home: somebody waits for it there. */
    private void begin() {
        CommandCall call = target.call();
        try {
            if (pending != null) {
                target.locks().remove(intent);
                goHome(pending);
                return;
            }
            call.client(null);
            call.as(null, database);
            call.now(target.now());
            arguments.load(call, 0, arguments.count(), 0);
            if (!intent.isQueued() && !target.locks().isFree()) {
                intent.begin(command, call);
                if (target.locks().isInTheWay(intent)) {
                    target.locks().addHere(intent);
                    return;
                }
            }
            call.blocker(this);
            run(call, 0, true);
        } catch (Throwable thrown) {
            failed(thrown);
        }
    }

    private void run(CommandCall call, int offered, boolean first) {
        ReplyWriter writer = call.reply();
        writer.to(replies());
        writer.resp3(resp3);
        call.offer(offered, taken);
        long before = writer.errors();
        Journal journal = target.journal();
        long had = journal == null ? 0 : journal.mark();
        try {
            if (first) {
                target.runAlone(command, call);
            } else {
                target.runServed(command, call);
            }
        } finally {
            call.offer(0, null);
            call.client(null);
            errors += writer.errors() - before;
            writer.finish();
            target.locks().remove(intent);
            if (journal != null && journal.mark() != had) {
                mark = journal.mark();
            }
        }
        if (!waiter.isWaiting()) {
            goHome();
        }
        if (first) {
            // Behind it, as who is served may serve this one.
            target.serveWaiting();
        }
    }

    private ByteBuf replies() {
        ByteBuf open = replies;
        if (open == null) {
            open = ByteBufAllocator.DEFAULT.directBuffer();
            replies = open;
        }
        return open;
    }

    private void failed(Throwable thrown) {
        leaveAll();
        target.tellFailed(command, thrown);
        fail();
        goHome();
    }

    private void fail() {
        replies().clear().writeBytes(FAILED.getBytes(StandardCharsets.US_ASCII));
    }

    /** Nothing is there: waits until something is. */
    @Override
    public boolean block(CommandCall call, long timeoutMillis, int newType, int newFirstKey, int newKeys) {
        type = newType;
        firstKey = newFirstKey;
        keys = newKeys;
        wants = call.takeWanted();
        if (wants != null) {
            keepArguments(call);
        }
        for (int i = firstKey; i < firstKey + keys; i++) {
            target.waiting().add(waiter, i, type, call.address(i), call.length(i));
            lookAgain(call, i);
        }
        if (timeoutMillis > 0) {
            timer = target.shard().timers().timer(() -> end(Reason.TIMEOUT));
            timer.arm(Duration.ofMillis(Math.min(timeoutMillis, LONGEST_MILLIS)));
        }
        return true;
    }

    private void lookAgain(CommandCall call, int key) {
        CommandCall.Wanted its = wants;
        long at = its == null ? CommandCall.Wanted.NEVER : its.againAt(call, key);
        if (at == CommandCall.Wanted.NEVER) {
            return;
        }
        LookAgain looks = again;
        if (looks == null) {
            looks = new LookAgain(target, waiter);
            again = looks;
        }
        looks.at(at);
    }

    /** Keeps the arguments as the command has set them; some of those that it has set may lie among those that are kept. */
    private void keepArguments(CommandCall call) {
        byte[][] now = new byte[call.count()][];
        for (int i = 0; i < now.length; i++) {
            now[i] = call.bytes(i);
        }
        arguments.clear();
        for (byte[] each : now) {
            long copy = Memory.allocate(Math.max(1, each.length));
            Memory.copy(each, 0, copy, each.length);
            arguments.add(copy, each.length);
            Memory.free(copy);
        }
        arguments.load(call, 0, arguments.count(), 0);
    }

    /** A key may be there. */
    private Waiter.Answer offer(int key) {
        CommandCall call = target.offering();
        try {
            call.client(null);
            call.as(null, database);
            arguments.load(call, 0, arguments.count(), 0);
            // Whoever uses the key may do so as of an earlier time: what it sees stays.
            boolean isUsed = !intent.isGranted()
                    && target.locks().isUsed(Slots.of(call.address(key), call.length(key)));
            call.now(isUsed ? Long.MIN_VALUE : target.now());
            Keyspace keyspace = target.keyspace();
            long entry = keyspace.peek(call.address(key), call.length(key), call.now());
            CommandCall.Wanted its = wants;
            if (its != null ? !its.isThere(call, key) : entry == 0 || keyspace.type(entry) != type) {
                if (intent.isQueued() && key == wanted) {
                    // It has waited for others to be done with the key, who have removed it; another may be there.
                    target.locks().remove(intent);
                    target.waiting().tried(waiter);
                }
                lookAgain(call, key);
                return Waiter.Answer.NOTHING;
            }
            if (!hasRight(call, key)) {
                return Waiter.Answer.TRIES;
            }
            leaveQueues();
            run(call, key, false);
        } catch (Throwable thrown) {
            failed(thrown);
        }
        return Waiter.Answer.SERVED;
    }

    /** Whether nobody else uses the key that is offered, and those that are not waited for; else it is told then. */
    private boolean hasRight(CommandCall call, int key) {
        if (intent.isQueued()) {
            return key == wanted && intent.isGranted();
        }
        if (target.locks().isFree()) {
            return true;
        }
        wanted = key;
        intent.begin(true);
        intent.slot(Slots.of(call.address(key), call.length(key)));
        KeyPositions positions = call.keys();
        command.keys().find(call, 0, positions);
        for (int i = 0; i < positions.count(); i++) {
            int at = positions.at(i);
            if (at < firstKey || at >= firstKey + keys) {
                intent.slot(Slots.of(call.address(at), call.length(at)));
            }
        }
        return !target.locks().isInTheWay(intent) || target.locks().addHere(intent);
    }

    private void hasKeys() {
        target.shard().execute(waiter.isWaiting() ? offerAgain : begin);
    }

    private void offerAgain() {
        target.waiting().tried(waiter);
        target.serveWaiting();
    }

    /** Has got nothing, and waits no more. */
    void end(Reason reason) {
        if (!waiter.isWaiting()) {
            // It is on its way home, or there.
            return;
        }
        leaveAll();
        goHome(reason);
    }

    private void goHome(Reason reason) {
        ended = reason;
        ReplyWriter writer = target.offering().reply();
        writer.to(replies());
        writer.resp3(resp3);
        reason.answer(writer);
        writer.finish();
        goHome();
    }

    private void leaveAll() {
        leaveQueues();
        target.locks().remove(intent);
    }

    private void leaveQueues() {
        target.waiting().remove(waiter);
        if (again != null) {
            again.cancel();
        }
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    /** At once, or when the log has what it did. */
    private void goHome() {
        home = true;
        Journal journal = mark == 0 ? null : target.journal();
        if (journal == null || journal.isKept(mark)) {
            arrive();
        } else {
            journal.whenKept(mark).whenComplete((kept, why) -> {
                if (why != null && ShardFuture.causeOf(why) instanceof ShardStoppedException) {
                    wait.abandoned();
                    return;
                }
                if (why != null) {
                    replies().clear().writeBytes(UNKEPT.getBytes(StandardCharsets.US_ASCII));
                }
                arrive();
            });
        }
    }

    private void arrive() {
        target.shard().mesh().sendFree(origin.shard().id(), this);
    }

    // ---- on the origin

    /** Waits no more, unless it has got something by now; comes home in either case. */
    void cancel(Reason reason) {
        if (origin == target) {
            end(reason);
        } else {
            origin.shard().mesh().sendFree(target.shard().id(), new Cancellation(this, reason));
        }
    }

    /** Has another shard end what waits there. */
    private static final class Cancellation extends Message {
        private final BlockedCommand command;
        private final Reason reason;

        Cancellation(BlockedCommand command, Reason reason) {
            this.command = command;
            this.reason = reason;
        }

        @Override
        public void deliver() {
            command.cancelled(reason);
        }
    }

    private void cancelled(Reason reason) {
        if (waiter.isWaiting()) {
            end(reason);
        } else if (!home) {
            // Others use its keys, so it has not begun.
            pending = reason;
        }
    }

    /** Why it has got nothing; null if it has a reply of its own. At home. */
    @Nullable
    Reason ended() {
        return ended;
    }

    /** It could not be made to wait. On the target. */
    void dismiss() {
        leaveQueues();
        close();
    }

    /** How many of its replies are errors. */
    long errors() {
        return errors;
    }

    void write(ReplyWriter to) {
        ByteBuf written = Objects.requireNonNull(replies);
        to.raw(Memory.address(written), written.readableBytes());
    }

    /** At home, where its client is gone: what it has taken goes back where it was. Then it gives its memory back. */
    void putBack() {
        if (taken.count() == 0) {
            close();
        } else {
            target.parts().sharded().on(target.shard().id(), this::putBack).exceptionally(_ -> {
                close();
                return false;
            });
        }
    }

    private boolean putBack(StoreShard part) {
        KeyWait.putBack(part, database, command, arguments, taken).whenComplete((_, _) -> close());
        return true;
    }

    /** Gives its memory back; where it is. */
    @Override
    public void close() {
        if (!origin.letsGo(this)) {
            return;
        }
        arguments.close();
        taken.close();
        if (replies != null) {
            replies.release();
            replies = null;
        }
    }

    @Override
    public void abandon() {
        if (!home) {
            wait.abandoned();
        } else if (target.shard().inEventLoop() && taken.count() > 0) {
            // The client's shard has died.
            putBack(target);
        } else {
            close();
        }
    }

    @Override
    public String toString() {
        return command.name() + " on shard " + target.shard().id();
    }
}
