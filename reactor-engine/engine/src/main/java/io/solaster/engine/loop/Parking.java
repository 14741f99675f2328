package io.solaster.engine.loop;

import java.time.Duration;
import java.util.function.BooleanSupplier;

import io.solaster.engine.mesh.ParkedFlag;

/**
 * How a shard that has nothing to do waits: it spins, lingers, or sleeps, which is a handshake with those who wake it: see
 * {@link ParkedFlag}. On the shard's thread, unless a method says otherwise.
 */
public final class Parking {
    private static final int MOST_TRUST = 8;
    /** With no trust left a shard lingers once in so many times, to see whether that pays by now. */
    private static final int PROBE = 64;

    private final ParkedFlag flag = new ParkedFlag();
    private boolean slept;
    private long spinNanos;
    private long lingerNanos;
    private long idleSince;
    /** A peer has sent something since the shard last thought of sleeping. */
    private boolean heard;
    private boolean lingers;
    private long lingersUntil;
    /** Rises when lingering was worth it, and falls twice as fast when it was not. */
    private int trust;
    private int distrusted;

    /** Says how long a shard stays awake with nothing to do. */
    public void reconfigure(Duration spin, Duration linger) {
        spinNanos = spin.toNanos();
        lingerNanos = linger.toNanos();
    }

    /** Whether the shard sleeps, or is about to. Any thread; old as soon as it is told. */
    public boolean isParked() {
        return flag.isRaised();
    }

    /**
     * Takes the shard for awake. Any thread, after publishing and a full fence.
     *
     * @return whether it slept, so that the caller has to wake it
     */
    public boolean claim() {
        return flag.take();
    }

    /** A peer has sent something. */
    void heard() {
        heard = true;
    }

    /** The shard had something to do. */
    void busy() {
        idleSince = 0;
    }

    /** Whether the shard had better look again than sleep. */
    boolean staysAwake(long now) {
        return spins(now) || lingers(now);
    }

    private boolean spins(long now) {
        if (spinNanos == 0) {
            return false;
        }
        if (idleSince == 0) {
            idleSince = now;
        }
        return now - idleSince < spinNanos;
    }

    /** Two shards that answer each other at once would else wake each other for every word. */
    private boolean lingers(long now) {
        if (heard) {
            heard = false;
            trust = lingers ? Math.min(MOST_TRUST, trust + 1) : trust;
            lingers = lingerNanos > 0 && (trust > 0 || ++distrusted % PROBE == 0);
            lingersUntil = now + lingerNanos;
        } else if (lingers && now - lingersUntil >= 0) {
            trust = Math.max(0, trust - 2);
            lingers = false;
        }
        return lingers;
    }

    /** Sleeps, unless there is work; from then on whoever sends wakes the shard. */
    boolean sleepUnless(BooleanSupplier hasWork) {
        slept = flag.raiseUnless(hasWork);
        return slept;
    }

    /**
     * From here on nobody needs to wake the shard.
     *
     * @return whether it slept
     */
    boolean wake() {
        if (!slept) {
            return false;
        }
        slept = false;
        flag.lower();
        return true;
    }
}
