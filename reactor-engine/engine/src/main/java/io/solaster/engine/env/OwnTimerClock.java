package io.solaster.engine.env;

import java.time.InstantSource;
import java.util.random.RandomGenerator;

import io.solaster.engine.file.Disk;
import io.solaster.engine.file.OffShard;

/** {@link Environment#withTimerClock}. */
record OwnTimerClock(Environment of, TimeSource timerClock) implements Environment {

    @Override
    public TimeSource clock() {
        return of.clock();
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
