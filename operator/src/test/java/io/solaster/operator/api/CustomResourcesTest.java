package io.solaster.operator.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;

import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.crdv2.generator.CRDGenerator.AbstractCRDOutput;
import io.fabric8.kubernetes.client.utils.Serialization;
import org.junit.jupiter.api.Test;

/** The custom resources can be read and written, and definitions can be made of them. */
class CustomResourcesTest {

    @Test
    void definitionsAreMadeOfTheRecords() {
        Map<String, java.io.ByteArrayOutputStream> made = new LinkedHashMap<>();
        new CRDGenerator().customResourceClasses(ShardedService.class, TopologyProfile.class)
                .withOutput(new AbstractCRDOutput<java.io.ByteArrayOutputStream>() {
                    @Override
                    protected java.io.ByteArrayOutputStream createStreamFor(String name) {
                        return made.computeIfAbsent(name, key -> new java.io.ByteArrayOutputStream());
                    }
                }).detailedGenerate();
        System.out.println(made.keySet());
        made.values()
                .forEach(v -> System.out.println(
                        v.toString().replaceAll("description:.*", "").lines().filter(l -> l.matches("^ {0,26}\\S.*"))
                                .limit(150).collect(java.util.stream.Collectors.joining("\n"))));
        assertThat(made).hasSize(2);
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
