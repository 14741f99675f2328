package io.solaster.engine.env;

import java.time.InstantSource;
import java.util.Objects;
import java.util.random.RandomGenerator;

import io.solaster.engine.file.Disk;
import io.solaster.engine.file.OffShard;

/**
 * Another environment, but for what a subclass overrides: one whose time of day stands, say. {@link #timerClock} is the other's,
 * or {@link #clock} where that one has none of its own, so that a clock that is overridden holds for timers too. Any thread.
 */
public abstract class ForwardingEnvironment implements Environment {
    private final Environment of;

    /** @param of what is asked for all that is not overridden */
    protected ForwardingEnvironment(Environment of) {
        this.of = Objects.requireNonNull(of);
    }

    @Override
    public TimeSource clock() {
        return of.clock();
    }

    @Override
    public TimeSource timerClock() {
        TimeSource timers = of.timerClock();
        return timers.equals(of.clock()) ? clock() : timers;
    }

    @Override
    public InstantSource wallClock() {
        return of.wallClock();
    }

    @Override
    public RandomGenerator random() {
        return of.random();
    }

    @Override
    public RandomGenerator secrets() {
        return of.secrets();
    }

    @Override
    public Threads threads() {
        return of.threads();
    }

    @Override
    public Disk files(OffShard offShard) {
        return of.files(offShard);
    }

    @Override
    public boolean sometimes(String name) {
        return of.sometimes(name);
    }

    @Override
    public int limit(String name, int usual) {
        return of.limit(name, usual);
    }
}
