package io.solaster.operator.reconcile.status;

import static java.util.Objects.requireNonNullElse;

import java.net.HttpURLConnection;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.ShardedServiceStatus;
import org.jspecify.annotations.Nullable;

/**
 * What services are told in their statuses. A status is written whole, in the place of the one before: a patch of what
 * differs from a cache's, which may be late, would be laid on something else. Any thread, for each service one at a time.
 */
public final class Statuses {
    private static final PatchContext WHOLE = PatchContext.of(PatchType.JSON);
    private static final Set<String> STUCK = Set.of("CanaryFails", "CanaryUnreported", "RolloutFails",
            "ReloadUnconfirmed",
            "ReloadRefused");

    private final KubernetesClient client;
    private final Map<String, Told> told = new ConcurrentHashMap<>();

    /**
     * What a service was told last.
     *
     * @param late the version that a cache had then: while it has that one still, it has not seen this status; null if it
     * is not known that it has arrived
     */
    private record Told(ShardedServiceStatus status, @Nullable String late) {}

    public Statuses(KubernetesClient client) {
        this.client = client;
    }

    /** A service's status: what it was told last, which a cache may not have yet, else what it has; null if nothing. */
    @Nullable
    public ShardedServiceStatus of(ShardedService service) {
        Told last = told.get(uid(service));
        return last == null ? service.getStatus() : last.status();
    }

    /** How far the rollouts of services are, as meters have it. */
    public enum Way {
        /** Pods are being replaced, or have yet to confirm a configuration. */
        UnderWay,
        /** It has taken longer than it may, or falls short, and is not taken back by itself. */
        Stuck,
        /** It was taken back, and the spec still asks for it. */
        RolledBack
    }

    /** How many services' rollouts are so far, by what was told of them last. */
    public int count(Way way) {
        return (int) told.values().stream().filter(last -> way(last.status()) == way).count();
    }

    private static @Nullable Way way(ShardedServiceStatus status) {
        String phase = status.rollout() == null ? "" : requireNonNullElse(status.rollout().phase(), "");
        return switch (phase) {
            case "RolledBack" -> Way.RolledBack;
            case "", "Suspended" -> null;
            default -> status.conditions() != null && status.conditions().stream()
                    .anyMatch(each -> Conditions.DEGRADED.equals(each.getType()) && STUCK.contains(each.getReason()))
                            ? Way.Stuck
                            : Way.UnderWay;
        };
    }

    /**
     * Writes a status unless it is there already.
     *
     * @param service as a cache has it
     * @throws KubernetesClientException if it could not be written; the next time it is, also if it is still the same
     */
    public void tell(ShardedService service, ShardedServiceStatus now) {
        String uid = uid(service);
        String version = String.valueOf(service.getMetadata().getResourceVersion());
        Told last = told.get(uid);
        boolean seen = now.equals(service.getStatus());
        if (last == null
                ? seen
                : now.equals(last.status()) && last.late() != null
                        && (seen || version.equals(last.late()))) {
            told.putIfAbsent(uid, new Told(now, version));
            return;
        }
        told.put(uid, new Told(now, null));
        String value = client.getKubernetesSerialization().asJson(now);
        try {
            client.resource(named(service)).subresource("status").patch(WHOLE,
                    "[{\"op\":\"add\",\"path\":\"/status\",\"value\":" + value + "}]");
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
                throw e;
            }
            // It is gone: there is nobody to tell.
        }
        told.put(uid, new Told(now, version));
    }

    /** Of what is patched, the client makes a copy. */
    private static ShardedService named(ShardedService service) {
        ShardedService named = new ShardedService();
        named.getMetadata().setName(service.getMetadata().getName());
        named.getMetadata().setNamespace(service.getMetadata().getNamespace());
        return named;
    }

    /** Forgets all services but these. */
    public void retain(Collection<ShardedService> there) {
        told.keySet().retainAll(Set.copyOf(there.stream().map(Statuses::uid).toList()));
    }

    public static String uid(ShardedService service) {
        return String.valueOf(service.getMetadata().getUid());
    }
}
