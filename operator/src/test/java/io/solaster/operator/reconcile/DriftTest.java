package io.solaster.operator.reconcile;

import static io.solaster.operator.reconcile.OperatorContract.SPEC;
import static io.solaster.operator.reconcile.OperatorContract.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.apply.Names;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What others add to the lists of objects is told, and removed where that is asked for, once. */
class DriftTest extends OperatorInMemory {
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-11-22T12:00:00Z"));

    @BeforeEach
    void start() throws IOException {
        startOnOneNode(now::get);
    }

    private void create(String more) {
        ShardedService service = Objects.service(SPEC + more);
        service.setMetadata(new ObjectMetaBuilder().withName("kv").withNamespace("shop").build());
        client.resource(service).create();
        eventually(() -> kv().getStatus() != null && "False".equals(condition("Drifted").getStatus()));
    }

    private void edit(UnaryOperator<StatefulSet> change) {
        client.apps().statefulSets().inNamespace("shop").withName("kv-two").edit(change::apply);
    }

    private void sidecar() {
        edit(set -> new StatefulSetBuilder(set).editSpec().editTemplate().editSpec().addNewContainer()
                .withName("sidecar").withImage("none").endContainer().endSpec().endTemplate().endSpec().build());
    }

    private void variable() {
        edit(set -> new StatefulSetBuilder(set).editSpec().editTemplate().editSpec().editFirstContainer().addNewEnv()
                .withName("ADDED").withValue("1").endEnv().endContainer().endSpec().endTemplate().endSpec().build());
    }

    private List<String> containers() {
        return set().getSpec().getTemplate().getSpec().getContainers().stream().map(Container::getName).toList();
    }

    private List<String> variables() {
        return set().getSpec().getTemplate().getSpec().getContainers().getFirst().getEnv().stream()
                .map(EnvVar::getName).toList();
    }

    private long events(String reason) {
        return client.v1().events().inNamespace("shop").list().getItems().stream()
                .filter(event -> reason.equals(event.getReason())).count();
    }

    @Test
    void whatOthersAddIsToldWithWhoAndWhere() {
        create("");
        sidecar();
        eventually(() -> "AddedByOthers".equals(condition("Drifted").getReason()));
        assertThat(condition("Drifted").getStatus()).isEqualTo("True");
        assertThat(condition("Drifted").getMessage())
                .contains("StatefulSet kv-two: test added spec.template.spec.containers[sidecar]")
                .contains("spec.drift: mend");
        variable();
        eventually(() -> condition("Drifted").getMessage()
                .contains("test added spec.template.spec.containers[service].env[ADDED]"));
        edit(set -> new StatefulSetBuilder(set).editSpec().editTemplate().editSpec().addNewToleration().withKey("x")
                .withOperator("Exists").endToleration().addNewVolume().withName("more").withNewEmptyDir()
                .endEmptyDir().endVolume().endSpec().endTemplate().endSpec().build());
        client.services().inNamespace("shop").withName("kv").edit(service -> new ServiceBuilder(service).editSpec()
                .addNewPort().withName("more").withPort(80).withProtocol("TCP").endPort().endSpec().build());
        eventually(() -> condition("Drifted").getMessage().contains("spec.template.spec.tolerations")
                && condition("Drifted").getMessage().contains("spec.template.spec.volumes[more]")
                && condition("Drifted").getMessage().contains("Service kv: test added spec.ports[80/TCP]"));
        assertThat(containers()).containsExactly("service", "sidecar");

        // A restart by kubectl is meant, and nothing else was changed.
        edit(set -> new StatefulSetBuilder(set).editSpec().editTemplate().editMetadata()
                .addToAnnotations("kubectl.kubernetes.io/restartedAt", "now").endMetadata().endTemplate().endSpec()
                .build());
        operator.poke("shop/kv");
        edit(set -> new StatefulSetBuilder(set).editSpec().editTemplate().editSpec()
                .removeMatchingFromContainers(each -> each.getName().equals("sidecar")).withTolerations()
                .removeMatchingFromVolumes(each -> each.getName().equals("more")).editFirstContainer()
                .removeMatchingFromEnv(each -> each.getName().equals("ADDED")).endContainer().endSpec().endTemplate()
                .endSpec().build());
        client.services().inNamespace("shop").withName("kv").edit(service -> new ServiceBuilder(service).editSpec()
                .removeMatchingFromPorts(each -> each.getName().equals("more")).endSpec().build());
        eventually(() -> "AsApplied".equals(condition("Drifted").getReason()));
        assertThat(set().getSpec().getTemplate().getMetadata().getAnnotations())
                .containsKey("kubectl.kubernetes.io/restartedAt");
    }

