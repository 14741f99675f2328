package io.solaster.operator.client;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonMappingException.Reference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.deser.std.DelegatingDeserializer;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TreeTraversingParser;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads an object of Kubernetes, and where a part of it cannot be read, the object without that part, marked as
 * {@link Unreadable}. Whoever has such an object knows its name and what stands in the rest. Any thread.
 */
final class TolerantReader extends DelegatingDeserializer {
    private static final long serialVersionUID = 1;
    /** Set while an object is read: what lies in it, such as a claim for a volume, is a part of it. */
    private static final Object INSIDE = TolerantReader.class;
    private static final String OURS = "io.solaster.";
    /** Deeper ones would take a stack to walk through that threads do not have. */
    static final int DEEPEST = 200;
    private static final int MOST = 16;
    private static final int LONGEST = 120;
    /** What these kinds always have; where it is missing or no object, it is there and empty. */
    private static final Map<String, List<String>> PARTS = Map.of("Pod", List.of("spec"), "StatefulSet",
            List.of("spec"), "Deployment", List.of("spec"), "Node", List.of("status"));
    private static final List<String> NAMING = List.of("name", "namespace", "uid", "resourceVersion",
            "creationTimestamp", "deletionTimestamp", "generation");

    TolerantReader(JsonDeserializer<?> reader) {
        super(reader);
    }

    @Override
    protected JsonDeserializer<?> newDelegatingInstance(JsonDeserializer<?> reader) {
        return new TolerantReader(reader);
    }

    @Override
    public @Nullable Object deserialize(JsonParser parser, DeserializationContext context) throws IOException {
        if (context.getAttribute(INSIDE) != null) {
            return super.deserialize(parser, context);
        }
        JsonNode tree = context.readTree(parser);
        context.setAttribute(INSIDE, true);
        try {
            return tree instanceof ObjectNode object ? read(object, parser, context) : part(tree, parser, context);
        } finally {
            context.setAttribute(INSIDE, null);
        }
    }

    private @Nullable Object read(ObjectNode object, JsonParser parser, DeserializationContext context)
            throws IOException {
        List<String> problems = new ArrayList<>();
        flatten(object, problems);
        complete(object);
        for (int i = 0; i < MOST; i++) {
            try {
                return told(part(object, parser, context), problems);
            } catch (JsonMappingException e) {
                String removed = remove(object, e.getPath());
                if (removed.isEmpty()) {
                    problems.add(why(e));
                    break;
                }
                complete(object);
                // A status of ours is written anew; by a later version of the operator it may have more.
                if (!removed.startsWith("status.") || !handledType().getName().startsWith(OURS)) {
                    problems.add(words(removed) + " (" + why(e) + ")");
                }
            } catch (JacksonException e) {
                problems.add(words(e.getOriginalMessage()));
                break;
            }
        }
        if (problems.isEmpty()) {
            problems.add("too much of its status is unknown");
        }
        ObjectNode named = named(object);
        complete(named);
        return told(part(named, parser, context), problems);
    }

    private void complete(ObjectNode object) {
        for (String part : PARTS.getOrDefault(handledType().getSimpleName(), List.of())) {
            if (!object.has(part)) {
                object.putObject(part);
            }
        }
    }

    /** Whether an object has what its kind always has. */
    static boolean complete(HasMetadata object) {
        return switch (object) {
            case Pod pod -> pod.getSpec() != null;
            case StatefulSet set -> set.getSpec() != null;
            case Deployment deployment -> deployment.getSpec() != null;
            case Node node -> node.getStatus() != null;
            default -> true;
        };
    }

    /** Why, in words for whoever wrote the object. */
    private static String why(JsonMappingException e) {
        if (e instanceof UnrecognizedPropertyException) {
            return "this version of the operator does not know this key";
        }
        Class<?> wanted = e instanceof MismatchedInputException mismatched ? mismatched.getTargetType() : null;
        if (wanted != null && wanted.isEnum()) {
            return "write one of " + Stream.of(wanted.getEnumConstants()).map(String::valueOf)
                    .collect(Collectors.joining(", "));
        }
        if (wanted == Integer.class) {
            return "write a whole number from " + Integer.MIN_VALUE + " to " + Integer.MAX_VALUE;
        }
        if (wanted == Quantity.class) {
            return "write a quantity such as 500m or 2Gi";
        }
        return wanted == Long.class ? "write a whole number" : "this key takes a value of another kind";
    }

