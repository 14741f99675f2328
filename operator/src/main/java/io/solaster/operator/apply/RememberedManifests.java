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
     * @param selectors the labels of the nodes of each class of the plan
     */
    private record From(@Nullable String uid, @Nullable Long generation, ServicePlan plan, boolean monitors,
            List<Map<String, String>> selectors) {}

    private record Made(From from, List<HasMetadata> objects) {}

    /**
     * As {@link Manifests#of(ShardedService, ServicePlan, boolean, Function)}; not to be changed.
     *
     * @throws InvalidObjectException if the spec cannot be made into objects, naming the key, the value and the fix
     */
    public List<HasMetadata> of(ShardedService service, ServicePlan plan, boolean monitors,
            Function<String, Map<String, String>> selectors) {
        String key = service.getMetadata().getNamespace() + "/" + service.getMetadata().getName();
        From from = new From(service.getMetadata().getUid(), service.getMetadata().getGeneration(), plan, monitors,
                plan.classes().stream().map(each -> selectors.apply(each.name())).toList());
        Made made = last.get(key);
        if (made == null || from.generation() == null || !Objects.equals(made.from(), from)) {
            made = new Made(from, List.copyOf(Manifests.of(service, plan, monitors, selectors)));
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
