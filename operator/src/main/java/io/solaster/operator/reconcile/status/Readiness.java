package io.solaster.operator.reconcile.status;

import static java.util.Objects.requireNonNullElse;

import java.util.Objects;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.solaster.operator.rollout.Rollouts;
import org.jspecify.annotations.Nullable;

/** How far workloads and pods are, by what they say themselves. Pure. */
public final class Readiness {

    private Readiness() {}

    public static int replicas(@Nullable HasMetadata object) {
        Integer replicas = switch (object) {
            case StatefulSet set -> set.getSpec().getReplicas();
            // Its canaries are counted with the Deployment that lends them.
            case Deployment deployment when Rollouts.isCanary(deployment) -> null;
            case Deployment deployment ->
                requireNonNullElse(deployment.getSpec().getReplicas(), 0) + Rollouts.lent(deployment);
            case null, default -> null;
        };
        return requireNonNullElse(replicas, 0);
    }

    public static int ready(@Nullable HasMetadata object) {
        Integer ready = switch (object) {
            case StatefulSet set -> set.getStatus() == null ? null : set.getStatus().getReadyReplicas();
            case Deployment deployment ->
                deployment.getStatus() == null ? null : deployment.getStatus().getReadyReplicas();
            case null, default -> null;
        };
        return requireNonNullElse(ready, 0);
    }

    /** Whether pods are being replaced. */
    public static boolean rolling(HasMetadata object) {
        Long seen = null;
        Integer updated = null;
        if (object instanceof StatefulSet set && set.getStatus() != null) {
            seen = set.getStatus().getObservedGeneration();
            updated = set.getStatus().getUpdatedReplicas();
            if (Objects.equals(set.getStatus().getCurrentRevision(), set.getStatus().getUpdateRevision())) {
                updated = null;
            }
        } else if (object instanceof Deployment deployment && deployment.getStatus() != null) {
            seen = deployment.getStatus().getObservedGeneration();
            updated = deployment.getStatus().getUpdatedReplicas();
        }
        return (seen != null && !seen.equals(object.getMetadata().getGeneration()))
                || (updated != null && updated < replicas(object));
    }

    public static boolean unschedulable(Pod pod) {
        return pod.getStatus() != null && "Pending".equals(pod.getStatus().getPhase())
                && pod.getStatus().getConditions() != null && pod.getStatus().getConditions().stream()
                        .anyMatch(condition -> "PodScheduled".equals(condition.getType())
                                && "False".equals(condition.getStatus()));
    }

    /** What keeps a pod from running. */
    public static String trouble(Pod pod) {
        if (pod.getStatus() == null) {
            return "";
        }
        if (unschedulable(pod)) {
            return "no node takes it";
        }
        if (pod.getStatus().getContainerStatuses() != null) {
            for (ContainerStatus container : pod.getStatus().getContainerStatuses()) {
                String reason = container.getState() == null || container.getState().getWaiting() == null
                        ? null
                        : container.getState().getWaiting().getReason();
                if (reason != null && (reason.endsWith("BackOff") || reason.startsWith("Err")
                        || reason.endsWith("Error"))) {
                    return "container " + container.getName() + " waits: " + reason;
                }
            }
        }
        return "";
    }
}