    @Test
    void nothingIsWrittenWhileAnAdditionStays() {
        create("");
        sidecar();
        eventually(() -> "AddedByOthers".equals(condition("Drifted").getReason()));
        nothingMoreIsWritten();
    }

    /** The writes that there were after some more looks. */
    private long looks(int times) {
        for (int i = 0; i < times; i++) {
            long done = operator.reconciliations();
            operator.poke("shop/kv");
            eventually(() -> operator.reconciliations() > done);
        }
        return api.writes();
    }

    @Test
    void anAdditionIsToldOfAPausedServiceToo() {
        create("");
        change(kv -> kv.getMetadata().setAnnotations(Map.of(ShardedService.PAUSED, "true")));
        eventually(() -> "Paused".equals(condition("Progressing").getReason()));
        sidecar();
        eventually(() -> condition("Drifted").getMessage().contains("containers[sidecar]"));
    }

    @Test
    void whatChangesWhileNothingCanBeAppliedIsToldAndRepairedThen() {
        create("");
        replicas(90_000);
        eventually(() -> "DoesNotFit".equals(condition("PlanFeasible").getReason()));
        edit(set -> new StatefulSetBuilder(set).editSpec().withReplicas(7).endSpec().build());
        eventually(() -> "ChangedByOthers".equals(condition("Drifted").getReason()));
        assertThat(condition("Drifted").getMessage()).contains("StatefulSet kv-two");
        replicas(2);
        eventually(() -> set().getSpec().getReplicas() == 2);
    }

    private void replicas(int replicas) {
        client.resources(ShardedService.class).inNamespace("shop").withName("kv").patch(
                PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"replicas\":" + replicas + "}}");
    }

    @Test
    void whatIsAddedIsRemovedOnceAnHourAndLeftWhereItReturns() {
        create("drift: mend\n");
        sidecar();
        eventually(() -> containers().equals(List.of("service")));
        eventually(() -> events("Mended") == 1);
        assertThat(set().getMetadata().getAnnotations().get(Names.MENDED)).startsWith("2026-11-22T12:00:00Z ");
        eventually(() -> "AsApplied".equals(condition("Drifted").getReason()));

        // Another one within the hour waits, and goes then.
        now.set(now.get().plus(Duration.ofMinutes(10)));
        variable();
        eventually(() -> "AddedByOthers".equals(condition("Drifted").getReason()));
        looks(3);
        assertThat(variables()).contains("ADDED");
        now.set(now.get().plus(Duration.ofMinutes(51)));
        operator.poke("shop/kv");
        eventually(() -> !variables().contains("ADDED"));

        // What comes back is left, however long.
        now.set(now.get().plus(Duration.ofHours(3)));
        variable();
        eventually(() -> "AdditionsReturn".equals(condition("Drifted").getReason()));
        assertThat(condition("Drifted").getMessage()).contains("env[ADDED]").contains("solaster.io/mended");
        now.set(now.get().plus(Duration.ofHours(3)));
        looks(3);
        assertThat(variables()).contains("ADDED");

        edit(set -> new StatefulSetBuilder(set).editMetadata().removeFromAnnotations(Names.MENDED).endMetadata()
                .build());
        operator.poke("shop/kv");
        eventually(() -> !variables().contains("ADDED"));
    }

