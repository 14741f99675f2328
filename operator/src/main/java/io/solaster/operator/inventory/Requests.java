package io.solaster.operator.inventory;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.solaster.config.value.CpuSet;
import io.solaster.operator.client.Amounts;
import io.solaster.operator.kubelet.PodCpus;
import org.jspecify.annotations.Nullable;

/**
 * What pods ask for, as the scheduler and the kubelet add it up: {@code PodRequests} in Kubernetes'
 * {@code staging/src/k8s.io/component-helpers/resource/helpers.go}, read around release 1.36, which calls itself a part of
 * the API. Sidecars and containers are summed, an init container counts with the sidecars before it, and the larger of both
 * counts. For CPUs, memory and huge pages the pod's own {@code spec.resources} (feature gate PodLevelResources, on by default
 * since 1.34) stand in place of that. The overhead of a RuntimeClass comes on top. While a pod changes its size in place,
 * the most counts of what it asks for, was granted and has.
 */
final class Requests {
    static final String HUGE_PAGES = "hugepages-2Mi";

    /** Whose word counts of what a container asks for. */
    private enum Word {
        /** The spec's. */
        SPEC,
        /** The kubelet's, of what it has granted. */
        ALLOCATED,
        /** The kubelet's, of what is in force. */
        ACTUAL
    }

    private Requests() {}

    /** @throws InvalidObjectException if what it asks for cannot be read */
    static void check(Pod pod) {
        try {
            milliCpus(pod);
            memory(pod);
            hugePages(pod);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new InvalidObjectException(
                    "Pod " + pod.getMetadata().getNamespace() + "/" + pod.getMetadata().getName(),
                    "spec.containers[].resources: " + e.getMessage() + "; write quantities such as 500m or 2Gi");
        }
    }

    /** Whether two versions of a pod come to the same. */
    static boolean same(Pod before, Pod now) {
        try {
            // Most changes of a pod are of something else, and sums are dear.
            return (Objects.equals(before.getSpec().getResources(), now.getSpec().getResources())
                    && resources(before.getSpec().getContainers()).equals(resources(now.getSpec().getContainers()))
                    && resources(inits(before)).equals(resources(inits(now)))
                    && told(before).equals(told(now)) && resizeRefused(before) == resizeRefused(now))
                    || (milliCpus(before) == milliCpus(now) && memory(before) == memory(now)
                            && hugePages(before) == hugePages(now) && exclusive(before).equals(exclusive(now)));
        } catch (IllegalArgumentException | ArithmeticException e) {
            // Whoever plans tells of it.
            return false;
        }
    }

    private static List<@Nullable ResourceRequirements> resources(List<Container> containers) {
        List<@Nullable ResourceRequirements> all = new ArrayList<>();
        containers.forEach(each -> all.add(each.getResources()));
        return all;
    }

    private static List<Object> told(Pod pod) {
        List<Object> all = new ArrayList<>();
        for (ContainerStatus each : statuses(pod)) {
            all.add(granted(each));
            all.add(actual(each));
        }
        if (pod.getStatus() != null) {
            all.add(Objects.requireNonNullElse(pod.getStatus().getAllocatedResources(), Map.of()));
            all.add(Objects.requireNonNullElse(pod.getStatus().getResources(), ""));
        }
        return all;
    }

    /** Thousandths of CPUs. */
    static long milliCpus(Pod pod) {
        return sum(pod, "cpu", new BigDecimal(1000));
    }

    /** Bytes. */
    static long memory(Pod pod) {
        return sum(pod, "memory", BigDecimal.ONE);
    }

    /** Bytes of 2 MiB pages. */
    static long hugePages(Pod pod) {
        return sum(pod, HUGE_PAGES, BigDecimal.ONE);
    }

