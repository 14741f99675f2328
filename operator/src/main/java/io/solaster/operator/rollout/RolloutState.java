package io.solaster.operator.rollout;

import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.solaster.operator.observe.Traffic;
import org.jspecify.annotations.Nullable;

/**
 * What must be known of a service's rollouts after a restart of the operator. Immutable.
 *
 * @param service the service's uid: another one of the same name begins anew
 * @param good what was in force last and held, by workload
 * @param config the configuration that goes with it; null before anything held
 * @param attempt the replacement of pods that is under way
 * @param reload the change of a ConfigMap that pods have not all confirmed
 * @param failure the change that was taken back and is not tried again
 * @param suspended whether it stands still, since the service is paused or does not fit
 */
record RolloutState(String service, Map<String, Good> good, @Nullable GoodConfig config, @Nullable Attempt attempt,
        @Nullable Reload reload, @Nullable Failure failure, boolean suspended) {

    RolloutState {
        good = Map.copyOf(good);
    }

    /**
     * Pods of a workload that held.
     *
     * @param revision names the template
     * @param cpus CPUs of a pod
     * @param shards shards of a pod
     * @param template what they are made from, whole: the spec that it came from is gone
     */
    record Good(String revision, int cpus, int shards, PodTemplateSpec template) {}

    /** A configuration that held: the ConfigMap's name, and what it says. */
    record GoodConfig(String name, String yaml) {}

    /** How far a replacement is. */
    enum Phase {
        /** The first pods are not ready yet. */
        WAITING,
        /** They are, and warm up. */
        WARMING,
        /** They are judged. */
        OBSERVING,
        /** They were ready, and are not any more. */
        LAPSED,
        /** All pods are replaced. */
        ROLLING
    }

    /**
     * A replacement of pods.
     *
     * @param targets the new revision of each workload that gets one
     * @param config the fingerprint of the configuration that goes with it
     * @param retry the annotation's value as it began
     * @param generation the spec as it began
     * @param phase how far it is
     * @param since when that phase began, or was last seen to go on
     * @param progress how many pods were ready at the most; of canaries that are observed, 1 once it was told that they hold
     *            the others up
     * @param lapses how often the first pods were ready and then not
     * @param window what pods had answered as the observation began, by uid
     * @param before what all pods had answered as it began
     */
    record Attempt(Map<String, String> targets, String config, String retry, long generation, Phase phase,
            Instant since, int progress, int lapses, Map<String, Sample> window, Traffic before) {

        Attempt {
            targets = Map.copyOf(targets);
            window = new TreeMap<>(window);
        }

        Attempt in(Phase next, Instant now) {
            return new Attempt(targets, config, retry, generation, next, now, 0, lapses, Map.of(), before);
        }

        Attempt observing(Map<String, Sample> seen, Instant now) {
            return new Attempt(targets, config, retry, generation, Phase.OBSERVING, now, 0, lapses, seen, before);
        }

        Attempt lapsed(Instant now) {
            return new Attempt(targets, config, retry, generation, Phase.LAPSED, now, 0, lapses + 1, Map.of(), before);
        }

        Attempt on(int ready, Instant now) {
            return new Attempt(targets, config, retry, generation, phase, now, ready, lapses, window, before);
        }

        Attempt at(Instant now) {
            return new Attempt(targets, config, retry, generation, phase, now, progress, lapses, window, before);
        }

        /** It was told that the first pods do not report. */
        Attempt held() {
            return new Attempt(targets, config, retry, generation, phase, since, 1, lapses, window, before);
        }

        /** What the first pods have been judged by counts no more; what others had answered until now does. */
        Attempt promoted(Traffic others, Instant now) {
            return new Attempt(targets, config, retry, generation, Phase.ROLLING, now, 0, lapses, window, others);
        }

        boolean canary() {
            return phase != Phase.ROLLING;
        }
    }

    /** What a pod had answered, and how often it had been started again. */
    record Sample(Traffic traffic, int restarts) {}

    /**
     * A change of a ConfigMap.
     *
     * @param config the fingerprint of what it says now
     * @param generation the spec that it is of
     * @param since when it was written, or a pod has last confirmed it
     * @param progress how many pods have confirmed it
     */
    record Reload(String config, long generation, Instant since, int progress) {}

    /**
     * A change that was taken back.
     *
     * @param targets the revision that each workload would have got; empty where it was a change of a ConfigMap
     * @param config the fingerprint of its configuration
     * @param retry the annotation's value at that time
     * @param generation the spec at that time
     * @param reason a word for it
     * @param message why, with the arithmetic
     * @param at when
     */
    record Failure(Map<String, String> targets, String config, String retry, long generation, String reason,
            String message, Instant at) {
        Failure {
            targets = Map.copyOf(targets);
        }
    }

    static RolloutState of(String service) {
        return new RolloutState(service, Map.of(), null, null, null, null, false);
    }

    RolloutState with(Map<String, Good> newGood, @Nullable GoodConfig newConfig) {
        return new RolloutState(service, newGood, newConfig, attempt, reload, failure, suspended);
    }

    RolloutState with(@Nullable Attempt newAttempt) {
        return new RolloutState(service, good, config, newAttempt, reload, failure, suspended);
    }

    RolloutState withReload(@Nullable Reload newReload) {
        return new RolloutState(service, good, config, attempt, newReload, failure, suspended);
    }

    RolloutState withFailure(@Nullable Failure newFailure) {
        return new RolloutState(service, good, config, attempt, reload, newFailure, suspended);
    }

    /** What is under way, as if it had got there now. */
    RolloutState at(Instant now) {
        return new RolloutState(service, good, config, attempt == null ? null : attempt.at(now),
                reload == null ? null : new Reload(reload.config(), reload.generation(), now, reload.progress()),
                failure, suspended);
    }

    /** Whether what is under way got there later than now: the clock was set back since. */
    boolean isAhead(Instant now) {
        return (attempt != null && attempt.since().isAfter(now)) || (reload != null && reload.since().isAfter(now));
    }

    RolloutState suspended(boolean now) {
        return new RolloutState(service, good, config, attempt, reload, failure, now);
    }
}
