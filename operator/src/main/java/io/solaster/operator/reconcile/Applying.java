package io.solaster.operator.reconcile;

import static java.util.stream.Collectors.toSet;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaimTemplate;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.solaster.operator.api.ShardedServiceSpec.Drift;
import io.solaster.operator.apply.Applier;
import io.solaster.operator.apply.Applier.Others;
import io.solaster.operator.apply.Applier.Outcome;
import io.solaster.operator.apply.ApplyException;
import io.solaster.operator.apply.ApplyException.Reason;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import io.solaster.operator.reconcile.nodes.NodeMarks;
import io.solaster.operator.reconcile.plans.PlanBoard;
import io.solaster.operator.reconcile.status.Conditions;
import io.solaster.operator.reconcile.status.EventLog;
import io.solaster.operator.reconcile.status.Readiness;
import io.solaster.operator.reconcile.watch.Cluster;
import io.solaster.operator.rollout.Rollouts;
import io.solaster.operator.rollout.Stage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the objects of a service to what is wanted, each on its own: one that cannot be brought there keeps none of the
 * others back, and is named with what is to be done. Several services at once, each by one thread at a time.
 */
final class Applying {
    private static final Logger LOG = LoggerFactory.getLogger(Applying.class);
    private static final Duration LONGEST = Duration.ofMinutes(5);
    /** Nothing tells when somebody removes, or hands over, an object of theirs. */
    private static final Duration LONGEST_FOREIGN = Duration.ofSeconds(30);
    private static final int DOUBLED = 9;
    private static final Duration QUIET = Duration.ofMinutes(1);
    /** What follows a service's name where its status is meant. */
    static final String STATUS = "#status";

    private final Applier applier;
    private final NodeMarks marks;
    private final PlanBoard board;
    private final Cluster cluster;
    private final EventLog events;
    private final Rollouts rollouts;
    private final Predicate<HasMetadata> watched;
    private final Duration first;
    private final Map<String, Trouble> troubles = new ConcurrentHashMap<>();
    /** What others have added, as it was told last. */
    private final Map<String, Set<String>> told = new ConcurrentHashMap<>();
    private final AtomicLong failed = new AtomicLong();

    /**
     * What cannot be applied of a service.
     *
     * @param message as it was logged
     * @param times how often it was tried in vain
     * @param next when it is tried again
     * @param logged when it was logged last
     * @param quiet how often it has come again since
     */
    private record Trouble(String message, int times, Instant next, Instant logged, int quiet) {}

    /**
     * One that has applied nothing yet.
     *
     * @param watched whether a cache follows objects of this kind
     * @param first until what could not be applied is tried again, at first
     */
    Applying(Applier applier, NodeMarks marks, PlanBoard board, Cluster cluster, EventLog events, Rollouts rollouts,
            Predicate<HasMetadata> watched, Duration first) {
        this.applier = applier;
        this.marks = marks;
        this.board = board;
        this.cluster = cluster;
        this.events = events;
        this.rollouts = rollouts;
        this.watched = watched;
        this.first = first;
    }

    /** Forgets services, by namespace/name. */
    void forget(Predicate<String> gone) {
        troubles.keySet().removeIf(key -> gone.test(key.endsWith(STATUS)
                ? key.substring(0, key.length() - STATUS.length())
                : key));
        told.keySet().removeIf(gone);
    }

    /** How often something could not be applied that is tried again. */
    long failures() {
        return failed.get();
    }

    /** Takes what kept a look from its end for what could not be applied. */
    void failed(Look look, RuntimeException error, Instant now) {
        ApplyException told = switch (error) {
            case ApplyException known -> known;
            case KubernetesClientException answer -> new ApplyException("The API server", answer);
            default -> new ApplyException("The look at it", Reason.ApplyFailed, String.valueOf(error));
        };
        boolean odd = !(error instanceof KubernetesClientException) && told != error;
        told(look, List.of(told), odd ? error : null, now);
    }

    /** Ends what {@link #later} began. */
    void well(String key) {
        troubles.remove(key);
    }

    /**
     * When something is tried again: ever later. It is logged when it is new, and once a minute while it lasts.
     *
     * @param odd an error that nobody has foreseen, whose stack is logged the first time; null if it was
     */
    Duration later(String key, String message, @Nullable RuntimeException odd, Instant now) {
        Trouble before = troubles.get(key);
        boolean same = before != null && before.message().equals(message);
        if (before == null || !same) {
            LOG.warn("{}: {}", name(key), message, odd);
            before = new Trouble(message, before == null ? -1 : before.times(), now, now, 0);
        } else if (!now.isBefore(before.logged().plus(QUIET)) || now.isBefore(before.logged())) {
            LOG.warn("{}: {} (And {} times since this was logged last.)", name(key), message, before.quiet());
            before = new Trouble(message, before.times(), before.next(), now, 0);
        } else {
            before = new Trouble(message, before.times(), before.next(), before.logged(), before.quiet() + 1);
        }
        // What others have to do must not be asked for ever more often by what happens meanwhile.
        int times = before.times() + (now.isBefore(before.next()) ? 0 : 1);
        Duration wait = first.multipliedBy(1L << Math.min(times, DOUBLED));
        Duration next = wait.compareTo(LONGEST) > 0 ? LONGEST : wait;
        troubles.put(key, new Trouble(message, times, now.plus(next), before.logged(), before.quiet()));
        return next;
    }

