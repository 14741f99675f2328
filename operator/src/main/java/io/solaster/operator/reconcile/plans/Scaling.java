package io.solaster.operator.reconcile.plans;

import static java.util.Objects.requireNonNull;
import static java.util.Objects.requireNonNullElse;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.ShardedServiceSpec.Autoscaling;
import io.solaster.operator.api.ShardedServiceSpec.ScaleBy;
import io.solaster.operator.apply.Names;
import io.solaster.operator.observe.PodReport;
import io.solaster.operator.observe.PodReport.Load;
import io.solaster.operator.observe.Reports;
import io.solaster.operator.plan.Running;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import io.solaster.operator.reconcile.plans.Autoscaler.Decision;
import io.solaster.operator.reconcile.plans.Heat.Busy;
import io.solaster.operator.reconcile.plans.PlanBoard.Answer;
import io.solaster.operator.reconcile.status.Conditions;
import io.solaster.operator.reconcile.status.Readiness;
import io.solaster.operator.reconcile.watch.Ownership;
import org.jspecify.annotations.Nullable;

/** Puts what the load asks for into plans, and tells how it lies on the shards. Any thread. */
public final class Scaling {
    /** The environment variable that a pod has its number of shards from. */
    private static final String SHARDS = "SOLASTER_ENGINE_SHARDS";

    private final PlanBoard board;
    private final Reports reports;
    private final Autoscaler autoscaler;
    private final Map<String, String> told = new ConcurrentHashMap<>();

    public Scaling(PlanBoard board, Reports reports, InstantSource clock) {
        this.board = board;
        this.reports = reports;
        autoscaler = new Autoscaler(clock);
    }

    /** Forgets services. */
    public void forget(Predicate<String> which) {
        autoscaler.forget(which);
        board.placements().forget(which);
        told.keySet().removeIf(which);
    }

    /**
     * The plan for pods of the size that the load asks for. A step is taken when the one before is done, and only to a
     * size that certainly fits.
     *
     * @param all all services
     * @param children the service's objects
     * @param notes what there is to tell of it is added
     */
    public Answer sized(ShardedService service, Answer answer, Supplier<List<ShardedService>> all,
            Collection<HasMetadata> children, List<Pod> pods, List<String> notes) {
        Autoscaling scaling = service.getSpec() == null ? null : service.getSpec().autoscaling();
        ServicePlan plan = answer.plan();
        if (scaling == null || scaling.by() != ScaleBy.Shards || plan == null) {
            return answer;
        }
        notes.add("Autoscaling by Shards: each change of their number replaces the pods, one after the other.");
        int now = plan.classes().stream().filter(each -> each.replicas() > 0).mapToInt(ClassPlan::shards).findFirst()
                .orElse(0);
        List<HasMetadata> workloads = children.stream().filter(child -> template(child) != null).toList();
        boolean settled = now > 0 && !workloads.isEmpty()
                && workloads.stream().allMatch(each -> shards(each) == now
                        && Readiness.ready(each) >= Readiness.replicas(each)
                        && !Readiness.rolling(each));
        int replicas = workloads.stream().mapToInt(Readiness::replicas).sum();
        Decision decision = autoscaler.shards(PlanBoard.key(service), scaling, now, replicas, settled, busy(pods));
        if (!decision.held().isEmpty()) {
            notes.add(decision.held());
        }
        if (decision.amount() == now) {
            return answer;
        }
        int fits = board.step(service, all.get(), now, decision.amount(),
                Math.max(now, requireNonNullElse(scaling.max(), now)));
        if (fits == now) {
            notes.add("Would scale to " + decision.amount() + " shards a pod: no size on the way there fits.");
            return answer;
        }
        board.placements().resize(PlanBoard.key(service), fits);
        return board.plan(service, all);
    }

    /**
     * The plan for as many replicas as the load asks for: it was made for the most that there may be. Those that run
     * stay in their classes.
     *
     * @param notes what there is to tell of it is added
     */
    public ServicePlan scaled(ShardedService service, ServicePlan plan, Collection<HasMetadata> children,
            List<Pod> pods,
            List<String> notes) {
        Autoscaling scaling = service.getSpec().autoscaling();
        if (scaling == null || scaling.by() == ScaleBy.Shards) {
            return plan;
        }
        Map<String, Integer> runs = new HashMap<>();
        int now = 0;
        for (HasMetadata child : children) {
            String topologyClass = topologyClass(child);
            int replicas = Readiness.replicas(child);
            now += replicas;
            if (topologyClass != null && replicas > 0) {
                runs.merge(topologyClass, replicas, Integer::sum);
            }
        }
        Decision decision = autoscaler.replicas(PlanBoard.key(service), scaling, now, busy(pods));
        if (!decision.held().isEmpty()) {
            notes.add(decision.held());
        }
        return spread(plan, decision.amount(), runs);
    }

