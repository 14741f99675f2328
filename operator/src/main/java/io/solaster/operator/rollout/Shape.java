package io.solaster.operator.rollout;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.solaster.operator.apply.Manifests;
import io.solaster.operator.apply.Revision;
import io.solaster.operator.rollout.RolloutState.Attempt;
import io.solaster.operator.rollout.RolloutState.Good;
import io.solaster.operator.rollout.RolloutState.GoodConfig;

/**
 * The objects that a state of a rollout asks for. A StatefulSet has its canaries by partition: its controller then keeps
 * old and new pods apart, also when one of them is made again. A Deployment has them in a second one beside it: a paused
 * Deployment stops wherever its controller happens to be, and scales both sides.
 */
final class Shape {
    private final Scene scene;
    private final RolloutState state;
    private final Map<String, String> changed;

    Shape(Scene scene, RolloutState state, Map<String, String> changed) {
        this.scene = scene;
        this.state = state;
        this.changed = changed;
    }

    /** What is wanted now, in the order of what the spec wants. */
    List<HasMetadata> of(List<HasMetadata> wanted) {
        Map<String, Workload> workloads = new HashMap<>();
        scene.workloads().forEach(workload -> workloads.put(id(workload.object()), workload));
        List<HasMetadata> all = new ArrayList<>();
        for (HasMetadata object : wanted) {
            Workload workload = workloads.get(id(object));
            if (workload != null) {
                workloads(workload, all);
            } else if (object instanceof ConfigMap map && map.getMetadata().getName().equals(scene.configName())) {
                configs(map, all);
            } else {
                all.add(object);
            }
        }
        return all;
    }

    private void workloads(Workload workload, List<HasMetadata> all) {
        Good good = state.good().get(workload.name());
        Attempt attempt = state.attempt();
        if (good == null || !changed.containsKey(workload.name())) {
            all.add(workload.with(workload.wanted()));
        } else if (attempt == null) {
            all.add(workload.with(good));
        } else if (!attempt.canary()) {
            all.add(workload.with(workload.wanted()));
        } else {
            int canaries = scene.settings().canaries(workload.replicas());
            if (workload.stateful()) {
                all.add(workload.partitioned(canaries));
            } else {
                // The surge that was planned for is theirs; beyond it, they take the places of others.
                all.add(workload.lending(good, Math.clamp(canaries - scene.settings().surge(), 0,
                        workload.replicas())));
                all.add(workload.canary(canaries));
            }
        }
    }

    /** Pods that must be replaced for another configuration keep theirs until they are. */
    private void configs(ConfigMap map, List<HasMetadata> all) {
        GoodConfig good = state.config();
        if (good == null) {
            all.add(map);
            return;
        }
        boolean settled = changed.isEmpty() && state.failure() == null;
        if (good.name().equals(scene.configName())) {
            all.add(settled ? map : named(map, good));
            return;
        }
        if (!changed.isEmpty()) {
            all.add(named(map, good));
        }
        boolean asked = state.attempt() != null || changed.isEmpty()
                || scene.workloads().stream().anyMatch(workload -> !changed.containsKey(workload.name()));
        if (asked) {
            all.add(map);
        }
    }

    private static ConfigMap named(ConfigMap map, GoodConfig good) {
        return new ConfigMapBuilder(map).editMetadata().withName(good.name()).endMetadata()
                .withData(Map.of(Manifests.CONFIG_FILE, good.yaml())).build();
    }

    /** ConfigMaps that pods read, whatever is wanted now. */
    Set<String> mounted() {
        Set<String> mounted = new HashSet<>();
        scene.pods().stream().filter(pod -> !"Failed".equals(pod.getStatus() == null
                ? null
                : pod.getStatus().getPhase())).forEach(pod -> mounted.addAll(Scene.maps(pod)));
        return mounted;
    }

    /**
     * Pods of StatefulSets that are not ready, of a revision which is not wanted: their controller may wait for them
     * instead of replacing them. Only once it knows of the new template, or it would make them again as they were.
     */
    List<Pod> stuck(Collection<HasMetadata> children) {
        List<Pod> stuck = new ArrayList<>();
        for (Workload workload : scene.workloads()) {
            Set<String> wanted = revisions(workload);
            HasMetadata there = children.stream().filter(each -> id(each).equals(id(workload.object()))).findFirst()
                    .orElse(null);
            if (there instanceof StatefulSet set && wanted.contains(Revision.of(Revision.template(set))) && seen(set)) {
                for (Pod pod : scene.live(workload)) {
                    String revision = Scene.revision(pod);
                    if (!revision.isEmpty() && !wanted.contains(revision) && !Scene.ready(pod)) {
                        stuck.add(pod);
                    }
                }
            }
        }
        return stuck;
    }

    private static boolean seen(StatefulSet set) {
        return set.getStatus() == null || set.getStatus().getObservedGeneration() == null
                || Objects.equals(set.getStatus().getObservedGeneration(), set.getMetadata().getGeneration());
    }

    private Set<String> revisions(Workload workload) {
        Good good = state.good().get(workload.name());
        if (good == null || !changed.containsKey(workload.name())) {
            return Set.of(workload.revision());
        }
        return state.attempt() == null
                ? Set.of(good.revision())
                : Set.of(good.revision(), workload.revision());
    }

    /** The names of pods that are not of the planned size, since they are of another revision. */
    Set<String> otherSize() {
        Set<String> names = new HashSet<>();
        for (Workload workload : scene.workloads()) {
            Good good = state.good().get(workload.name());
            if (good != null && (good.cpus() != workload.wanted().cpus()
                    || good.shards() != workload.wanted().shards())) {
                scene.live(workload).stream()
                        .filter(pod -> !Scene.revision(pod).isEmpty()
                                && !workload.revision().equals(Scene.revision(pod)))
                        .forEach(pod -> names.add(Scene.name(pod)));
            }
        }
        return names;
    }

    private static String id(HasMetadata object) {
        return object.getKind() + " " + object.getMetadata().getName();
    }
}
