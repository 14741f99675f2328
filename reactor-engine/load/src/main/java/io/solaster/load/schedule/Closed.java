package io.solaster.load.schedule;

import java.time.Duration;

/** Nothing is due by time. */
enum Closed implements Schedule {
    INSTANCE;

    @Override
    public Arrivals arrivals(int shard, int shards, long seed) {
        return () -> Arrivals.OVER;
    }

    @Override
    public double perSecond(Duration from, Duration length) {
        return 0;
    }

    @Override
    public String describe() {
        return "closed loop, as fast as answers come";
    }

    @Override
    public boolean isClosed() {
        return true;
    }
}
