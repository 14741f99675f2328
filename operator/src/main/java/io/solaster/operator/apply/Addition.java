package io.solaster.operator.apply;

import static java.util.Objects.requireNonNullElse;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import org.jspecify.annotations.Nullable;

/**
 * What somebody else has added to an object, as {@code metadata.managedFields} tell: server-side apply leaves alone what
 * others have put into a list, such as a container or a variable, so that nothing else shows it. Pure.
 *
 * @param manager who has added it
 * @param field the field in words, such as {@code spec.template.spec.containers[sidecar]}
 * @param steps the way there, as managed fields have it
 */
record Addition(String manager, String field, List<String> steps) {
    /** Changes while the operator itself writes are told as its own: what admits objects has made them. */
    private static final String ADMISSION = "an admission webhook";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> ROOTS = Set.of("f:spec", "f:data", "f:binaryData");

    /** What others have added to an object; nothing where it is not known what is the operator's own. */
    static List<Addition> of(HasMetadata object) {
        Map<String, Object> ours = new HashMap<>();
        List<ManagedFieldsEntry> others = new ArrayList<>();
        for (ManagedFieldsEntry entry : requireNonNullElse(object.getMetadata().getManagedFields(),
                List.<ManagedFieldsEntry>of())) {
            if (Names.MANAGER.equals(entry.getManager()) && "Apply".equals(entry.getOperation())) {
                ours.putAll(fields(entry));
            } else if (entry.getSubresource() == null || entry.getSubresource().isEmpty()) {
                others.add(entry);
            }
        }
        List<Addition> additions = new ArrayList<>();
        if (!ours.isEmpty()) {
            for (ManagedFieldsEntry entry : others) {
                String manager = Names.MANAGER.equals(entry.getManager())
                        ? ADMISSION
                        : requireNonNullElse(entry.getManager(), "somebody");
                fields(entry).forEach((root, theirs) -> {
                    if (ROOTS.contains(root)) {
                        compare(manager, ours.get(root), theirs, List.of(root), additions);
                    }
                });
            }
        }
        return List.copyOf(additions);
    }

    private static Map<String, Object> fields(ManagedFieldsEntry entry) {
        return entry.getFieldsV1() == null ? Map.of() : entry.getFieldsV1().getAdditionalProperties();
    }

    private static void compare(String manager, @Nullable Object ours, @Nullable Object theirs, List<String> steps,
            List<Addition> additions) {
        if (!(theirs instanceof Map<?, ?> all)) {
            return;
        }
        all.forEach((key, child) -> {
            String step = String.valueOf(key);
            if (step.equals(".")) {
                return;
            }
            List<String> way = new ArrayList<>(steps);
            way.add(step);
            // A restart by kubectl is an annotation there, and is meant.
            if (way.equals(List.of("f:spec", "f:template", "f:metadata"))) {
                return;
            }
            if (!(ours instanceof Map<?, ?> own) || !own.containsKey(step)) {
                additions.add(new Addition(manager, words(way), List.copyOf(way)));
            } else {
                compare(manager, own.get(step), child, way, additions);
            }
        });
    }

    private static String words(List<String> steps) {
        StringBuilder words = new StringBuilder();
        for (String step : steps) {
            String rest = step.substring(Math.min(2, step.length()));
            switch (step.charAt(0)) {
                case 'k' -> {
                    List<String> values = new ArrayList<>();
                    tree(rest).forEach(value -> values.add(value.asText()));
                    words.append('[').append(String.join("/", values)).append(']');
                }
                case 'v' -> words.append('[').append(tree(rest).asText()).append(']');
                default -> words.append(words.isEmpty() ? "" : ".").append(rest);
            }
        }
        return words.toString();
    }

    private static JsonNode tree(String json) {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            return JSON.getNodeFactory().textNode(json);
        }
    }

    /**
     * Takes it away.
     *
     * @param object the object, which is changed
     * @return where it was, as a JSON pointer; null if it is not there
     */
    @Nullable
    String removedFrom(ObjectNode object) {
        JsonNode at = object;
        StringBuilder pointer = new StringBuilder();
        for (int i = 0; i < steps.size(); i++) {
            String step = steps.get(i);
            String rest = step.substring(Math.min(2, step.length()));
            boolean end = i == steps.size() - 1;
            if (at instanceof ObjectNode parent && parent.has(rest)) {
                pointer.append('/').append(rest.replace("~", "~0").replace("/", "~1"));
                at = end ? parent.remove(rest) : parent.get(rest);
            } else if (at instanceof ArrayNode list) {
                int index = index(list, step.startsWith("k") ? tree(rest) : null, tree(rest));
                if (index < 0) {
                    return null;
                }
                pointer.append('/').append(index);
                at = end ? list.remove(index) : list.get(index);
            } else {
                return null;
            }
        }
        return pointer.toString();
    }

    private static int index(ArrayNode list, @Nullable JsonNode key, JsonNode value) {
        for (int i = 0; i < list.size(); i++) {
            JsonNode item = list.get(i);
            if (key == null
                    ? item.equals(value)
                    : key.properties().stream().allMatch(each -> each.getValue().equals(item.get(each.getKey())))) {
                return i;
            }
        }
        return -1;
    }

    @Override
    public String toString() {
        return manager + " added " + field;
    }
}
