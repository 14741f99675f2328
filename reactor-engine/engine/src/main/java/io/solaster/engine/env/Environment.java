package io.solaster.engine.env;

import java.time.InstantSource;
import java.util.random.RandomGenerator;

import io.solaster.engine.file.ChannelDisk;
import io.solaster.engine.file.Disk;
import io.solaster.engine.file.OffShard;

/**
 * Where an engine, and what runs on it, takes time, chance, threads and files from: {@link #SYSTEM}, or a simulation, which draws
 * all of them from a seed. {@code engine.environment()} and {@code shard.environment()} tell which. Any thread.
 */
public interface Environment {

    /** The machine's. */
    @SuppressWarnings("ClassInitializationDeadlock") // nobody but this line makes one
    Environment SYSTEM = new SystemEnvironment();

    /** The monotonic clock. Always the same object, to be kept in a final field where it is read often. */
    TimeSource clock();

    /** The clock that the engine's timers go by: {@link #clock}, unless a test gave another. Always the same object. */
    default TimeSource timerClock() {
        return clock();
    }

    /** The time of day, which may jump; for what people or other machines read, never to measure with. */
    InstantSource wallClock();

    /**
     * Chance, for the calling thread alone: not to be kept beyond the call. Not for secrets: see {@link #secrets}.
     */
    RandomGenerator random();

    /** Chance that nobody can foresee, as keys and seeds of hashes need; slower. Always the same object. */
    RandomGenerator secrets();

    /** Threads, and how those wait that are no shard. */
    Threads threads();

    /**
     * What the files of an engine's shards stand on; the engine asks for it once.
     *
     * @param offShard threads of that engine that may wait for a disk
     */
    default Disk files(OffShard offShard) {
        return new ChannelDisk(offShard);
    }

    /**
     * Whether a rare branch shall be taken for once, though nothing calls for it: a wake-up without a reason, say. True
     * only in a simulation, now and then, as its seed says.
     *
     * @param name of the branch, the same at each call: a constant
     */
    default boolean sometimes(String name) {
        return false;
    }

    /**
     * A limit, which a simulation sometimes makes small, since little happens at a limit that is never reached. To be asked
     * when something is made, not in each operation.
     *
     * @param name of the limit, the same at each call: a constant
     * @param usual the limit, at least 1
     * @return {@code usual} or, in a simulation, at times something between 1 and that
     */
    default int limit(String name, int usual) {
        return usual;
    }

    /** This environment, but for timers that go by a clock of their own. */
    default Environment withTimerClock(TimeSource clock) {
        return new OwnTimerClock(this, clock);
    }
}
