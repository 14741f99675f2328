package io.solaster.operator.reconcile;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * Who has set which field of one object, as an API server keeps it: server-side apply with conflicts, lists that are merged
 * by their keys, fields that go when who has set them does not want them any more, and {@code managedFields} that say so. It
 * knows the lists of those kinds that the operator applies; all others are taken for whole values. For one thread at a time.
 */
final class FieldManagers {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String NEXT = "\u0001";
    private static final String ITEM = ".";
    private static final Set<String> SYSTEM = Set.of("name", "namespace", "uid", "resourceVersion", "generation",
            "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink");
    private static final Set<String> WHOLE = Set.of("selector", "podSelector", "namespaceSelector", "labelSelector",
            "nodeSelector", "requiredDuringSchedulingIgnoredDuringExecution");
    private static final Map<String, List<String>> KEYS = Map.ofEntries(Map.entry("containers", List.of("name")),
            Map.entry("initContainers", List.of("name")), Map.entry("env", List.of("name")),
            Map.entry("volumes", List.of("name")), Map.entry("volumeMounts", List.of("mountPath")),
            Map.entry("ownerReferences", List.of("uid")), Map.entry("imagePullSecrets", List.of("name")),
            Map.entry("resourceClaims", List.of("name")),
            Map.entry("topologySpreadConstraints", List.of("topologyKey", "whenUnsatisfiable")));

    /** @param operation Apply or Update */
    private record Manager(String name, String operation) {}

    /** Another manager has set a field to something else. */
    static final class Conflict extends Exception {
        private static final long serialVersionUID = 1;

        Conflict(String message) {
            super(message);
        }
    }

    private final Map<Manager, Set<String>> sets = new LinkedHashMap<>();

    /** To be changed in its place. */
    FieldManagers copy() {
        FieldManagers copy = new FieldManagers();
        sets.forEach((manager, paths) -> copy.sets.put(manager, new HashSet<>(paths)));
        return copy;
    }

    /**
     * What becomes of an object when somebody applies to it.
     *
     * @param live as it is; null if it is not there
     */
    ObjectNode apply(ObjectNode live, ObjectNode wanted, String name, boolean force) throws Conflict {
        Manager manager = new Manager(name, "Apply");
        Map<String, JsonNode> now = leaves(wanted);
        Map<String, JsonNode> before = live == null ? Map.of() : leaves(live);
        List<String> taken = new ArrayList<>();
        now.forEach((path, value) -> {
            if (!path.endsWith(NEXT + ITEM) && before.containsKey(path) && !before.get(path).equals(value)
                    && sets.entrySet().stream().anyMatch(
                            each -> !each.getKey().name().equals(name) && each.getValue().contains(path))) {
                taken.add(path);
            }
        });
        if (!taken.isEmpty() && !force) {
            throw new Conflict("conflict with others: " + taken.getFirst().replace(NEXT, " "));
        }
        Set<String> gone = new LinkedHashSet<>(sets.getOrDefault(manager, Set.of()));
        gone.removeAll(now.keySet());
        sets.forEach((other, paths) -> {
            if (!other.equals(manager)) {
                taken.forEach(paths::remove);
                gone.removeAll(paths);
            }
        });
        sets.put(manager, new HashSet<>(now.keySet()));
        ObjectNode merged = live == null ? wanted.deepCopy() : live.deepCopy();
        if (live != null) {
            merge(merged, wanted, "");
            // Items whole before their fields.
            gone.stream().sorted(Comparator.comparingInt(String::length))
                    .forEach(path -> remove(merged, List.of(path.split(NEXT)), path));
        }
        prune(merged);
        return merged;
    }

    /** Notes what somebody has changed in another way. */
    void update(ObjectNode before, ObjectNode after, String name) {
        Map<String, JsonNode> was = before == null ? Map.of() : leaves(before);
        Map<String, JsonNode> now = leaves(after);
        Set<String> changed = new HashSet<>();
        now.forEach((path, value) -> {
            if (!value.equals(was.get(path))) {
                changed.add(path);
            }
        });
        sets.values().forEach(paths -> paths.removeAll(changed));
        if (!changed.isEmpty()) {
            sets.computeIfAbsent(new Manager(name, "Update"), key -> new HashSet<>()).addAll(changed);
        }
        prune(after);
    }

    /** Takes over what somebody has written of who has set which field. */
    void read(JsonNode managedFields) {
        sets.clear();
        for (JsonNode entry : managedFields) {
            Set<String> paths = sets.computeIfAbsent(
                    new Manager(entry.path("manager").asText(), entry.path("operation").asText()),
                    key -> new HashSet<>());
            paths(entry.path("fieldsV1"), "", paths);
        }
        sets.values().removeIf(Set::isEmpty);
    }

    private static void paths(JsonNode fields, String path, Set<String> paths) {
        fields.properties().forEach(each -> {
            String own = (path.isEmpty() ? "" : path + NEXT) + each.getKey();
            if (each.getValue().isEmpty()) {
                paths.add(own);
            } else {
                paths(each.getValue(), own, paths);
            }
        });
    }

    private void prune(ObjectNode object) {
        Set<String> there = leaves(object).keySet();
        sets.values().forEach(paths -> paths.retainAll(there));
        sets.values().removeIf(Set::isEmpty);
    }

