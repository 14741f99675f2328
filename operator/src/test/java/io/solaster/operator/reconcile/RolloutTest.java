package io.solaster.operator.reconcile;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.solaster.config.plan.Fingerprint;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.ShardedServiceStatus.RolloutStatus;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How changes are rolled out and taken back, with pods that answer for themselves and a clock that is put forward. */
class RolloutTest {
    private static final String SPEC = """
            image: registry.example/kv:1
            replicas: 3
            shards: {count: 8}
            memory: {perShard: 1Gi}
            ports: [{name: resp, containerPort: 6379}]
            config: {solaster: {engine: {transport: epoll, task-quota: 500us}}}
            rollout: {canary: {warmupSeconds: 30, observeSeconds: 300, minRequests: 100}, deadlineSeconds: 600}
            """;
    private static final String ROLLING = SPEC.replace("canary: {warmupSeconds: 30, observeSeconds: 300,"
            + " minRequests: 100}", "strategy: Rolling");

    private MemoryApi api;
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-11-21T12:00:00Z"));
    private final Map<String, Talk> talks = new ConcurrentHashMap<>();
    private final AtomicLong rounds = new AtomicLong();
    private KubernetesClient client;
    private KubernetesClient operators;
    private OperatorProcess operator;
    private HttpServer answering;
    private FakeWorkloads workloads;

    /** What a pod says: what its file said last, why that is not in force, and what it has answered. */
    private record Talk(String yaml, String problem, long requests, long failed, long slow) {

        String json() {
            return """
                    {"engine":"main","state":"healthy","problems":[],"impairments":[],"transport":"epoll",
                    "transportReason":"","plan":{"pinned":true,"spin":false,"housekeeping":"8","reasons":[]},
                    "shards":[],"groups":[],"servers":[{"name":"kv","protocol":"resp","host":"","port":1,"group":"",
                    "state":"listening","connections":1,"accepted":1,"refused":0,"requests":%d,"failed":%d,
                    "drainedShards":[],"latencies":{"1000000":%d,"8000000":%d}}],"configuration":{"state":"%s",
                    "at":null,"problems":[%s],"files":{"/etc/solaster/config/application.yml":"%s"}}}"""
                    .formatted(requests, failed, requests - slow, slow, problem.isEmpty() ? "applied" : "invalid",
                            problem.isEmpty() ? "" : "\"" + problem + "\"", Fingerprint.of(yaml));
        }
    }

    /** A client of the API server, which has the definitions. */
    KubernetesClient connect(String agent) {
        if (api == null) {
            api = new MemoryApi(10_000);
        }
        return api.client(agent);
    }

    /** After each test. */
    void disconnect() {
        api.close();
    }

    @BeforeEach
    void start() throws IOException {
        client = connect("test");
        operators = connect("operator");
        workloads = new FakeWorkloads(client);
        answering = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        answering.createContext("/", exchange -> {
            String path = exchange.getRequestURI().getPath().substring(1);
            Talk talk = talks.get(path);
            byte[] body = talk == null ? new byte[0] : talk.json().getBytes(UTF_8);
            exchange.sendResponseHeaders(talk == null ? 404 : 200, body.length == 0 ? -1 : body.length);
            if (body.length > 0) {
                exchange.getResponseBody().write(body);
            }
            exchange.close();
            rounds.incrementAndGet();
        });
        answering.start();
        client.resource(Objects.twoBy16()).create();
        for (String node : List.of("a", "b")) {
            client.resource(Objects.node(node, 32, "30", "128Gi",
                    new TreeMap<>(Map.of("kubernetes.io/hostname", node)))).create();
        }
        operator = begin("first");
    }

    private OperatorProcess begin(String identity) throws IOException {
        OperatorProcess process = new OperatorProcess(operators,
                new OperatorOptions(Set.of("shop"), "", "", identity, 0, Duration.ofMillis(20), 2),
                pod -> URI.create("http://localhost:" + answering.getAddress().getPort() + "/"
                        + pod.getMetadata().getName()),
                now::get, OperatorContract.QUICK);
        process.start();
        return process;
    }

    @AfterEach
    void stop() {
        operator.close();
        answering.stop(0);
        operators.close();
        client.close();
        disconnect();
    }

