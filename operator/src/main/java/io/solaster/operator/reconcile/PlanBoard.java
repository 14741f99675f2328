package io.solaster.operator.reconcile;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.ShardedServiceSpec.Mode;
import io.solaster.operator.inventory.InvalidObjectException;
import io.solaster.operator.inventory.Inventory;
import io.solaster.operator.inventory.NodeState;
import io.solaster.operator.plan.Planner;
import io.solaster.operator.plan.ServiceCheck;
import io.solaster.operator.plan.ServicePlan;
import org.jspecify.annotations.Nullable;

/**
 * The plans of all services, made together: each takes its room before the next. The oldest come first, and those that
 * are only planned last, since they take nothing. Plans are made anew when the cluster or a service has changed, once for
 * all that has changed meanwhile. Any thread.
 */
final class PlanBoard {

    /**
     * A service's plan.
     *
     * @param plan null if none could be made
     * @param problem why not; empty if it could
     * @param invalid whether that is the service's own fault, and not the cluster's
     */
    record Answer(@Nullable ServicePlan plan, String problem, boolean invalid) {}

    private final Cluster cluster;
    private final Runnable planned;
    private long version = -1;
    private Map<String, String> made = Map.of();
    private Map<String, Answer> answers = Map.of();
    private Map<String, String> classes = Map.of();

    /** @param planned hears of each time that plans are made */
    PlanBoard(Cluster cluster, Runnable planned) {
        this.cluster = cluster;
        this.planned = planned;
    }

    /**
     * The plan of a service.
     *
     * @param service the service, as it is now
     * @param all all services, as a cache has them
     */
    Answer plan(ShardedService service, Collection<ShardedService> all) {
        List<ShardedService> services = new ArrayList<>();
        String key = key(service);
        services.add(service);
        for (ShardedService each : all) {
            if (!key(each).equals(key) && each.getMetadata().getDeletionTimestamp() == null) {
                services.add(each);
            }
        }
        return Objects.requireNonNull(all(services).get(key));
    }

    /** The plans of services, by namespace/name. */
    synchronized Map<String, Answer> all(List<ShardedService> services) {
        long now = cluster.version();
        Map<String, String> wanted = new HashMap<>();
        for (ShardedService service : services) {
            wanted.put(key(service), service.getMetadata().getUid() + "/" + service.getMetadata().getGeneration());
        }
        if (now != version || !wanted.equals(made)) {
            answers = make(services);
            version = now;
            made = wanted;
            planned.run();
        }
        return answers;
    }

    /** The class of each node that has one, as of the last plans. */
    synchronized Map<String, String> classes() {
        return classes;
    }

    private Map<String, Answer> make(List<ShardedService> services) {
        Map<String, Answer> made = new HashMap<>();
        List<ShardedService> sound = new ArrayList<>();
        for (ShardedService service : services) {
            try {
                ServiceCheck.check(service);
                sound.add(service);
            } catch (InvalidObjectException e) {
                made.put(key(service), new Answer(null, String.valueOf(e.getMessage()), true));
            }
        }
        sound.sort(Comparator
                .comparing((ShardedService service) -> service.getSpec().mode() == Mode.Plan)
                .thenComparing(service -> String.valueOf(service.getMetadata().getCreationTimestamp()))
                .thenComparing(PlanBoard::key));
        try {
            Inventory inventory = Inventory.of(cluster.objects());
            Map<String, String> named = new HashMap<>();
            for (NodeState node : inventory.nodes()) {
                named.put(node.name(), node.topologyClass().name());
            }
            List<ServicePlan> plans = Planner.plan(inventory, sound);
            for (int i = 0; i < plans.size(); i++) {
                made.put(key(sound.get(i)), new Answer(plans.get(i), "", false));
            }
            classes = Map.copyOf(named);
        } catch (InvalidObjectException e) {
            sound.forEach(service -> made.put(key(service), new Answer(null, String.valueOf(e.getMessage()), false)));
        }
        return made;
    }

    /** Names a service: namespace/name. */
    static String key(ShardedService service) {
        return service.getMetadata().getNamespace() + "/" + service.getMetadata().getName();
    }
}
