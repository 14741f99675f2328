package io.solaster.operator.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.crdv2.generator.CRDGenerator.AbstractCRDOutput;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.api.model.apiextensions.v1.ValidationRule;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.solaster.operator.Cel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The definitions that clusters get are made of the records, and the rules in them accept and refuse as they should. */
class CustomResourceDefinitionsTest {
    private static final Path CRDS = Path.of("../helm/solaster-operator/crds");
    /** Made once: nobody here changes them. */
    private static final Map<String, CustomResourceDefinition> DEFINITIONS = new LinkedHashMap<>();
    private static final Pattern RECORD = Pattern.compile("(?s)/\\*\\*(.*?)\\*/(?:(?!/\\*\\*).)*?\\brecord (\\w+)\\(");
    private static final Pattern PARAM = Pattern.compile("(?s)@param (\\w+) (.*?)(?=@param|$)");

    @Test
    void theChartsDefinitionsAreThoseOfTheRecords() throws IOException {
        for (CustomResourceDefinition crd : definitions().values()) {
            Path file = CRDS.resolve(crd.getMetadata().getName() + ".yaml");
            String text = "# Made from the records of io.solaster.operator.api: mvn -pl operator test -Dgenerate\n"
                    + Serialization.asYaml(crd);
            if (System.getProperty("generate") != null) {
                Files.writeString(file, text);
            }
            // Tells the lines that differ.
            assertThat(file).as("%s is out of date: mvn -pl operator test -Dgenerate", file).hasContent(text);
        }
    }

    @Test
    void servicesScaleAndShowHowTheyStand() throws IOException {
        CustomResourceDefinition crd = definitions().get("shardedservices.solaster.io");
        assertThat(crd.getSpec().getScope()).isEqualTo("Namespaced");
        CustomResourceDefinitionVersion version = crd.getSpec().getVersions().getFirst();
        assertThat(version.getSubresources().getStatus()).isNotNull();
        assertThat(version.getSubresources().getScale().getSpecReplicasPath()).isEqualTo(".spec.replicas");
        assertThat(version.getSubresources().getScale().getStatusReplicasPath()).isEqualTo(".status.replicas");
        assertThat(version.getSubresources().getScale().getLabelSelectorPath()).isEqualTo(".status.selector");
        assertThat(version.getAdditionalPrinterColumns()).extracting("name")
                .containsExactlyInAnyOrder("Ready", "Verdict", "Replicas", "Aligned", "Stranded", "Age");
        assertThat(definitions().get("topologyprofiles.solaster.io").getSpec().getScope()).isEqualTo("Cluster");
    }

    @Test
    void configurationIsKeptAsItIsWritten() throws IOException {
        JSONSchemaProps config = spec("shardedservices.solaster.io").getProperties().get("config");
        assertThat(config.getXKubernetesPreserveUnknownFields()).isTrue();
        JSONSchemaProps memory = spec("shardedservices.solaster.io").getProperties().get("memory");
        assertThat(memory.getProperties().get("perShard").getXKubernetesIntOrString()).isTrue();
        JSONSchemaProps shards = spec("shardedservices.solaster.io").getProperties().get("shards");
        assertThat(shards.getProperties().get("mode").getEnum()).extracting(JsonNode::asText)
                .containsExactlyInAnyOrder("Fixed", "PerNuma", "FillNode");
    }

    /** What an API server stores must fit what reads it: one number that does not would keep all services from being read. */
    @Test
    void everyWholeNumberHasAFormatAndARange() throws IOException {
        for (Map.Entry<String, CustomResourceDefinition> each : definitions().entrySet()) {
            List<String> open = new ArrayList<>();
            open(each.getKey(), schema(each.getKey()), open);
            assertThat(open).as("whole numbers without format, minimum or maximum").isEmpty();
        }
    }

