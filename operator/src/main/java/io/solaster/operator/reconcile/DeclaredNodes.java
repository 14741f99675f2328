package io.solaster.operator.reconcile;

import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.solaster.config.value.CpuSet;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.api.TopologyProfileSpec;
import io.solaster.operator.api.TopologyProfileSpec.NumaNode;
import io.solaster.operator.inventory.ClusterObjects;
import io.solaster.operator.inventory.InvalidObjectException;
import org.jspecify.annotations.Nullable;

/**
 * Nodes as a ConfigMap declares them, for an operator that may not read any: TopologyProfiles as YAML, each annotated with
 * how many nodes there are of it. What runs on them is not known, so that no plan on them is proven.
 */
public final class DeclaredNodes {
    /** On a profile in the ConfigMap: how many nodes there are of it. */
    static final String NODES = "solaster.io/nodes";

    private static final YAMLMapper YAML = new YAMLMapper();
    private static final int MOST = 10_000;

    private final String name;
    private final List<Node> nodes = new ArrayList<>();
    private final List<TopologyProfile> profiles = new ArrayList<>();

    private DeclaredNodes(String name) {
        this.name = name;
    }

    /**
     * Reads a ConfigMap.
     *
     * @param configMap null if there is none
     * @throws InvalidObjectException naming the ConfigMap, the key, the value and the fix
     */
    public static ClusterObjects of(String name, @Nullable ConfigMap configMap) {
        DeclaredNodes declared = new DeclaredNodes("ConfigMap " + name);
        if (configMap == null) {
            throw new InvalidObjectException(declared.name,
                    "is missing; make it, with TopologyProfiles that say which nodes there are");
        }
        Map<String, String> data = configMap.getData() == null ? Map.of() : new TreeMap<>(configMap.getData());
        data.forEach(declared::read);
        if (declared.profiles.isEmpty()) {
            throw new InvalidObjectException(declared.name, "has no TopologyProfile; write one for each pool of nodes");
        }
        return new ClusterObjects(declared.nodes, null, List.of(), List.of(), null, declared.profiles);
    }

    private void read(String key, String text) {
        try (var documents = YAML.readerFor(JsonNode.class).<JsonNode>readValues(text)) {
            while (documents.hasNextValue()) {
                JsonNode document = documents.nextValue();
                if (document.isNull() || document.isMissingNode()) {
                    continue;
                }
                if (!"TopologyProfile".equals(document.path("kind").asText())) {
                    throw new InvalidObjectException(name, key + ": kind '" + document.path("kind").asText()
                            + "' is none that is read here; write kind: TopologyProfile");
                }
                add(key, YAML.treeToValue(document, TopologyProfile.class));
            }
        } catch (JacksonException e) {
            throw new InvalidObjectException(name,
                    key + " cannot be read: " + e.getOriginalMessage().lines().findFirst().orElse("") + "; mend it");
        } catch (IOException e) {
            throw new InvalidObjectException(name, key + " cannot be read: " + e.getMessage());
        }
    }

    private void add(String key, TopologyProfile profile) {
        String profileName = profile.getMetadata() == null ? null : profile.getMetadata().getName();
        if (profileName == null) {
            throw new InvalidObjectException(name, key + ": metadata.name is missing; give each profile one");
        }
        String where = key + ": TopologyProfile " + profileName + ": ";
        TopologyProfileSpec spec = profile.getSpec();
        if (spec == null || spec.numaNodes() == null || spec.numaNodes().isEmpty()) {
            throw new InvalidObjectException(name, where
                    + "spec.numaNodes is missing; list cpus and memory of each, since no node is read that tells them");
        }
        CpuSet cpus = CpuSet.EMPTY;
        BigDecimal memory = BigDecimal.ZERO;
        for (NumaNode numa : spec.numaNodes()) {
            if (numa.cpus() == null || numa.memory() == null) {
                throw new InvalidObjectException(name,
                        where + "spec.numaNodes: one has no cpus or no memory; write both, such as {cpus: 0-15,"
                                + " memory: 64Gi}");
            }
            cpus = cpus.or(cpus(where + "spec.numaNodes.cpus: ", numa.cpus()));
            memory = memory.add(Quantity.getAmountInBytes(numa.memory()));
        }
        CpuSet offline = spec.offlineCPUs() == null
                ? CpuSet.EMPTY
                : cpus(where + "spec.offlineCPUs: ", spec.offlineCPUs());
        CpuSet online = cpus.minus(offline);
        CpuSet reserved = spec.reservedCPUs() == null
                ? CpuSet.EMPTY
                : cpus(where + "spec.reservedCPUs: ", spec.reservedCPUs());
        Map<String, Quantity> capacity = Map.of("cpu", new Quantity(String.valueOf(online.size())), "memory",
                new Quantity(memory.toBigInteger().toString()), "pods", new Quantity("110"));
        Map<String, Quantity> allocatable = new TreeMap<>(capacity);
        allocatable.put("cpu", new Quantity(String.valueOf(online.minus(reserved).size())));
        int count = count(where, profile);
        for (int i = 1; i <= count; i++) {
            nodes.add(new NodeBuilder().withNewMetadata().withName(profileName + "-" + i)
                    .withLabels(spec.nodeSelector() == null ? Map.of() : spec.nodeSelector()).endMetadata()
                    .withNewStatus().withCapacity(capacity).withAllocatable(allocatable).endStatus().build());
        }
        profiles.add(profile);
    }

    private CpuSet cpus(String where, String text) {
        try {
            return CpuSet.parse(text);
        } catch (IllegalArgumentException e) {
            throw new InvalidObjectException(name, where + e.getMessage());
        }
    }

    private int count(String where, TopologyProfile profile) {
        Map<String, String> annotations = profile.getMetadata().getAnnotations();
        String text = annotations == null ? null : annotations.get(NODES);
        try {
            int count = Integer.parseInt(String.valueOf(text));
            if (count >= 0 && count <= MOST) {
                return count;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new InvalidObjectException(name, where + "metadata.annotations." + NODES + ": '" + text
                + "' is no number of nodes; write how many there are of it, in quotes, from \"0\" to \"" + MOST + '"');
    }
}
