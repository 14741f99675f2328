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
            Object same = ours instanceof Map<?, ?> own ? own.get(step) : null;
            // Of a list, each item by itself, also where none is the operator's any more.
            if (same == null && !isList(child)) {
                additions.add(new Addition(manager, words(way), List.copyOf(way)));
            } else {
                compare(manager, same, child, way, additions);
            }
        });
    }

    private static boolean isList(@Nullable Object fields) {
        return fields instanceof Map<?, ?> all
                && all.keySet().stream().anyMatch(each -> String.valueOf(each).startsWith("k:"));
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

    /**
     * Adds to the list that it was in what is wanted there and is missing.
     *
     * @param object the object without it, which is changed
     * @param lists the lists that have changed, by their JSON pointers
     */
    void filled(ObjectNode object, ObjectNode wanted, Map<String, ArrayNode> lists) {
        String step = steps.getLast();
        Found there = step.startsWith("k:") ? list(object) : null;
        Found asked = there == null ? null : list(wanted);
        if (there == null || asked == null) {
            return;
        }
        for (JsonNode item : asked.list()) {
            if (index(there.list(), key(item, step), item) < 0) {
                there.list().add(item.deepCopy());
                lists.put(there.pointer(), there.list());
            }
        }
    }

    /**
     * Takes from what a manager holds the items that are wanted in the list that it was in.
     *
     * @param fields what the manager holds, which is changed
     */
    void disowned(ObjectNode fields, ObjectNode wanted) {
        String step = steps.getLast();
        Found asked = step.startsWith("k:") ? list(wanted) : null;
        JsonNode at = fields;
        for (String each : steps.subList(0, steps.size() - 1)) {
            at = at.path(each);
        }
        if (asked == null || !(at instanceof ObjectNode held)) {
            return;
        }
        List<String> names = new ArrayList<>();
        held.fieldNames().forEachRemaining(names::add);
        for (String name : names) {
            if (name.startsWith("k:") && index(asked.list(), tree(name.substring(2)), tree(name)) >= 0) {
                held.remove(name);
            }
        }
    }

    /** @param pointer where it is, as a JSON pointer */
    private record Found(String pointer, ArrayNode list) {}

    /** The list that it is in; null if there is none. */
    private @Nullable Found list(JsonNode object) {
        JsonNode at = object;
        StringBuilder pointer = new StringBuilder();
        for (String step : steps.subList(0, steps.size() - 1)) {
            String rest = step.substring(Math.min(2, step.length()));
            if (at instanceof ArrayNode items) {
                int index = index(items, step.startsWith("k") ? tree(rest) : null, tree(rest));
                if (index < 0) {
                    return null;
                }
                pointer.append('/').append(index);
                at = items.get(index);
            } else {
                pointer.append('/').append(rest.replace("~", "~0").replace("/", "~1"));
                at = at.path(rest);
            }
        }
        return at instanceof ArrayNode items ? new Found(pointer.toString(), items) : null;
    }

    /** What an item of a list is known by. */
    private static JsonNode key(JsonNode item, String like) {
        ObjectNode key = JSON.createObjectNode();
        tree(like.substring(2)).properties().forEach(each -> {
            if (item.has(each.getKey())) {
                key.set(each.getKey(), item.get(each.getKey()));
            }
        });
        return key;
    }

    private static int index(ArrayNode list, @Nullable JsonNode key, JsonNode value) {
        for (int i = 0; i < list.size(); i++) {
            JsonNode item = list.get(i);
            if (key == null
                    ? item.equals(value)
                    : key.properties().stream().allMatch(each -> !item.has(each.getKey())
                            || each.getValue().equals(item.get(each.getKey())))) {
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