    private static void open(String path, JSONSchemaProps schema, List<String> open) {
        boolean either = Boolean.TRUE.equals(schema.getXKubernetesIntOrString());
        if ("integer".equals(schema.getType()) || either) {
            // Bounds are doubles: 2^63, which Long.MAX_VALUE becomes, has the API server refuse every object.
            double most = "int64".equals(schema.getFormat()) || either ? 0x1p53 - 1 : Integer.MAX_VALUE;
            double least = "int64".equals(schema.getFormat()) || either ? -most : Integer.MIN_VALUE;
            if ((!either && !List.of("int32", "int64").contains(String.valueOf(schema.getFormat())))
                    || schema.getMinimum() == null || schema.getMinimum() < least || schema.getMaximum() == null
                    || schema.getMaximum() > most) {
                open.add(path);
            }
        }
        if (schema.getProperties() != null) {
            schema.getProperties().forEach((key, inner) -> open(path + "." + key, inner, open));
        }
        if (schema.getItems() != null && schema.getItems().getSchema() != null) {
            open(path + "[]", schema.getItems().getSchema(), open);
        }
        if (schema.getAdditionalProperties() != null && schema.getAdditionalProperties().getSchema() != null) {
            open(path + ".*", schema.getAdditionalProperties().getSchema(), open);
        }
    }

    /** Of what people write, the range is what makes sense, and not what a number may hold. */
    @Test
    void everyWholeNumberOfOursHasARangeOfItsOwn() throws IOException {
        for (String name : definitions().keySet()) {
            List<String> wide = new ArrayList<>();
            wide(name, spec(name), name.startsWith("sharded") ? ShardedServiceSpec.class : TopologyProfileSpec.class,
                    wide);
            assertThat(wide).as("@Min and @Max are missing").isEmpty();
        }
    }

    private static void wide(String path, JSONSchemaProps schema, Class<?> type, List<String> wide) {
        for (RecordComponent component : type.getRecordComponents()) {
            JSONSchemaProps property = schema.getProperties().get(component.getName());
            if ("integer".equals(property.getType())
                    && (property.getMinimum() < 0 || property.getMaximum() >= Integer.MAX_VALUE)) {
                wide.add(path + "." + component.getName());
            } else if (component.getType().isRecord()) {
                wide(path + "." + component.getName(), property, component.getType(), wide);
            }
        }
    }

    @Test
    void whatCannotBeLeftOutIsRequired() throws IOException {
        assertThat(schema("shardedservices.solaster.io").getRequired()).containsExactly("spec");
        assertThat(schema("topologyprofiles.solaster.io").getRequired()).containsExactly("spec");
        JSONSchemaProps spec = spec("shardedservices.solaster.io");
        assertThat(spec.getRequired()).containsExactly("shards");
        assertThat(elements(spec, "ports").getRequired()).containsExactly("containerPort");
        assertThat(elements(spec, "env").getRequired()).containsExactly("name");
        assertThat(elements(spec("topologyprofiles.solaster.io"), "numaNodes").getRequired()).containsExactly("cpus");
    }

    @Test
    void elementsOfListsAreToldApart() throws IOException {
        JSONSchemaProps spec = spec("shardedservices.solaster.io");
        assertThat(keys(spec, "ports")).containsExactly("containerPort", "protocol");
        // A key that is left out needs a default.
        assertThat(elements(spec, "ports").getProperties().get("protocol").getDefault().asText()).isEqualTo("TCP");
        assertThat(keys(spec, "env")).containsExactly("name");
        assertThat(keys(spec, "volumes")).containsExactly("name");
        assertThat(keys(spec, "volumeMounts")).containsExactly("mountPath");
        JSONSchemaProps status = schema("shardedservices.solaster.io").getProperties().get("status");
        assertThat(keys(status, "conditions")).containsExactly("type");
    }

    private static List<String> keys(JSONSchemaProps schema, String list) {
        assertThat(schema.getProperties().get(list).getXKubernetesListType()).as(list).isEqualTo("map");
        return schema.getProperties().get(list).getXKubernetesListMapKeys();
    }

    private static JSONSchemaProps elements(JSONSchemaProps schema, String list) {
        return schema.getProperties().get(list).getItems().getSchema();
    }

