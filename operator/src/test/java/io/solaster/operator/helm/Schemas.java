package io.solaster.operator.helm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.utils.Serialization;
import org.yaml.snakeyaml.Yaml;

/** The schemas of charts' values, and of what charts hand to the operator. */
final class Schemas {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path CRDS = Chart.OPERATOR.file("crds");
    /** Both take as long to read as all that is held against them. */
    private static final Map<String, ObjectNode> DEFINITIONS = new ConcurrentHashMap<>();
    private static final Map<String, Schema> SCHEMAS = new ConcurrentHashMap<>();

    private Schemas() {}

    /** Compares a part of a chart's schema with what it is a copy of, or writes it with {@code -Dgenerate}. */
    static void copy(Chart chart, UnaryOperator<ObjectNode> change) throws IOException {
        Path file = chart.file("values.schema.json");
        ObjectNode made = change.apply((ObjectNode) JSON.readTree(Files.readString(file)));
        String text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(made) + "\n";
        if (System.getProperty("generate") != null) {
            Files.writeString(file, text);
        }
        // Tells the lines that differ, of thousands.
        assertThat(file).as("%s is out of date: mvn -pl operator test -Dgenerate", file).hasContent(text);
    }

    static JsonNode read(Path file) throws IOException {
        return JSON.readTree(Files.readString(file));
    }

    /** The schema of a custom resource as JSON Schema; keys that it does not name are refused. */
    static ObjectNode definition(String name) throws IOException {
        ObjectNode known = DEFINITIONS.get(name);
        if (known == null) {
            known = read(name);
            DEFINITIONS.put(name, known);
        }
        return known.deepCopy();
    }

    private static ObjectNode read(String name) throws IOException {
        CustomResourceDefinition crd = Serialization.unmarshal(Files.readString(CRDS.resolve(name + ".yaml")),
                CustomResourceDefinition.class);
        ObjectNode schema = JSON.valueToTree(
                crd.getSpec().getVersions().getFirst().getSchema().getOpenAPIV3Schema());
        close(schema);
        return schema;
    }

    private static void close(ObjectNode schema) {
        boolean open = schema.path("x-kubernetes-preserve-unknown-fields").asBoolean();
        List<String> extensions = new ArrayList<>();
        schema.fieldNames().forEachRemaining(field -> {
            if (field.startsWith("x-kubernetes-")) {
                extensions.add(field);
            }
        });
        schema.remove(extensions);
        if (schema.path("properties") instanceof ObjectNode properties && !properties.isEmpty()) {
            if (!open && !schema.has("additionalProperties")) {
                schema.put("additionalProperties", false);
            }
            properties.properties().forEach(property -> close((ObjectNode) property.getValue()));
        }
        if (schema.path("items") instanceof ObjectNode items) {
            close(items);
        }
        if (schema.path("additionalProperties") instanceof ObjectNode values) {
            close(values);
        }
    }

    /** What a schema finds wrong: where, and what. */
    static List<String> wrong(JsonNode schema, String yaml) {
        return SCHEMAS.computeIfAbsent(schema.toString(), text -> SchemaRegistry
                .withDefaultDialect(SpecificationVersion.DRAFT_7).getSchema(text, InputFormat.JSON))
                .validate(yaml, InputFormat.YAML).stream().map(Error::toString).toList();
    }

    /** A value without a schema is not checked; a key of the schema without a value is not told to anybody. */
    static void keysAreThoseOfTheValues(Chart chart, List<String> further) throws IOException {
        TreeSet<String> keys = new TreeSet<>();
        read(chart.file("values.schema.json")).get("properties").fieldNames().forEachRemaining(keys::add);
        keys.removeAll(further);
        Map<String, Object> values = new Yaml().load(Files.readString(chart.file("values.yaml")));
        assertThat(keys).isEqualTo(new TreeSet<>(values.keySet()));
        JsonNode properties = read(chart.file("values.schema.json")).get("properties");
        values.forEach((key, value) -> {
            JsonNode schema = properties.get(key);
            if (value instanceof Map<?, ?> map && schema.path("additionalProperties").isBoolean()
                    && !key.equals("solaster")) {
                TreeSet<String> inner = new TreeSet<>();
                schema.get("properties").fieldNames().forEachRemaining(inner::add);
                assertThat(inner).as(key).isEqualTo(new TreeSet<>(map.keySet()));
            }
        });
    }

    static Map<String, String> flat(Object tree) {
        Map<String, String> flat = new TreeMap<>();
        flatten("", tree, flat);
        return flat;
    }

    private static void flatten(String key, Object value, Map<String, String> flat) {
        switch (value) {
            case Map<?, ?> map -> map.forEach((name, each) -> flatten(key.isEmpty() ? name + "" : key + "." + name,
                    each, flat));
            case List<?> list -> {
                for (int i = 0; i < list.size(); i++) {
                    flatten(key + "[" + i + "]", list.get(i), flat);
                }
            }
            case null -> flat.put(key, "");
            default -> flat.put(key, value.toString());
        }
    }

    /** The values that helm/README.md shows for a chart: YAML blocks that begin with its name in a comment. */
    static Stream<String> yamlOfTheReadme(String chart) throws IOException {
        Matcher block = Pattern.compile("(?ms)^```yaml\n(# " + chart + ".*?)^```$")
                .matcher(Files.readString(Path.of("../helm/README.md")));
        List<String> found = block.results().map(each -> each.group(1)).toList();
        assertThat(found).as(chart).isNotEmpty();
        return found.stream();
    }

}
