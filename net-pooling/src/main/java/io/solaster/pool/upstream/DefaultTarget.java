package io.solaster.pool.upstream;

import io.solaster.engine.timer.Timer;
import io.solaster.pool.Endpoint;
import io.solaster.pool.EndpointState;
import io.solaster.pool.Outcome;
import io.solaster.pool.Target;
import io.solaster.pool.balance.Load;
import io.solaster.pool.health.Breaker;
import org.jspecify.annotations.Nullable;

/** One endpoint as one shard sees it, with what its shard alone knows of it. On the owning shard only. */
final class DefaultTarget implements Target {
    /** Long past, so that an endpoint that was there from the start is not slow-started. */
    static final long EVER = Long.MIN_VALUE / 2;

    private final DefaultShardUpstream owner;
    private final int id;
    private final Load load = new Load();
    private Endpoint endpoint;
    private EndpointState state;
    private @Nullable Breaker breaker;
    /** Armed while the breaker is open. */
    private @Nullable Timer reopening;
    private boolean countedOpen;
    /** When it was last offered as a trial, and how many of those are under way. */
    private long offeredAt = EVER;
    private int trials;
    /** Since when its breaker is half open: what began before is no trial. */
    private long halfOpenSince = EVER;
    /** When it became available. */
    private long since;
    private int streak;
    private long lastBroken = EVER;
    // What the aggregator has not been told yet.
    private long successes;
    private long errors;
    private long latencies;
    private @Nullable Object attachment;

    DefaultTarget(DefaultShardUpstream owner, Member member, long since) {
        this.owner = owner;
        this.id = member.id();
        this.endpoint = member.endpoint();
        this.state = member.state();
        this.since = since;
    }

    @Override
    public Endpoint endpoint() {
        return endpoint;
    }

    @Override
    public EndpointState state() {
        return state;
    }

    @Override
    public boolean isAvailable() {
        return isWell() && isClosed();
    }

    /** Whether the process has nothing against it. */
    boolean isWell() {
        return state == EndpointState.HEALTHY || state == EndpointState.DEGRADED;
    }

    @Override
    public @Nullable Object attachment() {
        return attachment;
    }

    @Override
    public void attach(@Nullable Object newAttachment) {
        attachment = newAttachment;
    }

    @Override
    public int inFlight() {
        return load.inFlight();
    }

    @Override
    public double latency() {
        return load.latency(owner.now(), owner.decay());
    }

    @Override
    public void begin() {
        load.begin();
        if (breaker != null && breaker.state() == Breaker.State.HALF_OPEN) {
            trials++;
        }
    }

    @Override
    public void end(Outcome outcome, long nanos) {
        load.end();
        long now = owner.now();
        boolean counts = now - nanos - halfOpenSince >= 0;
        // No more can be under way than requests are, however exact the caller's clock is.
        trials = Math.min(counts && trials > 0 ? trials - 1 : trials, load.inFlight());
        ended(outcome, nanos, now, counts);
    }

    @Override
    public void unreachable(Outcome outcome, long nanos) {
        load.begin();
        load.end();
        ended(outcome, nanos, owner.now(), true);
    }

    /** @param judges whether the breaker goes by it: while that is half open, by what began since */
    private void ended(Outcome outcome, long nanos, long now, boolean judges) {
        Breaker asks = judges ? breaker : null;
        if (outcome == Outcome.SUCCESS) {
            load.answered(nanos, now, owner.decay());
            streak = 0;
            successes++;
            latencies += nanos;
            offeredAt = judges ? EVER : offeredAt;
            if (asks != null && asks.succeeded(now)) {
                halfOpenSince = EVER;
                owner.breakerChanged(this, asks);
            }
        } else if (outcome == Outcome.CANCELLED) {
            load.givenUp(nanos, now, owner.decay());
        } else {
            failed(outcome, nanos, now, asks);
        }
    }

    private void failed(Outcome outcome, long nanos, long now, @Nullable Breaker asks) {
        if (outcome == Outcome.BROKEN) {
            if (lastBroken == now) {
                // All that was under way on one connection fails in one turn; that is one failure of the endpoint.
                return;
            }
            lastBroken = now;
        }
        load.failed(nanos, now, owner.decay());
        errors++;
        streak++;
        int most = owner.consecutiveErrors();
        if (most > 0 && streak % most == 0) {
            owner.suspect(this, streak);
        }
        if (asks != null && asks.failed(now)) {
            owner.breakerChanged(this, asks);
        }
    }

    int id() {
        return id;
    }

    Load load() {
        return load;
    }

    @Nullable
    Breaker breaker() {
        return breaker;
    }

    void breaker(@Nullable Breaker newBreaker) {
        breaker = newBreaker;
        halfOpenSince = EVER;
        if (reopening != null) {
            reopening.cancel();
        }
    }

    boolean isClosed() {
        return breaker == null || breaker.state() == Breaker.State.CLOSED;
    }

    boolean isHalfOpen() {
        return breaker != null && breaker.state() == Breaker.State.HALF_OPEN;
    }

    /** Whether one more request may try it. An offer that nobody took up is made again after a while. */
    boolean offer(long now, long again) {
        if (trials > 0 || now - offeredAt < again) {
            return false;
        }
        offeredAt = now;
        return true;
    }

    /** Its breaker lets single requests through from now on. */
    void halfOpened(long now) {
        halfOpenSince = now;
        trials = 0;
        offeredAt = EVER;
    }

    /** Whether its breaker is counted among those that are open, half open ones too. */
    boolean isCountedOpen() {
        return countedOpen;
    }

    void countedOpen(boolean isOpen) {
        countedOpen = isOpen;
    }

    @Nullable
    Timer reopening() {
        return reopening;
    }

    void reopening(Timer timer) {
        reopening = timer;
    }

    long since() {
        return since;
    }

    void since(long now) {
        since = now;
    }

    /** Takes over what the aggregator says. */
    void update(Member member) {
        endpoint = member.endpoint();
        if (state == EndpointState.EJECTED && member.state() != state) {
            // What was before is forgiven.
            streak = 0;
            forgetCounts();
        }
        state = member.state();
    }

    /** Writes what has been counted since it was last asked: id, successes, errors, sum of latencies. */
    int collect(long[] into, int at) {
        into[at] = id;
        into[at + 1] = successes;
        into[at + 2] = errors;
        into[at + 3] = latencies;
        forgetCounts();
        return at + DefaultShardUpstream.COUNTS;
    }

    private void forgetCounts() {
        successes = 0;
        errors = 0;
        latencies = 0;
    }

    @Override
    public String toString() {
        return endpoint.address();
    }
}
