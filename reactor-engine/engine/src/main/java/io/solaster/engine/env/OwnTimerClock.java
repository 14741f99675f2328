package io.solaster.engine.env;

/** {@link Environment#withTimerClock}. */
final class OwnTimerClock extends ForwardingEnvironment {
    private final TimeSource timerClock;

    OwnTimerClock(Environment of, TimeSource timerClock) {
        super(of);
        this.timerClock = timerClock;
    }

    @Override
    public TimeSource timerClock() {
        return timerClock;
    }
}
