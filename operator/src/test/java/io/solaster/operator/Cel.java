package io.solaster.operator;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.api.model.apiextensions.v1.ValidationRule;
import io.fabric8.kubernetes.client.utils.Serialization;
import org.yaml.snakeyaml.Yaml;

/** The rules of definitions, as an API server asks them. */
public final class Cel {
    private static final Path CRDS = Path.of("../helm/solaster-operator/crds");
    private static final CelCompiler COMPILER = CelCompilerFactory.standardCelCompilerBuilder()
            .setStandardMacros(CelStandardMacro.STANDARD_MACROS).addVar("self", SimpleType.DYN)
            .addVar("oldSelf", SimpleType.DYN).build();
    private static final CelRuntime RUNTIME = CelRuntimeFactory.standardCelRuntimeBuilder().build();
    private static final Map<String, CelRuntime.Program> PROGRAMS = new ConcurrentHashMap<>();
    private static final Map<String, JSONSchemaProps> SCHEMAS = new ConcurrentHashMap<>();

    private Cel() {}

    /** The messages of the rules that a new object breaks. */
    public static List<String> broken(String definition, String yaml) throws Exception {
        JSONSchemaProps schema = SCHEMAS.get(definition);
        if (schema == null) {
            schema = Serialization.unmarshal(Files.readString(CRDS.resolve(definition + ".yaml")),
                    CustomResourceDefinition.class).getSpec().getVersions().getFirst().getSchema()
                    .getOpenAPIV3Schema();
            SCHEMAS.put(definition, schema);
        }
        List<String> broken = new ArrayList<>();
        look(schema, value(yaml), broken);
        return broken;
    }

    /** Whether a rule holds of a value in YAML, and of what it was before. */
    public static boolean holds(ValidationRule rule, String self, String before) throws Exception {
        return holds(rule, value(self), value(before));
    }

    private static boolean holds(ValidationRule rule, Object self, Object before) throws Exception {
        CelRuntime.Program program = PROGRAMS.get(rule.getRule());
        if (program == null) {
            program = RUNTIME.createProgram(COMPILER.compile(rule.getRule()).getAst());
            PROGRAMS.put(rule.getRule(), program);
        }
        return (boolean) program.eval(Map.of("self", self, "oldSelf", before));
    }

    private static void look(JSONSchemaProps schema, Object value, List<String> broken) throws Exception {
        for (ValidationRule rule : schema.getXKubernetesValidations()) {
            // A rule of changes is not asked of what is new.
            if (!rule.getRule().contains("oldSelf") && !holds(rule, value, Map.of())) {
                broken.add(rule.getMessage());
            }
        }
        if (value instanceof Map<?, ?> map && schema.getProperties() != null) {
            for (Map.Entry<?, ?> each : map.entrySet()) {
                JSONSchemaProps inner = schema.getProperties().get(each.getKey());
                if (inner != null && each.getValue() != null) {
                    look(inner, each.getValue(), broken);
                }
            }
        }
    }

    private static Object value(String yaml) {
        return longs(new Yaml().load(yaml));
    }

    /** CEL's whole numbers are longs. */
    private static Object longs(Object value) {
        return switch (value) {
            case Integer number -> number.longValue();
            case Map<?, ?> map -> {
                Map<Object, Object> all = new LinkedHashMap<>();
                map.forEach((key, each) -> all.put(key, longs(each)));
                yield all;
            }
            case List<?> list -> list.stream().map(Cel::longs).toList();
            case null -> null;
            default -> value;
        };
    }
}
