package io.solaster.operator.reconcile.plans;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

import io.fabric8.kubernetes.api.model.Pod;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.plan.Running;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import io.solaster.operator.plan.Verdict;
import io.solaster.operator.reconcile.plans.PlanBoard.Answer;
import io.solaster.operator.reconcile.watch.Cluster;
import org.jspecify.annotations.Nullable;

/** Where services run, for the next plan to leave them there, and how large autoscaling has their pods. Any thread. */
public final class Placements {
    private final Map<String, Integer> sizes = new ConcurrentHashMap<>();
    private volatile Supplier<Map<String, Running>> workloads = Map::of;
    private volatile Function<Pod, @Nullable String> whose = Cluster::service;

    /**
     * Goes by what these say.
     *
     * @param workloads what runs of services, by namespace/name
     * @param whose the service that a pod takes its room for
     */
    public void follow(Supplier<Map<String, Running>> workloads, Function<Pod, @Nullable String> whose) {
        this.workloads = workloads;
        this.whose = whose;
    }

    /** The service that a pod takes its room for, as namespace/name; null if none. */
    @Nullable
    public String whose(Pod pod) {
        return whose.apply(pod);
    }

    /** Has a service's pods planned with so many shards from now on. */
    public void resize(String service, int shards) {
        sizes.put(service, shards);
    }

    /** Whether autoscaling has set no service's size. */
    public boolean none() {
        return sizes.isEmpty();
    }

    /** How many shards a service's pods are to have; 0 where autoscaling has not set that. */
    public int size(String service) {
        return sizes.getOrDefault(service, 0);
    }

    /** Forgets services. */
    public void forget(Predicate<String> which) {
        sizes.keySet().removeIf(which);
    }

    /** What runs of services, by namespace/name; of one whose workloads are not seen yet, what was planned last. */
    public Map<String, Running> running(List<ShardedService> services, Map<String, Answer> last) {
        Map<String, Running> running = new HashMap<>(workloads.get());
        for (ShardedService service : services) {
            String key = PlanBoard.key(service);
            Running now = running.containsKey(key) ? running.get(key) : planned(last.get(key));
            int size = size(key);
            if (now != null || size > 0) {
                running.put(key, new Running(now == null ? Map.of() : now.replicas(),
                        size > 0 || now == null ? size : now.shards()));
            }
        }
        return running;
    }

    private static @Nullable Running planned(@Nullable Answer last) {
        ServicePlan plan = last == null ? null : last.plan();
        if (plan == null || plan.verdict() == Verdict.Infeasible) {
            return null;
        }
        Map<String, Integer> replicas = new HashMap<>();
        for (ClassPlan each : plan.classes()) {
            if (each.replicas() > 0) {
                replicas.put(each.name(), each.replicas());
            }
        }
        return new Running(replicas, 0);
    }
}