    /** An API server looks for a pattern anywhere in a text, unless the pattern says where it begins and ends. */
    @ParameterizedTest
    @CsvSource({"0-15, true", "'0-15, 32', true", "7, true", "0-x, false", "x0-1, false", "'', false", "'0,', false",
            "99999, false"})
    void listsOfCpusAreLists(String list, boolean accepted) throws IOException {
        JSONSchemaProps spec = spec("topologyprofiles.solaster.io");
        for (JSONSchemaProps each : List.of(elements(spec, "numaNodes").getProperties().get("cpus"),
                elements(spec, "l3Groups"), spec.getProperties().get("reservedCPUs"),
                spec.getProperties().get("offlineCPUs"))) {
            // A cache without CPUs is none.
            boolean none = list.isEmpty() && !each.equals(elements(spec, "l3Groups"));
            assertThat(Pattern.compile(each.getPattern()).matcher(list).find()).isEqualTo(accepted || none);
        }
    }

    @ParameterizedTest
    @CsvSource({"64Gi, true", "1.5G, true", "500m, true", "0.5, true", "1e9, true", "1e999999999, false",
            "64 GB, false", "'', false", "Gi, false"})
    void amountsAreAmounts(String amount, boolean accepted) throws IOException {
        String pattern = spec("shardedservices.solaster.io").getProperties().get("memory").getProperties()
                .get("perShard").getPattern();
        assertThat(Pattern.compile(pattern).matcher(amount).find()).isEqualTo(accepted);
    }

    @Test
    void everyKeyOfOursIsDescribed() throws IOException {
        for (String name : definitions().keySet()) {
            spec(name).getProperties()
                    .forEach((key, schema) -> assertThat(schema.getDescription()).as(name + " " + key).isNotBlank());
        }
    }

    /** @param old the spec as it was, where it changes */
    private record Case(String crd, String path, String message, String yaml, String old, boolean accepted) {}

