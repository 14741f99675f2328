package io.solaster.store.shard;

import java.util.Objects;
import java.util.concurrent.CancellationException;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.trace.RequestTrace;
import io.solaster.resp.ReplyWriter;
import org.jspecify.annotations.Nullable;

/**
 * One command under way whose keys lie on several shards. It has the keys of all of them ({@link IntentLocks}) before it
 * does anything, works on each in hops ({@link Spread}), one message a shard and hop, and gives the keys back with the last.
 * So nobody sees half of it, and it is the same whether its client is still there.
 *
 * <p>
 * Made, used again and again, and called on the shard of the client.
 */
public final class Transaction {
    private static final int KEPT_KEYS = 1024;
    private static final int MOST_LEAPS = 16;

    /** Who waits for its end. */
    public interface Waiter {
        /** It is done, and has a reply. */
        void concluded();

        /** It will not be done, as its shard or another one has stopped; called once, on whatever thread. */
        void abandoned();
    }

    private enum Stage {
        LOCKING, RUNNING, RELEASING, DONE
    }

    private final StoreShard shard;
    private final TransactionPart[] parts;
    private final ByteStrings before = new ByteStrings();
    private short[] owners = new short[16];
    private int keys;
    private int participants;
    private @Nullable Command command;
    private @Nullable Waiter waiter;
    private Stage stage = Stage.DONE;
    private int hop;
    private int pending;
    private long number;
    /** Whether the keys of this shard are had, so that those of the others may be asked for. */
    private boolean lockedHere;
    /** Whether the only other shard does its part as soon as it has its keys. */
    private boolean atOnce;
    private int leaps;
    private boolean abandoned;
    /** What was thrown between two hops. */
    private @Nullable Throwable thrown;
    private long begun;
    private long room;
    private boolean written;
    /** How far the reply is written, for a {@link Spread} that writes it in pieces. */
    private int progress;

