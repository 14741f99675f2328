package io.solaster.operator.plan;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Toleration;
import io.solaster.config.EngineConfig;
import io.solaster.config.check.ConfigReport;
import io.solaster.config.value.CpuSet;
import io.solaster.operator.api.ConfigKeys;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.ShardedServiceSpec;
import io.solaster.operator.api.ShardedServiceSpec.AfterNodeLoss;
import io.solaster.operator.api.ShardedServiceSpec.Autoscaling;
import io.solaster.operator.api.ShardedServiceSpec.Backend;
import io.solaster.operator.api.ShardedServiceSpec.Memory;
import io.solaster.operator.api.ShardedServiceSpec.Numa;
import io.solaster.operator.api.ShardedServiceSpec.Placement;
import io.solaster.operator.api.ShardedServiceSpec.PodExtras;
import io.solaster.operator.api.ShardedServiceSpec.ScaleBy;
import io.solaster.operator.api.ShardedServiceSpec.ShardMode;
import io.solaster.operator.api.ShardedServiceSpec.ShardPer;
import io.solaster.operator.api.ShardedServiceSpec.Shards;
import io.solaster.operator.api.ShardedServiceSpec.Workload;
import io.solaster.operator.client.Amounts;
import io.solaster.operator.inventory.InvalidObjectException;
import io.solaster.operator.inventory.NodeAffinity;
import org.jspecify.annotations.Nullable;

/**
 * What a service wants, checked, with the defaults filled in.
 *
 * @param replicas how many pods; 0 for as many as fit
 * @param scaled whether {@code replicas} is what autoscaling goes to at most
 * @param sharedCpus CPUs kept free on each node; -1 for the default
 * @param nodes which nodes the affinity requires; null for any
 * @param otherPods whether the affinity requires something of pods, of which no plan knows where they go
 * @param companions the containers beside the service's own
 * @param configured the configuration as text, the same for the same configuration
 */
