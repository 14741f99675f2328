package io.solaster.operator.reconcile;

import static java.util.Objects.requireNonNullElse;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.ShardedServiceSpec;
import io.solaster.operator.api.ShardedServiceSpec.Backend;
import io.solaster.operator.api.ShardedServiceSpec.Drift;
import io.solaster.operator.api.ShardedServiceSpec.Numa;
import io.solaster.operator.api.ShardedServiceSpec.ShardMode;
import io.solaster.operator.apply.Names;
import io.solaster.operator.observe.Alignment;
import io.solaster.operator.observe.Reports;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.reconcile.status.Conditions;
import io.solaster.operator.reconcile.status.EventLog;
import io.solaster.operator.reconcile.status.Readiness;
import io.solaster.operator.rollout.Stage;
import org.jspecify.annotations.Nullable;

/** Says in the conditions how what runs stands to what is wanted. Several services at once, each by one thread at a time. */
final class Observation {

    private final Reports reports;
    private final EventLog events;

    Observation(Reports reports, EventLog events) {
        this.reports = reports;
        this.events = events;
    }

    /**
     * Sets all conditions but those of the plan itself and of the load.
     *
     * @param applied whether the plan was put in force
     */
    void observe(Look look, @Nullable ServicePlan plan, boolean paused, boolean applied) {
        int wanted = 0;
        int ready = 0;
        boolean rolling = false;
        boolean workloads = false;
        for (HasMetadata child : look.children.values()) {
            if (child instanceof StatefulSet || child instanceof Deployment) {
                workloads = true;
                wanted += Readiness.replicas(child);
                ready += Readiness.ready(child);
                rolling |= Readiness.rolling(child);
            }
        }
        ready = Math.min(ready, wanted);
        String count = ready + " of " + wanted + " pods are ready.";
        if (workloads) {
            boolean all = ready >= wanted && (!rolling || ready > 0);
            ready(look, all, count);
        } else {
            look.conditions.set(Conditions.READY, false, "NotApplied", applied
                    ? "Its pods are being made."
                    : "Nothing has been applied.");
        }
        boolean moves = applied && (!workloads || rolling || ready < wanted);
        look.conditions.set(Conditions.PROGRESSING, moves, moves ? "PodsChange" : paused ? "Paused" : "Settled", moves
                ? count
                : paused
                        ? "Paused by the annotation " + ShardedService.PAUSED + "."
                        : "Nothing is under way.");
        Stage.Word way = look.stage == null ? null : look.stage.progressing();
        if (applied && way != null) {
            look.conditions.set(Conditions.PROGRESSING, true, way.reason(), way.message());
        }
        for (Pod pod : look.pods) {
            String trouble = Readiness.trouble(pod);
            if (!trouble.isEmpty()) {
                look.degrade("PodsFail", pod.getMetadata().getName() + ": " + trouble + ".");
            }
        }
        drift(look, applied);
        if (plan == null) {
            look.conditions.keep(Conditions.ALIGNED);
        } else {
            ShardedServiceSpec spec = look.service.getSpec();
            Alignment alignment = alignment(look, plan, spec);
            look.lie = alignment.pods();
            look.conditions.set(Conditions.ALIGNED, alignment.status(), alignment.reason(), alignment.message());
            if (alignment.status().equals("False")) {
                events.warning(look.service, alignment.reason(), alignment.message());
            }
        }
        look.conditions.set(Conditions.DEGRADED, look.degraded != null,
                requireNonNullElse(look.degraded, "AsExpected"),
                look.degraded == null ? "Nothing is wrong." : look.why);
    }

    private static void drift(Look look, boolean applied) {
        String added = look.added.isEmpty() ? "" : String.join("; ", look.added) + ".";
        if (!look.drifted.isEmpty()) {
            look.conditions.set(Conditions.DRIFTED, true, applied ? "Repaired" : "ChangedByOthers",
                    "Changed by somebody else" + (applied ? " and repaired: " : ": ")
                            + String.join(", ", look.drifted) + "." + (added.isEmpty() ? "" : " " + added));
        } else if (!look.returned.isEmpty()) {
            look.conditions.set(Conditions.DRIFTED, true, "AdditionsReturn",
                    added + " Of that was removed before, and is"
                            + " left alone since it came back: " + String.join("; ", look.returned)
                            + ". Have its manager add it no more, and remove the annotation " + Names.MENDED
                            + " from the object; or write it into the spec.");
        } else if (!look.added.isEmpty()) {
            look.conditions.set(Conditions.DRIFTED, true, "AddedByOthers", added
                    + (look.service.getSpec().drift() == Drift.MEND
                            ? look.kept.isEmpty()
                                    ? " It is removed within the hour."
                                    : " It cannot be removed: " + String.join(" ", look.kept)
                            : " Remove it, write it into the spec, or have it removed by spec.drift: mend."));
        } else if (!applied && look.children.isEmpty()) {
            look.conditions.set(Conditions.DRIFTED, "Unknown", "NotApplied", "Nothing has been applied.");
        } else {
            look.conditions.set(Conditions.DRIFTED, false, "AsApplied", "All objects are as they were applied.");
        }
    }

    /** Pods of another spec do not make a service ready. */
    private static void ready(Look look, boolean all, String count) {
        if (look.isInForce()) {
            look.conditions.set(Conditions.READY, all, all ? "PodsReady" : "PodsNotReady", count);
            return;
        }
        String phase = look.stage == null || look.stage.status() == null ? null : look.stage.status().phase();
        look.conditions.set(Conditions.READY, false,
                phase == null ? Conditions.NOT_IN_FORCE : phase.equals("RolledBack") ? phase : "RollingOut",
                count + " Generation " + look.service.getMetadata().getGeneration() + " is not in force"
                        + (phase == null ? "; see " + Conditions.APPLIED + "." : "; see status.rollout."));
    }

    private Alignment alignment(Look look, ServicePlan plan, ShardedServiceSpec spec) {
        Numa standard = spec.shards() != null && spec.shards().mode() == ShardMode.FillNode ? Numa.Any : Numa.Single;
        Numa numa = spec.placement() == null ? standard : requireNonNullElse(spec.placement().numa(), standard);
        Backend backend = spec.placement() == null
                ? Backend.CPUManager
                : requireNonNullElse(spec.placement().backend(), Backend.CPUManager);
        Set<String> others = look.stage == null ? Set.of() : look.stage.otherSize();
        List<Pod> pods = look.pods.stream().filter(pod -> !others.contains(pod.getMetadata().getName())).toList();
        return Alignment.of(plan, backend, numa, pods, containers(look), reports::of);
    }

    /** The names of the containers that the service's pods are made from. */
    private static Set<String> containers(Look look) {
        Set<String> names = new HashSet<>();
        for (HasMetadata child : look.stage == null ? List.<HasMetadata>of() : look.stage.wanted()) {
            PodTemplateSpec template = switch (child) {
                case StatefulSet set -> set.getSpec().getTemplate();
                case Deployment deployment -> deployment.getSpec().getTemplate();
                default -> null;
            };
            if (template != null && template.getSpec() != null) {
                Stream.concat(template.getSpec().getInitContainers().stream(),
                        template.getSpec().getContainers().stream()).forEach(each -> names.add(each.getName()));
            }
        }
        return names;
    }
}
