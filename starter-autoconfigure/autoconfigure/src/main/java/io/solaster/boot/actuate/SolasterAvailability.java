package io.solaster.boot.actuate;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

import io.solaster.config.SolasterConfig;
import io.solaster.spring.Live;
import io.solaster.spring.server.ServerLifecycle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.AvailabilityState;
import org.springframework.boot.availability.LivenessState;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.SmartLifecycle;

/**
 * Tells the application's probes: traffic is refused from the moment that servers drain, and the application is broken
 * while a shard does not turn its loop for {@code solaster.health.broken-after}. A daemon thread looks once a second, or
 * more often where less than four seconds make it broken.
 */
final class SolasterAvailability implements SmartLifecycle {
    private static final Logger log = LoggerFactory.getLogger(SolasterAvailability.class);

    private final String engine;
    private final EngineWatch watch;
    private final LoopWatch loops;
    private final Live<SolasterConfig> config;
    private final ApplicationEventPublisher events;
    private volatile @Nullable Thread thread;
    private boolean broken;
    private boolean refusing;
    /** Whether traffic was accepted before it was refused here. */
    private boolean accepted;
    private final Supplier<@Nullable ApplicationAvailability> known;

    SolasterAvailability(String engine, EngineWatch watch, LoopWatch loops, Live<SolasterConfig> config,
            ApplicationEventPublisher events, Supplier<@Nullable ApplicationAvailability> known) {
        this.known = known;
        this.engine = engine;
        this.watch = watch;
        this.loops = loops;
        this.config = config;
        this.events = events;
    }

    /** The time between two looks, where so long makes the application broken. */
    private static Duration period(Duration brokenAfter) {
        Duration quarter = brokenAfter.dividedBy(4);
        return quarter.compareTo(Duration.ofSeconds(1)) < 0 ? quarter : Duration.ofSeconds(1);
    }

    /** After a stop, the servers are bound again, and traffic is welcome if it was. */
    @Override
    public void start() {
        synchronized (this) {
            if (refusing) {
                refusing = false;
                if (accepted) {
                    publish(ReadinessState.ACCEPTING_TRAFFIC);
                }
            }
        }
        Thread started = new Thread(this::run, engine + "-availability");
        started.setDaemon(true);
        thread = started;
        started.start();
    }

    private void run() {
        while (Thread.currentThread().equals(thread)) {
            Duration period = period(config.get().health().brokenAfter());
            loops.look(System.nanoTime(), period);
            tell();
            LockSupport.parkNanos(this, period.toNanos());
        }
    }

    private synchronized void tell() {
        boolean now = watch.isBroken();
        if (now != broken) {
            broken = now;
            log.atLevel(now ? org.slf4j.event.Level.ERROR : org.slf4j.event.Level.WARN).log("Engine '{}': {}", engine,
                    now
                            ? String.join("; ", watch.problems()) + ": the application is broken"
                            : "every shard turns its loop again: the application is no longer broken");
            publish(now ? LivenessState.BROKEN : LivenessState.CORRECT);
        }
        if (watch.isDraining()) {
            refuseTraffic();
        }
    }

    /** Has load balancers send nothing more. Any thread. */
    synchronized void refuseTraffic() {
        if (!refusing) {
            refusing = true;
            ApplicationAvailability availability = known.get();
            accepted = availability == null || availability.getReadinessState() == ReadinessState.ACCEPTING_TRAFFIC;
            publish(ReadinessState.REFUSING_TRAFFIC);
        }
    }

    private <S extends AvailabilityState> void publish(S state) {
        try {
            AvailabilityChangeEvent.publish(events, this, state);
        } catch (RuntimeException e) {
            // It must neither end the watch nor keep the application from stopping.
            log.error("Engine '{}': a listener failed when it was told that the state is {}", engine, state, e);
        }
    }

    @Override
    public void stop() {
        refuseTraffic();
        Thread running = thread;
        thread = null;
        LockSupport.unpark(running);
    }

    @Override
    public boolean isRunning() {
        return thread != null;
    }

    /** Stopped just before the servers drain, so that probes know first. */
    @Override
    public int getPhase() {
        return ServerLifecycle.PHASE + 1;
    }

    /** As the servers. */
    @Override
    public boolean isPauseable() {
        return false;
    }
}
