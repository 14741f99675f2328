package io.solaster.pool.upstream;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

import io.solaster.config.pool.BreakerConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.env.TimeSource;
import io.solaster.engine.timer.Timer;
import io.solaster.engine.timer.Timers;
import io.solaster.pool.EndpointState;
import io.solaster.pool.ShardUpstream;
import io.solaster.pool.Target;
import io.solaster.pool.UpstreamStats;
import io.solaster.pool.health.Breaker;
import org.jspecify.annotations.Nullable;

/** An upstream as one shard sees it. On the owning shard only. */
final class DefaultShardUpstream implements ShardUpstream {
    /** Numbers of one target in what {@link #collect} returns. */
    static final int COUNTS = 4;
    /** A slow start goes in so many steps. */
    private static final int RAMP_STEPS = 20;
    private static final Duration LEAST_RAMP_STEP = Duration.ofMillis(50);
    /** A trial that nobody took up, since no connection came about say, is offered again after so long. */
    private static final long OFFER_AGAIN = Duration.ofMillis(100).toNanos();

    private final Shard shard;
    private final Aggregator aggregator;
    private final Selection.Place place;
    private final UpstreamStats stats;
    private final Timers timers;
    private final TimeSource clock;
    private final SplittableRandom random;
    private final Timer ramp;
    private final List<Listener> listeners = new ArrayList<>();
    /** Of other pools over the same members: told what this is told, and asked with it. */
    private final List<DefaultShardUpstream> twins = new ArrayList<>();
    private List<DefaultTarget> targets = new ArrayList<>();
    private View view;
    private Selection selection = Selection.NONE;
    private double decay;

    DefaultShardUpstream(Shard shard, Aggregator aggregator, Selection.Place place, UpstreamStats stats) {
        this.shard = shard;
        this.aggregator = aggregator;
        this.place = place;
        this.stats = stats;
        this.timers = shard.timers();
        this.clock = timers::now;
        this.random = new SplittableRandom(shard.environment().random().nextLong());
        this.ramp = timers.timer(this::rebuild);
        this.view = View.EMPTY;
        this.decay = view.balancing().decay().toNanos();
    }

    @Override
    public @Nullable DefaultTarget choose(long key) {
        return choose(key, null);
    }

    @Override
    public @Nullable DefaultTarget choose(long key, @Nullable Target except) {
        Selection from = selection;
        if (from.trials().length != 0) {
            DefaultTarget trial = trial(from, key, except);
            if (trial != null) {
                return trial;
            }
        }
        DefaultTarget chosen = from.choose(key, random);
        if (chosen == null) {
            stats.nobody.increment();
            return null;
        }
        if (from.isPanic()) {
            stats.panicked.increment();
        }
        return chosen == except ? another(from, key, chosen) : chosen;
    }

    private DefaultTarget another(Selection from, long key, DefaultTarget except) {
        // By the algorithm too, as long as luck lets it.
        for (int i = 1; i <= 3; i++) {
            DefaultTarget chosen = from.choose(key == 0 ? 0 : key + i, random);
            if (chosen != null && chosen != except) {
                return chosen;
            }
        }
        DefaultTarget other = from.other(except, random);
        return other != null ? other : except;
    }

    private @Nullable DefaultTarget trial(Selection from, long key, @Nullable Target except) {
        if (from.isByKey()) {
            DefaultTarget owner = from.owner(key, random);
            return owner != null && isTrial(owner, except, now()) ? owner : null;
        }
        long now = now();
        for (DefaultTarget target : from.trials()) {
            if (isTrial(target, except, now)) {
                return target;
            }
        }
        return null;
    }

    private static boolean isTrial(DefaultTarget target, @Nullable Target except, long now) {
        return target.isHalfOpen() && target != except && target.offer(now, OFFER_AGAIN);
    }

    @Override
    public List<Target> targets() {
        return List.copyOf(targets);
    }

    @Override
    public void listen(Listener listener) {
        listeners.add(listener);
        targets().forEach(listener::added);
    }

    @Override
    public void forget(Listener listener) {
        listeners.remove(listener);
    }

    @Override
    public UpstreamStats stats() {
        return stats;
    }

    long now() {
        return clock.nanoTime();
    }

    double decay() {
        return decay;
    }

    int consecutiveErrors() {
        return view.health().outliers().consecutiveErrors();
    }

    /** Tells the aggregator of a target that has only failed of late. */
    void suspect(DefaultTarget target, int streak) {
        aggregator.suspected(target.id(), streak);
    }

