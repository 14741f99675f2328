package io.solaster.store.shard;

import java.util.concurrent.RejectedExecutionException;

import io.solaster.engine.Shard;
import io.solaster.engine.task.Abandonable;
import io.solaster.engine.trace.RequestTrace;
import io.solaster.store.acl.User;
import org.jspecify.annotations.Nullable;

/**
 * Keys of one or several shards that are taken before anything is done with them, and given back behind all that is
 * ({@link IntentLocks}). What is done is done in hops, each of them one message to every shard that has something to do in it;
 * nobody else uses the keys between two of them. It ends whatever happens: where a shard dies, its keys on the others are
 * given back.
 *
 * <p>
 * Where the store is kept over a restart, all shards that have changed something end it in their logs, and their keys are given
 * back when all of these have the end; so after a crash it is there as a whole or not at all, and nothing depends on what is not.
 *
 * <p>
 * Made, used again and again, and called on one shard: that of the client. What a {@link Work} does on the shards of the keys
 * is run there. Longer than 500 lines because all of it is one state, of which each stage follows another.
 */
public final class KeyHold {
    private static final int MOST_LEAPS = 16;

    /** What is done next. */
    public enum Next {
        /** A hop on all shards that are {@linkplain #busy busy}; then this is asked again. */
        HOP,
        /** The last hop, with which the keys are given back. */
        LAST_HOP,
        /** Nothing until {@link #goOn}: the keys stay. */
        PAUSE,
        /** Nothing any more: the keys are given back. */
        END
    }

    /**
     * A later turn of something that somebody waits for: what waits hears of it where the shard stops before.
     *
     * @param otherwise called instead, on whatever thread
     */
    public record Turn(Runnable task, Runnable otherwise) implements Abandonable {

        /** Asks for the turn; on that shard. */
        public void on(Shard shard) {
            try {
                shard.execute(this);
            } catch (RejectedExecutionException stopped) {
                otherwise.run();
            }
        }

        @Override
        public void run() {
            task.run();
        }

        @Override
        public void abandon() {
            otherwise.run();
        }
    }

    /** What is done with the keys. */
    public interface Work {
        /**
         * Whether {@link #next} answers {@link Next#LAST_HOP} at once. It is asked before the keys are had then, so that one
         * shard may do its part as soon as it has them.
         */
        boolean isOneHop();

        /** What comes next, and which shards are busy with it; on the client's shard. Throws nothing. */
        Next next();

        /** Whether a shard that has its keys agrees; on that shard, before anything is done anywhere else but there. */
        default boolean agrees(StoreShard target) {
            return true;
        }

        /** Whether a shard did not agree, or what has failed is not to be gone on with; on the client's shard. */
        boolean isRefused();

        /**
         * Whether what all shards have agreed to holds at the time that is the work's own; else it {@link #isRefused}. Asked once
         * all keys are had, on the client's shard, or on the last of the shards to be asked for its keys.
         */
        default boolean holdsAt(long now) {
            return true;
        }

        /**
         * A shard's part of a hop, on that shard.
         *
         * @return false if it is to be gone on with in a later turn
         */
        boolean run(StoreShard target, CommandCall call);

        /** Whether a part is to be gone on with only once there is room for what it tells subscribers; on its shard. */
        default boolean isHeldUp(StoreShard target) {
            return false;
        }

        /** A part has thrown something; on its shard. */
        void failed(StoreShard target, Throwable failure);

        /** {@link Next#PAUSE} was heard: {@link KeyHold#goOn} may be called. */
        default void paused() {}

        /** All is done, and the keys are given back; on the client's shard. */
        void ended();

        /** It will not be done, or not all of it, as a shard has stopped. Called once, on whatever thread. */
        void abandoned();
    }

    private enum Stage {
        FREE, LOCKING, RUNNING, PAUSING, ENDING, RELEASING
    }

