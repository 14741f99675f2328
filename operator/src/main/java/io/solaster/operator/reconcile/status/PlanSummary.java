package io.solaster.operator.reconcile.status;

import java.util.ArrayList;
import java.util.List;

import io.fabric8.kubernetes.api.model.SeccompProfile;
import io.solaster.operator.api.ShardedServiceSpec;
import io.solaster.operator.api.ShardedServiceStatus.ClassStatus;
import io.solaster.operator.api.ShardedServiceStatus.PlanStatus;
import io.solaster.operator.apply.Manifests;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.ServicePlan.ClassPlan;

/** A plan as a status has it: short enough for an object that is written often. Pure. */
public final class PlanSummary {
    private static final int REASONS = 20;

    private PlanSummary() {}

    /**
     * Makes a summary.
     *
     * @param notes what else is to be told among the reasons
     */
    public static PlanStatus of(ServicePlan plan, ShardedServiceSpec spec, List<String> notes) {
        List<String> reasons = new ArrayList<>(bounded(plan.reasons()));
        reasons.addAll(notes);
        reasons.add(transport(spec));
        return new PlanStatus(plan.hash(), plan.verdict().name(), plan.afterNodeLoss().name(), plan.replicas(),
                plan.classes().stream().mapToInt(ClassPlan::capacity).sum(),
                plan.classes().stream().mapToInt(ClassPlan::strandedCpus).sum(), reasons,
                plan.classes().stream().limit(REASONS)
                        .map(each -> new ClassStatus(each.name(), each.source(), each.replicas(), each.podCpus(),
                                String.valueOf(Manifests.bytes(each.podMemory())), each.shards(), each.capacity(),
                                each.possible(), each.strandedCpus(), bounded(each.reasons())))
                        .toList());
    }

    /** The container runtime's own seccomp profile has refused io_uring since containerd 1.7.6. */
    public static String transport(ShardedServiceSpec spec) {
        // What stands at the container counts before what stands at the pod.
        SeccompProfile container = spec.securityContext() == null ? null : spec.securityContext().getSeccompProfile();
        SeccompProfile pod = spec.podSecurityContext() == null ? null : spec.podSecurityContext().getSeccompProfile();
        SeccompProfile profile = container == null ? pod : container;
        String type = profile == null || profile.getType() == null ? "RuntimeDefault" : profile.getType();
        String file = profile == null ? "" : String.valueOf(profile.getLocalhostProfile());
        return switch (type) {
            case "RuntimeDefault" -> "seccompProfile RuntimeDefault refuses io_uring: transport 'auto' takes epoll.";
            case "Localhost" -> "seccompProfile Localhost " + file
                    + ": transport 'auto' takes io_uring if that allows it (solaster/io-uring.json of the chart does) and"
                    + " is on the node, without which the container does not start; else epoll.";
            default -> "seccompProfile " + type + " refuses nothing: transport 'auto' takes io_uring where the node's"
                    + " kernel.io_uring_disabled is 0, else epoll.";
        };
    }

    private static List<String> bounded(List<String> reasons) {
        return List.copyOf(reasons.subList(0, Math.min(REASONS, reasons.size())));
    }
}
