package io.solaster.store.server;

import java.util.ArrayDeque;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.solaster.engine.memory.ReusedBuffer;
import io.solaster.resp.RequestLimits;
import io.solaster.store.multi.CommandSequence;
import io.solaster.store.multi.TransactionRequest;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.shard.Transaction;

/** What one shard's clients are served with, used again and again by all of them. On the owning shard only. */
public final class ServerShard implements AutoCloseable {
    /** Room for a usual pipeline, so that one read empties the socket. */
    private static final int READ_BYTES = 32 * 1024;
    private static final int REPLY_BYTES = 16 * 1024;
    /** What batches and assemblies that wait for their next use may hold: 10,000 clients must not leave gigabytes. */
    private static final long KEPT_BYTES = 32L << 20;
    private static final int KEPT_REQUESTS = 64;
    /** One, while clients send whole requests. */
    private static final int KEPT_INTAKES = 16;

    private final StoreShard part;
    private final ArrayDeque<CommandBatch> batches = new ArrayDeque<>();
    private final ArrayDeque<Assembly> assemblies = new ArrayDeque<>();
    private final ArrayDeque<Transaction> transactions = new ArrayDeque<>();
    private final ArrayDeque<CommandSequence> sequences = new ArrayDeque<>();
    private final ArrayDeque<TransactionRequest> requests = new ArrayDeque<>();
    private final ArrayDeque<CommandIntake> intakes = new ArrayDeque<>();
    private final ReusedBuffer received = new ReusedBuffer(ByteBufAllocator.DEFAULT, READ_BYTES);
    /** Pooled: one of a large value is not taken from the C allocator, and cleared, for each of them. */
    private final ReusedBuffer replies = new ReusedBuffer(PooledByteBufAllocator.DEFAULT, REPLY_BYTES);
    private final FailedLogins failedLogins = new FailedLogins();
    private long kept;
    private boolean closed;

    public ServerShard(StoreShard part) {
        this.part = part;
    }

    /** The keys of the same shard, and what its commands are run with. */
    StoreShard part() {
        return part;
    }

    FailedLogins failedLogins() {
        return failedLogins;
    }

    /** What this shard's clients are read into. */
    public RecvByteBufAllocator reads(int bytesPerTurn) {
        return received.forReads(Math.max(1, bytesPerTurn / READ_BYTES));
    }

    /** An empty buffer for replies; the caller releases it. */
    ByteBuf takeReplies() {
        return replies.take();
    }

    CommandBatch takeBatch() {
        CommandBatch batch = batches.poll();
        if (batch == null) {
            return new CommandBatch(part);
        }
        kept -= batch.kept();
        return batch;
    }

    void giveBatch(CommandBatch batch) {
        if (mayKeep(batch.kept())) {
            kept += batch.kept();
            batches.push(batch);
        } else {
            batch.close();
        }
    }

    Assembly takeAssembly() {
        Assembly assembly = assemblies.poll();
        if (assembly == null) {
            return new Assembly(this, part.parts().count());
        }
        kept -= assembly.kept();
        return assembly;
    }

    void giveAssembly(Assembly assembly) {
        if (mayKeep(assembly.kept())) {
            kept += assembly.kept();
            assemblies.push(assembly);
        } else {
            assembly.close();
        }
    }

    Transaction takeTransaction() {
        Transaction transaction = transactions.poll();
        if (transaction == null) {
            return new Transaction(part);
        }
        kept -= transaction.kept();
        return transaction;
    }

    void giveTransaction(Transaction transaction) {
        if (mayKeep(transaction.kept())) {
            kept += transaction.kept();
            transactions.push(transaction);
        } else {
            transaction.close();
        }
    }

    CommandSequence takeSequence() {
        CommandSequence sequence = sequences.poll();
        if (sequence == null) {
            return new CommandSequence(part);
        }
        kept -= sequence.kept();
        return sequence;
    }

    void giveSequence(CommandSequence sequence) {
        if (mayKeep(sequence.kept())) {
            kept += sequence.kept();
            sequences.push(sequence);
        } else {
            sequence.close();
        }
    }

    TransactionRequest takeRequest() {
        TransactionRequest request = requests.poll();
        return request == null ? new TransactionRequest() : request;
    }

    void giveRequest(TransactionRequest request) {
        if (requests.size() < KEPT_REQUESTS) {
            requests.push(request);
        }
    }

    /** What a client is read with, until all that has come from it is run; the caller gives it back then. */
    CommandIntake takeIntake(RequestLimits limits) {
        CommandIntake intake = intakes.poll();
        return intake == null ? new CommandIntake(limits) : intake;
    }

    /** @param intake in which nothing is left */
    void giveIntake(CommandIntake intake) {
        if (intakes.size() < KEPT_INTAKES) {
            intakes.push(intake);
        }
    }

    /** How many intakes wait for their next use. */
    int intakes() {
        return intakes.size();
    }

    /** Bytes of batches, assemblies and transactions that wait for their next use. */
    long kept() {
        return kept;
    }

    private boolean mayKeep(int bytes) {
        return !closed && kept + bytes <= KEPT_BYTES;
    }

    @Override
    public void close() {
        closed = true;
        batches.forEach(CommandBatch::close);
        batches.clear();
        assemblies.forEach(Assembly::close);
        assemblies.clear();
        transactions.forEach(Transaction::close);
        transactions.clear();
        sequences.forEach(CommandSequence::close);
        sequences.clear();
        received.close();
        replies.close();
        part.close();
    }
}
