package io.solaster.operator.reconcile.watch;

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
import io.solaster.operator.apply.Names;
import org.jspecify.annotations.Nullable;

/** Whose a pod is, by the owner references that controllers write, and not by its labels alone: anybody may write those. Pure. */
public final class Ownership {
    /** What the controller of Deployments gives to a ReplicaSet and its pods; it ends the ReplicaSet's name. */
    public static final String TEMPLATE_HASH = "pod-template-hash";

    private Ownership() {}

    /**
     * The service that a pod takes its room for, as namespace/name; null if none. It was made by a workload of the service, be
     * it one that is gone by now, or made anew beside its pods: these are told from others by what its template gave them.
     *
     * @param workloads a StatefulSet or Deployment by its name, as a cache has it; null if there is none
     */
    public static @Nullable String service(Pod pod,
            BiFunction<Class<? extends HasMetadata>, ResourceID, @Nullable HasMetadata> workloads) {
        String service = Cluster.service(pod);
        if (service == null) {
            return null;
        }
        OwnerReference owner = controller(pod);
        HasMetadata workload = null;
        if (owner != null) {
            Class<? extends HasMetadata> kind = kind(owner);
            String name = kind == null ? null : workload(owner, pod);
            if (kind == null || name == null) {
                return null;
            }
            workload = workloads.apply(kind, new ResourceID(name, pod.getMetadata().getNamespace()));
        }
        boolean its = workload == null
                ? pod.getMetadata().getAnnotations() != null
                        && pod.getMetadata().getAnnotations().containsKey(Names.REVISION)
                : service.equals(service(workload));
        return its ? service : null;
    }

    /** The service that a workload was made for, as namespace/name; null if none. */
    public static @Nullable String service(HasMetadata workload) {
        OwnerReference owner = controller(workload);
        String name = null;
        if (owner != null) {
            name = "ShardedService".equals(owner.getKind()) ? owner.getName() : null;
        } else if (workload.getMetadata().getLabels() != null && workload.getMetadata().getAnnotations() != null
                && workload.getMetadata().getAnnotations().containsKey(Names.APPLIED)) {
            // One that was restored, or orphaned, and is taken over as soon as it is applied.
            name = workload.getMetadata().getLabels().get(ShardedService.LABEL);
        }
        return name == null ? null : workload.getMetadata().getNamespace() + "/" + name;
    }

    private static @Nullable Class<? extends HasMetadata> kind(OwnerReference owner) {
        if (!"apps/v1".equals(owner.getApiVersion())) {
            return null;
        }
        return switch (owner.getKind()) {
            case "StatefulSet" -> StatefulSet.class;
            // ReplicaSets are not watched: their name tells of which Deployment they are.
            case "ReplicaSet" -> Deployment.class;
            default -> null;
        };
    }

    /** The name of the StatefulSet or Deployment; null if it cannot be told. */
    private static @Nullable String workload(OwnerReference owner, Pod pod) {
        if ("StatefulSet".equals(owner.getKind())) {
            return owner.getName();
        }
        Map<String, String> labels = pod.getMetadata().getLabels();
        String end = "-" + (labels == null ? "" : labels.getOrDefault(TEMPLATE_HASH, ""));
        return end.length() > 1 && owner.getName().endsWith(end)
                ? owner.getName().substring(0, owner.getName().length() - end.length())
                : null;
    }

    /**
     * Whether a pod belongs to a workload of this very service that is there.
     *
     * @param workloads a StatefulSet or Deployment by its name, as a cache has it; null if there is none
     */
    public static boolean of(ShardedService service, Pod pod,
            BiFunction<Class<? extends HasMetadata>, ResourceID, @Nullable HasMetadata> workloads) {
        OwnerReference owner = controller(pod);
        Class<? extends HasMetadata> kind = owner == null ? null : kind(owner);
        String name = owner == null || kind == null ? null : workload(owner, pod);
        if (owner == null || kind == null || name == null) {
            return false;
        }
        HasMetadata workload = workloads.apply(kind, new ResourceID(name, pod.getMetadata().getNamespace()));
        OwnerReference made = workload == null ? null : controller(workload);
        return workload != null && made != null && Objects.equals(made.getUid(), service.getMetadata().getUid())
                && (kind != StatefulSet.class || Objects.equals(workload.getMetadata().getUid(), owner.getUid()));
    }

    private static @Nullable OwnerReference controller(HasMetadata object) {
        List<OwnerReference> owners = object.getMetadata().getOwnerReferences();
        return owners == null
                ? null
                : owners.stream().filter(owner -> Boolean.TRUE.equals(owner.getController())).findFirst().orElse(null);
    }
}
