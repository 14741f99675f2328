package io.solaster.boot.actuate.meters;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

import io.solaster.engine.Shard;
import org.jspecify.annotations.Nullable;

/**
 * Asks the shards something for meters: at most once a second, one question at a time, and whoever looks waits for
 * {@link #PATIENCE} at most and then gets the last answer. So a shard that is stuck delays a scrape, once, and never
 * holds it. Any thread may call; a shard does not wait at all.
 */
final class Sampler<T> {
    static final Duration PATIENCE = Duration.ofMillis(200);
    private static final long FRESH_NANOS = Duration.ofSeconds(1).toNanos();

    private final Supplier<CompletableFuture<T>> question;
    private volatile Sample<T> last;
    private @Nullable CompletableFuture<T> asked;

    /**
     * Asks nothing yet.
     *
     * @param first what is told before the first answer
     * @param question asks, and does not wait
     */
    Sampler(T first, Supplier<CompletableFuture<T>> question) {
        this.last = new Sample<>(first, false, 0);
        this.question = question;
    }

    /** The last answer. */
    T get() {
        CompletableFuture<T> answer = ask();
        if (answer != null && Shard.current() == null) {
            try {
                return answer.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (TimeoutException | ExecutionException e) {
                return last.answer;
            }
        }
        return last.answer;
    }

    /** The answer to wait for; null if the last is fresh enough, or the next is overdue already. */
    private synchronized @Nullable CompletableFuture<T> ask() {
        CompletableFuture<T> pending = asked;
        if (pending != null && !pending.isDone()) {
            return null;
        }
        Sample<T> known = last;
        if (known.isAnswer && System.nanoTime() - known.at < FRESH_NANOS) {
            return null;
        }
        CompletableFuture<T> answer = question.get().thenApply(found -> {
            last = new Sample<>(found, true, System.nanoTime());
            return found;
        });
        asked = answer;
        return answer;
    }

    private record Sample<T>(T answer, boolean isAnswer, long at) {}
}