    @Test
    void aReloadIsConfirmedByEachPod() {
        settled(SPEC);
        String before = set().getSpec().getTemplate().toString();
        edit(SPEC.replace("500us", "250us"));
        eventually(() -> "Reloading".equals(condition("Progressing").getReason()));
        assertThat(condition("Progressing").getMessage()).isEqualTo("0 of 3 pods have confirmed the configuration.");
        assertThat(rollout().phase()).isEqualTo("Reloading");
        assertThat(config()).contains("250us");
        confirm("kv-two-0");
        confirm("kv-two-1");
        eventually(() -> condition("Progressing").getMessage().startsWith("2 of 3 pods have confirmed"));
        shown("Progressing");
        forward(Duration.ofSeconds(599));
        assertThat(condition("Degraded").getStatus()).as(condition("Degraded").getMessage()).isEqualTo("False");
        // A pod that says nothing is no reason to take it back, but to tell.
        forward(Duration.ofSeconds(2));
        eventually(() -> "ReloadUnconfirmed".equals(condition("Degraded").getReason()));
        assertThat(condition("Degraded").getMessage()).contains("kv-two-2 has not read it");
        confirm("kv-two-2");
        eventually(() -> rollout() == null && "Settled".equals(condition("Progressing").getReason()));
        eventually(() -> "False".equals(condition("Degraded").getStatus()));
        assertThat(events("Reloaded")).hasSize(1);
        assertThat(set().getSpec().getTemplate()).as("pods are not replaced").hasToString(before);
    }

    @Test
    void aReloadThatAPodRefusesIsTakenBackAndNotTriedAgain() {
        settled(SPEC);
        edit(SPEC.replace("500us", "250us"));
        eventually(() -> config().contains("250us") && rollout() != null);
        confirm("kv-two-0");
        refuse("kv-two-1", "solaster.engine.task-quota: 250us is too short for this machine; write 500us or more");
        eventually(() -> "ReloadRefused".equals(condition("Degraded").getReason()));
        assertThat(condition("Degraded").getMessage()).contains("kv-two-1 refuses the configuration: "
                + "solaster.engine.task-quota: 250us is too short for this machine");
        shown("Degraded");
        eventually(() -> config().contains("500us"));
        assertThat(rollout().phase()).isEqualTo("RolledBack");
        assertThat(events("ReloadRefused")).hasSize(1);
        // What the spec asks for is known, and looked at no more, whatever else changes in it.
        edit(SPEC.replace("500us", "250us").replace("replicas: 3", "replicas: 2"));
        eventually(() -> set().getSpec().getReplicas() == 2 && observed());
        assertThat(config()).contains("500us");
        edit(SPEC.replace("500us", "700us").replace("replicas: 3", "replicas: 2"));
        eventually(() -> config().contains("700us") && "False".equals(condition("Degraded").getStatus()));
    }

    @Test
    void aRefusedReloadStaysWhereTheSpecSaysSo() {
        String spec = SPEC.replace("deadlineSeconds: 600", "autoReturn: false");
        settled(spec);
        edit(spec.replace("500us", "250us"));
        eventually(() -> config().contains("250us") && rollout() != null);
        eventually(() -> measured("solaster_operator_rollouts{state=\"UnderWay\"} 1.0"));
        refuse("kv-two-1", "no");
        eventually(() -> "ReloadRefused".equals(condition("Degraded").getReason()));
        assertThat(config()).contains("250us");
        eventually(() -> measured("solaster_operator_rollouts{state=\"Stuck\"} 1.0"));
        assertThat(measured("solaster_operator_rollouts_returned_total 0.0")).isTrue();
    }

