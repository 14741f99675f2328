package io.solaster.operator.observe;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.solaster.config.value.CpuSet;
import io.solaster.operator.api.ShardedServiceSpec.Backend;
import io.solaster.operator.api.ShardedServiceSpec.Numa;
import io.solaster.operator.api.ShardedServiceStatus.PodStatus;
import io.solaster.operator.apply.Names;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import org.jspecify.annotations.Nullable;

/**
 * Whether pods lie as planned, by what each of them says and what the cluster says of it.
 *
 * @param status True, False or Unknown
 * @param reason a word for it
 * @param message a sentence, with the names of pods
 * @param pods the pods, those with a problem first, {@value #MOST} at most
 */
public record Alignment(String status, String reason, String message, List<PodStatus> pods) {
    private static final int MOST = 64;
    private static final int NAMED = 3;
    /** Characters of what a pod has said in the status: each second CPU of 512 has room. */
    private static final int LONGEST = 1_536;

    public Alignment {
        pods = List.copyOf(pods);
    }

    /**
     * Holds pods against the plan.
     *
     * @param pods the service's pods
     * @param containers the names of the containers that they are made from; others were added to a pod
     * @param reports what each of them said last; null for one that was not asked yet
     */
    public static Alignment of(ServicePlan plan, Backend backend, Numa numa, List<Pod> pods, Set<String> containers,
            Function<Pod, @Nullable PodReport> reports) {
        Map<String, ClassPlan> classes = new HashMap<>();
        plan.classes().forEach(each -> classes.put(Names.label(each.name()), each));
        List<PodStatus> all = new ArrayList<>();
        Map<String, String> problems = new LinkedHashMap<>();
        List<String> silent = new ArrayList<>();
        Map<String, Map<String, CpuSet>> byNode = new HashMap<>();
        String reason = "";
        List<Pod> sorted = pods.stream().filter(Alignment::runs)
                .sorted(Comparator.comparing(pod -> pod.getMetadata().getName())).toList();
        for (Pod pod : sorted) {
            String name = pod.getMetadata().getName();
            String node = pod.getSpec().getNodeName();
            PodReport report = reports.apply(pod);
            String problem = quality(pod, backend, containers);
            if (!problem.isEmpty()) {
                reason = reason.isEmpty() ? "NotGuaranteed" : reason;
            } else if (report == null || !report.error().isEmpty()) {
                silent.add(name + (report == null ? " was not asked yet" : ": " + report.error()));
            } else {
                ClassPlan planned = classes.get(label(pod));
                problem = planned == null ? "" : cpus(report, planned, backend, numa);
                if (problem.isEmpty() && backend != Backend.None) {
                    problem = overlap(name, report, byNode.computeIfAbsent(node, key -> new LinkedHashMap<>()));
                }
                if (!problem.isEmpty()) {
                    reason = "CpusetMismatch";
                }
            }
            if (!problem.isEmpty()) {
                problems.put(name, problem);
            }
            PodReport told = report != null && report.error().isEmpty() ? report : null;
            String wrong = problem.isEmpty() ? null : bounded(problem);
            all.add(told == null
                    ? new PodStatus(name, node, null, null, null, wrong)
                    : new PodStatus(name, node, list(told.cpus()), list(told.numaNodes()), told.shards(), wrong));
        }
        all.sort(Comparator.comparing(pod -> pod.problem() == null));
        List<PodStatus> bounded = all.subList(0, Math.min(MOST, all.size()));
        if (!problems.isEmpty()) {
            List<String> named = problems.entrySet().stream().map(each -> each.getKey() + ": " + each.getValue())
                    .toList();
            return new Alignment("False", reason, some(named), bounded);
        }
        if (sorted.isEmpty()) {
            return new Alignment("Unknown", "NoPods", "No pod runs.", bounded);
        }
        if (!silent.isEmpty()) {
            return new Alignment("Unknown", "NoReport", some(silent), bounded);
        }
        return new Alignment("True", "AsPlanned", all.size() + " of " + all.size() + " pods lie as planned.", bounded);
    }

