package io.solaster.pool.upstream;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

import io.solaster.config.pool.OutlierConfig;
import io.solaster.engine.timer.Timer;
import io.solaster.pool.UpstreamStats;
import io.solaster.pool.health.Outliers;
import io.solaster.pool.health.Outliers.Outlier;
import io.solaster.pool.health.Outliers.Reason;
import org.jspecify.annotations.Nullable;

/** Gathers what the shards have counted of requests, and ejects endpoints whose requests go badly. On the books' home. */
final class Ejections {
    private final Aggregator books;
    private @Nullable Timer interval;

    Ejections(Aggregator books) {
        this.books = books;
    }

    private OutlierConfig outliers() {
        return books.config().health().outliers();
    }

    /** Gathers counts at each interval, if anybody wants to know. */
    void watch() {
        OutlierConfig outliers = outliers();
        stop();
        if (outliers.consecutiveErrors() > 0 || outliers.successDeviations() > 0 || outliers.latencyFactor() > 0) {
            interval = books.home().timers().timer(this::gather);
            interval.armWithFixedDelay(outliers.interval(), outliers.interval());
        }
    }

    void stop() {
        if (interval != null) {
            interval.cancel();
            interval = null;
        }
    }

    private void gather() {
        // What was counted before an ejection has been judged, though the counts come after its end.
        Set<Integer> ejected = books.tracked().stream().filter(Tracked::isEjected).map(each -> each.id)
                .collect(Collectors.toSet());
        books.everywhere(DefaultShardUpstream::collect).thenAccept(counts -> judge(counts, ejected));
    }

    private void judge(List<long[]> byShard, Set<Integer> ejected) {
        if (books.isClosed()) {
            return;
        }
        Map<Integer, long[]> sums = sums(byShard);
        OutlierConfig outliers = outliers();
        List<Outliers.Counts> counts = new ArrayList<>();
        boolean any = false;
        for (Tracked each : books.tracked()) {
            if (ejected.contains(each.id) || each.isEjected()) {
                each.errorsInRow = 0;
                continue;
            }
            long[] sum = sums.getOrDefault(each.id, new long[DefaultShardUpstream.COUNTS]);
            each.errorsInRow = sum[1] > 0 ? 0 : each.errorsInRow + sum[2];
            if (outliers.consecutiveErrors() > 0 && each.errorsInRow >= outliers.consecutiveErrors()) {
                any |= eject(each, Reason.ERRORS, each.errorsInRow + " errors in a row");
            }
            if (!each.isEjected()) {
                counts.add(new Outliers.Counts(each.id, sum[1], sum[2], sum[3]));
            }
        }
        for (Outlier outlier : Outliers.find(outliers, counts)) {
            Tracked each = books.byId(outlier.id());
            if (each != null) {
                any |= eject(each, outlier.reason(), outlier.why());
            }
        }
        if (any) {
            books.publish();
        }
    }

    private static Map<Integer, long[]> sums(List<long[]> byShard) {
        Map<Integer, long[]> sums = new HashMap<>();
        for (long[] counts : byShard) {
            for (int at = 0; at < counts.length; at += DefaultShardUpstream.COUNTS) {
                long[] sum = sums.computeIfAbsent((int) counts[at], id -> new long[DefaultShardUpstream.COUNTS]);
                for (int i = 1; i < DefaultShardUpstream.COUNTS; i++) {
                    sum[i] += counts[at + i];
                }
            }
        }
        return sums;
    }

    /** A shard has seen nothing but errors of late. */
    void suspected(int id, int errors) {
        Tracked each = books.byId(id);
        if (each != null && eject(each, Reason.ERRORS, errors + " errors in a row")) {
            books.publish();
        }
    }

    private boolean eject(Tracked each, Reason reason, String why) {
        if (each.isEjected() || each.drained || books.isClosed()) {
            return false;
        }
        Collection<Tracked> all = books.tracked();
        UpstreamStats stats = books.stats();
        long ejected = all.stream().filter(Tracked::isEjected).count();
        OutlierConfig outliers = outliers();
        each.errorsInRow = 0;
        if (ejected > 0 && 100 * (ejected + 1) > (long) outliers.maxEjectionPercent() * all.size()) {
            stats.ejectionsRefused.increment();
            return false;
        }
        (switch (reason) {
            case ERRORS -> stats.ejectedForErrors;
            case SUCCESS_RATE -> stats.ejectedForSuccessRate;
            case LATENCY -> stats.ejectedForLatency;
        }).increment();
        each.eject(outliers, why);
        return true;
    }
}