    /** Of the replicas that were planned, so many: first those that run, where most do, then in the order of the plan. */
    public static ServicePlan spread(ServicePlan plan, int replicas, Map<String, Integer> runs) {
        Map<String, Integer> here = new HashMap<>();
        int left = replicas;
        List<ClassPlan> byRunning = plan.classes().stream().sorted(Comparator
                .comparingInt((ClassPlan each) -> -runs.getOrDefault(each.name(), 0))).toList();
        for (ClassPlan each : byRunning) {
            int stay = Math.min(left, Math.min(each.replicas(), runs.getOrDefault(each.name(), 0)));
            here.put(each.name(), stay);
            left -= stay;
        }
        List<ClassPlan> classes = new ArrayList<>();
        for (ClassPlan each : plan.classes()) {
            int stay = requireNonNull(here.get(each.name()));
            int more = Math.min(left, each.replicas() - stay);
            left -= more;
            classes.add(each.withReplicas(stay + more));
        }
        return plan.withClasses(classes);
    }

    /** Says whether one shard is hot, or all. */
    public void balance(ShardedService service, List<Pod> pods, Conditions conditions) {
        List<Busy> busy = busy(pods);
        if (busy.isEmpty()) {
            conditions.set(Conditions.BALANCED, "Unknown", "NoReport", "No pod tells how busy its shards are.");
            return;
        }
        Heat heat = Heat.of(busy);
        told.put(PlanBoard.key(service), told(heat));
        if (heat.uneven()) {
            conditions.set(Conditions.BALANCED, false, "HotShard", heat.told());
        } else if (heat.allHot()) {
            conditions.set(Conditions.BALANCED, true, "AllHot", heat.told());
        } else {
            conditions.set(Conditions.BALANCED, true, "Even", "No shard is hot.");
        }
    }

    /** Whether there is something else to tell than last time. */
    public boolean changed(ShardedService service, List<Pod> pods) {
        List<Busy> busy = busy(pods);
        return !busy.isEmpty() && !told(Heat.of(busy)).equals(told.get(PlanBoard.key(service)));
    }

    private static String told(Heat heat) {
        return heat.uneven() || heat.allHot() ? heat.told() : "";
    }

    private List<Busy> busy(List<Pod> pods) {
        List<Busy> busy = new ArrayList<>();
        for (Pod pod : pods) {
            Load load = reports.load(pod);
            PodReport report = reports.of(pod);
            if (load != null && report != null && report.shards() > 0) {
                busy.add(new Busy(pod.getMetadata().getName(), report.shards(), load.mean(), load.max()));
            }
        }
        busy.sort(Comparator.comparing(Busy::pod));
        return busy;
    }

    /** What runs of services, by namespace/name, as their workloads say. */
    public static Map<String, Running> running(Stream<? extends HasMetadata> workloads) {
        Map<String, Running> running = new HashMap<>();
        workloads.forEach(workload -> {
            String service = Ownership.service(workload);
            String topologyClass = topologyClass(workload);
            int replicas = Readiness.replicas(workload);
            if (service != null && topologyClass != null && replicas > 0) {
                running.merge(service, new Running(Map.of(topologyClass, replicas), shards(workload)), Running::and);
            }
        });
        return running;
    }

    private static @Nullable String topologyClass(HasMetadata workload) {
        Map<String, String> labels = workload.getMetadata().getLabels();
        return labels == null || template(workload) == null ? null : labels.get(Names.CLASS);
    }

    /** How many shards a workload's pods are told to have; 0 if they are not told. */
    private static int shards(HasMetadata workload) {
        PodTemplateSpec template = template(workload);
        if (template == null || template.getSpec() == null) {
            return 0;
        }
        for (Container container : template.getSpec().getContainers()) {
            for (EnvVar variable : container.getEnv()) {
                if (SHARDS.equals(variable.getName()) && variable.getValue() != null
                        && variable.getValue().matches("\\d{1,4}")) {
                    return Integer.parseInt(variable.getValue());
                }
            }
        }
        return 0;
    }

    private static @Nullable PodTemplateSpec template(HasMetadata object) {
        return switch (object) {
            case StatefulSet set -> set.getSpec() == null ? null : set.getSpec().getTemplate();
            case Deployment deployment -> deployment.getSpec() == null ? null : deployment.getSpec().getTemplate();
            default -> null;
        };
    }
}