    private void port(int port) {
        client.services().inNamespace("shop").withName("kv").edit(service -> {
            service.getSpec().getPorts().getFirst().setPort(port);
            return service;
        });
    }

    private List<Integer> ports() {
        return client.services().inNamespace("shop").withName("kv").get().getSpec().getPorts().stream()
                .map(ServicePort::getPort).toList();
    }

    /** A port is known by its number, and two of them have not the same name: the old one cannot come back beside the new one. */
    @Test
    void aPortThatOthersChangeIsPutBack() {
        create("drift: mend\n");
        port(7000);
        eventually(() -> ports().equals(List.of(6379)));
        eventually(() -> events("Mended") == 1);
        eventually(() -> "AsApplied".equals(condition("Drifted").getReason())
                && "True".equals(condition("Applied").getStatus()));
        assertThat(client.services().inNamespace("shop").withName("kv").get().getMetadata().getManagedFields())
                .filteredOn(entry -> entry.getFieldsV1().getAdditionalProperties().containsKey("f:spec"))
                .extracting(entry -> entry.getManager() + " " + entry.getOperation())
                .containsExactly(Names.MANAGER + " Apply");
        nothingMoreIsWritten();

        // What it holds, it also takes away.
        change(kv -> kv.setSpec(Objects.service(SPEC.replace("6379", "6400") + "drift: mend\n").getSpec()));
        eventually(() -> ports().equals(List.of(6400)));
        eventually(() -> "AsApplied".equals(condition("Drifted").getReason()));

        // Another one within the hour waits; the same one is left, and told.
        port(7100);
        eventually(() -> "Refused".equals(condition("Applied").getReason()));
        assertThat(condition("Drifted").getMessage()).contains("Service kv: test added spec.ports[7100/TCP]");
        looks(3);
        assertThat(ports()).containsExactly(7100);
        now.set(now.get().plus(Duration.ofMinutes(61)));
        operator.poke("shop/kv");
        eventually(() -> ports().equals(List.of(6400)));
        now.set(now.get().plus(Duration.ofMinutes(61)));
        port(7000);
        eventually(() -> "AdditionsReturn".equals(condition("Drifted").getReason()));
        assertThat(ports()).containsExactly(7000);
    }

    /** What is late by a look or two is no loop. */
    private void nothingMoreIsWritten() {
        eventually(() -> looks(2) == looks(3));
    }

    @Test
    void whatTheApiForbidsToRemoveIsToldWithTheReason() {
        create("drift: mend\n");
        api.failing(exchange -> exchange.getRequestMethod().equals("PATCH")
                && exchange.getRequestURI().getPath().endsWith("/services/kv")
                && exchange.getRequestHeaders().getFirst("Content-Type").contains("json-patch")
                && "operator".equals(exchange.getRequestHeaders().getFirst("User-Agent")) ? 403 : null);
        port(7000);
        eventually(() -> condition("Drifted").getMessage() != null && condition("Drifted").getMessage()
                .contains("It cannot be removed: Service kv: ")
                && condition("Drifted").getMessage().contains("an admission policy is in its way"));
        assertThat(ports()).containsExactly(7000);
    }

    /** What is admitted with changes is the writer's own for the API server, and was never asked for. */
    @Test
    void whatAnAdmissionWebhookAddsIsTold() {
        create("");
        client.apps().statefulSets().inNamespace("shop").withName("kv-two").patch(
                new PatchContext.Builder().withPatchType(PatchType.JSON).withFieldManager(Names.MANAGER).build(), """
                        [{"op":"add","path":"/spec/template/spec/containers/-",
                        "value":{"name":"mesh","image":"mesh"}}]""");
        eventually(() -> condition("Drifted").getMessage()
                .contains("an admission webhook added spec.template.spec.containers[mesh]"));
    }
}
