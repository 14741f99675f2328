package io.solaster.pool.upstream;

import java.time.Duration;
import java.util.List;

import io.solaster.config.pool.CheckConfig;
import io.solaster.config.pool.OutlierConfig;
import io.solaster.engine.timer.Timer;
import io.solaster.engine.timer.Timers;
import io.solaster.pool.Endpoint;
import io.solaster.pool.EndpointState;
import io.solaster.pool.EndpointStatus;
import io.solaster.pool.Upstream;
import io.solaster.pool.health.CheckState;
import io.solaster.pool.health.CheckState.Verdict;
import io.solaster.pool.health.Checker;
import io.solaster.pool.health.HealthCheck;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One member's page in the books of an upstream: what its checks have said, and whether it is ejected. On their home. */
final class Tracked {
    private static final Logger log = LoggerFactory.getLogger(Upstream.class);

    final int id;
    Endpoint endpoint;
    boolean drained;
    int openBreakers;
    long errorsInRow;
    private final Aggregator books;
    private final Timers timers;
    private CheckState checked = new CheckState();
    private @Nullable Checker checker;
    /** How many times as long as the first ejection the last one was. */
    private int ejections;
    private @Nullable Timer ejection;
    private long ejectedUntil;
    private long backSince;
    private String whyEjected = "";

    Tracked(Aggregator books, int id, Endpoint endpoint) {
        this.books = books;
        this.timers = books.home().timers();
        this.id = id;
        this.endpoint = endpoint;
    }

    EndpointState state() {
        if (drained) {
            return EndpointState.DRAINED;
        }
        Verdict verdict = checked.verdict();
        if (verdict == Verdict.UNHEALTHY) {
            return EndpointState.UNHEALTHY;
        }
        if (isEjected()) {
            return EndpointState.EJECTED;
        }
        return verdict == Verdict.DEGRADED ? EndpointState.DEGRADED : EndpointState.HEALTHY;
    }

    Member member() {
        return new Member(id, endpoint, state());
    }

    // ---- ejection

    boolean isEjected() {
        return ejection != null;
    }

    void eject(OutlierConfig outliers, String why) {
        long now = timers.now();
        long first = Math.max(1, outliers.ejection().toNanos());
        // Each time as long as an ejection that went well takes one back.
        ejections = (int) Math.max(0, ejections - (now - backSince) / first) + 1;
        Duration lasts = outliers.ejection().multipliedBy(ejections);
        if (lasts.compareTo(outliers.maxEjection()) > 0) {
            lasts = outliers.maxEjection();
        }
        whyEjected = why;
        ejectedUntil = now + lasts.toNanos();
        ejection = timers.timer(() -> {
            endEjection("its time is over");
            books.publish();
        });
        ejection.arm(lasts);
        log.warn("{}: endpoint {} is ejected for {}: {}", books.label(), endpoint, text(lasts), why);
    }

    void endEjection(String why) {
        if (ejection != null) {
            ejection.cancel();
            ejection = null;
            backSince = timers.now();
            log.info("{}: endpoint {} is no longer ejected: {}", books.label(), endpoint, why);
        }
    }

    private static String text(Duration duration) {
        return duration.toMillis() % 1_000 == 0 ? duration.toSeconds() + " s" : duration.toMillis() + " ms";
    }

    // ---- circuit breakers of shards

    void breakerOpened(int errors, int requests) {
        if (openBreakers++ == 0) {
            log.warn("{}: a circuit breaker for endpoint {} is open, since {} of {} requests of its shard failed",
                    books.label(), endpoint, errors, requests);
        }
    }

    void breakerClosed() {
        if (--openBreakers == 0) {
            log.info("{}: the circuit breakers for endpoint {} are closed again", books.label(), endpoint);
        }
    }

    // ---- checks

    /** Is checked so from now on, from the beginning; not at all with null. */
    void check(@Nullable HealthCheck with) {
        endChecks();
        if (with != null) {
            checker = new Checker(books.home(), endpoint, with, settings(), this::checked);
            checker.start();
        } else {
            checked = new CheckState();
        }
    }

    private CheckConfig settings() {
        return books.config().health().check();
    }

    private void checked(@Nullable Throwable failure) {
        Verdict before = checked.verdict();
        books.stats().checks.increment();
        boolean changed;
        if (failure == null) {
            changed = checked.succeeded(settings());
        } else {
            books.stats().checksFailed.increment();
            changed = checked.failed(settings(),
                    failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage());
        }
        if (changed) {
            tell(before);
            books.publish();
        }
    }

    private void tell(Verdict before) {
        switch (checked.verdict()) {
            case DEGRADED -> log.info("{}: endpoint {} is degraded, since a check failed: {}", books.label(), endpoint,
                    checked.why());
            case UNHEALTHY -> log.warn("{}: endpoint {} is unhealthy, since {} checks failed in a row: {}",
                    books.label(), endpoint, checked.failures(), checked.why());
            default -> {
                if (before != Verdict.UNKNOWN) {
                    log.info("{}: endpoint {} is healthy again, by its checks", books.label(), endpoint);
                }
            }
        }
    }

    private void endChecks() {
        if (checker != null) {
            checker.stop();
            checker = null;
        }
    }

    void stop() {
        endChecks();
        if (ejection != null) {
            ejection.cancel();
            ejection = null;
        }
    }

    // ---- for people

    EndpointStatus status(List<DefaultShardUpstream.TargetStatus> onShards) {
        EndpointState stands = state();
        String why = switch (stands) {
            case HEALTHY -> null;
            case DEGRADED, UNHEALTHY -> checked.why();
            case EJECTED -> whyEjected;
            case DRAINED -> "drained by hand";
        };
        Duration left = isEjected() ? Duration.ofNanos(Math.max(0, ejectedUntil - timers.now())) : null;
        double latency = onShards.stream().mapToDouble(DefaultShardUpstream.TargetStatus::latency)
                .filter(each -> each > 0)
                .average().orElse(0);
        return new EndpointStatus(endpoint.address(), stands, why, endpoint.weight(), endpoint.priority(),
                endpoint.zone(), left, onShards.stream().mapToLong(DefaultShardUpstream.TargetStatus::inFlight).sum(),
                (int) onShards.stream().filter(each -> !each.closed()).count(), Duration.ofNanos((long) latency));
    }
}
