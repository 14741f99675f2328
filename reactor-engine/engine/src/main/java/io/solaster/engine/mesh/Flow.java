package io.solaster.engine.mesh;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;

import org.jspecify.annotations.Nullable;

/**
 * One group's messages on one lane, counted in credits: the sender takes them, the receiver returns them once it is done
 * with a message. What lies in a queue of the receiver is counted for so long, so a lane that looks empty because its
 * receiver is busy is not writable. Each side counts for itself; the receiver publishes its count once a round.
 *
 * <p>
 * What each side writes stands on cache lines of its own. Where somebody waits, the sender says at which count it wants to
 * be woken. The handshake is the one by which shards park: the sender writes that count, parks, passes a full fence and
 * looks at what was returned; the receiver publishes what it returns, passes a full fence and looks at that count. {@code MemoryOrderTest} tries
 * both.
 */
final class Flow extends FlowLastPadding {
    private static final VarHandle RETURNED = field(FlowReceiverFields.class, "returned");
    private static final VarHandle WANTED = field(FlowFixed.class, "wanted");
    private static final long NOTHING = Long.MAX_VALUE;

    /**
     * @param from the shard that sends
     * @param to the shard that receives
     * @param group the number of the group
     * @param receiver the mesh of the shard that receives
     */
    Flow(int from, int to, int group, Mesh receiver) {
        super(from, group, receiver);
        this.to = to;
        wanted = NOTHING;
    }

    /** Sender: whether fewer credits than that are out. */
    boolean isBelow(int mark) {
        return sent - returnedSeen < mark || outstanding() < mark;
    }

    /** Sender: the credits of messages that the receiver is not done with. */
    long outstanding() {
        returnedSeen = (long) RETURNED.getAcquire(this);
        return sent - returnedSeen;
    }

    /** Sender: whether who waits can go on; ordered after the sender's own volatile stores. */
    boolean canProceed(int lowWaterMark) {
        return sent - (long) RETURNED.getVolatile(this) <= lowWaterMark;
    }

    /** Sender: asks to be woken once no more than so many credits are out. */
    void want(int lowWaterMark) {
        long newWanted = sent - lowWaterMark;
        if (newWanted != wanted) {
            WANTED.setVolatile(this, newWanted);
        }
    }

    /** Sender: nobody waits any more. */
    void wantNothing() {
        WANTED.setOpaque(this, NOTHING);
    }

    /** Receiver: a message has run, or was refused; the sender learns of it at the end of the round. */
    void giveBack(long credits) {
        if (done == returned) {
            receiver.returns(this);
        }
        done += credits;
    }

    /** Receiver: publishes what was given back. */
    void publish() {
        RETURNED.setRelease(this, done);
    }

    /** Receiver: whether the sender wants to know by now; call after {@link #publish} and a full fence. */
    boolean isWanted() {
        return (long) WANTED.getOpaque(this) <= done;
    }

    private static VarHandle field(Class<?> owner, String name) {
        try {
            return MethodHandles.privateLookupIn(owner, MethodHandles.lookup()).findVarHandle(owner, name, long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }
}

/** What is hardly ever written: both sides look at it. */
abstract class FlowFixed {
    final int from;
    final int group;
    final Mesh receiver;
    /** By the sender: how many credits are to be returned before somebody goes on. */
    long wanted;

    FlowFixed(int from, int group, Mesh receiver) {
        this.from = from;
        this.group = group;
        this.receiver = receiver;
    }
}

/* Padding as in a lane, two cache lines each. The JVM fills gaps of a class with small fields of the next: longs only. */
@SuppressWarnings("unused")
abstract class FlowFirstPadding extends FlowFixed {
    private long p00, p01, p02, p03, p04, p05, p06, p07, p08, p09, p10, p11, p12, p13, p14, p15;

    FlowFirstPadding(int from, int group, Mesh receiver) {
        super(from, group, receiver);
    }
}

/** What the sender alone looks at. */
abstract class FlowSenderFields extends FlowFirstPadding {
    long sent;
    long returnedSeen;
    int to;
    /** Credits that a newcomer may find out. */
    int mark;
    /** Somebody waits, or has a turn to come. */
    boolean waiting;
    boolean turnQueued;
    /** The task by which a waiter has its turn where that has to be queued. */
    @Nullable
    Runnable turn;
    final ArrayDeque<Runnable> waiters = new ArrayDeque<>(0);

    FlowSenderFields(int from, int group, Mesh receiver) {
        super(from, group, receiver);
    }
}

@SuppressWarnings("unused")
abstract class FlowSecondPadding extends FlowSenderFields {
    private long p00, p01, p02, p03, p04, p05, p06, p07, p08, p09, p10, p11, p12, p13, p14, p15;

    FlowSecondPadding(int from, int group, Mesh receiver) {
        super(from, group, receiver);
    }
}

/** What the receiver writes; the sender looks at {@code returned} only where its own last look does not tell enough. */
abstract class FlowReceiverFields extends FlowSecondPadding {
    long done;
    long returned;

    FlowReceiverFields(int from, int group, Mesh receiver) {
        super(from, group, receiver);
    }
}

@SuppressWarnings("unused")
abstract class FlowLastPadding extends FlowReceiverFields {
    private long p00, p01, p02, p03, p04, p05, p06, p07, p08, p09, p10, p11, p12, p13, p14, p15;

    FlowLastPadding(int from, int group, Mesh receiver) {
        super(from, group, receiver);
    }
}