    private static String name(String key) {
        return key.endsWith(STATUS) ? key.substring(0, key.length() - STATUS.length()) : key;
    }

    /** Applies what is wanted and deletes what is not any more. Whether it has written something that was wanted anew. */
    boolean apply(Look look, ServicePlan plan, Stage stage, Instant now) {
        List<ApplyException> failures = new ArrayList<>();
        label(plan, failures);
        ApplyException untold = rollouts.trouble(look.service);
        if (untold != null) {
            failures.add(untold);
        }
        boolean wrote = bring(look, plan, stage, failures, now);
        others(look, stage, failures, now);
        clear(look, plan, stage, failures);
        tell(look, stage.wanted().size(), failures, now);
        return wrote;
    }

    private void label(ServicePlan plan, List<ApplyException> failures) {
        try {
            marks.classes(board.classes(), used(plan), cluster.nodes());
        } catch (KubernetesClientException e) {
            failures.add(new ApplyException("Labels of nodes", e));
        }
    }

    private boolean bring(Look look, ServicePlan plan, Stage stage, List<ApplyException> failures, Instant now) {
        List<String> written = new ArrayList<>();
        try {
            bring(look, stage, failures, now, written);
        } finally {
            if (!written.isEmpty()) {
                LOG.info("{}: {} applied, plan {}", PlanBoard.key(look.service), String.join(", ", written),
                        plan.hash());
            }
        }
        return !written.isEmpty();
    }

    /** @param written what was wanted anew, and is as wanted now */
    private void bring(Look look, Stage stage, List<ApplyException> failures, Instant now, List<String> written) {
        Set<String> missing = new HashSet<>();
        for (HasMetadata each : stage.wanted()) {
            String what = id(each);
            HasMetadata there = look.children.get(what);
            try {
                needs(each, missing);
                Outcome outcome = applier.apply(look.service, each, there, watched.test(each));
                if (outcome == Outcome.REPAIRED) {
                    look.drifted.add(what);
                    events.warning(look.service, "Repaired",
                            what + " had been changed by somebody else and is as planned again.");
                } else if (outcome == Outcome.APPLIED) {
                    written.add(what);
                }
            } catch (ApplyException e) {
                if (replaced(look, each, e, now)) {
                    continue;
                }
                failures.add(e);
                e.added().forEach(added -> look.added.add(what + ": " + added));
                e.returned().forEach(back -> look.returned.add(what + ": " + back));
                look.refused |= e.reason() != Reason.ApplyFailed && isWorkload(each);
                if (there == null) {
                    missing.add(what);
                }
                if (e.away()) {
                    // Each further object would take as long to fail.
                    return;
                }
            }
        }
    }

    /** Whether what others have added, and the API server does not take beside what is wanted, was replaced by that. */
    private boolean replaced(Look look, HasMetadata object, ApplyException refused, Instant now) {
        if (refused.reason() != Reason.Refused || refused.added().isEmpty()
                || look.service.getSpec().drift() != Drift.MEND) {
            return false;
        }
        try {
            List<String> removed = applier.replace(look.service, object, now);
            mended(look, object, removed);
            return !removed.isEmpty();
        } catch (ApplyException e) {
            look.kept.add(String.valueOf(e.getMessage()));
            return false;
        }
    }

    private void mended(Look look, HasMetadata object, List<String> removed) {
        if (!removed.isEmpty()) {
            String what = id(object) + ": " + String.join(", ", removed);
            look.drifted.add(what);
            events.warning(look.service, "Mended", what + "; it was removed.");
            LOG.info("{}: {}; it was removed.", PlanBoard.key(look.service), what);
        }
    }

    /** Tells what others have added, and removes it where that is asked for. */
    private void others(Look look, Stage stage, List<ApplyException> failures, Instant now) {
        boolean mends = look.service.getSpec().drift() == Drift.MEND;
        for (HasMetadata each : stage.wanted()) {
            Others others = applier.others(each);
            Instant next = others.next();
            if (mends && others.due(now)) {
                mend(look, each, failures, now);
                others = applier.others(each);
                next = others.next();
            }
            String what = id(each) + ": ";
            others.told().stream().filter(added -> !look.added.contains(what + added))
                    .forEach(added -> look.added.add(what + added));
            others.returned().forEach(back -> look.returned.add(what + back));
            if (mends && next != null) {
                look.again = sooner(look.again, Duration.between(now, next).plusSeconds(1));
            }
        }
        String key = PlanBoard.key(look.service);
        Set<String> there = Set.copyOf(look.added);
        Set<String> before = there.isEmpty() ? told.remove(key) : told.put(key, there);
        if (!there.isEmpty() && !there.equals(before)) {
            events.warning(look.service, "AddedByOthers", String.join("; ", look.added) + ".");
        }
    }

