package io.solaster.store.server;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

import io.solaster.engine.Slots;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.multi.TransactionRequest;
import io.solaster.store.server.BlockedCommand.Reason;
import io.solaster.store.server.ConnectionState.Phase;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.KeyPositions;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.shard.Transaction;
import org.jspecify.annotations.Nullable;

/**
 * What one client waits for with a command that blocks: on one shard ({@link BlockedCommand}) or on several
 * ({@link SpreadWait}). On the client's shard.
 */
final class KeyWait implements SpreadWait.Owner {
    private final ClientConnection connection;
    private final CommandRouting routing;
    private final ServerShard server;
    private final ReplyOutput replies;
    private final StoreShard shard;
    private @Nullable BlockedCommand single;
    private @Nullable SpreadWait several;
    /** Who has asked it to wait no more, and is told whether it was in time. */
    private @Nullable CompletableFuture<Boolean> asked;

    KeyWait(ClientConnection connection, CommandRouting routing, ServerShard server, ReplyOutput replies) {
        this.connection = connection;
        this.routing = routing;
        this.server = server;
        this.replies = replies;
        this.shard = server.part();
    }

    /** Whether a command is under way that waits, or may yet. */
    boolean isOn() {
        return single != null || several != null;
    }

    /** Whether a command over several shards waits, also while it tries once more. */
    boolean hasWaited() {
        return several != null && several.hasWaited();
    }

    /** As {@link CommandCall.Blocker#block}, for a command on this shard. */
    boolean block(CommandCall call, long timeoutMillis, int type, int firstKey, int keys) {
        if (connection.progress().isDraining()) {
            return false;
        }
        Command command = Objects.requireNonNull(connection.state().lastCommand());
        BlockedCommand blocked = new BlockedCommand(this, shard, shard, command, call);
        try {
            blocked.block(call, timeoutMillis, type, firstKey, keys);
        } catch (Throwable failure) {
            blocked.dismiss();
            throw failure;
        }
        single = blocked;
        connection.progress().waiting(Phase.WAITING_FOR_KEYS);
        return true;
    }

    /** Has a command run on another shard, which owns all of its keys. */
    void send(int owner, Command command, CommandCall call) {
        BlockedCommand sent = new BlockedCommand(this, shard, shard.peer(owner), command, call);
        single = sent;
        connection.progress().waiting(Phase.WAITING_FOR_KEYS);
        sent.send();
        if (connection.progress().isDraining()) {
            sent.cancel(Reason.DRAINING);
        }
    }

    /** A command has come home. */
    void returned(BlockedCommand command) {
        if (single != command) {
            command.putBack();
            return;
        }
        single = null;
        tell(command.ended() != null);
        if (!connection.channel().isActive()) {
            command.putBack();
            return;
        }
        connection.account().errors(command.errors());
        if (!connection.state().isMuted()) {
            ReplyWriter reply = replies.open();
            command.write(reply);
            reply.finish();
        }
        command.close();
        connection.run();
    }

    /** The shard that a command was sent to has stopped. On whatever thread. */
    @Override
    public void abandoned() {
        connection.abandoned();
    }

    /**
     * Puts back what a command has taken whose client is gone, unless the key is of another type by now. On the key's shard.
     *
     * @param taken as of {@link CommandCall#taken}
     * @return done once it is back: others may be using the key
     */
    static CompletionStage<Boolean> putBack(StoreShard part, int database, Command command, ByteStrings arguments,
            ByteStrings taken) {
        taken.rewind();
        taken.next();
        return part.onKey(Slots.of(taken.address(), taken.length()), true, shard -> {
            CommandCall call = shard.offering();
            call.client(null);
            call.as(null, database);
            call.now(shard.now());
            arguments.load(call, 0, arguments.count(), 0);
            shard.keyspace().database(database);
            shard.keyspace().leaveWrite();
            Objects.requireNonNull(command.spread()).putBack(call, taken);
            shard.keyspace().written();
            return true;
        });
    }

    // ---- over several shards

    /** A command begins that may wait, and whose keys lie on several shards. */
    void keep(Command command, CommandCall call) {
        several = new SpreadWait(this, shard, command, call);
    }

