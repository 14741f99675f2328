package io.solaster.engine.mesh;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.BooleanSupplier;

import io.solaster.config.Internal;

/**
 * Whether a shard sleeps, and the handshake by which it loses no wake-up: the shard raises the flag, passes a full fence
 * and looks for work once more, while others publish work, pass a full fence and look at the flag. One of the two sees
 * the other. {@code ParkingLincheckTest} tries each interleaving, {@code MemoryOrderTest} the order of memory.
 */
@Internal
public final class ParkedFlag {
    private static final VarHandle RAISED;

    static {
        try {
            RAISED = MethodHandles.lookup().findVarHandle(ParkedFlag.class, "raised", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile boolean raised;

    /**
     * The shard, before it sleeps.
     *
     * @param hasWork looks for what others may have published
     * @return whether the flag is up and the shard may sleep
     */
    public boolean raiseUnless(BooleanSupplier hasWork) {
        RAISED.setVolatile(this, true);
        VarHandle.fullFence();
        if (hasWork.getAsBoolean()) {
            lower();
            return false;
        }
        return true;
    }

    /** The shard, once it is awake: nobody needs to wake it. */
    public void lower() {
        RAISED.setOpaque(this, false);
    }

    /**
     * Any thread, after publishing work and a full fence: takes the flag down.
     *
     * @return whether it was up, which one caller alone is told: it has to wake the shard
     */
    public boolean take() {
        return (boolean) RAISED.getOpaque(this) && RAISED.compareAndSet(this, true, false);
    }

    /** Whether the shard sleeps, or is about to. Any thread; old as soon as it is told. */
    public boolean isRaised() {
        return raised;
    }
}
