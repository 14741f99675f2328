package io.solaster.operator.reconcile;

import static io.solaster.operator.reconcile.OperatorContract.SPEC;
import static io.solaster.operator.reconcile.OperatorContract.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.apply.Applier;
import io.solaster.operator.apply.Names;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What others have made is theirs, and an object that cannot be applied keeps none of the others back. */
class OthersObjectsTest extends OperatorInMemory {
    private static final String STATEFUL_SETS = "apps/v1/statefulsets";
    private static final String SERVICES = "v1/services";

    @BeforeEach
    void start() throws IOException {
        startOnOneNode(InstantSource.system());
    }

    private void create() {
        create(SPEC);
    }

    private void create(String spec) {
        client.resource(service(spec)).create();
        eventually(() -> condition("Applied").getStatus() != null);
    }

    private static ShardedService service(String spec) {
        ShardedService service = Objects.service(spec);
        service.setMetadata(new ObjectMetaBuilder().withName("kv").withNamespace("shop").build());
        return service;
    }

    private void applied() {
        create();
        eventually(() -> "True".equals(condition("Applied").getStatus()));
    }

    private Service service() {
        return client.services().inNamespace("shop").withName("kv").get();
    }

    private static String uid(HasMetadata object) {
        return object.getMetadata().getOwnerReferences().getFirst().getUid();
    }

    private void delete(DeletionPropagation propagation) {
        client.resources(ShardedService.class).inNamespace("shop").withName("kv").withPropagationPolicy(propagation)
                .delete();
        eventually(() -> kv() == null);
    }

    /** Objects of every kind, with names that the operator would use. */
    private Map<String, JsonNode> theirs() {
        Map<String, String> collections = new LinkedHashMap<>();
        List<HasMetadata> all = List.of(Objects.yaml("""
                metadata: {name: kv, namespace: shop}
                spec: {selector: {app: theirs}, ports: [{name: http, port: 80, protocol: TCP}]}
                """, Service.class), Objects.yaml("""
                metadata: {name: kv-headless, namespace: shop, labels: {solaster.io/service: kv}}
                spec: {selector: {app: theirs}}
                """, Service.class), Objects.yaml("""
                metadata: {name: kv-rollout, namespace: shop}
                data: {state.json: "theirs"}
                """, ConfigMap.class), Objects.yaml("""
                metadata:
                  name: kv
                  namespace: shop
                  ownerReferences: [{apiVersion: v1, kind: Theirs, name: x, uid: "1", controller: true}]
                spec: {maxUnavailable: 3, selector: {matchLabels: {app: theirs}}}
                """, PodDisruptionBudget.class), Objects.yaml("""
                metadata: {name: kv, namespace: shop}
                spec: {podSelector: {matchLabels: {app: theirs}}}
                """, NetworkPolicy.class), Objects.yaml("""
                metadata: {name: kv-two, namespace: shop, labels: {solaster.io/service: kv}}
                spec:
                  replicas: 5
                  selector: {matchLabels: {app: theirs}}
                  template:
                    metadata: {labels: {app: theirs}}
                    spec: {containers: [{name: theirs, image: theirs}]}
                """, StatefulSet.class));
        collections.put(SERVICES + " shop/kv", "Service kv");
        collections.put(SERVICES + " shop/kv-headless", "Service kv-headless");
        collections.put("v1/configmaps shop/kv-rollout", "ConfigMap kv-rollout");
        collections.put("policy/v1/poddisruptionbudgets shop/kv", "PodDisruptionBudget kv");
        collections.put("networking.k8s.io/v1/networkpolicies shop/kv", "NetworkPolicy kv");
        collections.put(STATEFUL_SETS + " shop/kv-two", "StatefulSet kv-two");
        all.forEach(each -> client.resource(each).create());
        Map<String, JsonNode> theirs = new LinkedHashMap<>();
        collections.forEach((key, name) -> theirs.put(key + " " + name, peek(key)));
        return theirs;
    }

    private JsonNode peek(String key) {
        String[] words = key.split(" ");
        return api.peek(words[0], words[1]);
    }