    /** Left out if there are none: not every API server takes a patch that adds an empty text. */
    private static @Nullable String list(CpuSet numbers) {
        return numbers.isEmpty() ? null : bounded(numbers.toString());
    }

    private static String bounded(String text) {
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST - 3) + "...";
    }

    private static boolean runs(Pod pod) {
        return pod.getStatus() != null && "Running".equals(pod.getStatus().getPhase())
                && pod.getMetadata().getDeletionTimestamp() == null && pod.getSpec().getNodeName() != null;
    }

    private static @Nullable String label(Pod pod) {
        return pod.getMetadata().getLabels() == null ? null : pod.getMetadata().getLabels().get(Names.CLASS);
    }

    /** A sidecar that was injected without limits makes the pod Burstable, and its CPUs shared. */
    private static String quality(Pod pod, Backend backend, Set<String> containers) {
        String quality = Objects.requireNonNullElse(pod.getStatus().getQosClass(), "Guaranteed");
        if (quality.equals("Guaranteed") || backend == Backend.None) {
            return "";
        }
        List<String> injected = new ArrayList<>();
        List<String> own = new ArrayList<>();
        Stream.concat(pod.getSpec().getInitContainers().stream(), pod.getSpec().getContainers().stream())
                .filter(each -> !limited(each, "cpu") || !limited(each, "memory"))
                .forEach(each -> (containers.contains(each.getName()) ? own : injected).add(each.getName()));
        String told = "qosClass is " + quality + ", so that it has no CPUs of its own";
        if (!injected.isEmpty()) {
            return told + "; an injector of the cluster has added " + String.join(", ", injected)
                    + ": have it give limits that equal the requests, or leave out this service's pods";
        }
        return own.isEmpty() ? told : told + "; give " + String.join(", ", own) + " limits that equal its requests";
    }

    /** Whether a container may have no more of something than it asks for. */
    private static boolean limited(Container container, String what) {
        ResourceRequirements resources = container.getResources();
        Quantity limit = resources == null || resources.getLimits() == null ? null : resources.getLimits().get(what);
        Quantity request = resources == null || resources.getRequests() == null
                ? null
                : resources.getRequests().get(what);
        return limit != null && (request == null || request.equals(limit));
    }

    private static String cpus(PodReport report, ClassPlan planned, Backend backend, Numa numa) {
        if (report.shards() != planned.shards()) {
            return report.shards() + " shards, " + planned.shards() + " planned";
        }
        if (backend == Backend.None) {
            return "";
        }
        if (!report.pinned()) {
            return "its shards are not pinned";
        }
        if (report.cpus().size() < report.shards()) {
            return report.shards() + " shards on CPUs " + report.cpus() + ": some share one";
        }
        CpuSet used = report.cpus().or(report.housekeeping());
        if (used.size() > planned.podCpus()) {
            return "CPUs " + used + " are " + used.size() + ", " + planned.podCpus()
                    + " planned: the kubelet did not give it CPUs of its own";
        }
        if (numa == Numa.Single && report.numaNodes().size() > 1) {
            return "CPUs " + report.cpus() + " lie on NUMA nodes " + report.numaNodes() + ", one planned";
        }
        return "";
    }

    /** Two pods that name the same CPU of a node share it, whatever was planned. */
    private static String overlap(String name, PodReport report, Map<String, CpuSet> others) {
        for (Map.Entry<String, CpuSet> other : others.entrySet()) {
            CpuSet both = report.cpus().and(other.getValue());
            if (!both.isEmpty()) {
                return "CPUs " + both + " are those of " + other.getKey() + ", too";
            }
        }
        others.put(name, report.cpus());
        return "";
    }

    private static String some(List<String> all) {
        return String.join("; ", all.subList(0, Math.min(NAMED, all.size())))
                + (all.size() > NAMED ? "; and " + (all.size() - NAMED) + " more" : "") + ".";
    }
}
