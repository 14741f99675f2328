package io.solaster.operator.reconcile;

import java.util.Objects;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.solaster.operator.plan.Verdict;
import io.solaster.operator.reconcile.plans.PlanBoard;
import io.solaster.operator.reconcile.plans.PlanBoard.Answer;
import io.solaster.operator.reconcile.status.Statuses.Way;

/** What the operator measures of its plans and of services, and of the machine. Any thread. */
final class OperatorMeters {
    private OperatorMeters() {}

    static void bind(MeterRegistry meters, PlanBoard board, ShardedServiceReconciler reconciler) {
        new JvmMemoryMetrics().bindTo(meters);
        new ProcessorMetrics().bindTo(meters);
        for (Verdict verdict : Verdict.values()) {
            Gauge.builder("solaster.operator.services", board, plans -> count(plans, verdict))
                    .tags(Tags.of(Tag.of("verdict", verdict.name()))).register(meters);
        }
        for (Way way : Way.values()) {
            Gauge.builder("solaster.operator.rollouts", reconciler, services -> services.rollouts(way))
                    .tags(Tags.of(Tag.of("state", way.name()))).register(meters);
        }
        FunctionCounter.builder("solaster.operator.failures", reconciler, ShardedServiceReconciler::failures)
                .register(meters);
        FunctionCounter.builder("solaster.operator.rollouts.returned", reconciler, ShardedServiceReconciler::returned)
                .register(meters);
        Gauge.builder("solaster.operator.nodes.left.out", board, PlanBoard::leftOut).register(meters);
        Gauge.builder("solaster.operator.profiles.invalid", board, PlanBoard::invalidProfiles).register(meters);
        Gauge.builder("solaster.operator.stranded.cpus", board, OperatorMeters::stranded).register(meters);
    }

    private static double count(PlanBoard board, Verdict verdict) {
        return board.last().values().stream().map(Answer::plan)
                .filter(plan -> plan != null && plan.verdict() == verdict).count();
    }

    private static double stranded(PlanBoard board) {
        return board.last().values().stream().map(Answer::plan).filter(Objects::nonNull).map(Objects::requireNonNull)
                .mapToInt(plan -> plan.classes().stream().mapToInt(each -> each.strandedCpus()).sum()).sum();
    }
}
