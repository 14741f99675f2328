package io.solaster.boot.actuate.meters;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.solaster.engine.Shard;
import io.solaster.store.Store;
import org.jspecify.annotations.Nullable;

/**
 * Asks the shards how much they hold, for meters: at most once a second, one question at a time, and whoever looks waits
 * for {@link #PATIENCE} at most and then gets the last answer. So a shard that is stuck delays a scrape, once, and never
 * holds it. Any thread may call; a shard does not wait at all.
 */
final class KeyspaceSampler {
    static final Duration PATIENCE = Duration.ofMillis(200);
    private static final long FRESH_NANOS = Duration.ofSeconds(1).toNanos();

    private final Store store;
    private volatile Sample last = new Sample(Double.NaN, Double.NaN, 0);
    private @Nullable CompletableFuture<Sample> asked;

    KeyspaceSampler(Store store) {
        this.store = store;
    }

    /** Keys on all shards; not a number before the first answer. */
    double keys() {
        return sample().keys;
    }

    /** Bytes taken from the system; not a number before the first answer. */
    double bytes() {
        return sample().bytes;
    }

    private Sample sample() {
        CompletableFuture<Sample> answer = ask();
        if (answer != null && Shard.current() == null) {
            try {
                return answer.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (TimeoutException | ExecutionException e) {
                return last;
            }
        }
        return last;
    }

    /** The answer to wait for; null if the last is fresh enough, or the next is overdue already. */
    private synchronized @Nullable CompletableFuture<Sample> ask() {
        CompletableFuture<Sample> pending = asked;
        if (pending != null && !pending.isDone()) {
            return null;
        }
        Sample known = last;
        if (!Double.isNaN(known.keys) && System.nanoTime() - known.at < FRESH_NANOS) {
            return null;
        }
        // Off the shards, since the store waits for them.
        CompletableFuture<Sample> answer = store.engine().offload().call(() -> {
            Sample sample = new Sample(store.size(), store.usedMemory(), System.nanoTime());
            last = sample;
            return sample;
        });
        asked = answer;
        return answer;
    }

    private record Sample(double keys, double bytes, long at) {}
}