    private static long sum(Pod pod, String resource, BigDecimal unit) {
        boolean resizable = resizable(pod);
        boolean refused = resizable && resizeRefused(pod);
        long asked = refused ? 0 : containers(pod, resource, unit, Word.SPEC, false);
        if (resizable) {
            asked = Math.max(asked, Math.max(containers(pod, resource, unit, Word.ALLOCATED, refused),
                    containers(pod, resource, unit, Word.ACTUAL, refused)));
        }
        asked = ofThePod(pod, resource, unit, asked);
        Map<String, Quantity> overhead = pod.getSpec().getOverhead();
        return asked + Amounts.of(overhead == null ? null : overhead.get(resource), unit);
    }

    /**
     * What stands at the pod itself counts instead of its containers' sum. A request that is missing there is filled in by
     * the API server: by what the containers ask for, else by the limit.
     */
    private static long ofThePod(Pod pod, String resource, BigDecimal unit, long containers) {
        ResourceRequirements own = pod.getSpec().getResources();
        if (own == null) {
            return containers;
        }
        Quantity request = own.getRequests() == null ? null : own.getRequests().get(resource);
        if (request == null && own.getLimits() != null && (containers == 0 || resource.equals(HUGE_PAGES))) {
            request = own.getLimits().get(resource);
        }
        if (request == null) {
            return containers;
        }
        long asked = Amounts.of(request, unit);
        if (pod.getStatus() == null) {
            return asked;
        }
        ResourceRequirements actual = pod.getStatus().getResources();
        Map<String, Quantity> allocated = pod.getStatus().getAllocatedResources();
        // These have the overhead in them already.
        Map<String, Quantity> overhead = pod.getSpec().getOverhead();
        long more = Amounts.of(overhead == null ? null : overhead.get(resource), unit);
        long had = Math.max(Amounts.of(allocated == null ? null : allocated.get(resource), unit),
                Amounts.of(actual == null || actual.getRequests() == null ? null : actual.getRequests().get(resource),
                        unit));
        return had == 0 ? asked : Math.max(resizeRefused(pod) ? 0 : asked, had - more);
    }

    /** Whether resources stand at the pod itself: the static policy then gives none of its containers CPUs of its own. */
    private static boolean hasOwn(Pod pod) {
        ResourceRequirements own = pod.getSpec().getResources();
        return own != null && (has(own.getRequests()) || has(own.getLimits()));
    }

    private static boolean has(@Nullable Map<String, Quantity> amounts) {
        return amounts != null && amounts.keySet().stream()
                .anyMatch(name -> name.equals("cpu") || name.equals("memory") || name.startsWith("hugepages-"));
    }

    private static long containers(Pod pod, String resource, BigDecimal unit, Word word, boolean refused) {
        long inits = 0;
        long sidecars = 0;
        for (Container init : inits(pod)) {
            long asked = asked(pod, init, resource, unit, word, refused);
            if (restarts(init)) {
                sidecars += asked;
                inits = Math.max(inits, sidecars);
            } else {
                inits = Math.max(inits, sidecars + asked);
            }
        }
        long apps = sidecars;
        for (Container container : pod.getSpec().getContainers()) {
            apps += asked(pod, container, resource, unit, word, refused);
        }
        return Math.max(inits, apps);
    }

    /** Whether the kubelet tells what its containers have. What is not told is an empty map. */
    private static boolean resizable(Pod pod) {
        return statuses(pod).stream().anyMatch(status -> !granted(status).isEmpty() || !actual(status).isEmpty());
    }

    private static Map<String, Quantity> granted(@Nullable ContainerStatus status) {
        return status == null || status.getAllocatedResources() == null ? Map.of() : status.getAllocatedResources();
    }

    private static Map<String, Quantity> actual(@Nullable ContainerStatus status) {
        return status == null || status.getResources() == null || status.getResources().getRequests() == null
                ? Map.of()
                : status.getResources().getRequests();
    }

    private static List<ContainerStatus> statuses(Pod pod) {
        if (pod.getStatus() == null) {
            return List.of();
        }
        List<ContainerStatus> all = new ArrayList<>();
        if (pod.getStatus().getContainerStatuses() != null) {
            all.addAll(pod.getStatus().getContainerStatuses());
        }
        if (pod.getStatus().getInitContainerStatuses() != null) {
            all.addAll(pod.getStatus().getInitContainerStatuses());
        }
        return all;
    }