    @Tag("full")
    @Test
    void aCanaryThatHoldsIsPromoted() {
        settled(SPEC);
        String good = FakeWorkloads.revision(pod("kv-two-0"));
        String configBefore = configName();
        edit(SPEC.replace("kv:1", "kv:2").replace("epoll", "nio").replace("500us", "250us"));
        eventually(() -> rollout() != null && partition() == 2);
        workloads.run();
        assertThat(FakeWorkloads.revision(pod("kv-two-1"))).isEqualTo(good);
        assertThat(FakeWorkloads.revision(pod("kv-two-2"))).isNotEqualTo(good);
        // The others read what they were made with, all the time.
        assertThat(configName()).isNotEqualTo(configBefore);
        assertThat(text(configBefore)).contains("epoll").contains("500us");
        assertThat(text(configName())).contains("nio").contains("250us");
        eventually(() -> condition("Progressing").getMessage().contains("warm up for 30 s"));
        talk("kv-two-2", 50, 50, 50);
        forward(Duration.ofSeconds(31));
        eventually(() -> "Observing".equals(rollout().phase()));
        // What went wrong while it was cold does not count.
        talk("kv-two-0", 1000, 2, 10);
        talk("kv-two-1", 1000, 2, 10);
        talk("kv-two-2", 1050, 52, 58);
        forward(Duration.ofSeconds(299));
        assertThat(partition()).isEqualTo(2);
        forward(Duration.ofSeconds(2));
        eventually(() -> "Rolling".equals(rollout().phase()) && partition() == 0);
        assertThat(events("CanaryPromoted").getFirst().getMessage()).contains("kv-two-2 held for 300 s")
                .contains("2 of 1000 requests failed");
        workloads.run();
        eventually(() -> rollout() == null);
        assertThat(workloads.pods()).noneMatch(pod -> good.equals(FakeWorkloads.revision(pod)));
        eventually(() -> client.configMaps().inNamespace("shop").withName(configBefore).get() == null);
        assertThat(condition("Degraded").getStatus()).as(condition("Degraded").getMessage()).isEqualTo("False");
    }

    @Tag("full")
    @Test
    void aCanaryWithTooManyErrorsIsTakenBack() {
        String good = settled(SPEC);
        edit(SPEC.replace("kv:1", "kv:2"));
        observe();
        talk("kv-two-0", 2000, 4, 0);
        talk("kv-two-2", 500, 20, 0);
        asked();
        forward(Duration.ofSeconds(10));
        eventually(() -> "RolledBack".equals(condition("Degraded").getReason()));
        assertThat(condition("Degraded").getMessage()).contains("kv-two-2: 20 of 500 requests (4 %) failed")
                .contains("4 of 2000 requests (0.20 %)").contains("1 percentage points more");
        shown("Degraded");
        assertThat(rollout().phase()).isEqualTo("RolledBack");
        eventually(() -> partition() == 0 && set().getSpec().getTemplate().getSpec().getContainers().getFirst()
                .getImage().endsWith("kv:1"));
        workloads.run();
        assertThat(workloads.pods()).hasSize(3).allMatch(pod -> good.equals(FakeWorkloads.revision(pod)));
        assertThat(events("RolledBack")).hasSize(1);
        assertThat(measured("solaster_operator_rollouts{state=\"RolledBack\"} 1.0")).isTrue();
        assertThat(measured("solaster_operator_rollouts_returned_total 1.0")).isTrue();
        eventually(() -> "Settled".equals(condition("Progressing").getReason()));
        // The same again is not tried, whatever the number of replicas; something else is, or when it is asked for.
        edit(SPEC.replace("kv:1", "kv:2").replace("replicas: 3", "replicas: 2"));
        eventually(() -> set().getSpec().getReplicas() == 2 && observed());
        assertThat(set().getSpec().getTemplate().getSpec().getContainers().getFirst().getImage()).endsWith("kv:1");
        annotate(ShardedService.RETRY, "once more");
        eventually(() -> rollout() != null && "Canary".equals(rollout().phase()) && partition() == 1);
    }

    @Test
    void aCanaryThatIsSlowIsTakenBack() {
        settled(SPEC);
        edit(SPEC.replace("kv:1", "kv:2"));
        observe();
        talk("kv-two-0", 2000, 0, 10);
        talk("kv-two-2", 500, 0, 50);
        asked();
        forward(Duration.ofSeconds(10));
        eventually(() -> "RolledBack".equals(condition("Degraded").getReason()));
        assertThat(condition("Degraded").getMessage()).contains("50 of 500 requests (10 %) took longer than 1.50 ms")
                .contains("the other pods' p99 is 1.00 ms, theirs 8.00 ms").contains("150 %");
    }

