package io.solaster.operator.rollout;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

import io.fabric8.kubernetes.api.model.Pod;
import io.solaster.config.plan.Fingerprint;
import io.solaster.operator.api.ShardedServiceSpec.OnNoReports;
import io.solaster.operator.observe.PodReport;
import io.solaster.operator.observe.Traffic;
import io.solaster.operator.rollout.RolloutState.Attempt;
import io.solaster.operator.rollout.RolloutState.Failure;
import io.solaster.operator.rollout.RolloutState.Good;
import io.solaster.operator.rollout.RolloutState.GoodConfig;
import io.solaster.operator.rollout.RolloutState.Phase;
import io.solaster.operator.rollout.RolloutState.Reload;
import io.solaster.operator.rollout.RolloutState.Sample;
import io.solaster.operator.rollout.Stage.Note;
import io.solaster.operator.rollout.Stage.Word;
import org.jspecify.annotations.Nullable;

/**
 * Decides what comes next: from what was known and what is seen, without touching anything. Pods are replaced first, and
 * what may change while they run follows then ({@link Reloading}), so that neither is blamed for the other. For one
 * decision.
 */
final class Course {
    /** A first pod may fail its probe, or be made anew elsewhere, for so long. */
    private static final Duration LAPSE = Duration.ofMinutes(3);
    private static final int MOST_LAPSES = 3;
    /** As many restarts are no accident. */
    private static final int RESTARTS = 3;
    /** Of this many pods on either side is remembered what they had answered. */
    private static final int SAMPLED = 32;
    private static final int NAMED = 3;
    /** From one step to the next nothing else is needed in one decision. */
    private static final int STEPS = 8;

    private final Scene scene;
    private final Settings settings;
    private final String print;
    private final Reloading reloading;
    final List<Note> events = new ArrayList<>();
    @Nullable
    Word progressing;
    @Nullable
    Word degraded;

    Course(Scene scene) {
        this.scene = scene;
        settings = scene.settings();
        print = Fingerprint.of(scene.yaml());
        reloading = new Reloading(this, scene, print);
    }

    /** What holds from now on. */
    RolloutState next(RolloutState before) {
        RolloutState state = before;
        for (int i = 0; i < STEPS; i++) {
            progressing = null;
            degraded = null;
            RolloutState then = step(state);
            if (then.equals(state)) {
                return then;
            }
            state = then;
        }
        return state;
    }

    /** The workloads whose pods would be others than those that held, each with its new revision. */
    Map<String, String> changed(RolloutState state) {
        Map<String, String> changed = new TreeMap<>();
        for (Workload workload : scene.workloads()) {
            Good good = state.good().get(workload.name());
            if (good != null && !good.revision().equals(workload.revision())) {
                changed.put(workload.name(), workload.revision());
            }
        }
        return changed;
    }

    private RolloutState step(RolloutState before) {
        RolloutState state = before.suspended()
                ? resumed(before)
                : before.isAhead(scene.now()) ? before.at(scene.now()) : before;
        Map<String, String> changed = changed(state);
        if (state.failure() != null && !still(state.failure(), changed, state)) {
            state = state.withFailure(null);
        }
        if (changed.isEmpty()) {
            if (state.attempt() != null) {
                note(false, "RolloutWithdrawn", "The spec asks for the revision that held.");
                state = state.with((Attempt) null);
            }
            return reloading.next(proven(state));
        }
        state = state.withReload(null);
        if (state.failure() != null) {
            return returning(state, state.failure());
        }
        Attempt attempt = state.attempt();
        if (attempt == null || !attempt.targets().equals(changed) || !attempt.config().equals(print)
                || !attempt.retry().equals(scene.retry())) {
            return state.with(begin(changed, state));
        }
        return attempt.canary() ? first(state, attempt) : rolling(state, attempt);
    }

