package io.solaster.store.server;

import java.util.Objects;
import java.util.concurrent.CompletionStage;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.trace.RequestTrace;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.acl.Rights;
import io.solaster.store.multi.CommandSequence;
import io.solaster.store.multi.MultiState;
import io.solaster.store.multi.QueuedCommands;
import io.solaster.store.server.CommandRouting.Outcome;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.watch.Pause;
import org.jspecify.annotations.Nullable;

/**
 * MULTI, EXEC, DISCARD, WATCH and UNWATCH of one client: keeps its commands, and runs them as one step. On the owning shard
 * only.
 */
final class ClientMulti implements Client.Multi, CommandSequence.Waiter {
    private static final String ABORTED = "EXECABORT Transaction discarded because of previous errors.";
    private static final String RULES_CHANGED = "EXECABORT Transaction discarded because of: the rules of the user have"
            + " changed since MULTI";
    private static final String ABORT = "EXECABORT Transaction discarded because of: ";
    private static final String NOT_ALLOWED = "ERR Command not allowed inside a transaction";

    private final ClientConnection connection;
    private final ServerShard server;
    private final ReplyOutput replies;
    private final StoreShard shard;
    private final MultiState state;
    /** What the user may do, as commands began to be kept. */
    private @Nullable Rights rights;
    private boolean mayWrite;
    /** EXEC that is to be run, and then is. */
    private @Nullable CommandSequence exec;
    private boolean underWay;
    private int commands;

    ClientMulti(ClientConnection connection, ServerShard server, ReplyOutput replies) {
        this.connection = connection;
        this.server = server;
        this.replies = replies;
        this.shard = server.part();
        this.state = new MultiState(shard);
    }

    /** Whether a command is to be kept, rather than run. */
    boolean keeps(Command command) {
        return state.isOpen() && !MultiState.isOfMulti(command);
    }

    /** Whether a command that is kept may write. */
    boolean mayWrite() {
        return mayWrite;
    }

    /** A command was refused before it was looked at what it does. */
    void refused() {
        state.spoil();
    }

    /** EXEC was refused: nothing is kept for it any more. */
    void refusedExec(ReplyWriter reply, String error) {
        reset();
        reply.error(ABORT + (error.startsWith("ERR ") ? error.substring(4) : error));
    }

    /** Keeps a command for EXEC. */
    Outcome keep(Command command, CommandCall call, ReplyWriter reply) {
        if (command.has(Command.Flag.NO_MULTI) || command.has(Command.Flag.NO_AUTH)) {
            return refuse(command, reply, NOT_ALLOWED);
        }
        String refusal = shard.refusal();
        if (refusal != null) {
            return refuse(command, reply, refusal);
        }
        mayWrite |= Pause.mayWrite(command);
        long limit = replies.limit();
        try {
            return added(state.queue().add(command, call, connection.intake().arguments(),
                    limit == 0 ? Long.MAX_VALUE : limit), reply);
        } catch (OutOfMemoryError none) {
            return refuse(command, reply, Errors.of(none));
        }
    }

    private Outcome refuse(Command command, ReplyWriter reply, String error) {
        state.spoil();
        shard.counts().rejected(command);
        reply.error(error);
        return Outcome.NEXT;
    }

    /** Whether a command is kept in part. */
    boolean isKeeping() {
        return state.isOpen() && state.queue().isAdding();
    }

    Outcome goOnKeeping(CommandCall call, ReplyWriter reply) {
        try {
            return added(state.queue().goOn(connection.intake().arguments(), call), reply);
        } catch (OutOfMemoryError none) {
            reply.error(Errors.of(none));
            return Outcome.NEXT;
        }
    }

    private Outcome added(QueuedCommands.Added added, ReplyWriter reply) {
        switch (added) {
            case IN_PART -> {
                return Outcome.AGAIN;
            }
            case WHOLE -> reply.simple("QUEUED");
            case TOO_MUCH -> reply.error("ERR the commands between MULTI and EXEC would take more than the "
                    + replies.limit() + " bytes that 'client-output-buffer-limit' allows; send fewer at once");
        }
        return Outcome.NEXT;
    }

    // ---- the commands

    @Override
    public void multi(ReplyWriter reply) {
        if (state.isOpen()) {
            reply.error("ERR MULTI calls can not be nested");
        } else {
            state.open();
            rights = connection.state().user().rights();
            mayWrite = false;
            reply.ok();
        }
    }

    @Override
    public void discard(ReplyWriter reply) {
        if (state.isOpen()) {
            reset();
            reply.ok();
        } else {
            reply.error("ERR DISCARD without MULTI");
        }
    }