    private final StoreShard shard;
    private final TransactionPart[] parts;
    private @Nullable User runner;
    private int database;
    private long writer;
    private @Nullable Work work;
    private int participants;
    private Stage stage = Stage.FREE;
    private int pending;
    private long number;
    /** Whether the keys of this shard are had, so that those of the others may be asked for. */
    private boolean lockedHere;
    /** Whether the only other shard does its part as soon as it has its keys. */
    private boolean atOnce;
    /** Whether the first hop is known already. */
    private boolean prepared;
    private boolean last;
    private int leaps;
    private boolean abandoned;
    /** The shards that end this in their logs, as they have changed something or are about to; null for none. */
    private short @Nullable [] writers;
    private boolean broken;
    private long now;

    public KeyHold(StoreShard shard) {
        this.shard = shard;
        this.parts = new TransactionPart[shard.parts().count()];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = new TransactionPart(this, shard, shard.peer(i));
        }
    }

    /** The client's shard, where this is called. */
    public StoreShard shard() {
        return shard;
    }

    TransactionPart part(int owner) {
        return parts[owner];
    }

    /** How many shards there are, whether they take part or not. */
    int shards() {
        return parts.length;
    }

    /** Says for whom the work is done, and in which database; after {@link #begin}, and before each hop that is in another one. */
    public void as(@Nullable User user, int itsDatabase) {
        runner = user;
        database = itsDatabase;
        writer = 0;
    }

    /** As {@link CommandCall#writer(long)}. */
    public void writer(long number) {
        writer = number;
    }

    long writer() {
        return writer;
    }

    @Nullable
    User runner() {
        return runner;
    }

    int database() {
        return database;
    }

    /**
     * The time of all that is done under the keys, on whatever shard and in however many turns, in Unix milliseconds: taken once
     * all of them are had. On the client's shard, between that and their return.
     */
    public long now() {
        return now;
    }

    /** Begins to name keys. */
    public void begin(Work whatIsDone) {
        as(null, 0);
        work = whatIsDone;
    }

    /** Has a shard take part, with the keys that {@link Intent#slot} and {@link Intent#all} name. */
    public Intent keysOf(int owner, boolean writes) {
        TransactionPart part = parts[owner];
        if (!part.takesPart) {
            part.takesPart = true;
            part.intent.begin(writes);
            participants++;
        } else if (writes) {
            part.intent.writes();
        }
        return part.intent;
    }

    /** Whether a key may be used under this. */
    public boolean holds(int owner, int slot) {
        return parts[owner].takesPart && parts[owner].intent.covers(slot);
    }

    /** Whether a shard takes part. */
    public boolean takesPart(int owner) {
        return parts[owner].takesPart;
    }

    /** Has a shard do something in the next hop, or nothing. */
    public void busy(int owner, boolean yes) {
        parts[owner].busy = yes;
    }

    /** Has what is done be told of. */
    public void trace(@Nullable RequestTrace trace) {
        for (TransactionPart part : parts) {
            if (part.takesPart) {
                part.trace(trace == null || part.isHere() ? null : trace.hop(part.target().shard()));
            }
        }
    }

    /** Takes the keys that were named; what is done follows, in later turns. */
    public void take() {
        stage = Stage.LOCKING;
        leaps = 0;
        if (others() == 0) {
            // Else it could be done within this call.
            shard.shard().executeOrElse(this::lock, this::abandonedHere);
        } else {
            lock();
        }
    }

    /** This shard's keys first, which takes no message; then those of all others at once. */
    private void lock() {
        number = shard.locks().nextId();
        atOnce = false;
        lockedHere = false;
        prepared = work().isOneHop();
        if (prepared && work().next() != Next.LAST_HOP) {
            throw new IllegalStateException("more than the one hop that was announced");
        }
        TransactionPart own = parts[shard.shard().id()];
        if (own.takesPart) {
            pending = 1;
            own.send(TransactionPart.Errand.LOCK, number);
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
        atOnce = others() == 1 && prepared;
        if (atOnce) {
            nameWriters(true);
        }
        sendToAll(atOnce ? TransactionPart.Errand.LOCK_AND_RUN : TransactionPart.Errand.LOCK, false);
    }

    /** To all that it concerns; whether there are any. */
    private boolean sendToAll(TransactionPart.Errand errand) {
        return sendToAll(errand, true);
    }

    private boolean sendToAll(TransactionPart.Errand errand, boolean here) {
        TransactionPart own = parts[shard.shard().id()];
        int count = 0;
        for (TransactionPart part : parts) {
            count += part.concerns(errand) && (here || !part.isHere()) ? 1 : 0;
        }
        pending = count;
        for (TransactionPart part : parts) {
            if (!part.isHere() && part.concerns(errand)) {
                part.send(errand, number);
            }
        }
        if (here && own.concerns(errand)) {
            own.send(errand, number);
        }
        return count > 0;
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
            case RUNNING -> {
                if (last && !abandoned && !hasFailed()) {
                    release();
                } else {
                    proceed();
                }
            }
            case ENDING -> release();
            case RELEASING -> end();
            default -> throw new IllegalStateException("a part has come back that was not sent");
        }
    }

    private void locked() {
        if (isHopeless()) {
            release();
        } else if (isLate()) {
            tryAgain();
        } else if (atOnce) {
            // The only other shard has done its part.
            now = timeOfOther();
            runHere();
        } else {
            now = shard.now();
            if (work().holdsAt(now)) {
                proceed();
            } else {
                release();
            }
        }
    }

    private long timeOfOther() {
        for (TransactionPart part : parts) {
            if (part.takesPart && !part.isHere()) {
                return part.now();
            }
        }
        throw new IllegalStateException("no other shard takes part");
    }

    private boolean isHopeless() {
        return abandoned || hasFailed() || work().isRefused();
    }

    private boolean hasFailed() {
        for (TransactionPart part : parts) {
            if (part.takesPart && part.hasFailed()) {
                return true;
            }
        }
        return false;
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
        sendToAll(TransactionPart.Errand.LOCK, true);
    }

    private void runHere() {
        stage = Stage.RUNNING;
        last = true;
        TransactionPart own = parts[shard.shard().id()];
        if (own.takesPart) {
            pending = 1;
            own.send(own.busy ? TransactionPart.Errand.RUN_AND_RELEASE : TransactionPart.Errand.RELEASE, number);
        } else {
            release();
        }
    }

    /**
     * Has the work done with keys of this shard that its caller has already: they are neither taken nor given back. {@link #goOn}
     * begins.
     *
     * @param time as {@link #now}
     */
    public void adopt(long time) {
        TransactionPart own = parts[shard.shard().id()];
        own.takesPart = true;
        own.intent.begin(true);
        participants = 1;
        number = shard.locks().nextId();
        now = time;
        stage = Stage.PAUSING;
    }

    /** Has somebody else work with the keys, during {@link Next#PAUSE}; answers who did until now. */
    public Work lend(Work other) {
        Work before = work();
        work = other;
        return before;
    }

    /** Goes on after {@link Next#PAUSE}. */
    public void goOn() {
        if (stage != Stage.PAUSING) {
            throw new IllegalStateException("it goes on by itself");
        }
        proceed();
    }

    private void proceed() {
        if (abandoned || last && hasFailed()) {
            release();
            return;
        }
        Next next = prepared ? Next.LAST_HOP : work().next();
        prepared = false;
        switch (next) {
            case HOP, LAST_HOP -> hop(next == Next.LAST_HOP);
            case PAUSE -> {
                stage = Stage.PAUSING;
                work().paused();
            }
            case END -> endInLogs();
        }
    }

    private void hop(boolean isLast) {
        stage = Stage.RUNNING;
        last = isLast;
        if (isLast) {
            nameWriters(true);
        }
        pending = 0;
        for (TransactionPart part : parts) {
            pending += part.takesPart && (part.busy || isLast) ? 1 : 0;
        }
        if (pending == 0) {
            throw new IllegalStateException("a hop without a shard");
        }
        TransactionPart own = parts[shard.shard().id()];
        for (TransactionPart part : parts) {
            if (part.takesPart && !part.isHere()) {
                hop(part, isLast);
            }
        }
        if (own.takesPart) {
            hop(own, isLast);
        }
    }

    private void hop(TransactionPart part, boolean isLast) {
        if (part.busy) {
            part.send(isLast ? TransactionPart.Errand.RUN_AND_RELEASE : TransactionPart.Errand.RUN, number);
        } else if (isLast) {
            part.send(part.endsInLog ? TransactionPart.Errand.END : TransactionPart.Errand.RELEASE, number);
        }
    }

    /** Which shards end this in their logs: those that have changed something, and those that may with the hop that comes. */
    private void nameWriters(boolean withHop) {
        writers = null;
        if (shard.journal() == null) {
            return;
        }
        int count = 0;
        for (TransactionPart part : parts) {
            part.endsInLog = part.takesPart && (part.isInLog() || withHop && part.busy && part.intent.exclusive);
            count += part.endsInLog ? 1 : 0;
        }
        if (count == 0) {
            return;
        }
        short[] named = new short[count];
        for (int i = 0, next = 0; next < count; i++) {
            if (parts[i].endsInLog) {
                named[next++] = (short) i;
            }
        }
        writers = named;
    }

    /** What the log of each of them says. */
    short @Nullable [] writers() {
        return writers;
    }

    /** Whether a shard gives its keys back with what it does last, as no other one has to end it in its log too. */
    boolean endsAlone() {
        short[] named = writers;
        return named == null || named.length == 1;
    }

    /** All is done: the logs are to say so, then the keys are given back. */
    private void endInLogs() {
        nameWriters(false);
        if (endsAlone()) {
            release();
            return;
        }
        stage = Stage.ENDING;
        last = true;
        sendToAll(TransactionPart.Errand.END);
    }

    /** Whether the logs do not agree that all was done: then each says what its own shard did. */
    boolean isBroken() {
        return broken;
    }

    private void release() {
        stage = Stage.RELEASING;
        broken = abandoned;
        for (TransactionPart part : parts) {
            broken |= part.takesPart && part.endsInLog && !part.hasEnded();
        }
        if (!sendToAll(TransactionPart.Errand.RELEASE)) {
            end();
        }
    }

    private void end() {
        stage = Stage.FREE;
        for (TransactionPart part : parts) {
            if (part.takesPart) {
                part.ended(part.failure());
            }
        }
        if (abandoned) {
            work().abandoned();
        } else {
            work().ended();
        }
    }

    /** The shard of a part has stopped. On this shard, or on whatever thread where this has stopped too. */
    void lost(TransactionPart part) {
        boolean first = !abandoned;
        abandoned = true;
        part.takesPart = false;
        part.busy = false;
        participants--;
        if (shard.shard().inEventLoop()) {
            returned();
        } else if (first) {
            Work its = work;
            // Else what holds memory was closed before this was heard.
            if (its != null) {
                its.abandoned();
            }
        }
    }

    private void abandonedHere() {
        if (stage == Stage.LOCKING && !abandoned) {
            abandoned = true;
            work().abandoned();
        }
    }

    Work work() {
        Work known = work;
        if (known == null) {
            throw new IllegalStateException("nobody holds keys by this");
        }
        return known;
    }

    @Nullable
    Work user() {
        return work;
    }

    /** Makes it ready for other keys. */
    public void clear() {
        for (TransactionPart part : parts) {
            if (part.takesPart) {
                part.clear();
            }
        }
        participants = 0;
        work = null;
        abandoned = false;
        last = false;
        prepared = false;
        writers = null;
    }

    /** Bytes that are kept between uses. */
    public int kept() {
        int kept = 0;
        for (TransactionPart part : parts) {
            kept += part.kept();
        }
        return kept;
    }

    public void close() {
        clear();
        for (TransactionPart part : parts) {
            part.close();
        }
    }
}
