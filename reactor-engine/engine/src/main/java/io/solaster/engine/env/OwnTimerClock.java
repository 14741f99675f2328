package io.solaster.engine.env;

import java.time.InstantSource;
import java.util.random.RandomGenerator;

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
    public Threads threads() {
        return of.threads();
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