    private static @Nullable Object told(@Nullable Object read, List<String> problems) {
        if (!problems.isEmpty() && read instanceof HasMetadata object) {
            Unreadable.mark(object, String.join("; ", problems));
        }
        return read;
    }

    private @Nullable Object part(JsonNode tree, JsonParser parser, DeserializationContext context)
            throws IOException {
        try (TreeTraversingParser walk = new TreeTraversingParser(tree, parser.getCodec())) {
            walk.nextToken();
            return super.deserialize(walk, context);
        }
    }

    /** What names an object, and nothing else. */
    private static ObjectNode named(ObjectNode object) {
        ObjectNode named = object.objectNode();
        for (String key : List.of("apiVersion", "kind")) {
            if (object.path(key).isTextual()) {
                named.set(key, object.get(key));
            }
        }
        ObjectNode metadata = named.putObject("metadata");
        for (String key : NAMING) {
            JsonNode value = object.path("metadata").path(key);
            if (value.isTextual() || value.canConvertToExactIntegral()) {
                metadata.set(key, value);
            }
        }
        // By these, it is known whose it is.
        ObjectNode labels = metadata.putObject("labels");
        object.path("metadata").path("labels").properties().forEach(label -> {
            if (label.getValue().isTextual()) {
                labels.set(label.getKey(), label.getValue());
            }
        });
        return named;
    }

    /** Takes out what lies where a path leads, as far as there is anything. Returns it with its path; empty if nothing is. */
    private static String remove(ObjectNode object, List<Reference> path) {
        JsonNode parent = null;
        Reference last = null;
        JsonNode at = object;
        StringBuilder name = new StringBuilder();
        for (Reference step : path) {
            JsonNode next = step.getFieldName() != null ? at.get(step.getFieldName()) : at.get(step.getIndex());
            if (next == null) {
                break;
            }
            name.append(step.getFieldName() == null
                    ? "[" + step.getIndex() + "]"
                    : (name.isEmpty() ? "" : ".") + step.getFieldName());
            parent = at;
            last = step;
            at = next;
        }
        if (parent == null || last == null || name.toString().equals("metadata")) {
            return "";
        }
        String value = at.isContainerNode() ? "" : ": " + at.asText();
        if (parent instanceof ObjectNode fields) {
            fields.remove(last.getFieldName());
        } else if (parent instanceof ArrayNode elements) {
            elements.remove(last.getIndex());
        }
        return name + value;
    }

    /** Takes out what is nested too deep. */
    private static void flatten(ObjectNode object, List<String> problems) {
        Deque<JsonNode> level = new ArrayDeque<>(List.of(object));
        for (int depth = 1; !level.isEmpty(); depth++) {
            Deque<JsonNode> next = new ArrayDeque<>();
            for (JsonNode each : level) {
                for (JsonNode inner : each) {
                    if (inner.isContainerNode()) {
                        next.add(inner);
                    }
                }
                if (depth == DEEPEST && (each.isObject() || each.isArray()) && !each.isEmpty()) {
                    if (each instanceof ObjectNode fields) {
                        fields.removeAll();
                    } else {
                        ((ArrayNode) each).removeAll();
                    }
                    if (problems.isEmpty()) {
                        problems.add("nested deeper than " + DEEPEST + " levels");
                    }
                }
            }
            level = depth == DEEPEST ? new ArrayDeque<>() : next;
        }
    }

    /** In one line, and no longer than needed: what stands there, somebody else has written. */
    private static String words(@Nullable String text) {
        String line = String.valueOf(text).replaceAll("\\p{Cntrl}+", " ").strip();
        return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "...";
    }
}
