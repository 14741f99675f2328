package io.solaster.operator.reconcile;

import static io.solaster.operator.reconcile.OperatorContract.SPEC;
import static io.solaster.operator.reconcile.OperatorContract.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Volumes grow where their class lets them; what cannot change is told, and keeps nothing else back. */
class VolumesTest extends OperatorInMemory {
    private static final String VOLUMES = """
            volumeClaimTemplates:
            - metadata: {name: data}
              spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 10Gi}}}
            """;

    @BeforeEach
    void start() throws IOException {
        startOnOneNode(InstantSource.system());
        client.resource(service(SPEC + VOLUMES)).create();
        eventually(() -> kv().getStatus() != null && "True".equals(condition("Applied").getStatus()));
        for (String name : List.of("data-kv-two-0", "data-kv-two-1", "data-kv-two-of-others", "more-kv-two-0")) {
            client.resource(Objects.yaml("""
                    metadata: {name: %s, namespace: shop, labels: {solaster.io/service: kv}}
                    spec: {resources: {requests: {storage: 10Gi}}}
                    """.formatted(name), PersistentVolumeClaim.class)).create();
        }
        Pod pod = Objects.pod("kv-two-0", "a", "9", "8Gi", new TreeMap<>(Map.of("app", "kv")));
        pod.getMetadata().setOwnerReferences(List.of(Objects.yaml("""
                metadata: {ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: kv-two, uid: %s}]}
                """.formatted(set().getMetadata().getUid()), Pod.class).getMetadata().getOwnerReferences()
                .getFirst()));
        client.resource(pod).create();
    }

    private static ShardedService service(String spec) {
        ShardedService service = Objects.service(spec);
        service.setMetadata(new ObjectMetaBuilder().withName("kv").withNamespace("shop").build());
        return service;
    }

    private void edit(String spec) {
        change(kv -> kv.setSpec(service(spec).getSpec()));
    }

    private Quantity size(String claim) {
        return client.persistentVolumeClaims().inNamespace("shop").withName(claim).get().getSpec().getResources()
                .getRequests().get("storage");
    }

    private Quantity size() {
        StatefulSet set = set();
        return set == null
                ? null
                : set.getSpec().getVolumeClaimTemplates().getFirst().getSpec().getResources().getRequests()
                        .get("storage");
    }

    @Test
    void volumesGrowAndPodsStay() {
        String before = set().getMetadata().getUid();
        edit(SPEC + VOLUMES.replace("10Gi", "20Gi"));
        eventually(() -> new Quantity("20Gi").equals(size()) && "True".equals(condition("Applied").getStatus()));
        assertThat(set().getMetadata().getUid()).isNotEqualTo(before);
        assertThat(size("data-kv-two-0")).isEqualTo(new Quantity("20Gi"));
        assertThat(size("data-kv-two-1")).isEqualTo(new Quantity("20Gi"));
        assertThat(size("data-kv-two-of-others")).isEqualTo(new Quantity("10Gi"));
        assertThat(size("more-kv-two-0")).isEqualTo(new Quantity("10Gi"));
        assertThat(client.pods().inNamespace("shop").withName("kv-two-0").get().getMetadata().getOwnerReferences())
                .isEmpty();
    }

    @Test
    void aClassThatDoesNotLetVolumesGrowIsToldAndKeepsNothingElseBack() {
        api.failing(request -> request.getRequestMethod().equals("PATCH")
                && request.getRequestURI().getPath().contains("persistentvolumeclaims") ? 403 : null);
        edit(SPEC.replace("replicas: 2", "replicas: 1") + VOLUMES.replace("10Gi", "20Gi"));
        eventually(() -> "Refused".equals(condition("Applied").getReason()));
        assertThat(condition("Applied").getMessage()).contains("PersistentVolumeClaim data-kv-two-0: it cannot grow to"
                + " 20Gi: made to fail; its StorageClass must have allowVolumeExpansion");
        eventually(() -> set().getSpec().getReplicas() == 1);
        assertThat(size()).isEqualTo(new Quantity("10Gi"));
        api.failing(request -> null);
        eventually(() -> new Quantity("20Gi").equals(size()) && "True".equals(condition("Applied").getStatus()));
    }

    @Test
    void whatVolumesCannotBecomeIsToldAndKeepsNothingElseBack() {
        edit(SPEC.replace("kv:2.0", "kv:2.1") + VOLUMES.replace("fast", "slow").replace("10Gi", "5Gi"));
        eventually(() -> "Refused".equals(condition("Applied").getReason()));
        assertThat(condition("Applied").getMessage())
                .contains("StatefulSet kv-two: spec.volumeClaimTemplates[data].storageClassName is fast and cannot"
                        + " become slow")
                .contains("spec.volumeClaimTemplates[data].resources.requests.storage is 10Gi and cannot become less"
                        + " (5Gi)")
                .contains("write it as it was, or make another ShardedService");
        assertThat(set().getSpec().getTemplate().getSpec().getContainers().getFirst().getImage()).endsWith("kv:2.1");
        edit(SPEC + VOLUMES);
        eventually(() -> "True".equals(condition("Applied").getStatus()));
    }
}