    @Test
    void whatOthersHaveMadeIsNeitherChangedNorDeleted() {
        Map<String, JsonNode> theirs = theirs();
        create();
        eventually(() -> "NotOurs".equals(condition("Applied").getReason()));
        assertThat(condition("Applied").getStatus()).isEqualTo("False");
        theirs.keySet().forEach(each -> assertThat(condition("Applied").getMessage())
                .contains(each.substring(each.indexOf(' ', each.indexOf(' ') + 1) + 1) + ": "));
        assertThat(condition("Applied").getMessage()).contains("annotate it with solaster.io/adopt=kv")
                .contains("Theirs x");
        assertThat(condition("Degraded").getReason()).isEqualTo("NotOurs");
        // All that is not in the way was made.
        assertThat(client.configMaps().inNamespace("shop").withLabel(ShardedService.LABEL).list().getItems())
                .hasSize(1);
        client.resource(kv()).delete();
        eventually(() -> client.configMaps().inNamespace("shop").withLabel(ShardedService.LABEL).list().getItems()
                .isEmpty());
        theirs.forEach((key, object) -> assertThat(peek(key)).as(key).isEqualTo(object));
    }

    @Test
    void anObjectIsTakenOverWhereItSaysSo() {
        theirs();
        create();
        eventually(() -> "NotOurs".equals(condition("Applied").getReason()));
        client.services().inNamespace("shop").withName("kv").edit(service -> new ServiceBuilder(service)
                .editMetadata().addToAnnotations(Names.ADOPT, "kv").endMetadata().build());
        client.services().inNamespace("shop").withName("kv-headless").edit(service -> new ServiceBuilder(service)
                .editMetadata().addToAnnotations(Names.ADOPT, "another").endMetadata().build());
        operator.poke("shop/kv");
        eventually(() -> !condition("Applied").getMessage().contains("Service kv:"));
        assertThat(service().getSpec().getSelector()).isEqualTo(Map.of(ShardedService.LABEL, "kv"));
        assertThat(uid(service())).isEqualTo(kv().getMetadata().getUid());
        assertThat(condition("Applied").getMessage()).contains("Service kv-headless:");
    }

    @Test
    void whatWasOrphanedOrRestoredIsTakenUpAgain() {
        applied();
        delete(DeletionPropagation.ORPHAN);
        assertThat(set().getMetadata().getOwnerReferences()).isEmpty();
        create(SPEC.replace("replicas: 2", "replicas: 1"));
        eventually(() -> "True".equals(condition("Applied").getStatus()));
        assertThat(uid(set())).isEqualTo(kv().getMetadata().getUid());
        assertThat(uid(service())).isEqualTo(kv().getMetadata().getUid());
        assertThat(set().getSpec().getReplicas()).isEqualTo(1);
    }

    @Test
    void whatBelongsToAServiceThatIsNoMoreIsWaitedFor() {
        StatefulSet old = Objects.yaml("""
                metadata:
                  name: kv-two
                  namespace: shop
                  labels: {solaster.io/service: kv}
                  ownerReferences:
                  - {apiVersion: solaster.io/v1alpha1, kind: ShardedService, name: kv, uid: "1", controller: true}
                spec:
                  replicas: 5
                  template: {metadata: {labels: {app: kv}}, spec: {containers: [{name: service, image: old}]}}
                """, StatefulSet.class);
        client.resource(old).create();
        create();
        eventually(() -> "NotOurs".equals(condition("Applied").getReason()));
        assertThat(condition("Applied").getMessage()).contains("StatefulSet kv-two: it belongs to the ShardedService"
                + " of this name that was there before");
        assertThat(set().getSpec().getReplicas()).isEqualTo(5);
        // As the garbage collector does, in its time.
        client.resource(set()).delete();
        eventually(() -> "True".equals(condition("Applied").getStatus()));
        assertThat(set().getSpec().getReplicas()).isEqualTo(2);
    }

    /** The operator has read that there is nothing of this name. */
    @Test
    void anObjectThatSomebodyMakesMeanwhileIsNotTakenOver() {
        AtomicBoolean first = new AtomicBoolean(true);
        api.failing(request -> {
            if (request.getRequestMethod().equals("PATCH") && request.getRequestURI().getPath().endsWith("services/kv")
                    && first.getAndSet(false)) {
                client.resource(Objects.yaml("""
                        metadata: {name: kv, namespace: shop}
                        spec: {selector: {app: theirs}, ports: [{name: resp, port: 6379, protocol: TCP}]}
                        """, Service.class)).create();
            }
            return null;
        });
        create();
        eventually(() -> "NotOurs".equals(condition("Applied").getReason()));
        assertThat(condition("Applied").getMessage()).startsWith("Service kv: somebody else has made it");
        assertThat(service().getSpec().getSelector()).isEqualTo(Map.of("app", "theirs"));
        assertThat(service().getMetadata().getOwnerReferences()).isEmpty();
    }

