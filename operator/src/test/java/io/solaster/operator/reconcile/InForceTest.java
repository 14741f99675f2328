package io.solaster.operator.reconcile;

import static io.solaster.operator.reconcile.OperatorContract.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.NodeSpecBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What is told of a service is true of the spec that it has now; and what cannot be applied is told once, and in nobody's way. */
class InForceTest extends OperatorInMemory {
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);

    @BeforeEach
    void begin() throws IOException {
        // Before anyone logs, so that it is not lost among those that do.
        lines.start();
        root.addAppender(lines);
        client.resource(Objects.twoBy16()).create();
        for (String node : List.of("a", "b")) {
            client.resource(
                    Objects.node(node, 32, "30", "128Gi", new TreeMap<>(Map.of("kubernetes.io/hostname", node))))
                    .create();
        }
        operator = new OperatorProcess(operators,
                new OperatorOptions(Set.of("shop"), "", "", "first", 0, Duration.ofMillis(200), 4), pod -> null,
                InstantSource.system(), OperatorContract.QUICK);
        operator.start();
    }

    @AfterEach
    void listenNoMore() {
        root.detachAppender(lines);
    }

    /** What is told of the service by the operator, and by what it stands on. */
    private List<ILoggingEvent> told() {
        // As the appender does.
        synchronized (lines) {
            return lines.list.stream().filter(each -> each.getLevel().isGreaterOrEqual(Level.WARN))
                    .filter(each -> each.getLoggerName().startsWith("io.solaster.operator")
                            || each.getLoggerName().startsWith("io.javaoperatorsdk"))
                    .filter(each -> each.getFormattedMessage().contains("kv")).toList();
        }
    }

    private void create(String name, int replicas) {
        ShardedService service = Objects
                .service(OperatorContract.SPEC.replace("replicas: 2", "replicas: " + replicas));
        service.setMetadata(new ObjectMetaBuilder().withName(name).withNamespace("shop").build());
        client.resource(service).create();
    }

    private void replicas(int replicas) {
        while (true) {
            ShardedService now = kv();
            now.setSpec(Objects.service(OperatorContract.SPEC.replace("replicas: 2", "replicas: " + replicas))
                    .getSpec());
            try {
                client.resource(now).update();
                return;
            } catch (KubernetesClientException e) {
                assertThat(e.getCode()).isEqualTo(409);
            }
        }
    }

    private void podsAreReady(int replicas) {
        client.apps().statefulSets().inNamespace("shop").withName("kv-two")
                .editStatus(set -> new StatefulSetBuilder(set).withNewStatus().withReplicas(replicas)
                        .withReadyReplicas(replicas).withUpdatedReplicas(replicas).withCurrentRevision("1")
                        .withUpdateRevision("1").withObservedGeneration(set.getMetadata().getGeneration()).endStatus()
                        .build());
    }

    private boolean is(String type, String status, String reason, long generation) {
        Condition condition = condition(type);
        return status.equals(condition.getStatus()) && reason.equals(condition.getReason())
                && Long.valueOf(generation).equals(condition.getObservedGeneration());
    }

    private void ready(long generation) {
        eventually(() -> set() != null);
        podsAreReady(2);
        eventually(() -> is("Ready", "True", "PodsReady", generation));
    }

    @Test
    void readyIsOfTheSpecThatIsThere() {
        create("kv", 2);
        ready(1);
        assertThat(condition("Applied").getStatus()).isEqualTo("True");
        assertThat(kv().getStatus().appliedGeneration()).isEqualTo(1);

        replicas(100);
        eventually(() -> is("PlanFeasible", "False", "DoesNotFit", 2));
        assertThat(is("Ready", "False", "NotInForce", 2)).isTrue();
        assertThat(condition("Ready").getMessage())
                .isEqualTo("2 of 2 pods are ready. Generation 2 is not in force; see Applied.");
        assertThat(is("Applied", "False", "NotApplicable", 2)).isTrue();
        assertThat(kv().getStatus().appliedGeneration()).isEqualTo(1);
        assertThat(kv().getStatus().conditions()).extracting(Condition::getObservedGeneration).containsOnly(2L);

        replicas(2);
        eventually(() -> is("Ready", "True", "PodsReady", 3));
        assertThat(kv().getStatus().appliedGeneration()).isEqualTo(3);
    }

    /** What is in force stays so when it is paused, or would not fit any more. */
    @Test
    void whatRunsIsReadyThoughANodeIsCordoned() {
        create("kv", 2);
        ready(1);
        for (String node : List.of("a", "b")) {
            client.nodes().withName(node).edit(each -> {
                each.setSpec(new NodeSpecBuilder().withUnschedulable(true).build());
                return each;
            });
        }
        eventually(() -> is("PlanFeasible", "False", "DoesNotFit", 1));
        assertThat(is("Ready", "True", "PodsReady", 1)).isTrue();
    }

    @Test
    void aSpecThatTheApiServerRefusesIsNotReady() {
        create("kv", 2);
        ready(1);
        api.failing(request -> request.getRequestMethod().equals("PATCH")
                && request.getRequestURI().getPath().contains("statefulsets") ? 422 : null);
        replicas(1);
        eventually(() -> is("Applied", "False", "Refused", 2));
        assertThat(is("Ready", "False", "NotInForce", 2)).isTrue();
        assertThat(is("PlanFeasible", "True", "Fits", 2)).isTrue();
    }

    /** An API server that answers nothing a look needs: nothing is said of this spec that was seen of another. */
    @Test
    void aLookThatFailsSaysNothingOfTheSpecBefore() {
        create("kv", 2);
        ready(1);
        api.failing(request -> "operator".equals(request.getRequestHeaders().getFirst("User-Agent"))
                && !request.getRequestURI().getPath().contains("shardedservices")
                && !String.valueOf(request.getRequestURI().getQuery()).contains("watch") ? 500 : null);
        replicas(1);
        eventually(() -> is("Applied", "False", "ApplyFailed", 2));
        assertThat(condition("Ready").getStatus()).isEqualTo("False");
        assertThat(kv().getStatus().appliedGeneration()).isEqualTo(1);
        api.failing(request -> null);
        eventually(() -> set().getSpec().getReplicas() == 1);
        podsAreReady(1);
        eventually(() -> is("Ready", "True", "PodsReady", 2));
    }

    @Test
    void eachFailureIsOneLineAndItsRepeatsAreNone() {
        AtomicBoolean broken = new AtomicBoolean(true);
        api.failing(request -> broken.get() && request.getRequestMethod().equals("PATCH")
                && request.getRequestURI().getPath().contains("statefulsets") ? 500 : null);
        create("kv", 2);
        eventually(() -> "ApplyFailed".equals(condition("Applied").getReason()));
        for (int i = 0; i < 5; i++) {
            long done = operator.reconciliations();
            operator.poke("shop/kv");
            eventually(() -> operator.reconciliations() > done);
        }
        List<ILoggingEvent> told = told();
        assertThat(told).extracting(ILoggingEvent::getFormattedMessage).singleElement().asString()
                .startsWith("shop/kv: StatefulSet kv-two");
        assertThat(told).allMatch(each -> each.getThrowableProxy() == null);
        broken.set(false);
        eventually(() -> set() != null);
    }

    @Test
    void whatCanNeverBeAppliedTakesNoRoomOfOthers() {
        // Four of these pods fit on the nodes.
        create("a-name-that-is-too-long-for-the-workloads-of-it", 4);
        eventually(() -> operator.reconciliations() > 0);
        create("kv", 2);
        eventually(() -> set() != null && "True".equals(condition("PlanFeasible").getStatus()));
    }

    @Test
    void whatTheApiServerRefusesTakesNoRoomOfOthersUntilItDoesNot() {
        AtomicBoolean refuses = new AtomicBoolean(true);
        api.failing(request -> refuses.get() && request.getRequestMethod().equals("PATCH")
                && request.getRequestURI().getPath().endsWith("/statefulsets/first-two") ? 422 : null);
        create("first", 4);
        create("kv", 2);
        eventually(() -> set() != null && "True".equals(condition("PlanFeasible").getStatus()));
        refuses.set(false);
        client.resources(ShardedService.class).inNamespace("shop").withName("kv").delete();
        eventually(() -> client.apps().statefulSets().inNamespace("shop").withName("first-two").get() != null);
    }

    @Tag("full")
    @Test
    void aProfileIsToldThoughItsStatusCouldNotBeWrittenAtFirst() {
        AtomicInteger tries = new AtomicInteger();
        AtomicBoolean refuses = new AtomicBoolean(true);
        api.failing(request -> refuses.get() && request.getRequestMethod().equals("PATCH")
                && request.getRequestURI().getPath().endsWith("/topologyprofiles/other/status")
                && tries.incrementAndGet() > 0 ? 500 : null);
        client.resource(Objects.profile("other", "{nodeSelector: {pool: other}, numaNodes: [{cpus: 0-3}]}")).create();
        // It is tried twice as long as there are changes; from then on nothing else has changed.
        eventually(() -> tries.get() >= 4);
        refuses.set(false);
        eventually(() -> client.resources(TopologyProfile.class).withName("other").get().getStatus() != null);
    }

    /** A service that comes while others are told of their plans is not forgotten by that, and hears when its room is free. */
    @Test
    void whatComesWhilePlansAreToldIsLookedAtAgainWhenThereIsRoomForIt() {
        CountDownLatch tells = new CountDownLatch(1);
        CountDownLatch told = new CountDownLatch(1);
        CountDownLatch tries = new CountDownLatch(1);
        CountDownLatch refused = new CountDownLatch(1);
        api.failing(request -> {
            String path = request.getRequestURI().getPath();
            if (!request.getRequestMethod().equals("PATCH")) {
                return null;
            }
            if (path.endsWith("/topologyprofiles/other/status")) {
                tells.countDown();
                await(told);
            }
            if (path.endsWith("/statefulsets/first-two")) {
                tries.countDown();
                await(refused);
                return 422;
            }
            return null;
        });
        client.resource(Objects.profile("other", "{nodeSelector: {pool: other}, numaNodes: [{cpus: 0-3}]}")).create();
        await(tells);
        create("first", 4);
        await(tries);
        create("kv", 2);
        eventually(() -> is("PlanFeasible", "False", "DoesNotFit", 1));
        told.countDown();
        refused.countDown();
        eventually(() -> set() != null && is("PlanFeasible", "True", "Fits", 1));
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(1, TimeUnit.MINUTES)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
