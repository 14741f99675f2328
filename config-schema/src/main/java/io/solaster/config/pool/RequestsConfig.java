package io.solaster.config.pool;

import java.time.Duration;

import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What holds for one request through a pool. Only requests that may be repeated are tried again or hedged.
 *
 * @param timeout how long a request may take in all, with its retries; 0 for ever
 * @param tryTimeout how long one try may take; 0 for as long as the request
 * @param retries tries after the first
 * @param backoff the wait before the first retry, doubled for each further one, at random between half and whole
 * @param maxBackoff the longest wait before a retry
 * @param retryBudget retries for each request that succeeds, so that an outage is not met with a storm: 0.2 is one in
 *            five
 * @param minRetries retries a second that are allowed whatever the budget says
 * @param hedgeAfter a second try beside the first once it has taken so long; the slower one is cancelled; 0 for none
 * @param hedgePercentile a second try once it has taken longer than so many percent of the latest requests, and than
 *            hedge-after; 0 to go by hedge-after alone
 * @param maxRequests requests of one shard under way at once, waiting ones too; 0 for as many as come
 */
public record RequestsConfig(@DefaultValue("10s") Duration timeout, @DefaultValue("0s") Duration tryTimeout,
        @DefaultValue("2") @Range(min = 0, max = 100) int retries, @DefaultValue("25ms") Duration backoff,
        @DefaultValue("1s") Duration maxBackoff, @DefaultValue("0.2") double retryBudget,
        @DefaultValue("10") @Range(min = 0, max = 1_000_000) int minRetries,
        @DefaultValue("0s") Duration hedgeAfter, @DefaultValue("0") double hedgePercentile,
        @DefaultValue("0") @Range(min = 0) int maxRequests) {

    /** What an empty configuration gives. */
    public static RequestsConfig defaults() {
        return new RequestsConfig(Duration.ofSeconds(10), Duration.ZERO, 2, Duration.ofMillis(25),
                Duration.ofSeconds(1), 0.2, 10, Duration.ZERO, 0, 0);
    }
}
