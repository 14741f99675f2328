package io.solaster.pool.upstream;

import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;

import io.solaster.pool.EndpointState;
import io.solaster.pool.Upstream;
import io.solaster.pool.UpstreamState;
import io.solaster.pool.UpstreamStats;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How an upstream stands as a whole, by how its endpoints stand. On the books' home, but what is read. */
final class Standing {
    private static final Logger log = LoggerFactory.getLogger(Upstream.class);

    private final String label;
    private final UpstreamStats stats;
    private volatile UpstreamState state = UpstreamState.DOWN;

    Standing(String label, UpstreamStats stats) {
        this.label = label;
        this.stats = stats;
    }

    /** Any thread. */
    UpstreamState state() {
        return state;
    }

    /**
     * Counts anew.
     *
     * @param panicThreshold percent of well endpoints, below which a priority is not
     * @param isFirst whether the shards know of no endpoint yet, so that none can be well again
     * @param quietly whether nobody wants to hear of it
     */
    void assess(Collection<Tracked> members, int panicThreshold, boolean isFirst, boolean quietly) {
        Map<Integer, int[]> levels = new TreeMap<>();
        int well = 0;
        int all = 0;
        boolean perfect = true;
        int ejected = 0;
        for (Tracked each : members) {
            EndpointState stands = each.state();
            ejected += each.isEjected() ? 1 : 0;
            if (stands == EndpointState.DRAINED) {
                continue;
            }
            int[] level = levels.computeIfAbsent(each.endpoint.priority(), priority -> new int[2]);
            level[1]++;
            all++;
            if (stands == EndpointState.HEALTHY || stands == EndpointState.DEGRADED) {
                level[0]++;
                well++;
            }
            perfect &= stands == EndpointState.HEALTHY;
        }
        stats.members.set(members.size());
        stats.healthy.set(well);
        stats.ejected.set(ejected);
        boolean quorum = levels.values().stream()
                .anyMatch(level -> level[0] > 0 && 100 * level[0] >= panicThreshold * level[1]);
        UpstreamState before = state;
        state = !quorum ? UpstreamState.DOWN : perfect ? UpstreamState.HEALTHY : UpstreamState.DEGRADED;
        if (state != before && !quietly) {
            tell(before, isFirst, well, all, panicThreshold);
        }
    }

    private void tell(UpstreamState before, boolean isFirst, int well, int all, int panicThreshold) {
        if (state != UpstreamState.DOWN) {
            if (before == UpstreamState.DOWN && !isFirst) {
                log.info("{}: {} of {} endpoints are well again", label, well, all);
            }
        } else if (all == 0) {
            log.warn("{}: there is no endpoint", label);
        } else if (panicThreshold == 0) {
            log.warn("{}: {} of {} endpoints are well", label, well, all);
        } else {
            stats.panics.increment();
            log.warn("{}: {} of {} endpoints are well, fewer than {} %: requests go to all of them, well or not",
                    label, well, all, panicThreshold);
        }
    }
}
