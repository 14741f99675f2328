package io.solaster.operator.apply;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Predicate;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.inventory.InvalidObjectException;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import org.jspecify.annotations.Nullable;

/**
 * The objects of services, made anew only where something that they are made from has changed: most looks at a service
 * find the same as before, and what is the same object need not be compared. Any thread, one at a time for each service.
 */
public final class RememberedManifests {
    private final Map<String, Made> last = new ConcurrentHashMap<>();

    /**
     * What objects were made from.
     *
     * @param uid the service
     * @param generation of its spec
     * @param pods what the plan says of pods; its figures change with every pod of others, and nothing is made from them
     */
    private record From(@Nullable String uid, @Nullable Long generation, boolean monitors, List<Pods> pods) {}

    /**
     * The pods of a topology class.
     *
     * @param selector the labels of its nodes
     */
    private record Pods(String topologyClass, Map<String, String> selector, int replicas, int cpus, long memory,
            long hugePages, int shards) {
        static Pods of(ClassPlan plan, Map<String, String> selector) {
            return new Pods(plan.name(), selector, plan.replicas(), plan.podCpus(), plan.podMemory(),
                    plan.podHugePages(), plan.shards());
        }
    }

    private record Made(From from, List<HasMetadata> objects) {}

    /**
     * As {@link Manifests#of(ShardedService, ServicePlan, boolean, Function)}, with the {@link Revision} of pods; not to be
     * changed.
     *
     * @throws InvalidObjectException if the spec cannot be made into objects, naming the key, the value and the fix
     */
    public List<HasMetadata> of(ShardedService service, ServicePlan plan, boolean monitors,
            Function<String, Map<String, String>> selectors) {
        String key = service.getMetadata().getNamespace() + "/" + service.getMetadata().getName();
        From from = new From(service.getMetadata().getUid(), service.getMetadata().getGeneration(), monitors,
                plan.classes().stream().filter(each -> each.replicas() > 0)
                        .map(each -> Pods.of(each, selectors.apply(each.name()))).toList());
        Made made = last.get(key);
        if (made == null || from.generation() == null || !Objects.equals(made.from(), from)) {
            List<HasMetadata> objects = List.copyOf(Manifests.of(service, plan, monitors, selectors));
            objects.forEach(Revision::name);
            made = new Made(from, objects);
            last.put(key, made);
        }
        return made.objects();
    }

    /**
     * Forgets services.
     *
     * @param which by namespace/name
     */
    public void forget(Predicate<String> which) {
        last.keySet().removeIf(which);
    }
}
