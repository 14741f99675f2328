package io.solaster.operator.reconcile;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.solaster.operator.api.ShardedService;
import org.jspecify.annotations.Nullable;

/** Whose a pod is, by the owner references that controllers write, and not by its labels. Pure. */
final class Ownership {
    /** What the controller of Deployments gives to a ReplicaSet and its pods; it ends the ReplicaSet's name. */
    static final String TEMPLATE_HASH = "pod-template-hash";

    private Ownership() {}

    /**
     * Whether a pod belongs to a workload of this very service.
     *
     * @param workloads a StatefulSet or Deployment by its name, as a cache has it; null if there is none
     */
    static boolean of(ShardedService service, Pod pod,
            BiFunction<Class<? extends HasMetadata>, ResourceID, @Nullable HasMetadata> workloads) {
        OwnerReference owner = controller(pod);
        if (owner == null || !"apps/v1".equals(owner.getApiVersion())) {
            return false;
        }
        String namespace = pod.getMetadata().getNamespace();
        HasMetadata workload = null;
        if ("StatefulSet".equals(owner.getKind())) {
            workload = workloads.apply(StatefulSet.class, new ResourceID(owner.getName(), namespace));
            if (workload == null || !Objects.equals(workload.getMetadata().getUid(), owner.getUid())) {
                return false;
            }
        } else if ("ReplicaSet".equals(owner.getKind())) {
            // ReplicaSets are not watched: their name tells of which Deployment they are.
            Map<String, String> labels = pod.getMetadata().getLabels();
            String end = "-" + (labels == null ? "" : labels.getOrDefault(TEMPLATE_HASH, ""));
            if (end.length() > 1 && owner.getName().endsWith(end)) {
                workload = workloads.apply(Deployment.class, new ResourceID(
                        owner.getName().substring(0, owner.getName().length() - end.length()), namespace));
            }
        }
        OwnerReference made = workload == null ? null : controller(workload);
        return made != null && Objects.equals(made.getUid(), service.getMetadata().getUid());
    }

    private static @Nullable OwnerReference controller(HasMetadata object) {
        List<OwnerReference> owners = object.getMetadata().getOwnerReferences();
        return owners == null
                ? null
                : owners.stream().filter(owner -> Boolean.TRUE.equals(owner.getController())).findFirst().orElse(null);
    }
}