    /**
     * A transaction is done: if it found nothing, and the command may wait, the client does.
     *
     * @return whether that is so; then the transaction is over, and nothing of it was answered
     */
    boolean waitsAfter(Transaction done) {
        SpreadWait waiting = several;
        if (waiting == null) {
            return false;
        }
        if (!connection.channel().isActive()) {
            waiting.putBack(done);
            several = null;
            return false;
        }
        if (!done.isToWait() || done.isExceeded()) {
            several = null;
            waiting.served();
            tell(false);
            return false;
        }
        waiting.settle(done);
        ReplyWriter reply = replies.open();
        done.writeKept(reply);
        reply.finish();
        return true;
    }

    /** After {@link #waitsAfter}, and once the transaction was given back. */
    void nothingFound() {
        connection.progress().waitingNow(Phase.WAITING_FOR_KEYS);
        replies.flush(connection.context());
        Objects.requireNonNull(several).nothingFound(connection.progress().isDraining());
    }

    @Override
    public void tryAgain(Command command, ByteStrings arguments) {
        connection.progress().waitingNow(Phase.WAITING_FOR_SHARDS);
        Transaction begun = server.takeTransaction();
        try {
            describe(begun, command, arguments);
        } catch (Throwable failure) {
            begun.clear();
            server.giveTransaction(begun);
            throw failure;
        }
        try {
            routing.spread().tryAgain(begun);
        } catch (Throwable failure) {
            // Some of it may be under way.
            connection.broken(failure);
        }
    }

    private void describe(Transaction begun, Command command, ByteStrings arguments) {
        CommandCall call = shard.call();
        arguments.load(call, 0, arguments.count(), 0);
        KeyPositions keys = call.keys();
        command.keys().find(call, 0, keys);
        begun.begin(command, keys.count(), routing.spread());
        begun.as(null, connection.state().database(), connection.state().writer());
        TransactionRequest description = server.takeRequest();
        description.begin(begun, keys, call.count());
        while (!description.goOn(TransactionRequest.Arguments.of(call), call)) {
            // It has few keys and arguments, and is gone through at once.
        }
        server.giveRequest(description);
    }

    @Override
    public ReplyWriter reply() {
        return replies.open();
    }

    @Override
    public void ended(@Nullable Reason reason) {
        several = null;
        tell(reason != null);
        if (reason != null) {
            answer(reason::answer);
        }
        connection.run();
    }

    @Override
    public void failed(Throwable failure) {
        several = null;
        tell(false);
        answer(reply -> reply.error(Errors.of(failure)));
        connection.run();
    }

    private void answer(Consumer<ReplyWriter> what) {
        if (!connection.state().isMuted()) {
            ReplyWriter reply = replies.open();
            long before = reply.errors();
            what.accept(reply);
            connection.account().errors(reply.errors() - before);
            reply.finish();
        }
    }

    // ---- its end

    private void tell(boolean inTime) {
        CompletableFuture<Boolean> told = asked;
        if (told != null) {
            asked = null;
            told.complete(inTime);
        }
    }

    /** As {@link io.solaster.store.shard.Client#unblock}. */
    CompletionStage<Boolean> unblock(boolean withError) {
        if (!isOn() || asked != null) {
            return CompletableFuture.completedFuture(false);
        }
        CompletableFuture<Boolean> answer = new CompletableFuture<>();
        // In a turn of its own: what it is answered is written where the command that asks writes now.
        shard.shard().execute(() -> {
            if (!answer.isDone()) {
                cancel(withError ? Reason.UNBLOCKED : Reason.TIMEOUT);
            }
        });
        asked = answer;
        return answer;
    }

    /** The server is to stop: nobody waits for ever. */
    void drain() {
        cancel(Reason.DRAINING);
    }

    private void cancel(Reason reason) {
        if (single != null) {
            single.cancel(reason);
        } else if (several != null) {
            several.cancel(reason);
        }
    }

    /** The client is gone: nothing is taken for it any more. */
    void gone() {
        if (single != null) {
            BlockedCommand left = single;
            single = null;
            left.cancel(Reason.GONE);
        } else if (several != null && several.leave()) {
            several = null;
        }
        tell(false);
    }

    /** The client is gone, and the command over several shards that it may have begun is not under way. */
    void untried() {
        SpreadWait begun = several;
        if (begun != null) {
            several = null;
            begun.served();
        }
    }

    /** Whether a shard that it waits on has died, so that nobody will come back from there. */
    boolean isOnDead() {
        return single != null && isDead(single.target().shard().id())
                || several != null && several.isOn(this::isDead);
    }

    private boolean isDead(int other) {
        return shard.parts().engine().shard(other).isTerminated();
    }
}
