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
import org.junit.jupiter.params.provider.MethodSource;

/** The definitions that clusters get are made of the records, and the rules in them accept and refuse as they should. */
class CustomResourceDefinitionsTest {
    private static final Path CRDS = Path.of("../helm/solaster-operator/crds");
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
            assertThat(Files.exists(file) ? Files.readString(file) : "")
                    .as("%s is out of date: mvn -pl operator test -Dgenerate", file).isEqualTo(text);
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
        String heap = "heapShare is";
        String canary = "canary needs strategy";
        String first = "canary.pods and canary.percent";
        String errors = "canary.errorPercent is";
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
                new Case(profile, "kubelet", "topologyManagerScope is", "{topologyManagerScope: node}", "", false))
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
        return definitions().get(name).getSpec().getVersions().getFirst().getSchema().getOpenAPIV3Schema()
                .getProperties().get("spec");
    }

    private static Map<String, CustomResourceDefinition> definitions() throws IOException {
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
            if (service) {
                describe(schema.get("status"), ShardedServiceStatus.class, words);
            }
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
        for (String name : List.of("ShardedServiceSpec", "ShardedServiceStatus", "TopologyProfileSpec")) {
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