    /** Time that it stood still counts for nothing. */
    private RolloutState resumed(RolloutState state) {
        RolloutState now = state.suspended(false);
        Attempt attempt = now.attempt();
        if (attempt != null) {
            Phase phase = attempt.phase() == Phase.WAITING || attempt.phase() == Phase.ROLLING
                    ? attempt.phase()
                    : Phase.WARMING;
            now = now.with(attempt.in(phase, scene.now()));
        }
        Reload reload = now.reload();
        return reload == null
                ? now
                : now.withReload(new Reload(reload.config(), reload.generation(), scene.now(), reload.progress()));
    }

    /** Whether what was taken back is what the spec still asks for. */
    private boolean still(Failure failure, Map<String, String> changed, RolloutState state) {
        if (!failure.retry().equals(scene.retry())) {
            return false;
        }
        if (failure.targets().isEmpty()) {
            GoodConfig good = state.config();
            return changed.isEmpty() && good != null && failure.config().equals(print)
                    && good.name().equals(scene.configName()) && !good.yaml().equals(scene.yaml());
        }
        // The number of replicas changes, too: what fell short has then not become better.
        return !changed.isEmpty() && (failure.generation() == scene.generation()
                || (failure.config().equals(print) && failure.targets().equals(changed)));
    }

    private Attempt begin(Map<String, String> targets, RolloutState state) {
        Traffic before = Traffic.NONE;
        for (Workload workload : scene.workloads()) {
            Good good = state.good().get(workload.name());
            if (good != null) {
                before = before.plus(traffic(scene.live(workload, good.revision())));
            }
        }
        note(false, "RolloutStarted", "Revision " + String.join(", ", targets.values()) + " of generation "
                + scene.generation() + (settings.first() ? " on canaries first." : " on all pods in turn."));
        return new Attempt(targets, print, scene.retry(), scene.generation(),
                settings.first() ? Phase.WAITING : Phase.ROLLING, scene.now(), 0, 0, Map.of(), before);
    }

    private Traffic traffic(List<Pod> pods) {
        Traffic sum = Traffic.NONE;
        for (Pod pod : pods) {
            Traffic each = scene.traffic().apply(pod);
            if (each != null) {
                sum = sum.plus(each);
            }
        }
        return sum;
    }

    /** The pods of new revisions. */
    private List<Pod> fresh(Attempt attempt) {
        List<Pod> fresh = new ArrayList<>();
        for (Workload workload : scene.workloads()) {
            String target = attempt.targets().get(workload.name());
            if (target != null) {
                fresh.addAll(scene.live(workload, target));
            }
        }
        return fresh;
    }

    /** The pods that held, of the workloads that change. */
    private List<Pod> others(Attempt attempt, RolloutState state) {
        List<Pod> others = new ArrayList<>();
        for (Workload workload : scene.workloads()) {
            Good good = state.good().get(workload.name());
            if (good != null && attempt.targets().containsKey(workload.name())) {
                others.addAll(scene.live(workload, good.revision()));
            }
        }
        return others;
    }

