package io.solaster.operator.reconcile;

import static java.util.Objects.requireNonNullElse;

import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.reconcile.status.Statuses;
import org.jspecify.annotations.Nullable;

/**
 * Services as they are, where a watch repeats what they were before: an older spec is not put in force again. Any thread.
 */
final class Newest {
    private final KubernetesClient client;
    /** The newest generation that was seen, by uid. */
    private final Map<String, Long> seen = new ConcurrentHashMap<>();
    /** Services that are older in the cache than they were seen to be, as they were looked up, by uid. */
    private final Map<String, ShardedService> ahead = new ConcurrentHashMap<>();

    Newest(KubernetesClient client) {
        this.client = client;
    }

    /**
     * A service that a cache has, or what was looked up in its place.
     *
     * @return null if it is not there any more
     */
    @Nullable
    ShardedService look(ShardedService cached) {
        ShardedService service = of(cached);
        String uid = Statuses.uid(service);
        if (generation(service) >= seen.merge(uid, generation(service), Math::max)) {
            return service;
        }
        ShardedService live = client.resource(service).get();
        if (live == null || !uid.equals(Statuses.uid(live))) {
            return null;
        }
        ahead.put(uid, live);
        return live;
    }

    /** A service that a cache has, or what is known to be newer. Asks nobody. */
    ShardedService of(ShardedService cached) {
        String uid = Statuses.uid(cached);
        ShardedService known = ahead.isEmpty() ? null : ahead.get(uid);
        if (known == null) {
            return cached;
        }
        if (generation(known) > generation(cached)) {
            return known;
        }
        ahead.remove(uid, known);
        return cached;
    }

    /** Forgets all services but these. */
    void retain(Collection<ShardedService> there) {
        Set<String> uids = there.stream().map(Statuses::uid).collect(Collectors.toSet());
        seen.keySet().retainAll(uids);
        ahead.keySet().retainAll(uids);
    }

    private static long generation(ShardedService service) {
        return requireNonNullElse(service.getMetadata().getGeneration(), 0L);
    }
}
