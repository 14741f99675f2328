package io.solaster.operator.reconcile.watch;

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
import io.solaster.operator.client.Amounts;
import io.solaster.operator.inventory.ClusterObjects;
import io.solaster.operator.inventory.InvalidObjectException;
import org.jspecify.annotations.Nullable;

/**
 * Nodes as a ConfigMap declares them, for an operator that may not read any: TopologyProfiles as YAML, each annotated with
 * how many nodes there are of it. One that is wrong is left out and told of, and all others count. What runs on the nodes is
 * not known, so that no plan on them is proven.
 */
public final class DeclaredNodes {
    /** On a profile in the ConfigMap: how many nodes there are of it. */
    public static final String NODES = "solaster.io/nodes";

    private static final YAMLMapper YAML = new YAMLMapper();
    private static final int MOST = 10_000;

    private final String name;
    private final List<Node> nodes = new ArrayList<>();
    private final List<TopologyProfile> profiles = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();

    private DeclaredNodes(String name) {
        this.name = name;
    }

    /**
     * Reads a ConfigMap.
     *
     * @param configMap null if there is none
     * @throws InvalidObjectException if nothing of it counts, naming the ConfigMap, the key, the value and the fix
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
            throw new InvalidObjectException(declared.name, declared.problems.isEmpty()
                    ? "has no TopologyProfile; write one for each pool of nodes"
                    : String.join("; ", declared.problems));
        }
        return new ClusterObjects(declared.nodes, null, List.of(), List.of(), null, declared.profiles,
                declared.problems.stream().map(problem -> declared.name + ": " + problem).toList(), pod -> null);
    }

    private void read(String key, String text) {
        try (var documents = YAML.readerFor(JsonNode.class).<JsonNode>readValues(text)) {
            while (documents.hasNextValue()) {
                JsonNode document = documents.nextValue();
                if (!document.isNull() && !document.isMissingNode()) {
                    byItself(key, document);
                }
            }
        } catch (IOException e) {
            // No document that follows can be told from this one.
            problems.add(key + unreadable(e));
        }
    }

    private static String unreadable(IOException e) {
        String why = e instanceof JacksonException json ? json.getOriginalMessage() : e.getMessage();
        return " cannot be read: " + String.valueOf(why).lines().findFirst().orElse("") + "; mend it";
    }

    /** What is wrong about one document keeps no other from being read. */
    private void byItself(String key, JsonNode document) {
        String where = key + ": TopologyProfile " + document.at("/metadata/name").asText("without a name");
        try {
            if (!"TopologyProfile".equals(document.path("kind").asText())) {
                throw new IllegalArgumentException(key + ": kind '" + document.path("kind").asText()
                        + "' is none that is read here; write kind: TopologyProfile");
            }
            add(where + ": ", YAML.treeToValue(document, TopologyProfile.class));
        } catch (IllegalArgumentException e) {
            problems.add(String.valueOf(e.getMessage()));
        } catch (JacksonException e) {
            problems.add(where + unreadable(e));
        }
    }

    private void add(String where, TopologyProfile profile) {
        String profileName = profile.getMetadata() == null ? null : profile.getMetadata().getName();
        if (profileName == null) {
            throw new IllegalArgumentException(where + "metadata.name is missing; give each profile one");
        }
        if (profiles.stream().anyMatch(other -> profileName.equals(other.getMetadata().getName()))) {
            throw new IllegalArgumentException(where + "it is there twice; give each profile a name of its own");
        }
        TopologyProfileSpec spec = profile.getSpec();
        if (spec == null || spec.numaNodes() == null || spec.numaNodes().isEmpty()) {
            throw new IllegalArgumentException(where
                    + "spec.numaNodes is missing; list cpus and memory of each, since no node is read that tells them");
        }
        CpuSet cpus = CpuSet.EMPTY;
        long memory = 0;
        for (NumaNode numa : spec.numaNodes()) {
            if (numa.cpus() == null || numa.memory() == null) {
                throw new IllegalArgumentException(
                        where + "spec.numaNodes: one has no cpus or no memory; write both, such as {cpus: 0-15,"
                                + " memory: 64Gi}");
            }
            cpus = cpus.or(cpus(where + "spec.numaNodes.cpus: ", numa.cpus()));
            memory += bytes(where + "spec.numaNodes.memory: ", numa.memory());
        }
        CpuSet offline = spec.offlineCPUs() == null
                ? CpuSet.EMPTY
                : cpus(where + "spec.offlineCPUs: ", spec.offlineCPUs());
        CpuSet online = cpus.minus(offline);
        CpuSet reserved = spec.reservedCPUs() == null
                ? CpuSet.EMPTY
                : cpus(where + "spec.reservedCPUs: ", spec.reservedCPUs());
        Map<String, Quantity> capacity = Map.of("cpu", new Quantity(String.valueOf(online.size())), "memory",
                new Quantity(String.valueOf(memory)), "pods", new Quantity("110"));
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

    private static CpuSet cpus(String where, String text) {
        try {
            return CpuSet.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(where + e.getMessage(), e);
        }
    }

    private static long bytes(String where, Quantity memory) {
        try {
            return Amounts.of(memory, BigDecimal.ONE);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(where + e.getMessage() + "; write one such as 64Gi", e);
        }
    }

    private static int count(String where, TopologyProfile profile) {
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
        throw new IllegalArgumentException(where + "metadata.annotations." + NODES + ": '" + text
                + "' is no number of nodes; write how many there are of it, in quotes, from \"0\" to \"" + MOST + '"');
    }
}
