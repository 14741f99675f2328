package io.solaster.operator.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.LinkedHashMap;
import java.util.Map;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.crdv2.generator.CRDGenerator.AbstractCRDOutput;
import io.fabric8.kubernetes.client.utils.Serialization;
import org.junit.jupiter.api.Test;

/** The custom resources can be read and written, and definitions can be made of them. */
class CustomResourcesTest {

    @Test
    void definitionsAreMadeOfTheRecords() {
        Map<String, ByteArrayOutputStream> made = new LinkedHashMap<>();
        new CRDGenerator().customResourceClasses(ShardedService.class, TopologyProfile.class)
                .withOutput(new AbstractCRDOutput<ByteArrayOutputStream>() {
                    @Override
                    protected ByteArrayOutputStream createStreamFor(String name) {
                        return made.computeIfAbsent(name, key -> new ByteArrayOutputStream());
                    }
                }).detailedGenerate();
        assertThat(made).containsOnlyKeys("shardedservices.solaster.io-v1", "topologyprofiles.solaster.io-v1");
        JsonNode spec = Serialization.unmarshal(made.get("shardedservices.solaster.io-v1").toString(), JsonNode.class)
                .at("/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties");
        assertThat(spec.at("/shards/properties/mode/enum")).extracting(JsonNode::asText)
                .containsExactlyInAnyOrder("Fixed", "PerNuma", "FillNode");
        assertThat(spec.at("/memory/properties/perShard/x-kubernetes-int-or-string").asBoolean()).isTrue();
        assertThat(spec.at("/config/x-kubernetes-preserve-unknown-fields").asBoolean()).isTrue();
        JsonNode profile = Serialization.unmarshal(made.get("topologyprofiles.solaster.io-v1").toString(),
                JsonNode.class);
        assertThat(profile.at("/spec/scope").asText()).isEqualTo("Cluster");
    }

    @Test
    void resourcesAreReadFromYaml() {
        ShardedService service = Serialization.unmarshal("""
                apiVersion: solaster.io/v1alpha1
                kind: ShardedService
                metadata: {name: kv, namespace: shop}
                spec:
                  replicas: 3
                  shards: {count: 8}
                  placement: {numa: Single, tolerations: [{key: dedicated, operator: Exists}]}
                  memory: {perShard: 2Gi}
                  config: {solaster: {engine: {smt: true}}}
                """, ShardedService.class);
        assertThat(service.getSpec().shards().count()).isEqualTo(8);
        assertThat(service.getSpec().config().at("/solaster/engine/smt").asBoolean()).isTrue();
        assertThat(Serialization.unmarshal(Serialization.asYaml(service), ShardedService.class)).isEqualTo(service);
    }
}
