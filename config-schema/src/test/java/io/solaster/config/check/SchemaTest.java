package io.solaster.config.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import com.fasterxml.classmate.ResolvedType;
import com.github.victools.jsonschema.generator.CustomDefinition;
import com.github.victools.jsonschema.generator.FieldScope;
import com.github.victools.jsonschema.generator.Option;
import com.github.victools.jsonschema.generator.OptionPreset;
import com.github.victools.jsonschema.generator.SchemaGenerationContext;
import com.github.victools.jsonschema.generator.SchemaGenerator;
import com.github.victools.jsonschema.generator.SchemaGeneratorConfigBuilder;
import com.github.victools.jsonschema.generator.SchemaVersion;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.solaster.config.SolasterConfig;
import io.solaster.config.value.Range;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.DefaultValue;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The schema by which editors complete and check application.yml: made from the records, and right. */
class SchemaTest {
    private static final Path FILE = Path.of("solaster.schema.json");
    private static final Path SOURCES = Path.of("src/main/java");
    /** Spring replaces it before anybody reads the value. */
    private static final String PLACEHOLDER = ".*\\$\\{.+\\}.*";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ObjectNode MADE = schema();
    private static final Schema SCHEMA = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_7)
            .getSchema(MADE);

    @Test
    void isMadeFromTheRecords() throws IOException {
        Generated.check(FILE, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(MADE) + "\n");
    }

    @Test
    void isInTheJar() throws IOException {
        try (InputStream inJar = SolasterConfig.class.getResourceAsStream("/META-INF/solaster.schema.json")) {
            assertThat(inJar).isNotNull();
        }
    }

    @Test
    void describesEveryKey() {
        JsonNode root = MADE.get("properties").get("solaster");
        for (String leaf : ConfigTree.leaves()) {
            JsonNode node = root;
            JsonNode above = root;
            for (String element : leaf.substring("solaster.".length()).split("\\.")) {
                above = node;
                node = element.equals(ConfigTree.ANY)
                        ? node.has("additionalProperties")
                                ? node.get("additionalProperties")
                                : node.get("items").get("anyOf").get(1)
                        : node.get("properties").get(element);
                assertThat(node).as("%s at %s", leaf, element).isNotNull();
            }
            // A text by a name says nothing that the group of them does not.
            JsonNode described = leaf.endsWith(ConfigTree.ANY) ? above : node;
            assertThat(described.path("description").asString("")).as(leaf).isNotBlank();
        }
    }

    @Test
    void takesWhatTheDemoIsConfiguredWith() throws IOException {
        assertThat(wrong(Files.readString(Path.of("../demo-service/src/main/resources/application.yml")))).isEmpty();
    }

    @Test
    void takesWhatTheReadmesShow() throws IOException {
        Pattern yaml = Pattern.compile("(?ms)^```yaml\n(.*?)^```$");
        for (String file : List.of("../README.md", "../starter-autoconfigure/README.md", "README.md")) {
            Matcher block = yaml.matcher(Files.readString(Path.of(file)));
            while (block.find()) {
                assertThat(wrong(block.group(1))).as(block.group(1)).isEmpty();
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            engine: {shards: 4, smt: true, housekeeping: '0-1,4', task-quota: 500us, checks: 'off'}
            engine: {shards: auto, housekeeping: 0, transport: io_uring, shutdown-timeout: PT20S, checks: off}
            engine: {groups: {reports: {shares: 50, when-full: wait, queue-timeout: 2s}}}
            engine: {shards: '${CORES:2}', smt: '${SMT}', transport: '${TRANSPORT}', task-quota: '${QUOTA:1ms}'}
            servers: {kv: {protocol: resp, port: 6380, limits: {max-bulk: 64MB, output-buffer: 1024, idle-timeout: 10}}}
            servers: {kv: {protocol: resp, port: '${PORT:6380}', password: '${PASSWORD}'}}
            pools: {orders: {endpoints: ['a:80', {address: 'b:80', weight: 3}], balancing: {bounded-load: 1.5}}}
            pools: {orders: {endpoints: 'a:80,b:80', ssl: {enabled: true}, health: {check: {type: http, path: /health}}}}
            pools: {orders: {discovery: {type: srv, name: _http._tcp.orders}, requests: {retry-budget: '${BUDGET:0.1}'}}}
            engine:
            {enabled: false, strict: true}
            """)
    void takesWhatIsRight(String yaml) {
        assertThat(wrong("solaster:\n  " + yaml)).as(yaml).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            engine: {shards: many}                                | /solaster/engine/shards
            engine: {shards: 0}                                   | /solaster/engine/shards
            engine: {task-quota: 5 parsecs}                       | /solaster/engine/task-quota
            engine: {transport: carrier-pigeon}                   | /solaster/engine/transport
            engine: {task-qouta: 5ms}                             | /solaster/engine
            engine: {smt: maybe}                                  | /solaster/engine/smt
            engine: 5                                             | /solaster/engine
            engine: {mesh: {lane-capacity: 1}}                    | /solaster/engine/mesh/lane-capacity
            engine: {groups: {reports: {shares: -1}}}             | /solaster/engine/groups/reports/shares
            servers: {kv: {protocol: resp, port: 70000}}          | /solaster/servers/kv/port
            servers: {kv: {protocol: resp, prot: 1}}              | /solaster/servers/kv
            servers: {kv: {protocol: resp, limits: {max-bulk: big}}} | /solaster/servers/kv/limits/max-bulk
            pools: {orders: {endpoints: [{adress: 'b:80'}]}}      | /solaster/pools/orders/endpoints/0
            pools: {orders: {endpoints: {address: 'b:80'}}}       | /solaster/pools/orders/endpoints
            pools: {orders: {balancing: {algorithm: best}}}       | /solaster/pools/orders/balancing/algorithm
            pools: {orders: {connections: {max: 0}}}              | /solaster/pools/orders/connections/max
            shards: 2                                             | /solaster
            """)
    void findsWhatIsWrong(String yaml, String where) {
        assertThat(wrong("solaster:\n  " + yaml)).as(yaml).isNotEmpty()
                .allSatisfy(found -> assertThat(found).isEqualTo(where));
    }

    private static List<String> wrong(String yaml) {
        return SCHEMA.validate(yaml, InputFormat.YAML).stream().map(error -> error.getInstanceLocation().toString())
                .distinct().toList();
    }

    private static ObjectNode schema() {
        SchemaGeneratorConfigBuilder builder = new SchemaGeneratorConfigBuilder(JSON, SchemaVersion.DRAFT_7,
                OptionPreset.PLAIN_JSON).with(Option.MAP_VALUES_AS_ADDITIONAL_PROPERTIES,
                        Option.FORBIDDEN_ADDITIONAL_PROPERTIES_BY_DEFAULT, Option.INLINE_ALL_SCHEMAS)
                .without(Option.SCHEMA_VERSION_INDICATOR);
        builder.forTypesInGeneral().withCustomDefinitionProvider(SchemaTest::value);
        builder.forFields().withPropertyNameOverrideResolver(field -> ConfigTree.kebab(field.getDeclaredName()))
                .withDescriptionResolver(SchemaTest::description).withDefaultResolver(SchemaTest::defaultValue)
                .withNumberInclusiveMinimumResolver(field -> bound(field, true))
                .withNumberInclusiveMaximumResolver(field -> bound(field, false));
        ObjectNode solaster = new SchemaGenerator(builder.build()).generateSchema(SolasterConfig.class);
        tidy(solaster);
        ObjectNode root = JSON.createObjectNode();
        root.put("$schema", "http://json-schema.org/draft-07/schema#");
        root.put("title", "Solaster in application.yml");
        root.put("type", "object");
        root.putObject("properties").set("solaster", solaster);
        return root;
    }

    private static void tidy(JsonNode node) {
        if (node instanceof ObjectNode object) {
            if (object.remove("allOf") instanceof ArrayNode parts) {
                // A map and what is said of it.
                parts.forEach(part -> ((ObjectNode) part).properties().stream()
                        .filter(each -> !each.getValue().isBoolean() || !object.has(each.getKey()))
                        .forEach(each -> object.set(each.getKey(), each.getValue())));
            }
            if (object.path("type").asString("").equals("object")) {
                // Null for a key below which all lines are commented out.
                object.putArray("type").add("object").add("null");
            } else if (object.path("additionalProperties").isBoolean()) {
                object.remove("additionalProperties");
            }
        }
        node.values().forEach(SchemaTest::tidy);
    }

    /** How values are written; null for groups of keys. */
    private static CustomDefinition value(ResolvedType resolved, SchemaGenerationContext context) {
        Class<?> type = resolved.getErasedType();
        if (Map.class.isAssignableFrom(type) || type.isRecord() && ConfigTree.isGroup(type)) {
            return null;
        }
        ObjectNode node = JSON.createObjectNode();
        if (type == List.class) {
            // One alone, and several with commas between, may be written as plain text.
            ResolvedType element = resolved.getTypeParameters().getFirst();
            node.putArray("type").add("array").add("string").add("null");
            ArrayNode either = node.putObject("items").putArray("anyOf");
            either.addObject().put("type", "string");
            either.add(context.createDefinition(element));
            return new CustomDefinition(node, true);
        }
        if (type.isEnum()) {
            ArrayNode anyOf = node.putArray("anyOf");
            ArrayNode choices = anyOf.addObject().putArray("enum");
            for (Object constant : type.getEnumConstants()) {
                String choice = constant.toString().toLowerCase(Locale.ROOT);
                choices.add(choice);
                if (choice.indexOf('_') >= 0) {
                    // As Spring's own documentation spells it.
                    choices.add(choice.replace('_', '-'));
                }
                if (choice.equals("off")) {
                    // As YAML 1.1 reads it.
                    choices.add(false);
                }
            }
            anyOf.addObject().put("type", "string").put("pattern", PLACEHOLDER);
            return new CustomDefinition(node, true);
        }
        switch (type.getName()) {
            case "boolean", "java.lang.Boolean" -> written(node, "true|false", "boolean");
            case "int", "long" -> written(node, "[0-9]+", "integer");
            case "double" -> written(node, "[0-9]*[.]?[0-9]+([eE][+-]?[0-9]+)?", "number").put("minimum", 0);
            case "java.lang.Double" -> written(node, "[0-9]*[.]?[0-9]+([eE][+-]?[0-9]+)?", "number").put("minimum", 0)
                    .put("maximum", 1);
            case "java.lang.String" -> node.putArray("type").add("string").add("number").add("boolean").add("null");
            case "java.time.Duration" -> written(node, "[+-]?[0-9]+(ns|us|ms|s|m|h|d)?|[+-]?[pP].+", "integer");
            case "io.solaster.config.value.ByteSize" -> written(node, "[0-9]+ *([kKmMgGtT]?[bB])?", "integer");
            case "io.solaster.config.value.Fsync" -> node.put("type", "string").put("pattern",
                    "^([aA][lL][wW][aA][yY][sS]|[nN][eE][vV][eE][rR]|[0-9]+(ms|s|m|h)|" + PLACEHOLDER + ")$");
            case "io.solaster.config.value.ShardCount" -> written(node, "[aA][uU][tT][oO]|[1-9][0-9]*", "integer")
                    .put("minimum", 1);
            case "io.solaster.config.value.Housekeeping" ->
                written(node, "auto|none|[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*",
                        "integer").put("minimum", 0);
            default -> throw new IllegalArgumentException("say how " + type + " is written");
        }
        return new CustomDefinition(node, true);
    }

    private static ObjectNode written(ObjectNode node, String pattern, String type) {
        node.putArray("type").add(type).add("string");
        return node.put("pattern", "^(" + pattern + "|" + PLACEHOLDER + ")$");
    }

    private static RecordComponent component(FieldScope field) {
        return Stream.of(field.getDeclaringType().getErasedType().getRecordComponents())
                .filter(component -> component.getName().equals(field.getDeclaredName())).findFirst().orElseThrow();
    }

    private static Object defaultValue(FieldScope field) {
        RecordComponent[] components = field.getDeclaringType().getErasedType().getRecordComponents();
        RecordComponent component = component(field);
        Class<?> type = component.getType();
        DefaultValue value = canonical(components).getParameters()[List.of(components).stream()
                .map(RecordComponent::getName).toList().indexOf(component.getName())].getAnnotation(DefaultValue.class);
        if (field.isFakeContainerItemScope() || value == null || value.value().length == 0) {
            return null;
        }
        String text = value.value()[0];
        return type == int.class
                ? (Object) Integer.valueOf(text)
                : type == double.class ? Double.valueOf(text) : type == boolean.class ? Boolean.valueOf(text) : text;
    }

    private static Constructor<?> canonical(RecordComponent[] components) {
        try {
            return components[0].getDeclaringRecord().getDeclaredConstructor(
                    Stream.of(components).map(RecordComponent::getType).toArray(Class[]::new));
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException(e);
        }
    }

    private static BigDecimal bound(FieldScope field, boolean least) {
        Range range = component(field).getAccessor().getAnnotation(Range.class);
        if (range == null || field.isFakeContainerItemScope()) {
            return null;
        }
        long bound = least ? range.min() : Math.min(range.max(), Integer.MAX_VALUE);
        return BigDecimal.valueOf(bound);
    }

    /** What the record's Javadoc says of the component. */
    private static String description(FieldScope field) {
        if (field.isFakeContainerItemScope()) {
            return null;
        }
        Class<?> type = field.getDeclaringType().getErasedType();
        while (type.getEnclosingClass() != null) {
            type = type.getEnclosingClass();
        }
        try {
            String source = Files.readString(SOURCES.resolve(type.getName().replace('.', '/') + ".java"));
            Matcher param = Pattern.compile("@param " + field.getDeclaredName() + " (.*?)(?=\n \\* @|\n \\*/)",
                    Pattern.DOTALL).matcher(source);
            assertThat(param.find()).as("%s has no @param %s", type, field.getDeclaredName()).isTrue();
            return String
                    .join(" ", Arrays.stream(param.group(1).split("\n")).map(line -> line.replaceFirst("^ *\\* *", ""))
                            .toList())
                    .replaceAll("\\{@code ([^}]*)\\}", "$1");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
