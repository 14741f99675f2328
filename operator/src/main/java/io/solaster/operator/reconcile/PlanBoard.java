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
import io.solaster.operator.plan.Running;
import io.solaster.operator.plan.ServiceCheck;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import io.solaster.operator.plan.Verdict;
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

    private static final Comparator<ShardedService> ORDER = Comparator
            .comparing((ShardedService service) -> service.getSpec().mode() == Mode.Plan)
            .thenComparing(service -> String.valueOf(service.getMetadata().getCreationTimestamp()))
            .thenComparing(PlanBoard::key);

    private final Cluster cluster;
    private final Runnable planned;
    private final Placements placements = new Placements();
    private long version = -1;
    private Map<String, String> made = Map.of();
    private Map<String, Answer> answers = Map.of();
    private Map<String, String> classes = Map.of();

    /** @param planned hears of each time that plans are made */
    PlanBoard(Cluster cluster, Runnable planned) {
        this.cluster = cluster;
        this.planned = planned;
    }

    /** Where services run, which plans go by. */
    Placements placements() {
        return placements;
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
            wanted.put(key(service), service.getMetadata().getUid() + "/" + service.getMetadata().getGeneration() + "/"
                    + placements.size(key(service)));
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
        sound.sort(ORDER);
        try {
            Inventory inventory = Inventory.of(cluster.objects());
            Map<String, String> named = new HashMap<>();
            for (NodeState node : inventory.nodes()) {
                named.put(node.name(), node.topologyClass().name());
            }
            List<ServicePlan> plans = Planner.plan(inventory, sound, placements.running(sound, answers));
            for (int i = 0; i < plans.size(); i++) {
                made.put(key(sound.get(i)), new Answer(plans.get(i), "", false));
            }
            classes = Map.copyOf(named);
        } catch (InvalidObjectException e) {
            sound.forEach(service -> made.put(key(service), new Answer(null, String.valueOf(e.getMessage()), false)));
        }
        return made;
    }

    /**
     * The size that autoscaling may step to: of those that certainly fit and are up to a quarter larger than what is
     * asked for, the one that strands fewest CPUs; on the way up, where none of them fits, the largest below.
     *
     * @param all all services, as a cache has them
     * @param now shards of a pod now
     * @param asked shards of a pod that the load asks for
     * @param most the most that there may be
     * @return as many as now if no step fits
     */
    synchronized int step(ShardedService service, List<ShardedService> all, int now, int asked, int most) {
        List<ShardedService> before = new ArrayList<>();
        for (ShardedService each : all) {
            if (!key(each).equals(key(service)) && answered(each) && ORDER.compare(each, service) < 0) {
                before.add(each);
            }
        }
        before.sort(ORDER);
        before.add(service);
        Inventory inventory = Inventory.of(cluster.objects());
        Map<String, Running> running = placements.running(before, answers);
        int largest = Math.min(asked > now ? most : now - 1, asked + asked / 4);
        int best = now;
        int fewest = Integer.MAX_VALUE;
        for (int shards = asked; shards <= largest; shards++) {
            int stranded = stranded(inventory, before, running, key(service), shards);
            if (stranded < fewest) {
                fewest = stranded;
                best = shards;
            }
        }
        for (int shards = asked - 1; best == now && shards > now; shards--) {
            if (stranded(inventory, before, running, key(service), shards) < Integer.MAX_VALUE) {
                best = shards;
            }
        }
        return best;
    }

    private boolean answered(ShardedService service) {
        Answer answer = answers.get(key(service));
        return answer != null && answer.plan() != null;
    }

    /** How many CPUs the last of services strands with pods of so many shards; the largest number if they do not fit. */
    private static int stranded(Inventory inventory, List<ShardedService> services, Map<String, Running> running,
            String key, int shards) {
        Map<String, Running> sized = new HashMap<>(running);
        Running now = running.get(key);
        sized.put(key, new Running(now == null ? Map.of() : now.replicas(), shards));
        ServicePlan plan = Planner.plan(inventory, services, sized).getLast();
        return plan.verdict() == Verdict.Feasible
                ? plan.classes().stream().filter(each -> each.replicas() > 0).mapToInt(ClassPlan::strandedCpus).sum()
                : Integer.MAX_VALUE;
    }

    /** Names a service: namespace/name. */
    static String key(ShardedService service) {
        return service.getMetadata().getNamespace() + "/" + service.getMetadata().getName();
    }
}