    /** Puts what the aggregator says into force. */
    void apply(View newView) {
        if (newView.version() <= view.version()) {
            return;
        }
        boolean first = view.members().isEmpty();
        boolean otherBreakers = !newView.health().breaker().equals(view.health().breaker());
        view = newView;
        decay = Math.max(1, newView.balancing().decay().toNanos());
        Map<Integer, DefaultTarget> gone = new HashMap<>();
        targets.forEach(target -> gone.put(target.id(), target));
        List<DefaultTarget> now = new ArrayList<>();
        List<DefaultTarget> added = new ArrayList<>();
        List<DefaultTarget> changed = new ArrayList<>();
        for (Member member : newView.members()) {
            DefaultTarget target = gone.remove(member.id());
            if (target == null) {
                target = new DefaultTarget(this, member, first ? DefaultTarget.EVER : now());
                target.breaker(newBreaker());
                added.add(target);
            } else {
                if (update(target, member)) {
                    changed.add(target);
                }
                if (otherBreakers) {
                    replaceBreaker(target);
                }
            }
            now.add(target);
        }
        targets = now;
        gone.values().forEach(this::noBreaker);
        rebuild();
        for (Listener listener : List.copyOf(listeners)) {
            added.forEach(listener::added);
            gone.values().forEach(listener::removed);
            changed.forEach(listener::changed);
        }
        twins.forEach(twin -> twin.apply(newView));
    }

    /** A twin knows from now on what this knows. */
    void join(DefaultShardUpstream twin) {
        twins.add(twin);
        twin.apply(view);
    }

    /** Ends {@link #join}: the twin has no members any more. */
    void leave(DefaultShardUpstream twin) {
        if (twins.remove(twin)) {
            twin.apply(new View(Long.MAX_VALUE, view.balancing(), view.health(), List.of(), Map.of()));
        }
    }

    private boolean update(DefaultTarget target, Member member) {
        boolean was = target.isAvailable();
        EndpointState before = target.state();
        target.update(member);
        if (!was && target.isAvailable()) {
            target.since(now());
        }
        return before != member.state();
    }

    private @Nullable Breaker newBreaker() {
        BreakerConfig config = view.health().breaker();
        return config.enabled() ? new Breaker(config) : null;
    }

    private void replaceBreaker(DefaultTarget target) {
        noBreaker(target);
        target.breaker(newBreaker());
    }

    private void noBreaker(DefaultTarget target) {
        if (target.isCountedOpen()) {
            closed(target);
        }
        target.breaker(null);
    }

    /** Opened, or closed again. */
    void breakerChanged(DefaultTarget target, Breaker breaker) {
        if (!targets.contains(target)) {
            return;
        }
        if (breaker.state() == Breaker.State.OPEN) {
            open(target, breaker);
        } else {
            closed(target);
            target.since(now());
        }
        rebuild();
        // Later, since whoever tells of a request's end may be in the midst of something.
        shard.execute(() -> List.copyOf(listeners).forEach(listener -> listener.changed(target)));
    }

    private void open(DefaultTarget target, Breaker breaker) {
        if (!target.isCountedOpen()) {
            target.countedOpen(true);
            stats.breakersOpened.increment();
            stats.breakersOpen.increment();
            aggregator.breakerOpened(target.id(), breaker.errors(), breaker.requests());
        }
        Timer timer = target.reopening();
        if (timer == null) {
            timer = timers.timer(() -> halfOpen(target));
            target.reopening(timer);
        }
        timer.arm(view.health().breaker().openFor());
    }

    private void closed(DefaultTarget target) {
        target.countedOpen(false);
        stats.breakersOpen.add(-1);
        aggregator.breakerClosed(target.id());
    }

    private void halfOpen(DefaultTarget target) {
        Breaker breaker = target.breaker();
        if (breaker != null && breaker.state() == Breaker.State.OPEN) {
            breaker.halfOpen();
            target.halfOpened(now());
            rebuild();
        }
    }

    private void rebuild() {
        selection = Selection.of(view, targets, place, random, clock);
        ramp();
    }

    /** While somebody starts slowly, weights change by themselves. */
    private void ramp() {
        Duration slowStart = view.balancing().slowStart();
        long now = now();
        for (DefaultTarget target : targets) {
            if (target.isAvailable() && Selection.rampedUp(target, slowStart.toNanos(), now) < 1) {
                Duration step = slowStart.dividedBy(RAMP_STEPS);
                ramp.arm(step.compareTo(LEAST_RAMP_STEP) < 0 ? LEAST_RAMP_STEP : step);
                return;
            }
        }
        ramp.cancel();
    }

    /** What has been counted since the last time, {@link #COUNTS} numbers for each target, those of twins behind. */
    long[] collect() {
        List<DefaultTarget> all = withTwins();
        long[] counts = new long[all.size() * COUNTS];
        int at = 0;
        for (DefaultTarget target : all) {
            at = target.collect(counts, at);
        }
        return counts;
    }

    /** How each target stands here, and with twins. */
    List<TargetStatus> status() {
        return withTwins().stream().map(target -> new TargetStatus(target.id(), target.inFlight(), target.isClosed(),
                target.latency())).toList();
    }

    private List<DefaultTarget> withTwins() {
        List<DefaultTarget> all = new ArrayList<>(targets);
        twins.forEach(twin -> all.addAll(twin.targets));
        return all;
    }

    /** How a target stands with one shard. */
    record TargetStatus(int id, int inFlight, boolean closed, double latency) {}
}