    private RolloutState first(RolloutState state, Attempt attempt) {
        int wanted = 0;
        int ready = 0;
        List<Pod> fresh = fresh(attempt);
        for (Workload workload : scene.workloads()) {
            String target = attempt.targets().get(workload.name());
            if (target != null) {
                int canaries = settings.canaries(workload.replicas());
                wanted += canaries;
                ready += Math.min(canaries, Scene.ready(scene.live(workload, target)));
            }
        }
        boolean all = ready >= wanted;
        String count = ready + " of " + wanted + " canaries are ready";
        progressing = new Word("Canary", count + ".");
        String crashed = crashed(fresh, attempt);
        if (!crashed.isEmpty()) {
            return failed(state, attempt, crashed);
        }
        Instant now = scene.now();
        Duration spent = Duration.between(attempt.since(), now);
        return switch (attempt.phase()) {
            case WAITING -> {
                if (all) {
                    yield state.with(attempt.in(Phase.WARMING, now));
                }
                if (ready > attempt.progress()) {
                    yield state.with(attempt.on(ready, now));
                }
                yield spent.compareTo(settings.deadline()) < 0
                        ? state
                        : failed(state, attempt, count + " after " + settings.deadline().toSeconds() + " s"
                                + unready(fresh));
            }
            case WARMING -> {
                progressing = new Word("Canary",
                        count + ", and warm up for " + settings.warmup().toSeconds() + " s from " + attempt.since()
                                + ".");
                if (!all) {
                    yield state.with(attempt.lapsed(now));
                }
                yield spent.compareTo(settings.warmup()) < 0
                        ? state
                        : state.with(attempt.observing(window(fresh, others(attempt, state)), now));
            }
            case OBSERVING -> observed(state, attempt, fresh, all, count, spent);
            case LAPSED -> {
                progressing = new Word("Canary", count + ", and were " + attempt.lapses()
                        + (attempt.lapses() == 1 ? " time" : " times") + " before.");
                if (attempt.lapses() > MOST_LAPSES || (!all && spent.compareTo(LAPSE) >= 0)) {
                    yield failed(state, attempt, count + ", and were before, " + attempt.lapses()
                            + (attempt.lapses() == 1 ? " time" : " times") + unready(fresh));
                }
                yield all ? state.with(attempt.in(Phase.WARMING, now)) : state;
            }
            case ROLLING -> throw new AssertionError(attempt);
        };
    }

    private RolloutState observed(RolloutState state, Attempt attempt, List<Pod> fresh, boolean all, String count,
            Duration spent) {
        progressing = new Word("Canary", count + ", and observed for " + settings.observe().toSeconds() + " s from "
                + attempt.since() + ".");
        if (!all) {
            return state.with(attempt.lapsed(scene.now()));
        }
        Traffic pods = since(attempt, fresh, false);
        List<Pod> others = others(attempt, state);
        Traffic peers = since(attempt, others, false);
        if (peers.requests() < settings.minRequests()) {
            // Too few are left to compare with: what all had answered before has to do.
            peers = attempt.before();
        }
        String wrong = Judge.judge(settings, pods, peers, true);
        if (!wrong.isEmpty()) {
            return failed(state, attempt, named(fresh) + ": " + wrong);
        }
        List<Pod> silent = fresh.stream().filter(pod -> scene.traffic().apply(pod) == null).toList();
        String reports = silent.isEmpty()
                ? ""
                : silent.size() + " of " + fresh.size() + " canaries do not report: "
                        + some(silent.stream().map(this::silence).toList());
        if (!reports.isEmpty()) {
            progressing = new Word("Canary", progressing.message() + " " + reports + ".");
        }
        if (spent.compareTo(settings.observe()) < 0) {
            return state;
        }
        if (silent.size() == fresh.size() && settings.onNoReports() != OnNoReports.PROMOTE) {
            return blind(state, attempt, reports);
        }
        String unknown = Judge.unknown(settings, pods, peers);
        note(false, "CanaryPromoted", named(fresh) + " held for " + settings.observe().toSeconds() + " s"
                + (unknown.isEmpty()
                        ? ": " + pods.failed() + " of " + pods.requests() + " requests failed"
                        : "; " + unknown)
                + (reports.isEmpty() ? "" : "; " + reports) + ". All pods follow.");
        Traffic known = traffic(others);
        return state.with(attempt.promoted(known.requests() < settings.minRequests() ? attempt.before() : known,
                scene.now()));
    }

    /** That nothing is known of the first pods is no reason to replace the others. */
    private RolloutState blind(RolloutState state, Attempt attempt, String reports) {
        if (settings.onNoReports() == OnNoReports.ROLL_BACK) {
            return failed(state, attempt, reports);
        }
        String held = reports
                + ". The other pods stay as they are until one reports; see that /actuator/shards answers at"
                + " the port 'management', or set spec.rollout.canary.onNoReports to promote or roll-back";
        degraded = new Word("CanaryUnreported", held + ".");
        if (attempt.progress() > 0) {
            return state;
        }
        note(false, "CanaryHeld", held + ".");
        return state.with(attempt.held());
    }