    /** Writes into an object who has set what. */
    void tell(ObjectNode object) {
        ArrayNode all = JsonNodeFactory.instance.arrayNode();
        sets.forEach((manager, paths) -> {
            ObjectNode entry = all.addObject().put("manager", manager.name()).put("operation", manager.operation())
                    .put("apiVersion", object.path("apiVersion").asText()).put("fieldsType", "FieldsV1");
            ObjectNode fields = entry.putObject("fieldsV1");
            paths.stream().sorted().forEach(path -> {
                ObjectNode at = fields;
                for (String step : path.split(NEXT)) {
                    at = at.has(step) ? (ObjectNode) at.get(step) : at.putObject(step);
                }
            });
        });
        ((ObjectNode) object.get("metadata")).set("managedFields", all);
    }

    private static Map<String, JsonNode> leaves(ObjectNode object) {
        Map<String, JsonNode> all = new HashMap<>();
        object.properties().forEach(field -> {
            if (field.getKey().equals("metadata")) {
                field.getValue().properties().stream().filter(each -> !SYSTEM.contains(each.getKey()))
                        .forEach(each -> leaves("f:metadata", each.getKey(), each.getValue(), all));
            } else if (!Set.of("kind", "apiVersion", "status").contains(field.getKey())) {
                leaves("", field.getKey(), field.getValue(), all);
            }
        });
        return all;
    }

    private static void leaves(String parent, String field, JsonNode value, Map<String, JsonNode> all) {
        String path = (parent.isEmpty() ? "" : parent + NEXT) + "f:" + field;
        List<String> keys = keys(parent, field);
        if (value.isNull()) {
            return;
        }
        if (value.isObject() && !value.isEmpty() && !WHOLE.contains(field)) {
            value.properties().forEach(each -> leaves(path, each.getKey(), each.getValue(), all));
        } else if (value.isArray() && keys != null) {
            for (JsonNode item : value) {
                String own = path + NEXT + "k:" + key(item, keys);
                all.put(own + NEXT + ITEM, NullNode.getInstance());
                item.properties().forEach(each -> leaves(own, each.getKey(), each.getValue(), all));
            }
        } else {
            all.put(path, value);
        }
    }

    /** The keys of a list's items; null if it is one value. */
    private static List<String> keys(String parent, String field) {
        if (field.equals("ports")) {
            return parent.equals("f:spec")
                    ? List.of("port", "protocol")
                    : parent.contains("ontainers") ? List.of("containerPort", "protocol") : null;
        }
        return parent.contains("volumeClaimTemplates") ? null : KEYS.get(field);
    }

    private static String key(JsonNode item, List<String> keys) {
        StringBuilder key = new StringBuilder("{");
        for (String each : keys) {
            JsonNode value = item.get(each);
            key.append(key.length() == 1 ? "\"" : ",\"").append(each).append("\":")
                    .append(value == null ? "\"TCP\"" : value.toString());
        }
        return key.append('}').toString();
    }

    private static void merge(ObjectNode live, ObjectNode wanted, String path) {
        wanted.properties().forEach(field -> {
            String name = field.getKey();
            JsonNode value = field.getValue();
            JsonNode there = live.get(name);
            List<String> keys = keys(path, name);
            String own = (path.isEmpty() ? "" : path + NEXT) + "f:" + name;
            if (value.isNull()) {
                live.remove(name);
            } else if (value.isObject() && there instanceof ObjectNode child && !WHOLE.contains(name)) {
                merge(child, (ObjectNode) value, own);
            } else if (value.isArray() && keys != null && there instanceof ArrayNode list) {
                Map<String, ObjectNode> items = new HashMap<>();
                list.forEach(each -> items.put(key(each, keys), (ObjectNode) each));
                for (JsonNode item : value) {
                    ObjectNode same = items.get(key(item, keys));
                    if (same == null) {
                        list.add(item.deepCopy());
                    } else {
                        merge(same, (ObjectNode) item, own + NEXT + "k:");
                    }
                }
            } else {
                live.set(name, value.deepCopy());
            }
        });
    }

    /** Takes a field away, and what is empty without it; an item of a list only where nobody else has set any of it. */
    private void remove(JsonNode at, List<String> steps, String path) {
        String step = steps.getFirst();
        if (step.startsWith("f:") && at instanceof ObjectNode object) {
            String name = step.substring(2);
            JsonNode child = object.get(name);
            if (steps.size() == 1) {
                object.remove(name);
            } else if (child != null) {
                remove(child, steps.subList(1, steps.size()), path);
                if (child.isEmpty()) {
                    object.remove(name);
                }
            }
        } else if (step.startsWith("k:") && at instanceof ArrayNode list) {
            for (int i = list.size() - 1; i >= 0; i--) {
                if (matches(list.get(i), step.substring(2))) {
                    if (!steps.get(1).equals(ITEM)) {
                        remove(list.get(i), steps.subList(1, steps.size()), path);
                    } else if (sets.values().stream().noneMatch(each -> each.contains(path))) {
                        list.remove(i);
                    }
                }
            }
        }
    }

    private static boolean matches(JsonNode item, String key) {
        try {
            for (Map.Entry<String, JsonNode> each : JSON.readTree(key).properties()) {
                if (item.has(each.getKey()) && !item.get(each.getKey()).equals(each.getValue())) {
                    return false;
                }
            }
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
