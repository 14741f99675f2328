package io.solaster.store.shard;

import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.trace.RequestTrace;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.acl.User;
import org.jspecify.annotations.Nullable;

/**
 * One command under way whose keys lie on several shards. It works on each in hops ({@link Spread}), one message a shard and
 * hop, under a {@link KeyHold}: its own, which it takes before it does anything and gives back with the last hop, or one that
 * others have taken for several commands. So nobody sees half of it, and it is the same whether its client is still there.
 *
 * <p>
 * Made, used again and again, and called on the shard of the client.
 */
public final class Transaction implements KeyHold.Work, AutoCloseable {
    private static final int KEPT_KEYS = 1024;

    /** Who waits for its end. */
    public interface Waiter {
        /** It is done, and has a reply. */
        void concluded();

        /** Whether anybody still wants the reply; asked between two hops, on the client's shard. */
        default boolean isThere() {
            return true;
        }

        /** It will not be done, as its shard or another one has stopped; called once, on whatever thread. */
        void abandoned();
    }

    private final StoreShard shard;
    private final KeyHold hold;
    /** Whether the keys are held for this command alone. */
    private final boolean alone;
    private final ByteStrings before = new ByteStrings();
    private final Values.Room room;
    private short[] owners = new short[16];
    private int keys;
    private @Nullable Command command;
    private @Nullable Waiter waiter;
    private int hop;
    /** What was thrown between two hops. */
    private @Nullable Throwable thrown;
    private long begun;
    private boolean written;
    /** How far the reply is written, for a {@link Spread} that writes it in pieces. */
    private int progress;

    public Transaction(StoreShard shard) {
        this(new KeyHold(shard), true);
    }

    /** One of commands under keys that are held for several: {@link #prepare}, {@link #next} and {@link #write} are to be called. */
    public Transaction(KeyHold ofSeveral) {
        this(ofSeveral, false);
    }

    private Transaction(KeyHold hold, boolean alone) {
        this.shard = hold.shard();
        this.hold = hold;
        this.alone = alone;
        this.room = new Values.Room(hold.shards());
        shard.holds(this);
    }

    /**
     * Begins to describe a command.
     *
     * @param keysOfIt how many it has
     */
    public void begin(Command newCommand, int keysOfIt, Waiter whoWaits) {
        waiter = whoWaits;
        hold.begin(this);
        begin(newCommand, keysOfIt);
    }

    /** Says for whom it is run, and in which database; once it is begun. */
    public void as(@Nullable User user, int database, long writer) {
        hold.as(user, database);
        hold.writer(writer);
    }

    /** Begins to describe a command, for which nobody waits but who holds the keys. */
    public void begin(Command newCommand, int keysOfIt) {
        command = newCommand;
        keys = keysOfIt;
        hop = -1;
        if (owners.length < keysOfIt) {
            owners = new short[Math.max(keysOfIt, 16)];
        }
    }

    /** Says where a key lies. */
    public void key(int index, long address, int length) {
        int slot = Slots.of(address, length);
        int owner = Slots.shardOf(slot, hold.shards());
        owners[index] = (short) owner;
        hold.part(owner).busy = true;
        if (alone) {
            hold.keysOf(owner, command().has(Command.Flag.WRITE)).slot(slot);
        }
    }

    /** Has all shards take part, with all of their keys. */
    public void everyShard() {
        for (int i = 0; i < hold.shards(); i++) {
            hold.part(i).busy = true;
            if (alone) {
                hold.keysOf(i, command().has(Command.Flag.WRITE)).all();
            }
        }
    }

    /** Adds an argument that belongs to a key; after all of the keys were named. */
    public void argumentOf(int key, long address, int length) {
        hold.part(owners[key]).arguments.add(address, length);
    }

    /** Adds an argument that all shards get. */
    public void argument(long address, int length) {
        for (int i = 0; i < hold.shards(); i++) {
            if (hold.part(i).busy) {
                hold.part(i).arguments.add(address, length);
            }
        }
    }

    /** Keeps replies that belong before its own. */
    public void keep(ByteBuf replies) {
        before.add(Memory.address(replies), replies.readableBytes());
    }

    /**
     * Begins to run it: {@link Waiter#concluded} follows, in a later turn.
     *
     * @param trace told of the request; null where that is not traced
     * @param outputRoom bytes that may be answered
     */
    public void run(@Nullable RequestTrace trace, long outputRoom) {
        prepare(outputRoom - before.size());
        hold.trace(trace);
        hold.take();
    }

    /**
     * Begins to run it once all is described.
     *
     * @param outputRoom bytes that may be answered
     */
    public void prepare(long outputRoom) {
        begun = shard.begin(command());
        room.begin(Math.max(0, outputRoom));
        for (int i = 0; i < hold.shards(); i++) {
            if (hold.part(i).busy) {
                hold.part(i).values.begin(room, i);
            }
        }
        spread().prepare(this);
    }

    // ---- what the hold asks

    @Override
    public boolean isOneHop() {
        return spread().hops() == 1;
    }

    /** What comes next of it: as {@link KeyHold.Work#next}. */
    @Override
    public KeyHold.Next next() {
        if (hop >= 0 && (isRefused() || hop == spread().hops() - 1 || !goesOn())) {
            return KeyHold.Next.END;
        }
        hop++;
        return hop == spread().hops() - 1 ? KeyHold.Next.LAST_HOP : KeyHold.Next.HOP;
    }

