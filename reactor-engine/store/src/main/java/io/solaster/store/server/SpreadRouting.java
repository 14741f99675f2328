package io.solaster.store.server;

import java.util.Objects;

import io.solaster.engine.trace.RequestTrace;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.multi.TransactionRequest;
import io.solaster.store.server.CommandRouting.Outcome;
import io.solaster.store.server.ConnectionState.Phase;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.KeyPositions;
import io.solaster.store.shard.Transaction;
import org.jspecify.annotations.Nullable;

/** Runs the command of one client whose keys lie on several shards, in a {@link Transaction}. On the owning shard only. */
final class SpreadRouting implements Transaction.Waiter {
    private final ClientConnection connection;
    private final CommandRouting routing;
    private final ServerShard server;
    private final ReplyOutput replies;
    /** While it is described and while it is under way. */
    private @Nullable Transaction transaction;
    private @Nullable TransactionRequest request;
    /** Whether a part of its reply has left. */
    private boolean begun;

    SpreadRouting(ClientConnection connection, CommandRouting routing, ServerShard server, ReplyOutput replies) {
        this.connection = connection;
        this.routing = routing;
        this.server = server;
        this.replies = replies;
    }

    /** Whether it is described, and to be run. */
    boolean isReady() {
        return transaction != null && request == null;
    }

    /** Begins to describe the request that is in the intake. */
    Outcome begin(Command command, KeyPositions keys, int count) {
        if (command.has(Command.Flag.BLOCKING)) {
            routing.keyWait().keep(command, server.part().call());
        }
        Transaction taken = server.takeTransaction();
        transaction = taken;
        taken.begin(command, keys.count(), this);
        taken.as(connection.state().user(), connection.state().database(), connection.state().writer());
        TransactionRequest description = server.takeRequest();
        description.begin(taken, keys, count);
        request = description;
        return goOn();
    }

    /** Whether a request has begun that is so long that it takes several turns to look at. */
    boolean isDescribing() {
        return request != null;
    }

    /** Goes on with the request that is in the intake. */
    Outcome goOn() {
        TransactionRequest description = Objects.requireNonNull(request);
        if (!description.goOn(connection.intake().arguments(), server.part().call())) {
            return Outcome.AGAIN;
        }
        request = null;
        server.giveRequest(description);
        return Outcome.WAIT;
    }

    /** Runs it: {@link #concluded} follows, in a later turn. The replies before its own are kept until then. */
    void run(@Nullable RequestTrace trace, long outputRoom) {
        Transaction described = Objects.requireNonNull(transaction);
        replies.keepIn(described::keep);
        connection.progress().waiting(Phase.WAITING_FOR_SHARDS);
        described.run(trace, outputRoom);
    }

    /** A transaction is done: its reply is written, in several turns if it is long. */
    @Override
    public void concluded() {
        boolean whole = true;
        try {
            if (routing.isBlocking() && routing.keyWait().waitsAfter(Objects.requireNonNull(transaction))) {
                end();
                routing.keyWait().nothingFound();
                return;
            }
            whole = join(Objects.requireNonNull(transaction));
        } catch (Throwable failure) {
            connection.broken(failure);
        }
        if (whole) {
            end();
            connection.run();
        } else {
            connection.context().executor().execute(this::concluded);
        }
    }

    private boolean join(Transaction done) {
        if (!connection.channel().isActive() || connection.progress().isClosing() || connection.state().isMuted()) {
            return true;
        }
        if (done.isExceeded()) {
            replies.overflow(replies.limit());
            return true;
        }
        ReplyWriter reply = replies.open();
        long errorsBefore = reply.errors();
        boolean whole;
        done.writeKept(reply);
        int before = reply.position();
        try {
            whole = done.write(reply);
        } catch (OutOfMemoryError none) {
            if (begun) {
                // A part of it has left.
                throw none;
            }
            reply.rewind(before);
            reply.error(Errors.of(none));
            whole = true;
        }
        begun = !whole;
        connection.account().errors(reply.errors() - errorsBefore);
        reply.finish();
        if (!whole) {
            replies.send(connection.context());
        } else if (replies.isEnoughToSend()) {
            replies.flush(connection.context());
        }
        return whole;
    }

    @Override
    public void abandoned() {
        Transaction lost = transaction;
        if (lost != null && server.part().shard().inEventLoop()) {
            // All of its parts are back, or nobody has them; else this shard has stopped, too.
            transaction = null;
            lost.close();
        }
        connection.abandoned();
    }

    @Override
    public boolean isThere() {
        return connection.channel().isActive();
    }

    /** Runs a command over several shards once more that has waited. */
    void tryAgain(Transaction described) {
        transaction = described;
        described.run(null, replies.limit() - connection.outputBytes());
    }

    /** The reply of the transaction is written, or nobody wants it. */
    private void end() {
        Transaction done = Objects.requireNonNull(transaction);
        transaction = null;
        done.clear();
        server.giveTransaction(done);
    }

    /** The client is gone, and nothing is under way. */
    void release() {
        if (routing.isBlocking()) {
            routing.keyWait().untried();
        }
        if (request != null) {
            server.giveRequest(request);
            request = null;
        }
        if (transaction != null) {
            end();
        }
    }
}
