package io.solaster.operator.inventory;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.solaster.operator.kubelet.PodCpus;
import org.jspecify.annotations.Nullable;

/** What pods ask for, as the scheduler and the kubelet add it up. */
final class Requests {
    static final String HUGE_PAGES = "hugepages-2Mi";

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

    /** The containers and the most of them and the init containers, and the overhead. */
    private static long sum(Pod pod, String resource, BigDecimal unit) {
        long inits = 0;
        long sidecars = 0;
        for (Container init : inits(pod)) {
            long asked = asked(init, resource, unit);
            if (restarts(init)) {
                sidecars += asked;
                inits = Math.max(inits, sidecars);
            } else {
                inits = Math.max(inits, sidecars + asked);
            }
        }
        long apps = sidecars;
        for (Container container : pod.getSpec().getContainers()) {
            apps += asked(container, resource, unit);
        }
        Map<String, Quantity> overhead = pod.getSpec().getOverhead();
        return Math.max(inits, apps) + amount(overhead == null ? null : overhead.get(resource), unit);
    }

    private static long asked(Container container, String resource, BigDecimal unit) {
        ResourceRequirements resources = container.getResources();
        if (resources == null) {
            return 0;
        }
        Quantity request = resources.getRequests() == null ? null : resources.getRequests().get(resource);
        // The API server fills in a missing request from the limit.
        Quantity limit = resources.getLimits() == null ? null : resources.getLimits().get(resource);
        return amount(request != null ? request : limit, unit);
    }

    /** A quantity in units, rounded up; 0 for none. */
    static long amount(@Nullable Quantity quantity, BigDecimal unit) {
        if (quantity == null) {
            return 0;
        }
        return Quantity.getAmountInBytes(quantity).multiply(unit).setScale(0, RoundingMode.CEILING)
                .longValueExact();
    }

    /** Whether a driver hands out what it wants. */
    static boolean claims(Pod pod) {
        return pod.getSpec().getResourceClaims() != null && !pod.getSpec().getResourceClaims().isEmpty();
    }

    /** The CPUs that its containers get for themselves under the static policy. */
    static PodCpus exclusive(Pod pod) {
        boolean guaranteed = guaranteed(pod);
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
        return milli % 1000 == 0 ? (int) (milli / 1000) : 0;
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
                if (limit == null || amount(limit, unit) == 0
                        || asked(container, resource, unit) != amount(limit, unit)) {
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
