package io.solaster.operator.rollout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.fabric8.kubernetes.api.model.Pod;
import io.solaster.operator.observe.PodReport;
import io.solaster.operator.rollout.RolloutState.Failure;
import io.solaster.operator.rollout.RolloutState.GoodConfig;
import io.solaster.operator.rollout.RolloutState.Reload;
import io.solaster.operator.rollout.Stage.Word;

/**
 * The part of a {@link Course} after the pods: a configuration that changes while they run, which each of them confirms or
 * refuses. For one decision.
 */
final class Reloading {
    private final Course course;
    private final Scene scene;
    private final Settings settings;
    private final String print;

    /** @param print the fingerprint of the configuration that is wanted */
    Reloading(Course course, Scene scene, String print) {
        this.course = course;
        this.scene = scene;
        this.print = print;
        settings = scene.settings();
    }

    /** What holds from now on, of a service all of whose pods are as they were. */
    RolloutState next(RolloutState state) {
        GoodConfig good = state.config();
        if (good == null || !good.name().equals(scene.configName()) || good.yaml().equals(scene.yaml())) {
            return state.withReload(null);
        }
        Failure failure = state.failure();
        if (failure != null) {
            course.degraded = new Word(failure.reason(), failure.message()
                    + ". The ConfigMap is as it was; change spec.config, or the annotation solaster.io/retry.");
            return state.withReload(null);
        }
        Reload reload = state.reload();
        if (reload == null || !reload.config().equals(print)) {
            return state.withReload(new Reload(print, scene.generation(), scene.now(), 0));
        }
        return confirmed(state, reload);
    }

    private RolloutState confirmed(RolloutState state, Reload reload) {
        List<Pod> pods = scene.workloads().stream().flatMap(workload -> scene.live(workload).stream())
                .filter(Scene::runs)
                .toList();
        int replicas = scene.workloads().stream().mapToInt(Workload::replicas).sum();
        int confirmed = 0;
        List<String> open = new ArrayList<>();
        List<String> refused = new ArrayList<>();
        List<Pod> down = new ArrayList<>();
        for (Pod pod : pods) {
            PodReport report = scene.reports().apply(pod);
            PodReport.Config config = report == null ? null : report.config();
            if (!Scene.ready(pod)) {
                down.add(pod);
            }
            if (config != null && config.fingerprint().equals(print) && config.refused().isEmpty()) {
                confirmed++;
            } else if (config != null && config.fingerprint().equals(print)) {
                refused.add(Scene.name(pod) + " refuses the configuration: " + String.join("; ", config.refused()));
            } else {
                open.add(Scene.name(pod) + (config != null
                        ? " has not read it"
                        : report == null || report.error().isEmpty() ? " does not tell" : ": " + report.error()));
            }
        }
        String count = confirmed + " of " + pods.size() + " pods have confirmed the configuration";
        if (!refused.isEmpty()) {
            return refused(state, reload, "ReloadRefused", Course.some(refused));
        }
        if (open.isEmpty() && (!pods.isEmpty() || replicas == 0)) {
            course.note(false, "Reloaded", count + ".");
            return state.withReload(null).with(state.good(), new GoodConfig(scene.configName(), scene.yaml()));
        }
        course.progressing = new Word("Reloading", count + ".");
        if (confirmed > reload.progress()) {
            return state.withReload(new Reload(reload.config(), reload.generation(), scene.now(), confirmed));
        }
        if (Duration.between(reload.since(), scene.now()).compareTo(settings.deadline()) >= 0) {
            String late = count + " within " + settings.deadline().toSeconds() + " s";
            if (!down.isEmpty()) {
                return refused(state, reload, "ReloadRefused", late + Course.unready(down));
            }
            // Those that are well and silent are no reason to take anything back.
            course.degraded = new Word("ReloadUnconfirmed", late + ": " + Course.some(open) + ".");
        }
        return state;
    }

    private RolloutState refused(RolloutState state, Reload reload, String reason, String why) {
        if (!settings.autoReturn()) {
            course.degraded = new Word(reason, why + ".");
            return state;
        }
        course.note(true, reason, "Generation " + reload.generation() + ": " + why + ". The ConfigMap is as it was.");
        return state.withReload(null).withFailure(new Failure(Map.of(), reload.config(), scene.retry(),
                reload.generation(), reason, why, scene.now()));
    }
}