    static Stream<Arguments> cases() {
        String service = "shardedservices.solaster.io";
        String profile = "topologyprofiles.solaster.io";
        String replicas = "replicas does not go";
        String sized = "autoscaling by Shards needs";
        String workload = "workload cannot change";
        String claims = "volumeClaimTemplates need";
        String fixed = "volumeClaimTemplates cannot change";
        String surge = "rollout.surge needs";
        String image = "image is missing";
        String heap = "heapShare is";
        String canary = "canary needs strategy";
        String first = "canary.pods and canary.percent";
        String errors = "canary.errorPercent is";
        String budget = "podDisruptionBudget.maxUnavailable and";
        return Stream.of(new Case(service, "", replicas, "{autoscaling: {max: 3}}", "", true),
                new Case(service, "", replicas, "{replicas: 2}", "", true),
                new Case(service, "", replicas, "{autoscaling: {max: 3}, replicas: 2}", "", false),
                new Case(service, "", replicas,
                        "{autoscaling: {by: Shards, max: 8}, shards: {count: 4}, replicas: 2}", "", true),
                new Case(service, "", sized, "{autoscaling: {by: Shards, max: 8}, shards: {count: 4}}", "", true),
                new Case(service, "", sized, "{autoscaling: {max: 8}, shards: {mode: PerNuma}}", "", true),
                new Case(service, "", sized, "{autoscaling: {by: Shards}, shards: {count: 4}}", "", false),
                new Case(service, "", sized, "{autoscaling: {by: Shards, max: 8}, shards: {mode: PerNuma}}", "", false),
                new Case(service, "", workload, "{workload: StatefulSet}", "{image: a}", true),
                new Case(service, "", workload, "{workload: Deployment}", "{image: a}", false),
                new Case(service, "", workload, "{image: a}", "{workload: Deployment}", false),
                new Case(service, "", claims, "{volumeClaimTemplates: [{}]}", "", true),
                new Case(service, "", claims, "{workload: Deployment, volumeClaimTemplates: []}", "", true),
                new Case(service, "", claims, "{workload: Deployment, volumeClaimTemplates: [{}]}", "", false),
                new Case(service, "", fixed, "{image: b}", "{image: a}", true),
                new Case(service, "", fixed, "{volumeClaimTemplates: [{}]}", "{image: a}", false),
                new Case(service, "", image, "{image: a}", "", true),
                new Case(service, "", image, "{mode: Plan}", "", true),
                new Case(service, "", image, "{mode: Apply}", "", false),
                new Case(service, "", surge, "{rollout: {surge: 0}}", "", true),
                new Case(service, "", surge, "{rollout: {surge: 1}, workload: Deployment}", "", true),
                new Case(service, "", surge, "{rollout: {surge: 1}}", "", false),
                new Case(service, "shards", "mode Fixed needs", "{count: 4}", "", true),
                new Case(service, "shards", "mode Fixed needs", "{mode: PerNuma, min: 2}", "", true),
                new Case(service, "shards", "mode Fixed needs", "{min: 2}", "", false),
                new Case(service, "shards", "mode Fixed needs", "{mode: FillNode, count: 2}", "", false),
                new Case(service, "shards", "min is above", "{mode: PerNuma, min: 2, max: 2}", "", true),
                new Case(service, "shards", "min is above", "{mode: PerNuma, min: 3, max: 2}", "", false),
                new Case(service, "autoscaling", "min is above", "{min: 1, max: 2}", "", true),
                new Case(service, "autoscaling", "min is above", "{min: 3, max: 2}", "", false),
                new Case(service, "memory", heap, "{heapShare: 0.25}", "", true),
                new Case(service, "memory", heap, "{perShard: 1Gi}", "", true),
                new Case(service, "memory", heap, "{heapShare: 1.0}", "", false),
                new Case(service, "podDisruptionBudget", budget, "{maxUnavailable: 2}", "", true),
                new Case(service, "podDisruptionBudget", budget, "{minAvailable: 50%, enabled: true}", "", true),
                new Case(service, "podDisruptionBudget", budget, "{maxUnavailable: 2, minAvailable: 1}", "", false),
                new Case(service, "rollout", canary, "{canary: {pods: 2}}", "", true),
                new Case(service, "rollout", canary, "{strategy: Canary, canary: {pods: 2}}", "", true),
                new Case(service, "rollout", canary, "{strategy: Rolling}", "", true),
                new Case(service, "rollout", canary, "{strategy: Rolling, canary: {pods: 2}}", "", false),
                new Case(service, "rollout", first, "{canary: {percent: 20}}", "", true),
                new Case(service, "rollout", first, "{canary: {percent: 20, pods: 2}}", "", false),
                new Case(service, "rollout", errors, "{canary: {errorPercent: 0.5}}", "", true),
                new Case(service, "rollout", errors, "{canary: {errorPercent: -1.0}}", "", false),
                new Case(service, "rollout", errors, "{strategy: Canary}", "", true),
                new Case(profile, "kubelet", "cpuManagerPolicy is", "{cpuManagerPolicy: static}", "", true),
                new Case(profile, "kubelet", "cpuManagerPolicy is", "{cpuManagerPolicy: dynamic}", "", false),
                new Case(profile, "kubelet", "topologyManagerPolicy is", "{topologyManagerPolicy: restricted}", "",
                        true),
                new Case(profile, "kubelet", "topologyManagerPolicy is", "{topologyManagerPolicy: strict}", "", false),
                new Case(profile, "kubelet", "topologyManagerScope is", "{topologyManagerScope: pod}", "", true),
                new Case(profile, "kubelet", "topologyManagerScope is", "{topologyManagerScope: node}", "", false),
                new Case(profile, "kubelet", "memoryManagerPolicy is", "{memoryManagerPolicy: Static}", "", true),
                new Case(profile, "kubelet", "memoryManagerPolicy is", "{memoryManagerPolicy: static}", "", false))
                .map(Arguments::of);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void rulesAcceptAndRefuse(Case each) throws Exception {
        JSONSchemaProps schema = spec(each.crd());
        ValidationRule rule = (each.path().isEmpty() ? schema : schema.getProperties().get(each.path()))
                .getXKubernetesValidations().stream().filter(there -> there.getMessage().startsWith(each.message()))
                .findFirst().orElseThrow();
        assertThat(Cel.holds(rule, each.yaml(), each.old().isEmpty() ? "{}" : each.old())).isEqualTo(each.accepted());
    }

    @Test
    void everyRuleIsTriedBothWays() throws IOException {
        List<String> tried = new ArrayList<>();
        cases().map(arguments -> (Case) arguments.get()[0])
                .forEach(each -> tried.add(each.message() + each.accepted()));
        for (String name : definitions().keySet()) {
            List<JSONSchemaProps> schemas = new ArrayList<>(List.of(spec(name)));
            schemas.addAll(spec(name).getProperties().values());
            for (JSONSchemaProps schema : schemas) {
                for (ValidationRule rule : schema.getXKubernetesValidations()) {
                    assertThat(tried).as(rule.getMessage())
                            .anyMatch(each -> each.endsWith("true")
                                    && rule.getMessage().startsWith(each.replaceFirst("true$", "")))
                            .anyMatch(each -> each.endsWith("false")
                                    && rule.getMessage().startsWith(each.replaceFirst("false$", "")));
                }
            }
        }
    }

    private static JSONSchemaProps spec(String name) throws IOException {
        return schema(name).getProperties().get("spec");
    }

    private static JSONSchemaProps schema(String name) throws IOException {
        return definitions().get(name).getSpec().getVersions().getFirst().getSchema().getOpenAPIV3Schema();
    }

    private static Map<String, CustomResourceDefinition> definitions() throws IOException {
        if (DEFINITIONS.isEmpty()) {
            DEFINITIONS.putAll(generated());
        }
        return DEFINITIONS;
    }

    private static Map<String, CustomResourceDefinition> generated() throws IOException {
        Map<String, ByteArrayOutputStream> made = new LinkedHashMap<>();
        new CRDGenerator().customResourceClasses(ShardedService.class, TopologyProfile.class)
                .withOutput(new AbstractCRDOutput<ByteArrayOutputStream>() {
                    @Override
                    protected ByteArrayOutputStream createStreamFor(String name) {
                        return made.computeIfAbsent(name, key -> new ByteArrayOutputStream());
                    }
                }).detailedGenerate();
        Map<String, String> words = words();
        Map<String, CustomResourceDefinition> definitions = new LinkedHashMap<>();
        for (ByteArrayOutputStream each : made.values()) {
            CustomResourceDefinition crd = Serialization.unmarshal(each.toString(StandardCharsets.UTF_8),
                    CustomResourceDefinition.class);
            Map<String, JSONSchemaProps> schema = crd.getSpec().getVersions().getFirst().getSchema()
                    .getOpenAPIV3Schema().getProperties();
            boolean service = crd.getMetadata().getName().startsWith("sharded");
            describe(schema.get("spec"), service ? ShardedServiceSpec.class : TopologyProfileSpec.class, words);
            Completed.complete(schema.get("spec"), service ? ShardedServiceSpec.class : TopologyProfileSpec.class);
            Class<?> status = service ? ShardedServiceStatus.class : TopologyProfileStatus.class;
            describe(schema.get("status"), status, words);
            Completed.complete(schema.get("status"), status);
            crd.getSpec().getVersions().getFirst().getSchema().getOpenAPIV3Schema().setRequired(List.of("spec"));
            crd.getMetadata().setAnnotations(null);
            definitions.put(crd.getMetadata().getName(), crd);
        }
        return definitions;
    }

    /** What 'kubectl explain' says comes from the records' Javadoc. */
    private static void describe(JSONSchemaProps schema, Class<?> type, Map<String, String> words) {
        for (RecordComponent component : type.getRecordComponents()) {
            JSONSchemaProps property = schema.getProperties().get(component.getName());
            property.setDescription(words.get(type.getSimpleName() + "." + component.getName()));
            Type generic = component.getGenericType();
            if (component.getType().isRecord()) {
                describe(property, component.getType(), words);
            } else if (generic instanceof ParameterizedType list && component.getType() == List.class
                    && list.getActualTypeArguments()[0] instanceof Class<?> element && element.isRecord()) {
                describe(property.getItems().getSchema(), element, words);
            }
        }
    }

    private static Map<String, String> words() throws IOException {
        Map<String, String> words = new HashMap<>();
        for (String name : List.of("ShardedServiceSpec", "ShardedServiceStatus", "TopologyProfileSpec",
                "TopologyProfileStatus")) {
            String source = Files.readString(Path.of("src/main/java/io/solaster/operator/api/" + name + ".java"));
            Matcher record = RECORD.matcher(source);
            while (record.find()) {
                Matcher param = PARAM.matcher(record.group(1).replaceAll("\\s*\\n\\s*\\* ?", " "));
                while (param.find()) {
                    words.put(record.group(2) + "." + param.group(1),
                            param.group(2).replaceAll("\\{@\\w+ ([^}]*)}", "$1").strip());
                }
            }
        }
        return words;
    }
}
