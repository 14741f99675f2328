package io.solaster.store;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.TimeUnit;

import io.solaster.engine.ShardFuture;
import io.solaster.resp.Reply;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.StoreShard;

/**
 * Permits by the name of who asks, such as a user or an address. A name's state is one key of the store, a number that a Redis
 * client can read and delete; it is gone when the name has rested. Each question is one step on the shard that owns the key.
 *
 * <p>
 * The generic cell rate algorithm (ITU-T I.371, its virtual scheduling form): the key holds the time, in Unix microseconds, at
 * which the next permit would come if permits were taken evenly. A permit is given unless that time is further ahead than the
 * burst allows. Unlike counters per window it never gives more than rate and burst in any span of time.
 *
 * <p>
 * Any thread may call. Calls fail with {@link StoreException} where the key holds something else, or memory has run out.
 */
public final class RateLimiter {
    private static final Command GET = KeyCalls.command("get");
    private static final Command SET = KeyCalls.command("set");
    private static final byte[] PX = KeyCalls.bytes("px");

    private final KeyCalls calls;
    private final String prefix;
    private final RateLimit limit;
    /** In microseconds. */
    private final long interval;

    RateLimiter(KeyCalls calls, String prefix, RateLimit limit) {
        this.calls = calls;
        this.prefix = prefix;
        this.limit = limit;
        this.interval = limit.interval();
    }

    /**
     * What was decided.
     *
     * @param isAllowed whether the permits were given
     * @param remaining permits that could be taken at once now
     * @param retryAfter until as many permits as were asked for could be had; zero if they were given
     * @param resetAfter until the whole burst could be taken
     */
    public record Decision(boolean isAllowed, long remaining, Duration retryAfter, Duration resetAfter) {}

    public RateLimit limit() {
        return limit;
    }

    /** Asks for one permit. */
    public ShardFuture<Decision> acquire(String name) {
        return acquire(name, 1);
    }

    /**
     * Asks for permits: all or none of them.
     *
     * @param permits from 1 to the burst
     * @throws IllegalArgumentException if there could never be so many
     */
    public ShardFuture<Decision> acquire(String name, long permits) {
        if (permits < 1 || permits > limit.burst()) {
            throw new IllegalArgumentException(
                    permits + " permits at once; the burst of this limit is " + limit.burst() + ", give 1 to that");
        }
        byte[] key = KeyCalls.bytes(prefix + name);
        return calls.onKey(key, true, part -> decide(part, key, permits));
    }

    private Decision decide(StoreShard part, byte[] key, long permits) {
        long now = TimeUnit.MILLISECONDS.toMicros(part.now());
        long burst = interval * limit.burst();
        // What lies further ahead was written by another limit, or before the clock was set back.
        long next = Math.clamp(next(part, key), now, now + burst);
        long after = next + interval * permits;
        boolean allowed = after - now <= burst;
        if (allowed) {
            long lifetime = TimeUnit.MICROSECONDS.toMillis(after - now) + 1;
            KeyCalls.run(part, SET, key, KeyCalls.bytes(after), PX, KeyCalls.bytes(lifetime));
            next = after;
        }
        return new Decision(allowed, (now + burst - next) / interval,
                micros(allowed ? 0 : after - now - burst), micros(next - now));
    }

    private static long next(StoreShard part, byte[] key) {
        if (!(KeyCalls.run(part, GET, key) instanceof Reply.Blob value)) {
            return 0;
        }
        try {
            return Long.parseLong(value.text());
        } catch (NumberFormatException e) {
            throw new StoreException(new String(key, StandardCharsets.UTF_8),
                    "ERR value is not the time of a rate limit");
        }
    }

    private static Duration micros(long micros) {
        return Duration.of(micros, ChronoUnit.MICROS);
    }
}
