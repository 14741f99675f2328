package io.solaster.operator.inventory;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.fabric8.kubernetes.api.model.Quantity;
import io.solaster.config.value.CpuSet;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.api.TopologyProfileSpec;
import io.solaster.operator.api.TopologyProfileSpec.Kubelet;
import io.solaster.operator.api.TopologyProfileSpec.NumaNode;
import io.solaster.operator.api.TopologyProfileSpec.ThreadNumbering;
import io.solaster.operator.client.Amounts;
import io.solaster.operator.client.Unreadable;
import io.solaster.operator.kubelet.CpuTopology;
import io.solaster.operator.kubelet.KubeletConfig;
import io.solaster.operator.kubelet.KubeletConfig.CpuManager;
import io.solaster.operator.kubelet.KubeletConfig.Option;
import io.solaster.operator.kubelet.KubeletConfig.Scope;
import io.solaster.operator.kubelet.KubeletConfig.TopologyPolicy;
import org.jspecify.annotations.Nullable;

/** Reads a {@link TopologyProfile}. */
final class Profiles {
    private static final TopologyProfileSpec EMPTY = new TopologyProfileSpec(null, null, null, null, null, null, null,
            null, null, null);

    private Profiles() {}

    static String name(TopologyProfile profile) {
        return profile.getMetadata().getName();
    }

    static TopologyProfileSpec spec(TopologyProfile profile) {
        return profile.getSpec() == null ? EMPTY : profile.getSpec();
    }

    /** The profile that says most about a node with these labels: the one with most labels, then the first by name. */
    static @Nullable TopologyProfile of(Map<String, String> labels, List<TopologyProfile> profiles) {
        TopologyProfile best = null;
        for (TopologyProfile profile : profiles) {
            Map<String, String> selector = selector(profile);
            if (selector.isEmpty() && !Unreadable.of(profile).isEmpty()) {
                // Which nodes it is about may be what could not be read.
                continue;
            }
            boolean matches = selector.entrySet().stream()
                    .allMatch(wanted -> wanted.getValue().equals(labels.get(wanted.getKey())));
            if (matches && (best == null || selector.size() > selector(best).size()
                    || (selector.size() == selector(best).size() && name(profile).compareTo(name(best)) < 0))) {
                best = profile;
            }
        }
        return best;
    }