    public Transaction(StoreShard shard) {
        this.shard = shard;
        this.parts = new TransactionPart[shard.parts().count()];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = new TransactionPart(this, shard, shard.peer(i));
        }
    }

    /**
     * Begins to describe a command.
     *
     * @param keysOfIt how many it has
     */
    public void begin(Command newCommand, int keysOfIt, Waiter whoWaits) {
        command = newCommand;
        waiter = whoWaits;
        keys = keysOfIt;
        if (owners.length < keysOfIt) {
            owners = new short[Math.max(keysOfIt, 16)];
        }
    }

    /** Says where a key lies. */
    public void key(int index, long address, int length) {
        int slot = Slots.of(address, length);
        int owner = Slots.shardOf(slot, parts.length);
        owners[index] = (short) owner;
        participant(owner).intent.slot(slot);
    }

    /** Has all shards take part, with all of their keys. */
    public void everyShard() {
        for (int i = 0; i < parts.length; i++) {
            participant(i).intent.all();
        }
    }

    private TransactionPart participant(int owner) {
        TransactionPart part = parts[owner];
        if (!part.takesPart) {
            part.takesPart = true;
            part.intent.begin(command().has(Command.Flag.WRITE));
            participants++;
        }
        return part;
    }

    /** Adds an argument that belongs to a key; after all of the keys were named. */
    public void argumentOf(int key, long address, int length) {
        parts[owners[key]].arguments.add(address, length);
    }

    /** Adds an argument that all shards get. */
    public void argument(long address, int length) {
        for (TransactionPart part : parts) {
            if (part.takesPart) {
                part.arguments.add(address, length);
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
        room = Math.max(0, outputRoom - before.size());
        begun = shard.begin(command());
        for (TransactionPart part : parts) {
            if (part.takesPart) {
                part.values.begin(room);
                part.trace(trace == null || part.isHere() ? null : trace.hop(part.target().shard()));
            }
        }
        spread().prepare(this);
        if (others() == 0) {
            // Else it could be done within this call.
            shard.shard().execute(this::lock);
        } else {
            lock();
        }
    }

    /** This shard's keys first, which takes no message; then those of all others at once. */
    private void lock() {
        stage = Stage.LOCKING;
        number = shard.locks().nextId();
        hop = 0;
        atOnce = false;
        lockedHere = false;
        TransactionPart own = parts[shard.shard().id()];
        if (own.takesPart) {
            pending = 1;
            own.send(TransactionPart.Errand.LOCK, number, hop);
        } else {
            lockOthers();
        }
    }

    private int others() {
        return participants - (parts[shard.shard().id()].takesPart ? 1 : 0);
    }

    /** The last shard to be asked for its keys may do the only hop at once: those of all others are had by then. */
    private void lockOthers() {
        lockedHere = true;
        if (others() == 0) {
            locked();
            return;
        }
        atOnce = others() == 1 && spread().hops() == 1;
        send(atOnce ? TransactionPart.Errand.LOCK_AND_RUN : TransactionPart.Errand.LOCK, false);
    }

    private void send(TransactionPart.Errand errand, boolean here) {
        pending = others() + (here && parts[shard.shard().id()].takesPart ? 1 : 0);
        for (TransactionPart part : parts) {
            if (part.takesPart && !part.isHere()) {
                part.send(errand, number, hop);
            }
        }
        TransactionPart own = parts[shard.shard().id()];
        if (here && own.takesPart) {
            own.send(errand, number, hop);
        }
    }

    /** A part is back. */
    void returned() {
        pending--;
        if (pending == 0) {
            allReturned();
        }
    }

    private void allReturned() {
        switch (stage) {
            case LOCKING -> {
                if (!lockedHere && !isHopeless()) {
                    lockOthers();
                } else {
                    locked();
                }
            }
            case RUNNING -> hopDone();
            case RELEASING -> conclude();
            case DONE -> throw new IllegalStateException("a part has come back after the end");
        }
    }

    private void locked() {
        if (isHopeless()) {
            release();
        } else if (isLate()) {
            tryAgain();
        } else if (atOnce) {
            // The only other shard has done its part.
            runHere();
        } else {
            runHop();
        }
    }

    private boolean isLate() {
        boolean late = false;
        for (TransactionPart part : parts) {
            if (part.takesPart && part.isLate()) {
                late = true;
                shard.locks().saw(part.highest());
                part.again();
            }
        }
        return late;
    }

    /** With a higher number; each time that this was too low still, with one that is still further above. */
    private void tryAgain() {
        shard.locks().leap(1 << leaps);
        leaps = Math.min(leaps + 1, MOST_LEAPS);
        number = shard.locks().nextId();
        atOnce = false;
        // To all at once: whoever waits here must not keep keys elsewhere under the number that was too low.
        send(TransactionPart.Errand.LOCK, true);
    }

    private boolean isLastHop() {
        return hop == spread().hops() - 1;
    }

    private void runHere() {
        stage = Stage.RUNNING;
        TransactionPart own = parts[shard.shard().id()];
        if (own.takesPart) {
            pending = 1;
            own.send(TransactionPart.Errand.RUN_AND_RELEASE, number, hop);
        } else {
            conclude();
        }
    }

    private void runHop() {
        stage = Stage.RUNNING;
        send(isLastHop() ? TransactionPart.Errand.RUN_AND_RELEASE : TransactionPart.Errand.RUN, true);
    }

    private void hopDone() {
        if (isLastHop() && failure() == null) {
            conclude();
        } else if (isHopeless() || !goesOn()) {
            release();
        } else {
            hop++;
            runHop();
        }
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

    private boolean isHopeless() {
        return abandoned || failure() != null || error() != null || isExceeded();
    }

    private void release() {
        stage = Stage.RELEASING;
        if (participants == 0) {
            conclude();
        } else {
            send(TransactionPart.Errand.RELEASE, true);
        }
    }

    private void conclude() {
        stage = Stage.DONE;
        for (TransactionPart part : parts) {
            if (part.takesPart) {
                part.ended(part.failure());
                part.values.strings().rewind();
            }
        }
        shard.end(command(), begun, error() != null || failure() != null);
        if (abandoned) {
            Objects.requireNonNull(waiter).abandoned();
        } else {
            Objects.requireNonNull(waiter).concluded();
        }
    }

    /** The shard of a part has stopped. On whatever thread, if this one has stopped too. */
    void lost(TransactionPart part) {
        part.takesPart = false;
        participants--;
        part.ended(new CancellationException("the shard stopped"));
        boolean first = !abandoned;
        abandoned = true;
        if (shard.shard().inEventLoop()) {
            returned();
        } else if (first) {
            Objects.requireNonNull(waiter).abandoned();
        }
    }

    // ---- what a Spread asks

    /** The client's shard, where this is called. */
    public StoreShard shard() {
        return shard;
    }

    /** What a part has found, or is to be given. */
    public Values values(int part) {
        return parts[part].values;
    }

    /** Gives each of two parts what the other one has found. */
    public void exchange(int one, int other) {
        Values values = parts[one].values;
        parts[one].values = parts[other].values;
        parts[other].values = values;
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
        for (TransactionPart part : parts) {
            if (part.takesPart) {
                sum += part.values.number();
            }
        }
        return sum;
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
        for (TransactionPart part : parts) {
            if (part.takesPart && part.values.isExceeded()) {
                return true;
            }
        }
        return false;
    }

    /** Writes what was kept, and the reply; false if that is not whole and this is to be called again in a later turn. */
    public boolean write(ReplyWriter reply) {
        if (!written) {
            written = true;
            before.rewind();
            while (before.next()) {
                reply.raw(before.address(), before.length());
            }
        }
        if (failure() != null) {
            reply.error(failure() instanceof OutOfMemoryError
                    ? "OOM command not allowed: " + failure().getMessage()
                    : "ERR internal error");
            return true;
        }
        String error = error();
        if (error != null) {
            reply.error(error);
            return true;
        }
        return spread().conclude(this, reply);
    }

    private @Nullable Throwable failure() {
        if (thrown != null) {
            return thrown;
        }
        for (TransactionPart part : parts) {
            if (part.takesPart && part.failure() != null) {
                return part.failure();
            }
        }
        return null;
    }

    private @Nullable String error() {
        for (TransactionPart part : parts) {
            if (part.takesPart && part.values.error() != null) {
                return part.values.error();
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

    @Nullable
    String name() {
        return command == null ? null : command.name();
    }

    /** Makes it ready for another command. */
    public void clear() {
        for (TransactionPart part : parts) {
            if (part.takesPart) {
                part.clear();
            }
        }
        before.clear();
        if (owners.length > KEPT_KEYS) {
            owners = new short[16];
        }
        participants = 0;
        command = null;
        waiter = null;
        leaps = 0;
        abandoned = false;
        thrown = null;
        written = false;
        progress = 0;
    }

    /** Bytes that are kept between uses. */
    public int kept() {
        int kept = before.kept() + Short.BYTES * owners.length;
        for (TransactionPart part : parts) {
            kept += part.kept();
        }
        return kept;
    }

    public void close() {
        clear();
        before.close();
        for (TransactionPart part : parts) {
            part.close();
        }
    }
}