    @Tag("full")
    @Test
    void aCanaryThatIsNeverReadyIsTakenBackAndItsPodDeleted() {
        String good = settled(SPEC);
        workloads.breaks = true;
        edit(SPEC.replace("kv:1", "kv:2"));
        eventually(() -> rollout() != null && partition() == 2);
        workloads.run();
        workloads.breaks = false;
        eventually(() -> condition("Progressing").getMessage().equals("0 of 1 canaries are ready."));
        forward(Duration.ofSeconds(601));
        eventually(() -> "RolledBack".equals(condition("Degraded").getReason()));
        assertThat(condition("Degraded").getMessage())
                .contains("0 of 1 canaries are ready after 600 s: kv-two-2 is not ready");
        // The StatefulSet waits for its pod; nobody else deletes it.
        eventually(() -> workloads.ended("kv-two-2"));
        assertThat(events("StuckPodDeleted")).hasSize(1);
        workloads.run();
        assertThat(workloads.pods()).hasSize(3).allMatch(pod -> good.equals(FakeWorkloads.revision(pod)));
    }

    @Test
    void aCanaryThatIsStartedAgainIsTakenBack() {
        settled(SPEC);
        edit(SPEC.replace("kv:1", "kv:2"));
        observe();
        workloads.status(pod("kv-two-2"), true, 1);
        eventually(() -> "RolledBack".equals(condition("Degraded").getReason()));
        assertThat(condition("Degraded").getMessage()).contains("kv-two-2 was started again while it was observed");
    }

    @Tag("full")
    @Test
    void aRollingReplacementThatGetsStuckIsTakenBack() {
        String good = settled(ROLLING);
        workloads.breaks = true;
        edit(ROLLING.replace("kv:1", "kv:2"));
        eventually(() -> rollout() != null && "Rolling".equals(rollout().phase())
                && set().getSpec().getTemplate().getSpec().getContainers().getFirst().getImage().endsWith("kv:2"));
        workloads.run();
        workloads.breaks = false;
        assertThat(FakeWorkloads.revision(pod("kv-two-2"))).isNotEqualTo(good);
        forward(Duration.ofSeconds(601));
        eventually(() -> "RolledBack".equals(condition("Degraded").getReason()));
        assertThat(condition("Degraded").getMessage()).contains("0 of 3 pods are of revision")
                .contains("no further one within 600 s: kv-two-2 is not ready");
        eventually(() -> workloads.ended("kv-two-2"));
        workloads.run();
        assertThat(workloads.pods()).hasSize(3).allMatch(pod -> good.equals(FakeWorkloads.revision(pod)));
        eventually(() -> "Settled".equals(condition("Progressing").getReason()));
    }

    @Test
    void anotherOperatorGoesOnWhereThisOneEnded() throws IOException {
        String good = settled(SPEC);
        edit(SPEC.replace("kv:1", "kv:2"));
        observe();
        talk("kv-two-0", 1000, 0, 0);
        talk("kv-two-2", 200, 0, 0);
        operator.close();
        operator = begin("second");
        asked();
        assertThat(partition()).isEqualTo(2);
        eventually(() -> "Observing".equals(rollout().phase()));
        // It knows when the observation began, and what the pods had answered by then.
        talk("kv-two-2", 400, 100, 0);
        asked();
        forward(Duration.ofSeconds(1));
        eventually(() -> "RolledBack".equals(condition("Degraded").getReason()));
        eventually(() -> partition() == 0);
        operator.close();
        operator = begin("third");
        workloads.run();
        eventually(() -> workloads.pods().stream().allMatch(pod -> good.equals(FakeWorkloads.revision(pod))));
        asked();
        assertThat(set().getSpec().getTemplate().getSpec().getContainers().getFirst().getImage()).endsWith("kv:1");
        assertThat(condition("Degraded").getReason()).isEqualTo("RolledBack");
        assertThat(events("RolledBack")).hasSize(1);
    }

