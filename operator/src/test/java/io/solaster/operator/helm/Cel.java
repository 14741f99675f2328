package io.solaster.operator.helm;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelRuntimeFactory;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.api.model.apiextensions.v1.ValidationRule;
import io.fabric8.kubernetes.client.utils.Serialization;
import org.yaml.snakeyaml.Yaml;

/** The rules of a definition, as an API server asks them of a new object. */
final class Cel {
    private Cel() {}

    /** The messages of the rules that an object breaks. */
    static List<String> broken(String definition, String yaml) throws Exception {
        CustomResourceDefinition crd = Serialization.unmarshal(
                Files.readString(Chart.OPERATOR.file("crds/" + definition + ".yaml")), CustomResourceDefinition.class);
        List<String> broken = new ArrayList<>();
        look(crd.getSpec().getVersions().getFirst().getSchema().getOpenAPIV3Schema(), longs(new Yaml().load(yaml)),
                broken);
        return broken;
    }

    private static void look(JSONSchemaProps schema, Object value, List<String> broken) throws Exception {
        CelCompiler compiler = CelCompilerFactory.standardCelCompilerBuilder()
                .setStandardMacros(CelStandardMacro.STANDARD_MACROS).addVar("self", SimpleType.DYN).build();
        for (ValidationRule rule : schema.getXKubernetesValidations()) {
            // A rule of changes is not asked of what is new.
            if (!rule.getRule().contains("oldSelf") && !(boolean) CelRuntimeFactory.standardCelRuntimeBuilder().build()
                    .createProgram(compiler.compile(rule.getRule()).getAst()).eval(Map.of("self", value))) {
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
