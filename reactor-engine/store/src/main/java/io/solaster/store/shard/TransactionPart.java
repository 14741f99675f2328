package io.solaster.store.shard;

import java.util.concurrent.CancellationException;

import io.solaster.engine.ShardFuture;
import io.solaster.engine.ShardStoppedException;
import io.solaster.engine.mesh.Message;
import io.solaster.engine.trace.Hop;
import io.solaster.store.persist.Journal;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link KeyHold} has and does on one shard. It travels there for each hop and comes back; on the shard of the client
 * itself it is called instead. Between the hops its intent stays with the shard. It belongs to one shard at a time.
 */
final class TransactionPart extends Message {
    /** A turn does at least 1/64 of a hop: each of them has all arguments to load, which may take as long as a turn has. */
    private static final int MOST_TURNS_SHIFT = 6;

    /** What it is sent for. */
    enum Errand {
        /** To have the keys, and nothing else. */
        LOCK,
        /** To have the keys, do the only hop, and give them back. */
        LOCK_AND_RUN,
        /** To do a hop. */
        RUN,
        /** To do the last hop and give the keys back, unless other shards have to end it in their logs, too. */
        RUN_AND_RELEASE,
        /** To end it in the log. */
        END,
        /** To give the keys back. */
        RELEASE
    }

    private final KeyHold hold;
    private final StoreShard origin;
    private final StoreShard target;
    /** What one command over several shards is given here, and finds. */
    final ByteStrings arguments = new ByteStrings();
    Values values = new Values();
    final Intent intent = new Intent(this::hasKeys, this::lose);
    private final KeyHold.Turn goOn = new KeyHold.Turn(this::goOn, this::lose);
    private Errand errand = Errand.LOCK;
    private boolean home;
    /** Whether it is neither at home nor given up. */
    private boolean away;
    /** Whether its shard has keys to be held. */
    boolean takesPart;
    /** Whether it has something to do in the next hop. */
    boolean busy;
    private long id;
    private boolean running;
    private long cursor;
    /** As {@link KeyHold#now}. */
    private long now;
    private boolean late;
    private long highest;
    private @Nullable Throwable failure;
    /** What the log has to have before it goes home; 0 for nothing. */
    private long mark;
    /** Not 0 while the log says that this is under way, and not what became of it: {@link Journal#endPart}. */
    private long open;
    /** Whether it ends in the log with what it is sent for, or did before. */
    boolean endsInLog;
    private boolean ended;
    /** Whether the keys are given back. */
    private boolean released;
    /** Null where the request is not traced, as most are not. */
    private @Nullable Hop trace;

    TransactionPart(KeyHold hold, StoreShard origin, StoreShard target) {
        this.hold = hold;
        this.origin = origin;
        this.target = target;
    }

    StoreShard target() {
        return target;
    }

    boolean isHere() {
        return origin == target;
    }

    void trace(@Nullable Hop hopOfTrace) {
        trace = hopOfTrace;
    }

    /** On the origin: has it do something. {@link KeyHold#returned} follows, in this call or later. */
    void send(Errand newErrand, long newId) {
        errand = newErrand;
        id = newId;
        cursor = 0;
        running = false;
        now = hold.now();
        home = false;
        away = true;
        released &= newErrand != Errand.LOCK && newErrand != Errand.LOCK_AND_RUN;
        if (isHere()) {
            begin();
        } else {
            origin.shard().mesh().send(target.shard().id(), this);
        }
    }

    @Override
    public void deliver() {
        if (home) {
            away = false;
            hold.returned();
        } else {
            begin();
        }
    }

    /** Whether it is sent for something, which all are sent for that it concerns. On the origin, at home. */
    boolean concerns(Errand something) {
        return takesPart && switch (something) {
            case RELEASE -> !released;
            case END -> endsInLog;
            default -> true;
        };
    }

    /** Whether the log has something of this, and not what became of it. On the origin, at home. */
    boolean isInLog() {
        return open != 0;
    }

    /** Whether the log is known to have the end of this. On the origin, at home. */
    boolean hasEnded() {
        return ended;
    }

    /** On the target. Whatever is thrown, it goes home: somebody waits for it there. */
    private void begin() {
        try {
            if (trace != null) {
                trace.begun();
            }
            switch (errand) {
                case LOCK, LOCK_AND_RUN -> lock();
                case RUN, RUN_AND_RELEASE -> work();
                case END -> end();
                case RELEASE -> release();
            }
        } catch (Throwable thrown) {
            failed(thrown);
        }
    }

    private void lock() {
        IntentLocks locks = target.locks();
        // From an attempt before, on which it was late elsewhere.
        locks.remove(intent);
        switch (locks.add(intent, id)) {
            case GRANTED -> locked();
            case QUEUED -> {
                // Called again then.
            }
            case LATE -> {
                late = true;
                highest = locks.highest();
                goHome();
            }
        }
    }

    /** The keys are free, after others have used them: goes on in a turn of its own. */
    private void hasKeys() {
        goOn.on(target.shard());
    }

    private void locked() {
        boolean agreed = hold.work().agrees(target);
        if (errand == Errand.LOCK) {
            goHome();
            return;
        }
        // All others have their keys by now.
        now = target.now();
        if (agreed && hold.work().holdsAt(now) && busy) {
            work();
        } else {
            release();
        }
    }

    /** In a turn of its own. */
    private void goOn() {
        try {
            if (running || errand == Errand.RUN || errand == Errand.RUN_AND_RELEASE) {
                work();
            } else {
                locked();
            }
        } catch (Throwable thrown) {
            failed(thrown);
        }
    }