    /** One reads what the other has written of its clock. */
    @Tag("full")
    @Test
    void anotherOperatorsClockMayBeAnHourOff() throws IOException {
        settled(SPEC);
        edit(SPEC.replace("kv:1", "kv:2"));
        eventually(() -> rollout() != null && partition() == 2);
        for (int hours : new int[]{1, -2}) {
            operator.close();
            now.set(now.get().plus(Duration.ofHours(hours)));
            operator = begin("another" + hours);
            forward(Duration.ZERO);
            forward(Duration.ofSeconds(590));
            assertThat(rollout().phase()).isEqualTo("Canary");
            assertThat(condition("Degraded").getStatus()).as(condition("Degraded").getMessage()).isEqualTo("False");
        }
        // It is not waited for longer than it may take, either.
        forward(Duration.ofSeconds(11));
        eventually(() -> "RolledBack".equals(condition("Degraded").getReason()));
    }

    /** As NTP sets it, while an operator runs. */
    @Test
    void aClockThatIsSetBackHoldsNoRolloutUp() {
        settled(SPEC);
        edit(SPEC.replace("kv:1", "kv:2"));
        eventually(() -> rollout() != null && partition() == 2);
        now.set(now.get().minus(Duration.ofHours(1)));
        forward(Duration.ZERO);
        forward(Duration.ofSeconds(601));
        eventually(() -> "RolledBack".equals(condition("Degraded").getReason()));
    }

    @Tag("full")
    @Test
    void aSpecThatChangesInTheMiddleBeginsAnew() {
        String good = settled(SPEC);
        edit(SPEC.replace("kv:1", "kv:2"));
        observe();
        workloads.breaks = true;
        edit(SPEC.replace("kv:1", "kv:3"));
        eventually(() -> "Canary".equals(rollout().phase()) && set().getSpec().getTemplate().getSpec().getContainers()
                .getFirst().getImage().endsWith("kv:3"));
        workloads.run();
        String third = FakeWorkloads.revision(pod("kv-two-2"));
        assertThat(partition()).isEqualTo(2);
        workloads.breaks = false;
        // A pod of a revision that is not wanted any more and never becomes ready would be waited for.
        edit(SPEC.replace("kv:1", "kv:4"));
        eventually(() -> workloads.ended("kv-two-2"));
        workloads.run();
        assertThat(FakeWorkloads.revision(pod("kv-two-2"))).isNotEqualTo(third).isNotEqualTo(good);
        // Back to what was there before is no rollout.
        edit(SPEC);
        eventually(() -> rollout() == null && partition() == 0);
        workloads.run();
        assertThat(workloads.pods()).hasSize(3).allMatch(pod -> good.equals(FakeWorkloads.revision(pod)));
        assertThat(events("RolledBack")).isEmpty();
        assertThat(events("RolloutWithdrawn")).hasSize(1);
    }

    @Test
    void timeThatAServiceIsPausedForCountsForNothing() {
        settled(SPEC);
        edit(SPEC.replace("kv:1", "kv:2"));
        eventually(() -> rollout() != null && partition() == 2);
        annotate(ShardedService.PAUSED, "true");
        eventually(() -> "Suspended".equals(rollout().phase()));
        assertThat(rollout().message()).isEqualTo("Stands still: the service is paused.");
        forward(Duration.ofSeconds(5000));
        annotate(ShardedService.PAUSED, "false");
        eventually(() -> "Canary".equals(rollout().phase()));
        forward(Duration.ofSeconds(599));
        assertThat(condition("Degraded").getStatus()).as(condition("Degraded").getMessage()).isEqualTo("False");
        forward(Duration.ofSeconds(2));
        eventually(() -> "RolledBack".equals(condition("Degraded").getReason()));
    }

    @Test
    void aPlanThatDoesNotFitInTheMiddleStopsIt() {
        settled(SPEC);
        edit(SPEC.replace("kv:1", "kv:2"));
        observe();
        client.nodes().withName("b").delete();
        client.nodes().withName("a").delete();
        eventually(
                () -> "False".equals(condition("PlanFeasible").getStatus()) && "Suspended".equals(rollout().phase()));
        talk("kv-two-2", 5000, 5000, 0);
        asked();
        forward(Duration.ofSeconds(5000));
        assertThat(partition()).isEqualTo(2);
        assertThat(condition("Degraded").getReason()).isNotEqualTo("RolledBack");
        for (String node : List.of("a", "b")) {
            client.resource(Objects.node(node, 32, "30", "128Gi",
                    new TreeMap<>(Map.of("kubernetes.io/hostname", node)))).create();
        }
        eventually(() -> "Canary".equals(rollout().phase()));
        assertThat(partition()).isEqualTo(2);
    }

