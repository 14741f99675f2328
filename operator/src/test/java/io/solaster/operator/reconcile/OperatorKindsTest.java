package io.solaster.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaimTemplate;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.reconcile.watch.Cluster;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Kinds that not every cluster has, and that may come while the operator runs. */
class OperatorKindsTest extends OperatorInMemory {
    @BeforeEach
    void start() {
        client.resource(Objects.twoBy16()).create();
        client.resource(Objects.node("a", 32, "30", "128Gi", new TreeMap<>(Map.of("kubernetes.io/hostname", "a"))))
                .create();
    }

    private void begin() throws IOException {
        operator = new OperatorProcess(operators,
                new OperatorOptions(Set.of("shop", "bank"), "", "", "first", 0, Duration.ofSeconds(1), 4),
                pod -> null, InstantSource.system(), OperatorContract.QUICK);
        operator.start();
    }

    private void create(String spec) {
        ShardedService service = Objects.service(spec);
        service.setMetadata(new ObjectMetaBuilder().withName("kv").withNamespace("shop").build());
        client.resource(service).create();
        OperatorContract.eventually(() -> kv().getStatus() != null && kv().getStatus().conditions() != null);
    }

    private GenericKubernetesResource monitor() {
        return client.genericKubernetesResources(Cluster.MONITORS).inNamespace("shop").withName("kv").get();
    }

    private void monitors() {
        api.know("monitoring.coreos.com/v1/servicemonitors", "ServiceMonitor");
    }

    @Test
    void serviceMonitorsThatComeLaterAreNoticedKeptAndRepaired() throws IOException {
        begin();
        create(OperatorContract.SPEC);
        assertThat(monitor()).isNull();
        monitors();
        operator.lookForKinds();
        OperatorContract.eventually(() -> monitor() != null);
        assertThat(monitor().getMetadata().getOwnerReferences()).hasSize(1);
        assertThat(monitor().<List<Map<String, String>>>get("spec", "endpoints").getFirst())
                .containsEntry("path", "/actuator/prometheus");

        GenericKubernetesResource edited = monitor();
        edited.setAdditionalProperty("spec", Map.of("endpoints", List.of()));
        client.resource(edited).update();
        OperatorContract.eventually(() -> !monitor().<List<Object>>get("spec", "endpoints").isEmpty());
        client.resource(monitor()).delete();
        OperatorContract.eventually(() -> monitor() != null);
        OperatorContract.eventually(() -> client.v1().events().inNamespace("shop").list().getItems().stream()
                .anyMatch(event -> event.getReason().equals("Repaired")));

        // And they may go again.
        api.unlearn("monitoring.coreos.com/v1/servicemonitors");
        operator.lookForKinds();
        client.configMaps().inNamespace("shop").withName(OperatorContract.configMap(client)).delete();
        OperatorContract.eventually(
                () -> client.configMaps().inNamespace("shop").withName(OperatorContract.configMap(client))
                        .get() != null);
    }

    @Test
    void aMonitorOfSomebodyElseIsLeftAlone() throws IOException {
        monitors();
        begin();
        GenericKubernetesResource theirs = Objects.yaml("""
                apiVersion: monitoring.coreos.com/v1
                kind: ServiceMonitor
                metadata: {name: theirs, namespace: shop, labels: {solaster.io/service: kv}}
                spec: {endpoints: []}
                """, GenericKubernetesResource.class);
        client.resource(theirs).create();
        create(OperatorContract.SPEC);
        OperatorContract.eventually(() -> monitor() != null);
        operator.poke("shop/kv");
        OperatorContract.eventually(() -> kv().getMetadata().getGeneration()
                .equals(kv().getStatus().observedGeneration()));
        assertThat(client.resource(theirs).get()).isNotNull();
    }

    @Test
    void claimTemplatesAreRepairedAndGoWithTheirWorkload() throws IOException {
        for (String kind : List.of("ResourceSlice", "ResourceClaim", "ResourceClaimTemplate")) {
            api.know("resource.k8s.io/v1/" + kind.toLowerCase(Locale.ROOT) + "s", kind);
        }
        client.resource(Objects.slice("a", "15", "15")).create();
        begin();
        create(OperatorContract.SPEC.replace("replicas: 2", "replicas: 1") + "placement: {backend: DRA}\n");
        OperatorContract.eventually(() -> !templates().isEmpty());
        ResourceClaimTemplate template = templates().getFirst();
        assertThat(template.getMetadata().getOwnerReferences()).hasSize(1);
        assertThat(client.apps().statefulSets().inNamespace("shop").withName(template.getMetadata().getName()).get()
                .getSpec().getTemplate().getSpec().getResourceClaims().getFirst().getResourceClaimTemplateName())
                .isEqualTo(template.getMetadata().getName());

        client.resource(template).delete();
        OperatorContract.eventually(() -> !templates().isEmpty());
        template = templates().getFirst();
        template.getMetadata().getLabels().remove("app.kubernetes.io/name");
        client.resource(template).update();
        OperatorContract.eventually(
                () -> templates().getFirst().getMetadata().getLabels().containsKey("app.kubernetes.io/name"));
    }

    private List<ResourceClaimTemplate> templates() {
        return client.resources(ResourceClaimTemplate.class).inNamespace("shop").list().getItems();
    }
}