    private void work() {
        CommandCall call = target.call();
        running = true;
        call.client(null);
        call.as(hold.runner(), hold.database());
        call.writer(hold.writer());
        call.now(now);
        if (!runKept(call)) {
            if (hold.work().isHeldUp(target)) {
                target.subscriptions().whenFree(goOn);
            } else {
                goOn.on(target.shard());
            }
        } else if (errand == Errand.RUN) {
            goHome();
        } else {
            ended();
        }
    }

    /** The log has its end: the keys are given back, or when others have it, too. */
    private void ended() {
        if (endsInLog && !hold.endsAlone()) {
            goHome();
        } else {
            release();
        }
    }

    /** What was done before is all. */
    private void end() {
        Journal journal = target.journal();
        if (journal != null) {
            journal.beginPart();
            endPart(journal, true);
        }
        ended();
    }

    /** As a step of the log, if there is one. */
    private boolean runKept(CommandCall call) {
        Journal journal = target.journal();
        if (journal == null) {
            return hold.work().run(target, call);
        }
        boolean whole = false;
        if (!intent.exclusive) {
            journal.begin(false);
            try {
                whole = hold.work().run(target, call);
            } finally {
                journal.end();
            }
        } else {
            boolean leftOff = false;
            journal.beginPart();
            try {
                whole = hold.work().run(target, call);
                leftOff = !whole;
            } finally {
                // Also where that has failed: what it has changed is changed.
                endPart(journal, !leftOff && errand != Errand.RUN);
            }
        }
        target.serveWaiting();
        return whole;
    }

    private void endPart(Journal journal, boolean last) {
        long before = journal.mark();
        boolean ends = last && endsInLog;
        open = journal.endPart(open, id, ends ? hold.writers() : null);
        ended |= ends;
        if (journal.mark() != before) {
            mark = journal.mark();
        }
    }

    /** Runs a hop of a command over several shards, or goes on with it; false to be called again in a later turn. */
    boolean run(Command command, Spread spread, CommandCall call, int hop) {
        if (cursor == 0) {
            values.strings().rewind();
        }
        call.cursor(cursor);
        call.leastSteps(arguments.count() >>> MOST_TURNS_SHIFT);
        arguments.load(call, 0, arguments.count(), 0);
        target.keyspace().database(call.database());
        target.keyspace().leaveWrite();
        target.changes(command, call);
        try {
            spread.run(call, values, hop);
        } finally {
            target.changes(null, call);
            call.leastSteps(0);
        }
        cursor = call.isLeftOff() ? call.cursor() : 0;
        return cursor == 0;
    }

    private void failed(Throwable thrown) {
        failure = thrown;
        // It may have changed a part of what it began to.
        target.keyspace().written();
        hold.work().failed(target, thrown);
        goHome();
    }

    private void release() {
        closeInLog(hold.isBroken());
        released = true;
        target.locks().remove(intent);
        goHome();
    }

    /** What comes may depend on it. */
    private void closeInLog(boolean alone) {
        long was = open;
        Journal journal = was == 0 ? null : target.journal();
        open = 0;
        if (journal != null && alone) {
            journal.endAlone(was, id);
            mark = journal.mark();
        } else if (journal != null) {
            journal.release(was);
        }
    }

    /** At once, or when the log has what it did; what is not done yet need not be there. */
    private void goHome() {
        Journal journal = mark == 0 || errand == Errand.RUN ? null : target.journal();
        if (journal == null || journal.isKept(mark)) {
            arrive();
        } else {
            journal.whenKept(mark).whenComplete((kept, why) -> {
                if (why != null && ShardFuture.causeOf(why) instanceof ShardStoppedException) {
                    lose();
                    return;
                }
                if (why != null) {
                    failure = ShardFuture.causeOf(why);
                    ended = false;
                }
                arrive();
            });
        }
    }

    private void arrive() {
        mark = 0;
        home = true;
        if (isHere()) {
            away = false;
            hold.returned();
        } else {
            target.shard().mesh().sendFree(origin.shard().id(), this);
        }
    }

    /** Whether it could not have the keys; then {@link #highest} is the number that was in the way. On the origin. */
    boolean isLate() {
        return late;
    }

    long highest() {
        return highest;
    }

    /** Before it tries once more. */
    void again() {
        late = false;
    }

    /** The time that this has taken, as the last shard to have its keys. On the origin, at home. */
    long now() {
        return now;
    }

    boolean hasFailed() {
        return failure != null;
    }

    @Nullable
    Throwable failure() {
        return failure;
    }

    @Override
    public void abandon() {
        if (home) {
            // The shard of the client has died; nobody else gives the keys back.
            if (target.shard().inEventLoop()) {
                closeInLog(true);
            }
            target.locks().remove(intent);
        } else {
            lost();
        }
    }

    /** Its shard has stopped while this waited there. On whatever thread. */
    private void lose() {
        origin.shard().executeOrElse(this::lost, this::lost);
    }

    private void lost() {
        if (away) {
            away = false;
            ended(new CancellationException("the shard stopped"));
            hold.lost(this);
        }
    }

    /** Ends what is told of it. */
    void ended(@Nullable Throwable reason) {
        Hop told = trace;
        if (told != null) {
            trace = null;
            told.ended(reason);
        }
    }

    /** On the origin, at home: makes it ready for another command under the same keys. */
    void clearCommand() {
        busy = false;
        failure = null;
        arguments.clear();
        values.clear();
    }

    /** On the origin, at home. */
    void clear() {
        clearCommand();
        takesPart = false;
        home = false;
        late = false;
        endsInLog = false;
        ended = false;
        released = false;
    }

    int kept() {
        return arguments.kept() + values.kept();
    }

    void close() {
        arguments.close();
        values.close();
    }

    @Override
    public String toString() {
        return "the part of " + hold.user() + " on shard " + target.shard().id();
    }
}
