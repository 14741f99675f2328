package io.solaster.store.shard;

import java.util.Objects;

import io.solaster.engine.mesh.Message;
import io.solaster.engine.trace.Hop;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Transaction} does on one shard. It travels there for each hop and comes back; on the shard of the client
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
        /** To do the last hop and give the keys back. */
        RUN_AND_RELEASE,
        /** To give the keys back. */
        RELEASE
    }

    private final Transaction transaction;
    private final StoreShard origin;
    private final StoreShard target;
    final ByteStrings arguments = new ByteStrings();
    Values values = new Values();
    final Intent intent = new Intent(this::hasKeys);
    private final Runnable goOn = this::goOn;
    private Errand errand = Errand.LOCK;
    private boolean home;
    /** Whether it takes part in the transaction that is under way. */
    boolean takesPart;
    private long id;
    private int hop;
    private long cursor;
    private long now;
    private boolean late;
    private long highest;
    private @Nullable Throwable failure;
    /** Null where the request is not traced, as most are not. */
    private @Nullable Hop trace;

    TransactionPart(Transaction transaction, StoreShard origin, StoreShard target) {
        this.transaction = transaction;
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

    /** On the origin: has it do something. {@link Transaction#returned} follows, in this call or later. */
    void send(Errand newErrand, long newId, int newHop) {
        errand = newErrand;
        id = newId;
        hop = newHop;
        cursor = 0;
        home = false;
        if (isHere()) {
            begin();
        } else {
            origin.shard().mesh().send(target.shard().id(), this);
        }
    }

    @Override
    public void deliver() {
        if (home) {
            transaction.returned();
        } else {
            begin();
        }
    }

    /** On the target. Whatever is thrown, it goes home: somebody waits for it there. */
    private void begin() {
        try {
            if (trace != null) {
                trace.begun();
            }
            switch (errand) {
                case LOCK, LOCK_AND_RUN -> lock();
                case RUN, RUN_AND_RELEASE -> goOn();
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
        target.shard().execute(goOn);
    }

    private void locked() {
        String refusal = target.refusal(transaction.command());
        if (refusal != null) {
            values.error(refusal);
        }
        if (errand == Errand.LOCK) {
            goHome();
        } else if (refusal != null) {
            release();
        } else {
            work();
        }
    }

    /** In a turn of its own, or as it comes. */
    private void goOn() {
        try {
            if (cursor == 0 && (errand == Errand.LOCK || errand == Errand.LOCK_AND_RUN)) {
                locked();
            } else {
                work();
            }
        } catch (Throwable thrown) {
            failed(thrown);
        }
    }

    private void work() {
        CommandCall call = target.call();
        if (cursor == 0) {
            now = target.now();
            values.strings().rewind();
        }
        call.client(null);
        call.now(now);
        call.cursor(cursor);
        call.leastSteps(arguments.count() >>> MOST_TURNS_SHIFT);
        arguments.load(call, 0, arguments.count(), 0);
        target.keyspace().leaveWrite();
        try {
            transaction.spread().run(call, values, hop);
        } finally {
            call.leastSteps(0);
        }
        if (call.isLeftOff()) {
            cursor = call.cursor();
            target.shard().execute(goOn);
        } else if (errand == Errand.RUN) {
            goHome();
        } else {
            release();
        }
    }

    private void failed(Throwable thrown) {
        failure = thrown;
        // It may have changed a part of what it began to.
        target.keyspace().written();
        target.tellFailed(transaction.command(), thrown);
        goHome();
    }

    private void release() {
        target.locks().remove(intent);
        goHome();
    }

    private void goHome() {
        home = true;
        if (isHere()) {
            transaction.returned();
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

    @Nullable
    Throwable failure() {
        return failure;
    }

    @Override
    public void abandon() {
        if (home) {
            // The shard of the client has died; nobody else gives the keys back.
            target.locks().remove(intent);
        } else {
            transaction.lost(this);
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

    /** On the origin, at home. */
    void clear() {
        takesPart = false;
        home = false;
        late = false;
        failure = null;
        arguments.clear();
        values.clear();
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
        return "the part of " + Objects.requireNonNullElse(transaction.name(), "nothing") + " on shard "
                + target.shard().id();
    }
}
