package io.solaster.operator.api;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import com.fasterxml.jackson.databind.node.TextNode;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConfigMapKeySelector;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.ObjectFieldSelector;
import io.fabric8.kubernetes.api.model.PodAffinityTerm;
import io.fabric8.kubernetes.api.model.PreferredSchedulingTerm;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceFieldSelector;
import io.fabric8.kubernetes.api.model.SecretKeySelector;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.WeightedPodAffinityTerm;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.api.model.networking.v1.IPBlock;

/**
 * Puts into a definition's schema what its generator leaves out: the format and the range of every whole number, the form
 * of amounts, and what Kubernetes' own types require and are told apart by. Without these, an API server stores what no
 * Java type holds, and a service that nothing can read.
 */
final class Completed {
    /** Amounts that a long holds: what Kubernetes takes, with no more digits than that. */
    static final String QUANTITY = "^[+-]?([0-9]{1,19}(\\.[0-9]{0,9})?|\\.[0-9]{1,9})([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?$";

    private record Range(double least, double most) {}

    /** Whole numbers up to here are exact as doubles, which bounds are; an API server refuses all by a bound that is no int64. */
    private static final long EXACT = (1L << 53) - 1;

    /** What the API server allows of its own types' whole numbers, by name; of others, what their Java type holds. */
    private static final Map<String, Range> RANGES = Map.ofEntries(
            Map.entry("containerPort", new Range(1, 65_535)), Map.entry("hostPort", new Range(0, 65_535)),
            Map.entry("endPort", new Range(1, 65_535)), Map.entry("weight", new Range(1, 100)),
            Map.entry("mode", new Range(0, 511)), Map.entry("defaultMode", new Range(0, 511)),
            Map.entry("runAsUser", new Range(0, Integer.MAX_VALUE)),
            Map.entry("runAsGroup", new Range(0, Integer.MAX_VALUE)),
            Map.entry("fsGroup", new Range(0, Integer.MAX_VALUE)),
            Map.entry("supplementalGroups", new Range(0, Integer.MAX_VALUE)));

    private static final Map<Class<?>, List<String>> REQUIRED = Map.ofEntries(
            Map.entry(EnvVar.class, List.of("name")), Map.entry(ContainerPort.class, List.of("containerPort")),
            Map.entry(Volume.class, List.of("name")), Map.entry(VolumeMount.class, List.of("mountPath", "name")),
            Map.entry(LocalObjectReference.class, List.of("name")),
            Map.entry(SecretKeySelector.class, List.of("key")), Map.entry(ConfigMapKeySelector.class, List.of("key")),
            Map.entry(ObjectFieldSelector.class, List.of("fieldPath")),
            Map.entry(ResourceFieldSelector.class, List.of("resource")),
            Map.entry(KeyToPath.class, List.of("key", "path")), Map.entry(Container.class, List.of("name")),
            Map.entry(NodeSelector.class, List.of("nodeSelectorTerms")),
            Map.entry(NodeSelectorRequirement.class, List.of("key", "operator")),
            Map.entry(PreferredSchedulingTerm.class, List.of("preference", "weight")),
            Map.entry(PodAffinityTerm.class, List.of("topologyKey")),
            Map.entry(WeightedPodAffinityTerm.class, List.of("podAffinityTerm", "weight")),
            Map.entry(LabelSelectorRequirement.class, List.of("key", "operator")),
            Map.entry(IPBlock.class, List.of("cidr")),
            Map.entry(Condition.class, List.of("lastTransitionTime", "message", "reason", "status", "type")));

    /** What the elements of a list are told apart by: two that are the same are refused, and each is applied by itself. */
    private static final Map<Class<?>, List<String>> KEYS = Map.of(EnvVar.class, List.of("name"), ContainerPort.class,
            List.of("containerPort", "protocol"), Volume.class, List.of("name"), VolumeMount.class,
            List.of("mountPath"), Container.class, List.of("name"), LocalObjectReference.class, List.of("name"),
            Condition.class, List.of("type"));

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Completed() {}

    static void complete(JSONSchemaProps schema, Class<?> type) {
        complete("", schema, MAPPER.constructType(type));
    }

    private static void complete(String name, JSONSchemaProps schema, JavaType type) {
        if ("integer".equals(schema.getType())) {
            number(name, schema, type);
        } else if (Boolean.TRUE.equals(schema.getXKubernetesIntOrString())) {
            either(schema, type);
        } else if (schema.getItems() != null && schema.getItems().getSchema() != null) {
            complete(name, schema.getItems().getSchema(), type.getContentType());
            List<String> keys = KEYS.get(type.getContentType().getRawClass());
            if (keys != null) {
                schema.setXKubernetesListType("map");
                schema.setXKubernetesListMapKeys(keys);
            }
        } else if (schema.getAdditionalProperties() != null && schema.getAdditionalProperties().getSchema() != null) {
            complete(name, schema.getAdditionalProperties().getSchema(), type.getContentType());
        } else if (schema.getProperties() != null && !schema.getProperties().isEmpty()) {
            bean(schema, type);
        }
    }

    private static void bean(JSONSchemaProps schema, JavaType type) {
        BeanDescription description = MAPPER.getDeserializationConfig().introspect(type);
        for (BeanPropertyDefinition property : description.findProperties()) {
            JSONSchemaProps there = schema.getProperties().get(property.getName());
            if (there != null) {
                complete(property.getName(), there, property.getPrimaryType());
            }
        }
        List<String> required = REQUIRED.get(type.getRawClass());
        if (required != null) {
            TreeSet<String> all = new TreeSet<>(required);
            all.addAll(schema.getRequired());
            schema.setRequired(new ArrayList<>(all));
        }
        if (type.getRawClass() == ContainerPort.class) {
            // A key must be there, and few write it.
            JSONSchemaProps protocol = schema.getProperties().get("protocol");
            protocol.setDefault(TextNode.valueOf("TCP"));
            protocol.setEnum(List.of(TextNode.valueOf("TCP"), TextNode.valueOf("UDP"), TextNode.valueOf("SCTP")));
        }
    }

    private static void number(String name, JSONSchemaProps schema, JavaType type) {
        Class<?> raw = type.getRawClass();
        boolean wide = raw == Long.class || raw == long.class;
        if (!wide && raw != Integer.class && raw != int.class) {
            throw new IllegalStateException(name + " is a whole number in the schema, and " + type + " in Java");
        }
        schema.setFormat(wide ? "int64" : "int32");
        Range range = RANGES.getOrDefault(name, wide
                ? new Range(-EXACT, EXACT)
                : new Range(Integer.MIN_VALUE, Integer.MAX_VALUE));
        schema.setMinimum(schema.getMinimum() == null ? range.least() : schema.getMinimum());
        schema.setMaximum(schema.getMaximum() == null ? range.most() : schema.getMaximum());
    }

    /** An amount, or a number or name: what is said of numbers and of texts holds for whichever it is. */
    private static void either(JSONSchemaProps schema, JavaType type) {
        if (type.getRawClass() == Quantity.class) {
            schema.setPattern(QUANTITY);
            schema.setMinimum((double) -EXACT);
            schema.setMaximum((double) EXACT);
        } else if (type.getRawClass() == IntOrString.class) {
            schema.setMinimum((double) Integer.MIN_VALUE);
            schema.setMaximum((double) Integer.MAX_VALUE);
        } else {
            throw new IllegalStateException("a number or text in the schema, and " + type + " in Java");
        }
    }
}