    /** What is wrong about it by itself, whatever nodes there are; empty if nothing is. */
    static String problem(TopologyProfile profile) {
        String unread = Unreadable.of(profile);
        if (!unread.isEmpty()) {
            return "TopologyProfile " + name(profile) + ": cannot be read whole: " + unread;
        }
        try {
            CpuTopology topology = listsCpus(profile) ? topology(profile, 1) : null;
            CpuSet reserved = reserved(profile);
            if (topology != null && reserved != null) {
                within(profile, reserved, topology);
            }
            kubelet(profile, CpuSet.EMPTY);
            numaMemory(profile);
            threadsPerCore(profile);
            return "";
        } catch (InvalidObjectException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /** @throws InvalidObjectException if CPUs are reserved that no NUMA node has */
    static void within(TopologyProfile profile, CpuSet reserved, CpuTopology topology) {
        CpuSet all = CpuSet.of(topology.all());
        if (!all.containsAll(reserved)) {
            throw invalid(profile, "reservedCPUs: '" + reserved + "' has CPUs that no NUMA node has ("
                    + reserved.minus(all) + "); leave them out");
        }
    }

    private static Map<String, String> selector(TopologyProfile profile) {
        Map<String, String> selector = spec(profile).nodeSelector();
        return selector == null ? Map.of() : selector;
    }

    /** @param cpus how many CPUs the node has, for where the profile lists none */
    static CpuTopology topology(TopologyProfile profile, int cpus) {
        TopologyProfileSpec spec = spec(profile);
        List<CpuSet> nodes = new ArrayList<>();
        for (NumaNode node : nodes(spec)) {
            if (node.cpus() == null) {
                throw invalid(profile, "numaNodes[" + nodes.size() + "].cpus is missing; write a CPU list");
            }
            nodes.add(node.cpus().isBlank() && node.memory() != null
                    ? CpuSet.EMPTY
                    : cpus(profile, "numaNodes[" + nodes.size() + "].cpus", node.cpus()));
        }
        if (nodes.isEmpty()) {
            nodes.add(CpuSet.range(0, cpus + offline(profile).size() - 1));
        }
        List<CpuSet> caches = spec.l3Groups() == null
                ? List.of()
                : spec.l3Groups().stream().map(list -> cpus(profile, "l3Groups", list)).toList();
        try {
            return CpuTopology.of(nodes, Objects.requireNonNullElse(spec.sockets(), 1), threadsPerCore(profile),
                    spec.threadNumbering() == ThreadNumbering.Adjacent, caches, offline(profile));
        } catch (IllegalArgumentException e) {
            throw invalid(profile, String.valueOf(e.getMessage()));
        }
    }

    private static CpuSet offline(TopologyProfile profile) {
        String list = spec(profile).offlineCPUs();
        return list == null ? CpuSet.EMPTY : cpus(profile, "offlineCPUs", list);
    }

    /** Whether pods may be planned on nodes whose kubelet may hand out reserved and taken CPUs. */
    static boolean allowsDefects(TopologyProfile profile) {
        return Boolean.TRUE.equals(spec(profile).allowKubeletDefects());
    }

    /** Whether it lists CPUs; if not, all of a node's are taken for one NUMA node. */
    static boolean listsCpus(TopologyProfile profile) {
        return !nodes(spec(profile)).isEmpty();
    }

    private static List<NumaNode> nodes(TopologyProfileSpec spec) {
        return spec.numaNodes() == null ? List.of() : spec.numaNodes();
    }

    static int threadsPerCore(TopologyProfile profile) {
        int threads = Objects.requireNonNullElse(spec(profile).threadsPerCore(), 1);
        if (threads < 1 || threads > 8) {
            throw invalid(profile, "threadsPerCore: " + threads + " is out of range; write a number from 1 to 8");
        }
        return threads;
    }

    /** The least memory of a NUMA node with CPUs in bytes; 0 if not all say. */
    static long numaMemory(TopologyProfile profile) {
        long least = Long.MAX_VALUE;
        for (NumaNode node : nodes(spec(profile))) {
            Quantity memory = node.memory();
            if (node.cpus() != null && node.cpus().isBlank()) {
                continue;
            }
            try {
                least = Math.min(least, memory == null ? 0 : Amounts.of(memory, BigDecimal.ONE));
            } catch (IllegalArgumentException | ArithmeticException e) {
                throw invalid(profile, "numaNodes[].memory: '" + memory + "' is no amount; write one such as 64Gi");
            }
        }
        return least == Long.MAX_VALUE ? 0 : least;
    }

    /** The CPUs that the kubelet reserves; null if the profile does not say. */
    static @Nullable CpuSet reserved(TopologyProfile profile) {
        String list = spec(profile).reservedCPUs();
        return list == null ? null : cpus(profile, "reservedCPUs", list);
    }

    /** How the kubelet hands out CPUs; null if the profile does not say. */
    static @Nullable KubeletConfig kubelet(TopologyProfile profile, CpuSet reserved) {
        Kubelet kubelet = spec(profile).kubelet();
        if (kubelet == null) {
            return null;
        }
        CpuManager manager = choice(profile, "kubelet.cpuManagerPolicy", kubelet.cpuManagerPolicy(), CpuManager.NONE,
                CpuManager.values(), policy -> policy.name().toLowerCase(Locale.ROOT));
        TopologyPolicy policy = policy("TopologyProfile " + name(profile), "kubelet.topologyManagerPolicy",
                kubelet.topologyManagerPolicy());
        Scope scope = choice(profile, "kubelet.topologyManagerScope", kubelet.topologyManagerScope(), Scope.CONTAINER,
                Scope.values(), value -> value.name().toLowerCase(Locale.ROOT));
        return new KubeletConfig(manager, options(profile, kubelet), policy, scope, reserved,
                NumaProfiles.of(profile, nodes(spec(profile)), kubelet));
    }

    static TopologyPolicy policy(String object, String key, @Nullable String spelled) {
        return choice(object, key, spelled, TopologyPolicy.NONE, TopologyPolicy.values(), TopologyPolicy::spelled);
    }

    private static Set<Option> options(TopologyProfile profile, Kubelet kubelet) {
        EnumSet<Option> options = EnumSet.noneOf(Option.class);
        if (kubelet.cpuManagerPolicyOptions() != null) {
            kubelet.cpuManagerPolicyOptions().forEach((key, value) -> {
                Option option = choice(profile, "kubelet.cpuManagerPolicyOptions", key, null, Option.values(),
                        Option::spelled);
                if (!value.equals("true") && !value.equals("false")) {
                    throw invalid(profile, "kubelet.cpuManagerPolicyOptions." + key + ": '" + value
                            + "' is neither true nor false; write \"true\" or \"false\"");
                }
                if (value.equals("true")) {
                    options.add(option);
                }
            });
        }
        return options;
    }

    private static <E> E choice(TopologyProfile profile, String key, @Nullable String spelled, @Nullable E otherwise,
            E[] choices, Function<E, String> spelling) {
        return choice("TopologyProfile " + name(profile), key, spelled, otherwise, choices, spelling);
    }

    private static <E> E choice(String object, String key, @Nullable String spelled, @Nullable E otherwise,
            E[] choices, Function<E, String> spelling) {
        if (spelled == null && otherwise != null) {
            return otherwise;
        }
        return Stream.of(choices).filter(choice -> spelling.apply(choice).equals(spelled)).findFirst()
                .orElseThrow(
                        () -> new InvalidObjectException(object, key + ": '" + spelled + "' is unknown; write one of "
                                + Stream.of(choices).map(spelling).collect(Collectors.joining(", "))));
    }

    private static CpuSet cpus(TopologyProfile profile, String key, String list) {
        try {
            CpuSet cpus = CpuSet.parse(list);
            if (!cpus.isEmpty() || key.equals("reservedCPUs") || key.equals("offlineCPUs")) {
                return cpus;
            }
        } catch (IllegalArgumentException e) {
            throw invalid(profile, key + ": " + e.getMessage());
        }
        throw invalid(profile, key + ": '" + list + "' has no CPU; write a CPU list such as '0-15'");
    }

    static InvalidObjectException invalid(TopologyProfile profile, String problem) {
        return new InvalidObjectException("TopologyProfile " + name(profile), problem);
    }
}