    @Test
    void aDeploymentHasItsCanaryBesideIt() {
        String spec = SPEC.replace("rollout: {canary: {", "workload: Deployment\nrollout: {canary: {pods: 2, ");
        create(spec);
        eventually(() -> client.apps().deployments().inNamespace("shop").withName("kv-two").get() != null);
        grow();
        eventually(() -> state() != null);
        workloads.pods().forEach(pod -> talk(pod.getMetadata().getName(), 0, 0, 0));
        String good = FakeWorkloads.revision(workloads.pods().getFirst());
        edit(spec.replace("kv:1", "kv:2"));
        eventually(() -> deployment("kv-two-canary") != null);
        Deployment canary = deployment("kv-two-canary");
        assertThat(canary.getSpec().getReplicas()).isEqualTo(2);
        assertThat(canary.getSpec().getSelector().getMatchLabels()).containsEntry("solaster.io/track", "canary");
        // One is the surge that the plan has room for; the other one takes a place.
        eventually(() -> deployment("kv-two").getSpec().getReplicas() == 2);
        assertThat(deployment("kv-two").getSpec().getTemplate().getSpec().getContainers().getFirst().getImage())
                .endsWith("kv:1");
        workloads.run();
        eventually(() -> condition("Progressing").getMessage().contains("warm up"));
        assertThat(kv().getStatus().replicas()).isEqualTo(3);
        forward(Duration.ofSeconds(31));
        eventually(() -> "Observing".equals(rollout().phase()));
        forward(Duration.ofSeconds(301));
        // Neither of the two reports: they are held, and all else stays as it is.
        eventually(() -> "CanaryUnreported".equals(condition("Degraded").getReason()));
        assertThat(condition("Degraded").getMessage()).contains("2 of 2 canaries do not report")
                .contains("answers 404");
        eventually(() -> events("CanaryHeld").size() == 1);
        assertThat(rollout().phase()).isEqualTo("Observing");
        assertThat(deployment("kv-two").getSpec().getReplicas()).isEqualTo(2);
        workloads.pods().forEach(pod -> talk(pod.getMetadata().getName(), 0, 0, 0));
        eventually(() -> deployment("kv-two-canary") == null && deployment("kv-two").getSpec().getReplicas() == 3);
        workloads.run();
        eventually(() -> rollout() == null);
        assertThat(workloads.pods()).hasSize(3).noneMatch(pod -> good.equals(FakeWorkloads.revision(pod)));
        assertThat(events("CanaryPromoted").getFirst().getMessage())
                .contains("errors and latency tell nothing, with 0 requests of 100");
    }

    // What the tests say of the cluster.

    /** A service all of whose pods run, so that there is something to come back to. */
    private String settled(String spec) {
        create(spec);
        eventually(() -> set() != null);
        grow();
        eventually(() -> state() != null);
        eventually(() -> "True".equals(condition("PlanFeasible").getStatus()));
        workloads.pods().forEach(pod -> talk(pod.getMetadata().getName(), 0, 0, 0));
        asked();
        return FakeWorkloads.revision(pod("kv-two-0"));
    }

    private void grow() {
        workloads.run();
        assertThat(workloads.pods()).hasSize(3);
    }

    /** The one canary is ready, warm, and observed. */
    private void observe() {
        eventually(() -> rollout() != null && partition() == 2);
        workloads.run();
        talk("kv-two-2", 0, 0, 0);
        asked();
        eventually(() -> condition("Progressing").getMessage().contains("warm up"));
        forward(Duration.ofSeconds(31));
        eventually(() -> "Observing".equals(rollout().phase()));
    }

    private void create(String spec) {
        ShardedService service = Objects.service(spec);
        service.setMetadata(new ObjectMetaBuilder().withName("kv").withNamespace("shop").build());
        client.resource(service).create();
    }

    private ShardedService kv() {
        return client.resources(ShardedService.class).inNamespace("shop").withName("kv").get();
    }

