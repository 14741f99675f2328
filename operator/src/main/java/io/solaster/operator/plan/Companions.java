package io.solaster.operator.plan;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.solaster.operator.api.ShardedServiceSpec.PodExtras;
import io.solaster.operator.client.Amounts;
import io.solaster.operator.inventory.InvalidObjectException;
import org.jspecify.annotations.Nullable;

/**
 * The containers of a pod beside the service's own, and what the pod asks for with them. One that is not Guaranteed would
 * take the CPUs from the service, and is refused. Immutable.
 *
 * @param containers init containers in their order, then sidecars
 */
record Companions(List<Companion> containers) {
    /** A pod with nothing but the service. */
    static final Companions NONE = new Companions(List.of());

    private static final BigDecimal MILLI = new BigDecimal(1000);
    private static final String HUGE_PAGES = "hugepages-2Mi";

    Companions {
        containers = List.copyOf(containers);
    }

    /**
     * A container.
     *
     * @param stays whether it runs beside the service, instead of before it
     * @param milliCpus thousandths of CPUs
     * @param memory bytes
     * @param hugePages bytes of 2 MiB pages
     */
    record Companion(boolean stays, long milliCpus, long memory, long hugePages) {}

    /**
     * @param shared whether the service's pods share CPUs anyway, and may be as they like
     * @throws InvalidObjectException naming the container, with the arithmetic and the fix
     */
    static Companions of(String object, @Nullable PodExtras pod, boolean shared) {
        if (pod == null) {
            return NONE;
        }
        List<Companion> all = new ArrayList<>();
        Set<String> names = new HashSet<>(Set.of("service"));
        for (Container each : or(pod.initContainers())) {
            all.add(companion(object, "spec.pod.initContainers", each, "Always".equals(each.getRestartPolicy()), shared,
                    names));
        }
        for (Container each : or(pod.sidecars())) {
            all.add(companion(object, "spec.pod.sidecars", each, true, shared, names));
        }
        return all.isEmpty() ? NONE : new Companions(all);
    }

    private static List<Container> or(@Nullable List<Container> containers) {
        return containers == null ? List.of() : containers;
    }

    private static Companion companion(String object, String key, Container container, boolean stays, boolean shared,
            Set<String> names) {
        String name = container.getName();
        if (name == null || !names.add(name)) {
            throw new InvalidObjectException(object, key + ": '" + name
                    + "' is no name of its own; give each container another one, and none 'service'");
        }
        String what = key + ": '" + name + "'";
        if (!shared) {
            guaranteed(object, what, container, "cpu", MILLI, "m");
            guaranteed(object, what, container, "memory", BigDecimal.ONE, "");
        }
        long milliCpus = asked(object, what, container, "cpu", MILLI);
        if (!shared && milliCpus % 1000 == 0) {
            throw new InvalidObjectException(object, what + " asks for " + Words.count((int) (milliCpus / 1000), "CPU")
                    + ", a whole number: the kubelet would give it CPUs of its own, beside the shards'; write "
                    + (milliCpus - 100) + "m or " + (milliCpus + 100) + "m, and it shares");
        }
        return new Companion(stays, milliCpus, asked(object, what, container, "memory", BigDecimal.ONE),
                asked(object, what, container, HUGE_PAGES, BigDecimal.ONE));
    }

    private static void guaranteed(String object, String what, Container container, String resource, BigDecimal unit,
            String suffix) {
        long limit = amount(object, what, resource, quantity(container, resource, true), unit);
        if (limit <= 0) {
            throw new InvalidObjectException(object, what + " has no limit of " + resource
                    + ": its pods would not be Guaranteed, and have no CPUs of their own; write resources.limits with cpu"
                    + " and memory");
        }
        Quantity written = quantity(container, resource, false);
        long request = written == null ? limit : amount(object, what, resource, written, unit);
        if (request != limit) {
            throw new InvalidObjectException(object, what + " asks for " + request + suffix + " of " + resource
                    + " and may take " + limit + suffix + ", " + (limit - request) + suffix
                    + " more: its pods would be Burstable, and have no CPUs of their own; write the same for both");
        }
    }

    private static long asked(String object, String what, Container container, String resource, BigDecimal unit) {
        Quantity request = quantity(container, resource, false);
        return amount(object, what, resource, request == null ? quantity(container, resource, true) : request, unit);
    }

    private static @Nullable Quantity quantity(Container container, String resource, boolean limit) {
        ResourceRequirements resources = container.getResources();
        Map<String, Quantity> amounts = resources == null
                ? null
                : limit ? resources.getLimits() : resources.getRequests();
        return amounts == null ? null : amounts.get(resource);
    }

    private static long amount(String object, String what, String resource, @Nullable Quantity quantity,
            BigDecimal unit) {
        try {
            return Amounts.of(quantity, unit);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new InvalidObjectException(object, what + ": '" + quantity + "' is no amount of " + resource
                    + "; write one such as 500m or 64Mi");
        }
    }

    /** Thousandths of CPUs of the whole pod, as the scheduler counts them. */
    long milliCpus(long service) {
        long stay = 0;
        long most = 0;
        for (Companion each : containers) {
            most = Math.max(most, stay + each.milliCpus());
            stay += each.stays() ? each.milliCpus() : 0;
        }
        return Math.max(most, stay + service);
    }

    /** Bytes of the whole pod. */
    long memory(long service) {
        long stay = 0;
        long most = 0;
        for (Companion each : containers) {
            most = Math.max(most, stay + each.memory());
            stay += each.stays() ? each.memory() : 0;
        }
        return Math.max(most, stay + service);
    }

    /** Bytes of 2 MiB pages of the whole pod. */
    long hugePages(long service) {
        long stay = 0;
        long most = 0;
        for (Companion each : containers) {
            most = Math.max(most, stay + each.hugePages());
            stay += each.stays() ? each.hugePages() : 0;
        }
        return Math.max(most, stay + service);
    }
}