    private void mend(Look look, HasMetadata object, List<ApplyException> failures, Instant now) {
        try {
            mended(look, object, applier.mend(object, now));
        } catch (ApplyException e) {
            failures.add(e);
            look.kept.add(String.valueOf(e.getMessage()));
        }
    }

    /** Pods that would wait for what is not there are not made: those that run are worth more. */
    private static void needs(HasMetadata object, Set<String> missing) {
        PodTemplateSpec template = switch (object) {
            case StatefulSet set -> set.getSpec().getTemplate();
            case Deployment deployment -> deployment.getSpec().getTemplate();
            default -> null;
        };
        if (template == null || missing.isEmpty()) {
            return;
        }
        List<String> needed = new ArrayList<>(List.of("ResourceClaimTemplate " + object.getMetadata().getName()));
        for (Volume volume : template.getSpec().getVolumes()) {
            if (volume.getConfigMap() != null) {
                needed.add("ConfigMap " + volume.getConfigMap().getName());
            }
        }
        for (String each : needed) {
            if (missing.contains(each)) {
                throw new ApplyException(id(object), Reason.ApplyFailed, "it waits for " + each);
            }
        }
    }

    private void clear(Look look, ServicePlan plan, Stage stage, List<ApplyException> failures) {
        Set<String> ids = stage.wanted().stream().map(Applying::id).collect(toSet());
        boolean settled = stage.wanted().stream().filter(each -> Readiness.replicas(each) > 0)
                .allMatch(each -> Readiness.ready(look.children.get(id(each))) >= Readiness.replicas(each));
        boolean stuck = failures.isEmpty() && look.pods.stream().anyMatch(Readiness::unschedulable);
        look.children.forEach((id, child) -> {
            // The pods of a workload are made with its ResourceClaimTemplate, as long as there are any.
            boolean workload = child instanceof StatefulSet || child instanceof Deployment
                    || child instanceof ResourceClaimTemplate;
            // Pods that move to another class run on until those that follow them do, unless these wait for their room.
            boolean read = child instanceof ConfigMap && stage.mounted().contains(child.getMetadata().getName());
            if (!ids.contains(id) && !read && (!workload || settled || stuck || Rollouts.isCanary(child))) {
                try {
                    applier.delete(child);
                    LOG.info("{}: {} deleted, plan {} has none", PlanBoard.key(look.service), id, plan.hash());
                } catch (ApplyException e) {
                    failures.add(e);
                }
            }
        });
    }

    private void tell(Look look, int objects, List<ApplyException> failures, Instant now) {
        String key = PlanBoard.key(look.service);
        if (failures.isEmpty()) {
            troubles.remove(key);
            look.conditions.set(Conditions.APPLIED, true, "AsPlanned", objects + " objects are as planned.");
            return;
        }
        // Without any workload, nothing of it runs that would need its room.
        look.refused |= failures.stream().anyMatch(each -> each.reason() != Reason.ApplyFailed)
                && look.children.values().stream().noneMatch(Applying::isWorkload);
        told(look, failures, null, now);
    }

    private void told(Look look, List<ApplyException> failures, @Nullable RuntimeException odd, Instant now) {
        Reason reason = failures.stream().map(ApplyException::reason).min(Reason::compareTo).orElseThrow();
        String message = String.join(" ", failures.stream().map(ApplyException::getMessage).toList());
        if (reason == Reason.ApplyFailed) {
            failed.incrementAndGet();
        }
        Duration next = later(PlanBoard.key(look.service), message, odd, now);
        look.again = sooner(look.again,
                reason == Reason.NotOurs && next.compareTo(LONGEST_FOREIGN) > 0 ? LONGEST_FOREIGN : next);
        look.conditions.set(Conditions.APPLIED, false, reason.name(), message);
        look.degrade(reason.name(), message);
    }

    private static boolean isWorkload(HasMetadata object) {
        return object instanceof StatefulSet || object instanceof Deployment;
    }

    /** Names those objects that somebody else has changed or deleted, and changes nothing. */
    void drift(Look look, Stage stage) {
        for (HasMetadata each : stage.wanted()) {
            if (watched.test(each) && applier.drifted(each, look.children.get(id(each)))) {
                look.drifted.add(id(each));
            }
            Applier.added(look.children.get(id(each)))
                    .forEach(added -> look.added.add(id(each) + ": " + added));
        }
    }

    /** When it is tried again, at the latest. */
    static @Nullable Duration sooner(@Nullable Duration one, @Nullable Duration other) {
        return one == null ? other : other == null || one.compareTo(other) < 0 ? one : other;
    }

    /** The classes that have pods by a plan. */
    static Set<String> used(ServicePlan plan) {
        return plan.classes().stream().filter(each -> each.replicas() > 0).map(ClassPlan::name).collect(toSet());
    }

    static String id(HasMetadata object) {
        return ApplyException.name(object);
    }
}