    /** Whatever is thrown, the keys are given back: nobody else does that. */
    private boolean goesOn() {
        try {
            return spread().goesOn(this, hop);
        } catch (Throwable failure) {
            thrown = failure;
            shard.tellFailed(command(), failure);
            return false;
        }
    }

    @Override
    public boolean agrees(StoreShard target) {
        String refusal = target.refusal(command());
        if (refusal != null) {
            hold.part(target.shard().id()).values.error(refusal);
        }
        return refusal == null;
    }

    @Override
    public boolean isRefused() {
        return failure() != null || error() != null || isExceeded();
    }

    @Override
    public boolean run(StoreShard target, CommandCall call) {
        return hold.part(target.shard().id()).run(command(), spread(), call, hop);
    }

    @Override
    public void failed(StoreShard target, Throwable failure) {
        target.tellFailed(command(), failure);
    }

    @Override
    public void ended() {
        conclude();
        Objects.requireNonNull(waiter).concluded();
    }

    @Override
    public void abandoned() {
        if (shard.shard().inEventLoop()) {
            conclude();
        }
        Objects.requireNonNull(waiter).abandoned();
    }

    /** All of its hops are done: counts it, and what was found is read from its beginning. */
    public void conclude() {
        for (int i = 0; i < hold.shards(); i++) {
            TransactionPart part = hold.part(i);
            if (part.busy) {
                part.values.strings().rewind();
            }
        }
        shard.end(command(), begun, error() != null || failure() != null);
    }

    // ---- what a Spread asks

    /** The client's shard, where this is called. */
    public StoreShard shard() {
        return shard;
    }

    /** What a part has found, or is to be given. */
    public Values values(int part) {
        return hold.part(part).values;
    }

    /** Gives each of two parts what the other one has found. */
    public void exchange(int one, int other) {
        Values values = hold.part(one).values;
        hold.part(one).values = hold.part(other).values;
        hold.part(other).values = values;
    }

    /** On which shard a key lies, by its place among the keys. */
    public int owner(int key) {
        return owners[key];
    }

    public int keys() {
        return keys;
    }

    /** The sum of the parts' numbers. */
    public long sum() {
        long sum = 0;
        for (int i = 0; i < hold.shards(); i++) {
            sum += hold.part(i).busy ? values(i).number() : 0;
        }
        return sum;
    }

    /** Whether anybody still wants the reply. */
    public boolean isWanted() {
        return waiter == null || waiter.isThere();
    }

    /** How far the reply is written, as {@link #progress(int)} was told. */
    public int progress() {
        return progress;
    }

    public void progress(int made) {
        progress = made;
    }

    /** Whether a long reply is to be gone on with in a later turn; as {@link CommandCall#isToYield}. */
    public boolean isToYield() {
        return shard.call().isToYield();
    }

    // ---- what the waiter asks

    /** Whether the client is to be closed, as more was found than it may leave unread. */
    public boolean isExceeded() {
        long answered = 0;
        for (int i = 0; i < hold.shards(); i++) {
            if (hold.part(i).busy) {
                if (values(i).isExceeded()) {
                    return true;
                }
                answered += values(i).answered();
            }
        }
        return answered > room.most();
    }

    /** Whether nothing was found, by a command whose client may wait for it. */
    public boolean isToWait() {
        return failure() == null && error() == null && spread().isToWait(this);
    }

    /** Writes what was kept, once. */
    public void writeKept(ReplyWriter reply) {
        if (!written) {
            written = true;
            before.rewind();
            while (before.next()) {
                reply.raw(before.address(), before.length());
            }
        }
    }

    /** Writes what was kept, and the reply; false if that is not whole and this is to be called again in a later turn. */
    public boolean write(ReplyWriter reply) {
        writeKept(reply);
        Throwable failure = failure();
        if (failure != null) {
            reply.error(Errors.of(failure));
            return true;
        }
        String error = error();
        if (error != null) {
            reply.error(error);
            return true;
        }
        return spread().conclude(this, reply);
    }

    /** What was thrown on the way. */
    private @Nullable Throwable failure() {
        if (thrown != null) {
            return thrown;
        }
        for (int i = 0; i < hold.shards(); i++) {
            TransactionPart part = hold.part(i);
            if (part.busy && part.failure() != null) {
                return part.failure();
            }
        }
        return null;
    }

    private @Nullable String error() {
        for (int i = 0; i < hold.shards(); i++) {
            if (hold.part(i).busy && values(i).error() != null) {
                return values(i).error();
            }
        }
        return null;
    }

    Command command() {
        return Objects.requireNonNull(command);
    }

    Spread spread() {
        return Objects.requireNonNull(command().spread());
    }

    @Override
    public String toString() {
        return command == null ? "nothing" : command.name();
    }

    /** Makes it ready for another command. */
    public void clear() {
        for (int i = 0; i < hold.shards(); i++) {
            TransactionPart part = hold.part(i);
            if (part.busy && !alone) {
                part.clearCommand();
            }
        }
        if (alone) {
            hold.clear();
        }
        before.clear();
        if (owners.length > KEPT_KEYS) {
            owners = new short[16];
        }
        command = null;
        waiter = null;
        thrown = null;
        written = false;
        progress = 0;
    }

    /** Bytes that are kept between uses. */
    public int kept() {
        return before.kept() + Short.BYTES * owners.length + (alone ? hold.kept() : 0);
    }

    @Override
    public void close() {
        if (!shard.letsGo(this)) {
            return;
        }
        clear();
        before.close();
        if (alone) {
            hold.close();
        }
    }
}
