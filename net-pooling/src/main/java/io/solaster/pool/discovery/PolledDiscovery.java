package io.solaster.pool.discovery;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletionStage;

import io.solaster.config.pool.DiscoveryConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.timer.Timer;
import io.solaster.pool.Endpoint;
import org.jspecify.annotations.Nullable;

/**
 * Asks again and again: when the last answer has run out, at most as often and at least as often as it is configured.
 * After a failure it asks again soon, and then ever later. It tells only of what is new. Any thread.
 */
public final class PolledDiscovery implements Discovery {
    private static final int MAX_DOUBLINGS = 16;

    /** Who is asked. */
    @FunctionalInterface
    public interface Source {

        /**
         * Asks once. On a shard, which it does not block.
         *
         * @return where nothing is found: failed, if what was found before shall hold
         */
        CompletionStage<Answer> ask();
    }

    /**
     * What was found.
     *
     * @param validFor how long the answer holds; null where nobody says
     */
    public record Answer(List<Endpoint> endpoints, @Nullable Duration validFor) {}

    private final String name;
    private final Engine engine;
    private final Shard shard;
    private final DiscoveryConfig config;
    private final Source source;
    private volatile boolean closed;

    // On the shard.
    private @Nullable Listener listener;
    private @Nullable Timer timer;
    private @Nullable List<Endpoint> last;
    private boolean asking;
    private boolean again;
    private int failures;

    /**
     * Asks nobody yet.
     *
     * @param name who is asked for what, for logs
     * @param config how often
     */
    public PolledDiscovery(Engine engine, String name, DiscoveryConfig config, Source source) {
        this.engine = engine;
        this.name = name;
        this.config = config;
        this.source = source;
        this.shard = engine.shard(engine.shardOf(name));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void start(Listener newListener) {
        onShard(() -> {
            listener = newListener;
            timer = shard.timers().coarseTimer(this::ask);
            ask();
        });
    }

    @Override
    public void refresh() {
        onShard(this::ask);
    }

    private void ask() {
        if (closed || timer == null) {
            return;
        }
        if (asking) {
            again = true;
            return;
        }
        asking = true;
        timer.cancel();
        CompletionStage<Answer> asked;
        try {
            asked = source.ask();
        } catch (RuntimeException e) {
            answered(null, e);
            return;
        }
        asked.whenComplete((answer, failure) -> {
            if (Shard.current() == shard) {
                answered(answer, failure);
            } else {
                onShard(() -> answered(answer, failure));
            }
        });
    }

    private void answered(@Nullable Answer answer, @Nullable Throwable failure) {
        asking = false;
        if (closed || listener == null || timer == null) {
            return;
        }
        Duration next;
        if (answer != null) {
            failures = 0;
            List<Endpoint> found = answer.endpoints().stream().distinct()
                    .sorted(Comparator.comparing(Endpoint::address)).toList();
            if (!found.equals(last)) {
                last = found;
                listener.found(found);
            }
            next = answer.validFor() == null ? config.refresh() : bounded(answer.validFor());
        } else {
            next = bounded(config.minRefresh().multipliedBy(1L << Math.min(failures, MAX_DOUBLINGS)));
            failures++;
            listener.failed(failure == null
                    ? new IllegalStateException(name + " answered nothing")
                    : ShardFuture.causeOf(failure));
        }
        if (again) {
            again = false;
            next = Duration.ZERO;
        }
        timer.arm(next);
    }

    private Duration bounded(Duration wanted) {
        Duration least = wanted.compareTo(config.minRefresh()) < 0 ? config.minRefresh() : wanted;
        return least.compareTo(config.refresh()) > 0 ? config.refresh() : least;
    }

    @Override
    public void close() {
        closed = true;
        onShard(() -> {
            if (timer != null) {
                timer.cancel();
            }
        });
    }

    /** Where the engine stops, nothing is left to do. */
    private void onShard(Runnable work) {
        engine.submitTo(shard.id(), () -> {
            work.run();
            return true;
        });
    }
}
