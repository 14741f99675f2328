package io.solaster.testkit.sim;

import io.solaster.engine.Engine;
import org.jspecify.annotations.Nullable;

/** One life of a machine, from a start to the next crash: what belongs to it runs only as long as it lasts. */
final class Life {
    final Machine machine;
    final SimEnvironment environment;
    boolean over;
    boolean frozen;
    @Nullable
    Engine engine;

    Life(Scheduler scheduler, Machine machine, boolean chance) {
        this.machine = machine;
        this.environment = new SimEnvironment(scheduler, this, chance);
    }

    /** Whether its threads have no turn. */
    boolean standsStill() {
        return over || frozen;
    }
}