    @Override
    public void watch(CommandCall call) {
        ReplyWriter reply = call.reply();
        if (state.isOpen()) {
            reply.error("ERR WATCH inside MULTI is not allowed");
        } else if (state.isTooMuch(call.count() - 1)) {
            reply.error("ERR a client may watch at most " + MultiState.MOST_WATCHED + " keys; EXEC or UNWATCH first");
        } else {
            CompletionStage<?> watched = state.watch(call);
            if (watched == null) {
                reply.ok();
            } else {
                call.later(watched, (later, done) -> later.ok());
            }
        }
    }

    @Override
    public void unwatch(ReplyWriter reply) {
        state.unwatch();
        reply.ok();
    }

    @Override
    public void exec(ReplyWriter reply) {
        if (!state.isOpen()) {
            reply.error("ERR EXEC without MULTI");
        } else if (state.isSpoiled()) {
            reset();
            reply.error(ABORTED);
        } else if (isOfOtherRights()) {
            reset();
            reply.error(RULES_CHANGED);
        } else if (state.queued() == 0 && !state.isWatching()) {
            reset();
            reply.arrayHeader(0);
        } else {
            begin();
        }
    }

    private void begin() {
        CommandSequence begun = server.takeSequence();
        try {
            state.begin(begun, this, connection);
        } catch (Throwable failure) {
            begun.clear();
            server.giveSequence(begun);
            reset();
            throw failure;
        }
        commands = state.queued();
        Client.Tracker tracker = connection.state().tracker();
        if (tracker != null) {
            tracker.runsKept();
        }
        exec = begun;
        state.closed();
    }

    /** Whether what the user may do has changed since commands are kept, which were looked at by what it was. */
    @SuppressWarnings("ReferenceEquality") // what changes becomes another one
    private boolean isOfOtherRights() {
        Rights now = connection.state().user().rights();
        return now != rights && !now.mayAll();
    }

    @Override
    public void reset() {
        if (!underWay) {
            forget();
        }
    }

    private void forget() {
        state.close();
        Client.Tracker tracker = connection.state().tracker();
        if (tracker != null) {
            tracker.dropsKept();
        }
    }

    @Override
    public int queued() {
        return state.queued();
    }

    @Override
    public long queuedBytes() {
        return state.queuedBytes();
    }

    // ---- EXEC

    /** Whether EXEC is to be run. */
    boolean isReady() {
        return exec != null && !underWay;
    }

    /** Runs what EXEC was sent for: {@link #done} follows, in a later turn. */
    void run(@Nullable RequestTrace trace, long outputRoom) {
        underWay = true;
        Objects.requireNonNull(exec).run(state.commands(), true, connection.state().resp3(), outputRoom, trace);
    }

    @Override
    public void done() {
        CommandSequence done = Objects.requireNonNull(exec);
        try {
            if (connection.channel().isActive() && !connection.state().isMuted()) {
                answer(done);
            }
        } catch (Throwable failure) {
            connection.broken(failure);
        }
        end(done);
        connection.run();
    }

    private void answer(CommandSequence done) {
        if (done.isExceeded()) {
            replies.overflow(replies.limit());
            return;
        }
        ReplyWriter reply = replies.open();
        int before = reply.position();
        long errorsBefore = reply.errors();
        try {
            write(done, reply);
        } catch (OutOfMemoryError none) {
            reply.rewind(before);
            reply.error(Errors.of(none));
        }
        connection.account().errors(reply.errors() - errorsBefore + done.errors());
        reply.finish();
        if (replies.isEnoughToSend()) {
            replies.flush(connection.context());
        }
    }

    private void write(CommandSequence done, ReplyWriter reply) {
        String refusal = done.refusal();
        Throwable failure = done.failure();
        if (done.isChanged()) {
            reply.nullArray();
        } else if (refusal != null) {
            reply.error(ABORT + refusal);
        } else if (failure != null) {
            reply.error(Errors.of(failure));
        } else {
            reply.arrayHeader(commands);
            reply.raw(Memory.address(done.replies()), done.replies().readableBytes());
        }
    }

    private void end(CommandSequence done) {
        exec = null;
        underWay = false;
        forget();
        done.clear();
        server.giveSequence(done);
        leaveIfGone();
    }

    private void leaveIfGone() {
        if (!connection.channel().isActive()) {
            connection.leave();
        }
    }

    @Override
    public void abandoned() {
        CommandSequence lost = exec;
        if (lost != null && shard.shard().inEventLoop()) {
            // All of its parts are back, or nobody has them; else this shard has stopped, too.
            exec = null;
            underWay = false;
            lost.close();
            state.close();
            leaveIfGone();
        }
        connection.abandoned();
    }

    /** The client is gone; what is under way comes to its end. */
    void release() {
        CommandSequence begun = exec;
        if (begun != null && !underWay) {
            end(begun);
        }
        reset();
    }
}