record Wanted(String namespace, String name, int replicas, boolean scaled, int surge, ShardMode mode, int count,
        int min, int max, boolean threads, Numa numa, Backend backend, int sharedCpus, Map<String, String> selector,
        List<Toleration> tolerations, @Nullable NodeSelector nodes, boolean otherPods, Companions companions,
        boolean surviveNodeLoss, long memoryPerShard, long hugePagesPerShard,
        EngineConfig engine, String configured) {

    private static final long GIB = 1L << 30;
    private static final int MOST_SHARDS = 8192;

    /**
     * @throws InvalidObjectException naming the key, the value and the fix
     */
    static Wanted of(ShardedService service) {
        return of(service, Map.of());
    }

    /** @param running what runs of services, by namespace/name */
    static Wanted of(ShardedService service, Map<String, Running> running) {
        String name = service.getMetadata().getName();
        String namespace = Objects.requireNonNullElse(service.getMetadata().getNamespace(), "default");
        String object = "ShardedService " + namespace + "/" + name;
        ShardedServiceSpec spec = service.getSpec();
        if (spec == null) {
            throw new InvalidObjectException(object, "spec is missing; write at least spec.shards.count");
        }
        Shards shards = Objects.requireNonNullElse(spec.shards(), new Shards(null, null, null, null));
        ShardMode mode = Objects.requireNonNullElse(shards.mode(), ShardMode.Fixed);
        if (mode == ShardMode.Fixed && shards.count() == null) {
            throw new InvalidObjectException(object,
                    "spec.shards.count is missing; write a number, or set spec.shards.mode to PerNuma or FillNode");
        }
        if (mode != ShardMode.Fixed && shards.count() != null) {
            throw new InvalidObjectException(object, "spec.shards.count: " + shards.count() + " stands beside mode "
                    + mode + ", which finds the number; remove it, or set min and max");
        }
        int count = number(object, "spec.shards.count", shards.count(), 1, MOST_SHARDS, 0);
        int min = number(object, "spec.shards.min", shards.min(), 1, MOST_SHARDS, 1);
        int max = number(object, "spec.shards.max", shards.max(), 1, MOST_SHARDS, MOST_SHARDS);
        if (min > max) {
            throw new InvalidObjectException(object,
                    "spec.shards.min: " + min + " is above max " + max + "; write at most " + max);
        }
        Autoscaling scaling = spec.autoscaling();
        boolean sized = scaling != null && scaling.by() == ScaleBy.Shards;
        boolean scaled = scaling != null && !sized;
        if (scaled && spec.replicas() != null) {
            throw new InvalidObjectException(object, "spec.replicas: " + spec.replicas()
                    + " stands beside autoscaling, which sets the number; remove one of them");
        }
        if (scaling != null && sized) {
            count = size(object, scaling, mode, count, running.get(namespace + "/" + name));
        }
        int replicas = scaling != null && scaled
                ? number(object, "spec.autoscaling.max", scaling.max(), 1, 100_000, 1)
                : number(object, "spec.replicas", spec.replicas(), 0, 100_000, mode == ShardMode.Fixed ? 1 : 0);
        Placement placement = Objects.requireNonNullElse(spec.placement(),
                new Placement(null, null, null, null, null, null, null, null));
        Memory memory = Objects.requireNonNullElse(spec.memory(), new Memory(null, null, null));
        Double heap = memory.heapShare();
        if (heap != null && !(heap > 0 && heap < 1)) {
            throw new InvalidObjectException(object,
                    "spec.memory.heapShare: " + heap + " is no part of the memory; write a number between 0 and 1");
        }
        int surge = number(object, "spec.rollout.surge", spec.rollout() == null ? null : spec.rollout().surge(), 0,
                100_000, spec.workload() == Workload.Deployment ? 1 : 0);
        if (surge > 0 && spec.workload() != Workload.Deployment) {
            throw new InvalidObjectException(object, "spec.rollout.surge: " + surge
                    + " with a StatefulSet, which replaces pods without a surge; remove it, or set workload Deployment");
        }
        boolean threads = placement.shardPer() == ShardPer.Thread;
        Map<String, String> properties = properties(object, spec.config());
        EngineConfig engine = engine(object, properties, sized ? 0 : count).withSmt(threads);
        return new Wanted(namespace, name, replicas, scaled, surge, mode, count, min, max, threads,
                Objects.requireNonNullElse(placement.numa(), mode == ShardMode.FillNode ? Numa.Any : Numa.Single),
                Objects.requireNonNullElse(placement.backend(), Backend.CPUManager),
                number(object, "spec.placement.sharedCPUs", placement.sharedCPUs(), 0, MOST_SHARDS, -1),
                Objects.requireNonNullElse(placement.nodeSelector(), Map.of()),
                Objects.requireNonNullElse(placement.tolerations(), List.of()), nodes(object, spec.pod()),
                otherPods(spec.pod()),
                Companions.of(object, spec.pod(), placement.backend() == Backend.None),
                placement.afterNodeLoss() == AfterNodeLoss.Require,
                bytes(object, "spec.memory.perShard", memory.perShard(), GIB),
                bytes(object, "spec.memory.hugePages", memory.hugePages(), 0), engine,
                properties.toString());
    }

    private static @Nullable NodeSelector nodes(String object, @Nullable PodExtras pod) {
        NodeSelector required = pod == null || pod.affinity() == null || pod.affinity().getNodeAffinity() == null
                ? null
                : pod.affinity().getNodeAffinity().getRequiredDuringSchedulingIgnoredDuringExecution();
        if (required != null) {
            required.getNodeSelectorTerms().stream().flatMap(term -> term.getMatchExpressions().stream())
                    .filter(each -> !NodeAffinity.OPERATORS.contains(String.valueOf(each.getOperator()))).findFirst()
                    .ifPresent(each -> {
                        throw new InvalidObjectException(object, "spec.pod.affinity: operator '" + each.getOperator()
                                + "' is unknown; write one of " + String.join(", ",
                                        NodeAffinity.OPERATORS.stream().sorted().toList()));
                    });
        }
        return required;
    }

    private static boolean otherPods(@Nullable PodExtras pod) {
        Affinity affinity = pod == null ? null : pod.affinity();
        return affinity != null && ((affinity.getPodAffinity() != null
                && !affinity.getPodAffinity().getRequiredDuringSchedulingIgnoredDuringExecution().isEmpty())
                || (affinity.getPodAntiAffinity() != null
                        && !affinity.getPodAntiAffinity().getRequiredDuringSchedulingIgnoredDuringExecution()
                                .isEmpty()));
    }

    /** How many shards a pod has, where autoscaling sets that: as many as it has, to begin with as many as the spec says. */
    private static int size(String object, Autoscaling scaling, ShardMode mode, int count, @Nullable Running running) {
        if (mode != ShardMode.Fixed) {
            throw new InvalidObjectException(object, "spec.autoscaling.by: Shards beside spec.shards.mode " + mode
                    + ", which finds the number; set mode Fixed and a count to begin with");
        }
        int min = number(object, "spec.autoscaling.min", scaling.min(), 1, MOST_SHARDS, 1);
        int max = number(object, "spec.autoscaling.max", scaling.max(), 1, MOST_SHARDS, 0);
        if (max < min) {
            throw new InvalidObjectException(object, "spec.autoscaling.max: "
                    + (max == 0 ? "is missing" : max + " is below min " + min) + "; write the most shards of a pod");
        }
        if (count < min || count > max) {
            throw new InvalidObjectException(object, "spec.shards.count: " + count
                    + " is out of autoscaling's range; write a number from " + min + " to " + max);
        }
        return running == null || running.shards() == 0 ? count : Math.clamp(running.shards(), min, max);
    }

    private static int number(String object, String key, @Nullable Integer value, int least,
            int most, int otherwise) {
        if (value == null) {
            return otherwise;
        }
        if (value < least || value > most) {
            throw new InvalidObjectException(object,
                    key + ": " + value + " is out of range; write a number from " + least + " to " + most);
        }
        return value;
    }

    private static long bytes(String object, String key, @Nullable Quantity quantity,
            long otherwise) {
        if (quantity == null) {
            return otherwise;
        }
        try {
            long bytes = Amounts.of(quantity, BigDecimal.ONE);
            if (bytes > 0) {
                return bytes;
            }
        } catch (IllegalArgumentException | ArithmeticException e) {
            // said below
        }
        throw new InvalidObjectException(object,
                key + ": '" + quantity + "' is no amount of memory; write one such as 2Gi");
    }

    private static Map<String, String> properties(String object, @Nullable JsonNode config) {
        Map<String, String> properties = ConfigKeys.of(config);
        properties.keySet().stream().filter(key -> !key.startsWith("solaster.")).findFirst().ifPresent(key -> {
            throw new InvalidObjectException(object,
                    "spec.config." + key + " is no key of Solaster; write keys below spec.config.solaster");
        });
        return properties;
    }

    /** The engine's configuration, checked by the code that the service checks it with. */
    private static EngineConfig engine(String object, Map<String, String> properties, int count) {
        ConfigReport report = Configs.read(properties);
        if (!report.isValid()) {
            throw new InvalidObjectException(object, "spec.config: " + report.errors().getFirst());
        }
        EngineConfig engine = report.config().engine();
        if (!engine.shards().isAuto() && engine.shards().count() != count) {
            throw new InvalidObjectException(object, "spec.config.solaster.engine.shards: " + engine.shards()
                    + " contradicts spec.shards; remove it, the operator sets it");
        }
        CpuSet housekeeping = engine.housekeeping().cpus();
        if (housekeeping != null && !housekeeping.isEmpty()) {
            throw new InvalidObjectException(object, "spec.config.solaster.engine.housekeeping: '" + housekeeping
                    + "' lists CPUs, and which ones a pod gets is not known before it runs; set auto or none");
        }
        if (engine.smt()) {
            throw new InvalidObjectException(object, "spec.config.solaster.engine.smt: true contradicts"
                    + " spec.placement.shardPer; remove it, and set shardPer Thread");
        }
        return engine.withShards(0);
    }
}