    /** The operator has read that it is its own. */
    @Test
    void anObjectThatSomebodyReplacesMeanwhileIsNotTakenOver() {
        applied();
        AtomicBoolean first = new AtomicBoolean(true);
        api.failing(request -> {
            if (request.getRequestMethod().equals("PATCH") && request.getRequestURI().getPath().endsWith("services/kv")
                    && "operator".equals(request.getRequestHeaders().getFirst("User-Agent"))
                    && first.getAndSet(false)) {
                client.services().inNamespace("shop").withName("kv").delete();
                client.resource(Objects.yaml("""
                        metadata: {name: kv, namespace: shop}
                        spec: {selector: {app: theirs}, ports: [{name: resp, port: 6379, protocol: TCP}]}
                        """, Service.class)).create();
            }
            return null;
        });
        client.services().inNamespace("shop").withName("kv").edit(service -> new ServiceBuilder(service).editSpec()
                .withSelector(Map.of("app", "changed")).endSpec().build());
        eventually(() -> "NotOurs".equals(condition("Applied").getReason()));
        assertThat(service().getSpec().getSelector()).isEqualTo(Map.of("app", "theirs"));
    }

    @Test
    void anObjectThatIsRefusedKeepsNoneOfTheOthersBack() {
        applied();
        // A port that was renumbered is another one for the API server, and both have the same name then.
        client.services().inNamespace("shop").withName("kv").edit(service -> new ServiceBuilder(service).editSpec()
                .editFirstPort().withPort(6380).endPort().endSpec().build());
        eventually(() -> "Refused".equals(condition("Applied").getReason()));
        assertThat(condition("Applied").getMessage()).contains("Service kv: spec.ports[1].name: Duplicate value:"
                + " \"resp\"").contains("or delete the object, which is then made anew");
        client.apps().statefulSets().inNamespace("shop").withName("kv-two")
                .edit(set -> new StatefulSetBuilder(set).editSpec().withReplicas(7).endSpec().build());
        eventually(() -> set().getSpec().getReplicas() == 2);
        client.services().inNamespace("shop").withName("kv").delete();
        eventually(() -> "True".equals(condition("Applied").getStatus()));
        assertThat(service().getSpec().getPorts().getFirst().getPort()).isEqualTo(6379);
    }

    @Test
    void podsThatWouldWaitForTheirConfigurationAreNotMade() {
        applied();
        String before = set().getMetadata().getResourceVersion();
        api.failing(request -> request.getRequestMethod().equals("PATCH")
                && request.getRequestURI().getPath().contains("kv-config-") ? 403 : null);
        change(kv -> kv.setSpec(service(SPEC.replace("epoll", "nio")).getSpec()));
        eventually(() -> "Refused".equals(condition("Applied").getReason()));
        assertThat(condition("Applied").getMessage()).contains("StatefulSet kv-two: it waits for ConfigMap kv-config-");
        assertThat(set().getMetadata().getResourceVersion()).isEqualTo(before);
        api.failing(request -> null);
        eventually(() -> "True".equals(condition("Applied").getStatus()));
    }

    @Test
    void whatHasNotChangedIsNotWrittenOutToBeCompared() {
        ShardedService service = service(SPEC);
        service.getMetadata().setUid("1");
        Applier applier = new Applier(client);
        StatefulSet wanted = workload();
        applier.apply(service, wanted, null, true);
        long hashed = applier.hashed();
        for (int i = 0; i < 3; i++) {
            client.apps().statefulSets().inNamespace("shop").withName("own").editStatus(set -> {
                set.setStatus(Objects.yaml("status: {readyReplicas: 1, replicas: %d}"
                        .formatted(set.getStatus() == null ? 0 : set.getStatus().getReplicas() + 1), StatefulSet.class)
                        .getStatus());
                return set;
            });
            StatefulSet cached = client.apps().statefulSets().inNamespace("shop").withName("own").get();
            assertThat(applier.apply(service, workload(), cached, true)).isEqualTo(Applier.Outcome.UNCHANGED);
        }
        assertThat(applier.hashed()).isEqualTo(hashed);
        StatefulSet other = workload();
        other.getSpec().setReplicas(3);
        assertThat(applier.apply(service, other, null, true)).isEqualTo(Applier.Outcome.APPLIED);
        assertThat(applier.hashed()).isGreaterThan(hashed);
    }

    private static StatefulSet workload() {
        return Objects.yaml("""
                metadata:
                  name: own
                  namespace: shop
                  labels: {solaster.io/service: kv}
                  ownerReferences:
                  - {apiVersion: solaster.io/v1alpha1, kind: ShardedService, name: kv, uid: "1", controller: true}
                spec:
                  replicas: 2
                  template: {metadata: {labels: {app: kv}}, spec: {containers: [{name: service, image: kv}]}}
                """, StatefulSet.class);
    }
}
