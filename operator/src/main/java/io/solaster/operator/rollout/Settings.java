package io.solaster.operator.rollout;

import static java.util.Objects.requireNonNullElse;

import java.time.Duration;

import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.ShardedServiceSpec;
import io.solaster.operator.api.ShardedServiceSpec.Canary;
import io.solaster.operator.api.ShardedServiceSpec.OnNoReports;
import io.solaster.operator.api.ShardedServiceSpec.Rollout;
import io.solaster.operator.api.ShardedServiceSpec.Strategy;
import io.solaster.operator.api.ShardedServiceSpec.Workload;
import org.jspecify.annotations.Nullable;

/**
 * What a spec asks of rollouts, with the defaults filled in.
 *
 * @param first whether some pods are replaced before the others
 * @param pods how many of each workload; 0 if percent says
 * @param percent how many in per cent; 0 if pods says
 * @param surge how many pods there may be beyond the replicas
 */
record Settings(boolean first, int pods, int percent, int surge, Duration warmup, Duration observe, long minRequests,
        double errorPercent, int p99Percent, boolean autoReturn, Duration deadline, OnNoReports onNoReports) {
    private static final Rollout NO_ROLLOUT = new Rollout(null, null, null, null, null, null);
    private static final Canary NO_CANARY = new Canary(null, null, null, null, null, null, null,
            null);

    static Settings of(ShardedServiceSpec spec) {
        Rollout rollout = requireNonNullElse(spec.rollout(), NO_ROLLOUT);
        @Nullable
        Canary written = rollout.canary();
        Canary canary = requireNonNullElse(written, NO_CANARY);
        int percent = requireNonNullElse(canary.percent(), 0);
        return new Settings(rollout.strategy() == Strategy.Canary || (rollout.strategy() == null && written != null),
                percent > 0 ? 0 : requireNonNullElse(canary.pods(), 1), percent,
                spec.workload() == Workload.Deployment ? requireNonNullElse(rollout.surge(), 1) : 0,
                Duration.ofSeconds(requireNonNullElse(canary.warmupSeconds(), 60)),
                Duration.ofSeconds(requireNonNullElse(canary.observeSeconds(), 300)),
                requireNonNullElse(canary.minRequests(), 100), requireNonNullElse(canary.errorPercent(), 1.0),
                requireNonNullElse(canary.p99Percent(), 150), !Boolean.FALSE.equals(rollout.autoReturn()),
                Duration.ofSeconds(requireNonNullElse(rollout.deadlineSeconds(), 600)),
                requireNonNullElse(canary.onNoReports(), OnNoReports.HOLD));
    }

    /** How many pods of a workload are first: never all of several. */
    int canaries(int replicas) {
        int wanted = percent > 0 ? (int) Math.ceilDiv((long) replicas * percent, 100L) : pods;
        return Math.min(Math.max(1, wanted), Math.max(Math.min(replicas, 1), replicas - 1));
    }

    /** What the annotation says that has a change tried again. */
    static String retry(ShardedService service) {
        return service.getMetadata().getAnnotations() == null
                ? ""
                : service.getMetadata().getAnnotations().getOrDefault(ShardedService.RETRY, "");
    }
}
