package io.solaster.pool.upstream;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

import io.solaster.config.pool.BreakerConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.timer.TimeSource;
import io.solaster.engine.timer.Timer;
import io.solaster.engine.timer.Timers;
import io.solaster.pool.health.Breaker;
import org.jspecify.annotations.Nullable;

/** An upstream as one shard sees it. On the owning shard only. */
public final class ShardUpstream {
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
    private final SplittableRandom random = new SplittableRandom();
    private final Timer ramp;
    private final List<Listener> listeners = new ArrayList<>();
    /** Of other pools over the same members: told what this is told, and asked with it. */
    private final List<ShardUpstream> twins = new ArrayList<>();
    private List<Target> targets = new ArrayList<>();
    private View view;
    private Selection selection = Selection.NONE;
    private double decay;

    ShardUpstream(Shard shard, Aggregator aggregator, Selection.Place place, UpstreamStats stats) {
        this.shard = shard;
        this.aggregator = aggregator;
        this.place = place;
        this.stats = stats;
        this.timers = shard.timers();
        this.clock = timers::now;
        this.ramp = timers.timer(this::rebuild);
        this.view = View.EMPTY;
        this.decay = view.balancing().decay().toNanos();
    }

    /**
     * Which endpoint takes the next request: of those that may be asked, by the algorithm. Allocates nothing.
     *
     * @param key of the request, for algorithms that go by keys
     * @return null if there is no endpoint that may be asked: none at all, or this shard's circuit breakers are open for
     *         all of them, or none is well and {@code panic-threshold} is 0
     */
    public @Nullable Target choose(long key) {
        return choose(key, null);
    }

    /**
     * As {@link #choose(long)}, for a second try.
     *
     * @param except what was tried already: chosen again only where there is no other; null for none
     */
    public @Nullable Target choose(long key, @Nullable Target except) {
        Selection from = selection;
        if (from.trials().length != 0) {
            Target trial = trial(from.trials(), except);
            if (trial != null) {
                return trial;
            }
        }
        Target chosen = from.choose(key, random);
        if (chosen == null) {
            stats.nobody.increment();
            return null;
        }
        if (from.isPanic()) {
            stats.panicked.increment();
        }
        return chosen == except ? another(from, key, chosen) : chosen;
    }

    private Target another(Selection from, long key, Target except) {
        // By the algorithm too, as long as luck lets it.
        for (int i = 1; i <= 3; i++) {
            Target chosen = from.choose(key == 0 ? 0 : key + i, random);
            if (chosen != null && chosen != except) {
                return chosen;
            }
        }
        Target other = from.other(except, random);
        return other != null ? other : except;
    }

    private @Nullable Target trial(Target[] trials, @Nullable Target except) {
        long now = now();
        for (Target target : trials) {
            if (target != except && target.offer(now, OFFER_AGAIN)) {
                return target;
            }
        }
        return null;
    }

    /** Every member, well or not. */
    public List<Target> targets() {
        return List.copyOf(targets);
    }

    /** Tells of members that come and go from now on, and at once of those that are there. */
    public void listen(Listener listener) {
        listeners.add(listener);
        targets().forEach(listener::added);
    }

    /** Ends {@link #listen}. */
    public void forget(Listener listener) {
        listeners.remove(listener);
    }

    /** What this shard counts. Any thread. */
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
    void suspect(Target target, int streak) {
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
        Map<Integer, Target> gone = new HashMap<>();
        targets.forEach(target -> gone.put(target.id(), target));
        List<Target> now = new ArrayList<>();
        List<Target> added = new ArrayList<>();
        List<Target> changed = new ArrayList<>();
        for (Member member : newView.members()) {
            Target target = gone.remove(member.id());
            if (target == null) {
                target = new Target(this, member, first ? Target.EVER : now());
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
    void join(ShardUpstream twin) {
        twins.add(twin);
        twin.apply(view);
    }

    /** Ends {@link #join}: the twin has no members any more. */
    void leave(ShardUpstream twin) {
        if (twins.remove(twin)) {
            twin.apply(new View(Long.MAX_VALUE, view.balancing(), view.health(), List.of(), Map.of()));
        }
    }

    private boolean update(Target target, Member member) {
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

    private void replaceBreaker(Target target) {
        noBreaker(target);
        target.breaker(newBreaker());
    }

    private void noBreaker(Target target) {
        if (target.isCountedOpen()) {
            closed(target);
        }
        target.breaker(null);
    }

    /** Opened, or closed again. */
    void breakerChanged(Target target, Breaker breaker) {
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

    private void open(Target target, Breaker breaker) {
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

    private void closed(Target target) {
        target.countedOpen(false);
        stats.breakersOpen.add(-1);
        aggregator.breakerClosed(target.id());
    }

    private void halfOpen(Target target) {
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
        for (Target target : targets) {
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
        List<Target> all = withTwins();
        long[] counts = new long[all.size() * COUNTS];
        int at = 0;
        for (Target target : all) {
            at = target.collect(counts, at);
        }
        return counts;
    }

    /** How each target stands here, and with twins. */
    List<TargetStatus> status() {
        return withTwins().stream().map(target -> new TargetStatus(target.id(), target.inFlight(), target.isClosed(),
                target.latency())).toList();
    }

    private List<Target> withTwins() {
        List<Target> all = new ArrayList<>(targets);
        twins.forEach(twin -> all.addAll(twin.targets));
        return all;
    }

    /** How a target stands with one shard. */
    record TargetStatus(int id, int inFlight, boolean closed, double latency) {}

    /** Told on its shard of members that come and go; never from within a call of another method of this class. */
    public interface Listener {
        /** Requests may go there from now on. */
        void added(Target target);

        /** No new request goes there; what is under way may finish. */
        void removed(Target target);

        /** Requests go there, or do not, for its health or because somebody drains it: {@link Target#state} tells. */
        default void changed(Target target) {}
    }
}