    private boolean observed() {
        return kv().getMetadata().getGeneration().equals(kv().getStatus().observedGeneration());
    }

    private RolloutStatus rollout() {
        return kv().getStatus() == null ? null : kv().getStatus().rollout();
    }

    private Condition condition(String type) {
        return kv().getStatus() == null || kv().getStatus().conditions() == null
                ? new Condition()
                : kv().getStatus().conditions().stream().filter(each -> each.getType().equals(type)).findFirst()
                        .orElse(new Condition());
    }

    /** The README shows conditions as they are. */
    private void shown(String type) {
        Condition condition = condition(type);
        try {
            assertThat(Files.readString(Path.of("README.md")).replaceAll(" +", " ")).contains(type + " "
                    + condition.getStatus() + " " + condition.getReason() + " " + condition.getMessage());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<Event> events(String reason) {
        return client.v1().events().inNamespace("shop").list().getItems().stream()
                .filter(event -> reason.equals(event.getReason())).toList();
    }

    private ConfigMap state() {
        return client.configMaps().inNamespace("shop").withName("kv-rollout").get();
    }

    private StatefulSet set() {
        return client.apps().statefulSets().inNamespace("shop").withName("kv-two").get();
    }

    private Deployment deployment(String name) {
        return client.apps().deployments().inNamespace("shop").withName(name).get();
    }

    private int partition() {
        var update = set().getSpec().getUpdateStrategy().getRollingUpdate();
        return update == null || update.getPartition() == null ? 0 : update.getPartition();
    }

    private Pod pod(String name) {
        return client.pods().inNamespace("shop").withName(name).get();
    }

    private String configName() {
        return set().getSpec().getTemplate().getSpec().getVolumes().getFirst().getConfigMap().getName();
    }

    private String config() {
        return text(configName());
    }

    private String text(String name) {
        ConfigMap map = client.configMaps().inNamespace("shop").withName(name).get();
        return map == null ? "" : map.getData().get("application.yml");
    }

    private void confirm(String pod) {
        talks.computeIfPresent(pod, (name, talk) -> new Talk(config(), "", talk.requests(), talk.failed(),
                talk.slow()));
    }

    private void refuse(String pod, String problem) {
        talks.computeIfPresent(pod, (name, talk) -> new Talk(config(), problem, talk.requests(), talk.failed(),
                talk.slow()));
    }

    /** What a pod has answered by now, with the configuration that it was made with. */
    private void talk(String pod, long requests, long failed, long slow) {
        String yaml = text(pod(pod).getSpec().getVolumes().getFirst().getConfigMap().getName());
        talks.put(pod, new Talk(yaml, "", requests, failed, slow));
    }

    /** Waits until all pods have been asked again, and the answers been read. */
    private void asked() {
        long all = workloads.pods().size();
        long before = rounds.get();
        eventually(() -> rounds.get() >= before + 3 * all);
    }

    private void forward(Duration time) {
        asked();
        now.updateAndGet(instant -> instant.plus(time));
        long done = operator.reconciliations();
        operator.poke("shop/kv");
        eventually(() -> operator.reconciliations() >= done + 1);
        operator.poke("shop/kv");
        eventually(() -> operator.reconciliations() >= done + 2);
    }

    private void edit(String spec) {
        ShardedService wanted = Objects.service(spec);
        update(service -> service.setSpec(wanted.getSpec()));
    }

    /** Whether its metrics have such a line. */
    private boolean measured(String line) {
        return OperatorContract.metrics(operator).contains(line + "\n");
    }

    private void annotate(String name, String value) {
        update(service -> {
            Map<String, String> all = new TreeMap<>(service.getMetadata().getAnnotations() == null
                    ? Map.of()
                    : service.getMetadata().getAnnotations());
            all.put(name, value);
            service.getMetadata().setAnnotations(all);
        });
    }

    private void update(Consumer<ShardedService> change) {
        while (true) {
            try {
                ShardedService service = kv();
                change.accept(service);
                client.resource(service).update();
                return;
            } catch (KubernetesClientException e) {
                if (e.getCode() != 409) {
                    throw e;
                }
            }
        }
    }

    private static void eventually(BooleanSupplier condition) {
        OperatorContract.eventually(condition);
    }
}