    private static boolean resizeRefused(Pod pod) {
        return pod.getStatus() != null && pod.getStatus().getConditions() != null
                && pod.getStatus().getConditions().stream().anyMatch(
                        each -> "PodResizePending".equals(each.getType()) && "Infeasible".equals(each.getReason()));
    }

    private static long asked(Pod pod, Container container, String resource, BigDecimal unit, Word word,
            boolean refused) {
        if (word == Word.SPEC) {
            return asked(container, resource, unit);
        }
        ContainerStatus status = statuses(pod).stream().filter(each -> container.getName().equals(each.getName()))
                .findFirst().orElse(null);
        Map<String, Quantity> told = word == Word.ACTUAL && !actual(status).isEmpty()
                ? actual(status)
                : granted(status);
        if (!told.isEmpty()) {
            return Amounts.of(told.get(resource), unit);
        }
        return refused ? 0 : asked(container, resource, unit);
    }

    private static long asked(Container container, String resource, BigDecimal unit) {
        ResourceRequirements resources = container.getResources();
        if (resources == null) {
            return 0;
        }
        Quantity request = resources.getRequests() == null ? null : resources.getRequests().get(resource);
        // The API server fills in a missing request from the limit.
        Quantity limit = resources.getLimits() == null ? null : resources.getLimits().get(resource);
        return Amounts.of(request != null ? request : limit, unit);
    }

    /** Whether a driver hands out what it wants. */
    static boolean claims(Pod pod) {
        return pod.getSpec().getResourceClaims() != null && !pod.getSpec().getResourceClaims().isEmpty();
    }

    /**
     * The CPUs that its containers get for themselves under the static policy: none where resources stand at the pod itself,
     * which {@code pkg/kubelet/cm/cpumanager/policy_static.go} passes over unless the feature gate PodLevelResourceManagers
     * is on, and that is not by default.
     */
    static PodCpus exclusive(Pod pod) {
        boolean guaranteed = guaranteed(pod) && !hasOwn(pod);
        List<PodCpus.Container> containers = new ArrayList<>();
        for (Container init : inits(pod)) {
            containers.add(new PodCpus.Container(restarts(init) ? PodCpus.Kind.SIDECAR : PodCpus.Kind.INIT,
                    guaranteed ? wholeCpus(init) : 0));
        }
        for (Container container : pod.getSpec().getContainers()) {
            containers.add(PodCpus.Container.app(guaranteed ? wholeCpus(container) : 0));
        }
        return new PodCpus(containers);
    }

    private static int wholeCpus(Container container) {
        long milli = asked(container, "cpu", new BigDecimal(1000));
        return milli % 1000 == 0 ? Math.clamp(milli / 1000, 0, CpuSet.MAX_CPU + 1) : 0;
    }

    private static boolean guaranteed(Pod pod) {
        if (pod.getStatus() != null && pod.getStatus().getQosClass() != null) {
            return pod.getStatus().getQosClass().equals("Guaranteed");
        }
        List<Container> containers = new ArrayList<>(inits(pod));
        containers.addAll(pod.getSpec().getContainers());
        for (Container container : containers) {
            for (String resource : List.of("cpu", "memory")) {
                ResourceRequirements resources = container.getResources();
                Quantity limit = resources == null || resources.getLimits() == null
                        ? null
                        : resources.getLimits().get(resource);
                BigDecimal unit = new BigDecimal(1000);
                if (limit == null || Amounts.of(limit, unit) == 0
                        || asked(container, resource, unit) != Amounts.of(limit, unit)) {
                    return false;
                }
            }
        }
        return true;
    }

    private static List<Container> inits(Pod pod) {
        return pod.getSpec().getInitContainers() == null ? List.of() : pod.getSpec().getInitContainers();
    }

    private static boolean restarts(Container init) {
        return "Always".equals(init.getRestartPolicy());
    }
}
