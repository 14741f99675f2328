package io.solaster.operator.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.utils.Serialization;
import io.solaster.operator.api.ShardedServiceStatus.RolloutStatus;
import org.junit.jupiter.api.Test;

/** The custom resources can be read and written. */
class CustomResourcesTest {

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

    /** The API server of Kubernetes 1.20 takes an empty text in a patch for null, and refuses the whole status. */
    @Test
    void anEmptyMessageIsLeftOut() {
        assertThat(new RolloutStatus("Reloading", 2L, "now", "").message()).isNull();
        assertThat(new RolloutStatus("Reloading", 2L, "now", "1 of 3.").message()).isEqualTo("1 of 3.");
    }
}