    private String silence(Pod pod) {
        PodReport report = scene.reports().apply(pod);
        return Scene.name(pod)
                + (report == null || report.error().isEmpty() ? " was not asked yet" : ": " + report.error());
    }

    private Map<String, Sample> window(List<Pod> fresh, List<Pod> others) {
        Map<String, Sample> window = new HashMap<>();
        for (List<Pod> side : List.of(fresh, others)) {
            for (Pod pod : side.subList(0, Math.min(SAMPLED, side.size()))) {
                Traffic traffic = scene.traffic().apply(pod);
                window.put(pod.getMetadata().getUid(),
                        new Sample(traffic == null ? Traffic.NONE : traffic, Scene.restarts(pod)));
            }
        }
        return window;
    }

    /** What pods have answered since the observation began: those that were there then, or all. */
    private Traffic since(Attempt attempt, List<Pod> pods, boolean all) {
        Traffic sum = Traffic.NONE;
        for (Pod pod : pods) {
            Traffic now = scene.traffic().apply(pod);
            Sample sample = attempt.window().get(pod.getMetadata().getUid());
            if (now != null && (sample != null || all)) {
                sum = sum.plus(sample == null ? now : now.minus(sample.traffic()));
            }
        }
        return sum;
    }

    private String crashed(List<Pod> fresh, Attempt attempt) {
        for (Pod pod : fresh) {
            Sample sample = attempt.window().get(pod.getMetadata().getUid());
            int restarts = Scene.restarts(pod);
            if (attempt.phase() == Phase.OBSERVING && sample != null && restarts > sample.restarts()) {
                return Scene.name(pod) + " was started again while it was observed, " + (restarts - sample.restarts())
                        + (restarts - sample.restarts() == 1 ? " time" : " times");
            }
            if (restarts >= RESTARTS && !Scene.ready(pod)) {
                return Scene.name(pod) + " was started again " + restarts + " times and is not ready";
            }
        }
        return "";
    }

    private RolloutState rolling(RolloutState state, Attempt attempt) {
        int wanted = 0;
        int ready = 0;
        boolean complete = true;
        for (Workload workload : scene.workloads()) {
            String target = attempt.targets().get(workload.name());
            if (target != null) {
                // A Deployment's canaries go now, and are no part of it.
                List<Pod> own = scene.live(workload).stream().filter(pod -> Scene.label(pod, Workload.TRACK) == null)
                        .toList();
                List<Pod> fresh = own.stream().filter(pod -> target.equals(Scene.revision(pod))).toList();
                int here = Math.min(workload.replicas(), Scene.ready(fresh));
                wanted += workload.replicas();
                ready += here;
                complete &= here >= workload.replicas() && own.size() == fresh.size();
            }
        }
        String count = ready + " of " + wanted + " pods are of revision "
                + String.join(", ", attempt.targets().values()) + " and ready";
        progressing = new Word("Rolling", count + ".");
        if (complete) {
            note(false, "RolledOut", count + ".");
            return held(state, attempt);
        }
        List<Pod> fresh = fresh(attempt);
        String crashed = crashed(fresh, attempt);
        if (!crashed.isEmpty()) {
            return failed(state, attempt, crashed);
        }
        // New processes are cold: how long their first requests take says nothing.
        String wrong = attempt.before().requests() < settings.minRequests()
                ? ""
                : Judge.judge(settings, since(attempt, fresh, true), attempt.before(), false);
        if (!wrong.isEmpty()) {
            return failed(state, attempt, named(fresh) + ": " + wrong);
        }
        if (ready > attempt.progress()) {
            return state.with(attempt.on(ready, scene.now()));
        }
        return Duration.between(attempt.since(), scene.now()).compareTo(settings.deadline()) < 0
                ? state
                : failed(state, attempt, count + ", and no further one within " + settings.deadline().toSeconds()
                        + " s" + unready(fresh));
    }

