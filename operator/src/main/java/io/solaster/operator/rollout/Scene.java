package io.solaster.operator.rollout;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.solaster.operator.apply.Names;
import io.solaster.operator.observe.PodReport;
import io.solaster.operator.observe.Traffic;
import org.jspecify.annotations.Nullable;

/**
 * What rollouts are decided by, at one moment.
 *
 * @param generation the spec
 * @param retry the annotation that has a change tried again
 * @param configName the ConfigMap that the spec asks for
 * @param yaml what it is to say
 * @param pods the service's pods
 * @param reports what each pod said last
 * @param traffic what each pod had answered when it was last asked
 */
record Scene(long generation, String retry, Settings settings, List<Workload> workloads, String configName,
        String yaml, List<Pod> pods, Function<Pod, @Nullable PodReport> reports,
        Function<Pod, @Nullable Traffic> traffic, Instant now) {

    /** The pods of a workload that are there to stay. */
    List<Pod> live(Workload workload) {
        List<Pod> live = new ArrayList<>();
        for (Pod pod : pods) {
            if (workload.topologyClass().equals(label(pod, Names.CLASS)) && stays(pod)) {
                live.add(pod);
            }
        }
        return live;
    }

    /** Those that are of a revision. */
    List<Pod> live(Workload workload, String revision) {
        return live(workload).stream().filter(pod -> revision.equals(revision(pod))).toList();
    }

    /** How many of these are ready. */
    static int ready(List<Pod> pods) {
        return (int) pods.stream().filter(Scene::ready).count();
    }

    static String name(Pod pod) {
        return pod.getMetadata().getName();
    }

    /** The revision that a pod was made from; empty where that is not known. */
    static String revision(Pod pod) {
        return pod.getMetadata().getAnnotations() == null
                ? ""
                : pod.getMetadata().getAnnotations().getOrDefault(Names.REVISION, "");
    }

    static @Nullable String label(Pod pod, String label) {
        return pod.getMetadata().getLabels() == null ? null : pod.getMetadata().getLabels().get(label);
    }

    private static boolean stays(Pod pod) {
        String phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
        return pod.getMetadata().getDeletionTimestamp() == null && !"Failed".equals(phase)
                && !"Succeeded".equals(phase);
    }

    static boolean runs(Pod pod) {
        return stays(pod) && pod.getStatus() != null && "Running".equals(pod.getStatus().getPhase());
    }

    static boolean ready(Pod pod) {
        return stays(pod) && pod.getStatus() != null && pod.getStatus().getConditions() != null
                && pod.getStatus().getConditions().stream().anyMatch(condition -> "Ready".equals(condition.getType())
                        && "True".equals(condition.getStatus()));
    }

    /** How often its containers were started again. */
    static int restarts(Pod pod) {
        int restarts = 0;
        if (pod.getStatus() != null && pod.getStatus().getContainerStatuses() != null) {
            for (ContainerStatus container : pod.getStatus().getContainerStatuses()) {
                restarts += container.getRestartCount() == null ? 0 : container.getRestartCount();
            }
        }
        return restarts;
    }

    /** What keeps a pod from being ready, as far as the cluster tells. */
    static String trouble(Pod pod) {
        if (pod.getStatus() != null && pod.getStatus().getContainerStatuses() != null) {
            for (ContainerStatus container : pod.getStatus().getContainerStatuses()) {
                if (container.getState() != null && container.getState().getWaiting() != null
                        && container.getState().getWaiting().getReason() != null) {
                    return name(pod) + " waits: " + container.getState().getWaiting().getReason();
                }
            }
        }
        return name(pod) + (runs(pod) ? " is not ready" : " does not run yet");
    }

    /** The ConfigMaps that a pod reads. */
    static List<String> maps(Pod pod) {
        List<String> maps = new ArrayList<>();
        if (pod.getSpec() != null && pod.getSpec().getVolumes() != null) {
            pod.getSpec().getVolumes().stream().filter(volume -> volume.getConfigMap() != null)
                    .forEach(volume -> maps.add(volume.getConfigMap().getName()));
        }
        return maps;
    }
}