    /** What was rolled out is what held, from now on. */
    private RolloutState held(RolloutState state, Attempt attempt) {
        Map<String, Good> good = new HashMap<>(state.good());
        for (Workload workload : scene.workloads()) {
            if (attempt.targets().containsKey(workload.name())) {
                good.put(workload.name(), workload.wanted());
            }
        }
        GoodConfig config = state.config();
        return state.with((Attempt) null).with(good, config != null && config.name().equals(scene.configName())
                ? config
                : new GoodConfig(scene.configName(), scene.yaml()));
    }

    private RolloutState failed(RolloutState state, Attempt attempt, String why) {
        if (!settings.autoReturn()) {
            degraded = new Word(attempt.canary() ? "CanaryFails" : "RolloutFails",
                    why + ". It is not taken back, by spec.rollout.autoReturn; change the spec.");
            return state;
        }
        Failure failure = new Failure(attempt.targets(), attempt.config(), attempt.retry(), attempt.generation(),
                "RolledBack", why, scene.now());
        note(true, "RolledBack", "Generation " + attempt.generation() + ": " + why + ". Back at what held before.");
        return state.with((Attempt) null).withFailure(failure);
    }

    private RolloutState returning(RolloutState state, Failure failure) {
        degraded = new Word(failure.reason(), "Generation " + failure.generation() + " was taken back: "
                + failure.message() + ". Change the spec, or the annotation solaster.io/retry, to try again.");
        int back = 0;
        int all = 0;
        for (Workload workload : scene.workloads()) {
            Good good = state.good().get(workload.name());
            if (good != null && failure.targets().containsKey(workload.name())) {
                List<Pod> live = scene.live(workload);
                all += live.size();
                back += Scene.ready(live.stream().filter(pod -> good.revision().equals(Scene.revision(pod))).toList());
            }
        }
        if (back < all) {
            progressing = new Word("Returning", back + " of " + all + " pods are as before and ready.");
        }
        return state;
    }

    /** Workloads all of whose pods are ready are something to come back to. */
    private RolloutState proven(RolloutState state) {
        Map<String, Good> good = new HashMap<>();
        boolean all = true;
        for (Workload workload : scene.workloads()) {
            Good there = state.good().get(workload.name());
            if (there == null && workload.replicas() > 0
                    && Scene.ready(scene.live(workload, workload.revision())) >= workload.replicas()) {
                there = workload.wanted();
            }
            if (there == null) {
                all = false;
            } else {
                good.put(workload.name(), there);
            }
        }
        GoodConfig config = state.config();
        if (all && !good.isEmpty() && (config == null || !config.name().equals(scene.configName()))) {
            config = new GoodConfig(scene.configName(), scene.yaml());
        }
        return good.equals(state.good()) && Objects.equals(config, state.config()) ? state : state.with(good, config);
    }

    void note(boolean warning, String reason, String message) {
        events.add(new Note(warning, reason, message));
    }

    static String unready(List<Pod> pods) {
        List<String> troubles = pods.stream().filter(pod -> !Scene.ready(pod)).map(Scene::trouble).toList();
        return troubles.isEmpty() ? "" : ": " + some(troubles);
    }

    private static String named(List<Pod> pods) {
        List<String> names = pods.stream().map(Scene::name).sorted().toList();
        return String.join(", ", names.subList(0, Math.min(NAMED, names.size())))
                + (names.size() > NAMED ? " and " + (names.size() - NAMED) + " more" : "");
    }

    static String some(List<String> all) {
        return String.join("; ", all.subList(0, Math.min(NAMED, all.size())))
                + (all.size() > NAMED ? "; and " + (all.size() - NAMED) + " more" : "");
    }
}
