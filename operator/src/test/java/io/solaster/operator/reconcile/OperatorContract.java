package io.solaster.operator.reconcile;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.solaster.operator.Objects;
import io.solaster.operator.api.Labels;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.ShardedServiceStatus;
import io.solaster.operator.apply.Names;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the operator does for services, on whatever API server there is. */
abstract class OperatorContract {
    static final String SPEC = """
            image: registry.example/kv:2.0
            replicas: 2
            shards: {count: 8}
            memory: {perShard: 1Gi}
            ports: [{name: resp, containerPort: 6379}]
            config: {solaster: {engine: {transport: epoll, shutdown-timeout: 30s}}}
            """;

    /** What a test would wait for comes at once. */
    static final Pace QUICK = new Pace(Duration.ofMillis(50), Pace.USUAL.sweep(), Pace.USUAL.kinds(),
            Duration.ofMillis(500), Duration.ofMillis(100), Duration.ofMillis(100));

    final Map<String, String> answers = new ConcurrentHashMap<>();
    /** The pods that were asked. */
    final Set<String> asked = ConcurrentHashMap.newKeySet();
    KubernetesClient client;
    KubernetesClient operators;
    OperatorProcess operator;
    private HttpServer pods;

    /** A client of the API server, which has the definitions. */
    abstract KubernetesClient connect(String agent);

    /** After each test. */
    void disconnect() {}

    @BeforeEach
    void start() throws IOException {
        client = connect("test");
        operators = connect("operator");
        pods = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        pods.createContext("/", exchange -> {
            String pod = exchange.getRequestURI().getPath().substring(1);
            asked.add(pod);
            String answer = answers.get(pod);
            byte[] body = String.valueOf(answer).getBytes(UTF_8);
            exchange.sendResponseHeaders(answer == null ? 404 : 200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        pods.start();
        create(Objects.twoBy16());
        for (String node : List.of("a", "b")) {
            create(Objects.node(node, 32, "30", "128Gi", new TreeMap<>(Map.of("kubernetes.io/hostname", node))));
        }
        operator = begin("first", "");
    }

    final OperatorProcess begin(String identity, String leaseNamespace) throws IOException {
        OperatorProcess process = new OperatorProcess(operators,
                new OperatorOptions(Set.of("shop"), "", leaseNamespace, identity, 0, Duration.ofMillis(200), 4),
                pod -> URI
                        .create("http://localhost:" + pods.getAddress().getPort() + "/" + pod.getMetadata().getName()),
                InstantSource.system(), QUICK);
        process.start();
        return process;
    }

    @AfterEach
    void stop() {
        operator.close();
        pods.stop(0);
        operators.close();
        client.close();
        disconnect();
    }

    @Test
    void whatIsPlannedIsApplied() {
        create(service(SPEC));
        eventually(() -> status() != null && set("kv-two") != null);
        eventually(() -> "True".equals(condition("PlanFeasible").getStatus()));

        StatefulSet set = set("kv-two");
        assertThat(set.getSpec().getReplicas()).isEqualTo(2);
        assertThat(set.getMetadata().getOwnerReferences()).hasSize(1);
        var pod = set.getSpec().getTemplate().getSpec();
        int cpus = status().plan().classes().getFirst().podCPUs();
        assertThat(cpus).isGreaterThanOrEqualTo(8);
        var resources = pod.getContainers().getFirst().getResources();
        assertThat(resources.getRequests()).isEqualTo(resources.getLimits());
        assertThat(resources.getRequests().get("cpu")).hasToString(String.valueOf(cpus));
        assertThat(pod.getContainers().getFirst().getEnv())
                .anyMatch(env -> env.getName().equals("SOLASTER_ENGINE_SHARDS") && env.getValue().equals("8"));
        // 5 s before the drain, 30 s of it, 10 s after.
        assertThat(pod.getTerminationGracePeriodSeconds()).isEqualTo(45);
        assertThat(pod.getEnableServiceLinks()).isFalse();
        assertThat(pod.getNodeSelector()).containsEntry(Names.CLASS, "two");
        assertThat(client.nodes().withName("a").get().getMetadata().getLabels()).containsEntry(Names.CLASS, "two");
        assertThat(config()).contains("epoll");
        assertThat(client.services().inNamespace("shop").withName("kv").get()).isNotNull();
        assertThat(client.services().inNamespace("shop").withName("kv-headless").get().getSpec().getClusterIP())
                .isEqualTo("None");
        assertThat(client.policy().v1().podDisruptionBudget().inNamespace("shop").withName("kv").get()).isNotNull();
        assertThat(client.network().v1().networkPolicies().inNamespace("shop").withName("kv").get()).isNotNull();
        assertThat(status().plan().verdict()).isEqualTo("Feasible");
        assertThat(status().plan().hash()).isNotBlank();
        assertThat(status().selector()).isEqualTo("solaster.io/service=kv");
        assertThat(status().plan().reasons()).anyMatch(reason -> reason.contains("takes epoll"));
    }

    @Test
    void whatDoesNotFitIsNotAppliedAndWhatRunsStays() {
        create(service(SPEC));
        eventually(() -> set("kv-two") != null && "True".equals(condition("PlanFeasible").getStatus()));
        String before = set("kv-two").getMetadata().getResourceVersion();
        edit("replicas: 2", "replicas: 20");
        eventually(() -> "False".equals(condition("PlanFeasible").getStatus()));
        assertThat(condition("PlanFeasible").getMessage()).contains("20 replicas").contains("room for")
                .contains("short");
        assertThat(set("kv-two").getMetadata().getResourceVersion()).isEqualTo(before);
        assertThat(events("DoesNotFit")).hasSize(1);
    }

    @Test
    void aLostNodeTakesNothingAway() {
        create(service(SPEC));
        eventually(() -> set("kv-two") != null && "True".equals(condition("PlanFeasible").getStatus()));
        client.nodes().withName("a").delete();
        client.nodes().withName("b").delete();
        eventually(() -> "False".equals(condition("PlanFeasible").getStatus()));
        assertThat(set("kv-two").getSpec().getReplicas()).isEqualTo(2);
    }

    @Test
    void aPlanAloneTouchesNothing() {
        create(service(SPEC + "mode: Plan\n"));
        eventually(() -> "True".equals(condition("PlanFeasible").getStatus()));
        assertThat(set("kv-two")).isNull();
        assertThat(client.configMaps().inNamespace("shop").withLabel(ShardedService.LABEL).list().getItems()).isEmpty();
        assertThat(client.nodes().withName("a").get().getMetadata().getLabels()).doesNotContainKey(Names.CLASS);
        assertThat(condition("Ready").getReason()).isEqualTo("NotApplied");
    }

    @Test
    void aServiceThatSomebodyHoldsUpInItsDeletionIsLeftAlone() {
        ShardedService service = service(SPEC);
        service.getMetadata().setFinalizers(List.of("example.com/archive"));
        create(service);
        eventually(() -> set("kv-two") != null && "True".equals(condition("PlanFeasible").getStatus()));
        quiet();
        client.resource(kv()).delete();
        eventually(() -> kv().getMetadata().getDeletionTimestamp() != null);
        scale(7);
        operator.poke("shop/kv");
        ShardedService later = service(SPEC);
        later.getMetadata().setName("later");
        create(later);
        eventually(() -> set("later-two") != null);
        assertThat(set("kv-two").getSpec().getReplicas()).isEqualTo(7);
        update(each -> {
            each.getMetadata().setFinalizers(List.of());
            return each;
        });
        eventually(() -> kv() == null);
    }

    @Test
    void aWrongConfigurationIsNeverMounted() {
        create(service(SPEC));
        eventually(() -> set("kv-two") != null);
        edit("transport: epoll", "transport: fast");
        eventually(() -> "InvalidSpec".equals(condition("Degraded").getReason()));
        assertThat(condition("Degraded").getMessage()).contains("fast").contains("io_uring");
        assertThat(config()).contains("epoll");
        edit("transport: epoll", "transport: nio");
        eventually(() -> config().contains("nio") && "False".equals(condition("Degraded").getStatus()));
    }

    @Test
    void reloadableKeysReplaceNoPods() {
        create(service(SPEC));
        eventually(() -> set("kv-two") != null && "True".equals(condition("PlanFeasible").getStatus()));
        Map<String, String> before = set("kv-two").getSpec().getTemplate().getMetadata().getAnnotations();
        edit("transport: epoll", "transport: epoll, task-quota: 250us");
        eventually(() -> config().contains("250us"));
        assertThat(set("kv-two").getSpec().getTemplate().getMetadata().getAnnotations()).isEqualTo(before);
        edit("transport: epoll", "transport: nio");
        eventually(() -> !set("kv-two").getSpec().getTemplate().getMetadata().getAnnotations().equals(before));
    }

    @Test
    void anEditByHandIsRepairedAndTold() {
        create(service(SPEC));
        eventually(() -> set("kv-two") != null && "True".equals(condition("PlanFeasible").getStatus()));
        scale(7);
        eventually(() -> set("kv-two").getSpec().getReplicas() == 2 && !events("Repaired").isEmpty());
        client.configMaps().inNamespace("shop").withName(configName()).delete();
        eventually(() -> client.configMaps().inNamespace("shop").withName(configName()).get() != null
                && events("Repaired").size() == 2);
    }

    @Test
    void aPausedServiceIsLeftAloneAndItsDriftTold() {
        create(service(SPEC));
        eventually(() -> set("kv-two") != null && "True".equals(condition("PlanFeasible").getStatus()));
        annotate("true");
        eventually(() -> "Paused".equals(condition("Progressing").getReason()));
        scale(7);
        eventually(() -> "True".equals(condition("Drifted").getStatus()));
        assertThat(condition("Drifted").getMessage()).contains("StatefulSet kv-two");
        assertThat(set("kv-two").getSpec().getReplicas()).isEqualTo(7);
        annotate("false");
        eventually(
                () -> set("kv-two").getSpec().getReplicas() == 2 && "False".equals(condition("Drifted").getStatus()));
    }

    @Test
    void nothingIsWrittenWhileNothingChanges() {
        create(service(SPEC));
        eventually(() -> set("kv-two") != null && "False".equals(condition("Drifted").getStatus())
                && status().replicas() == 2);
        quiet();
        Map<String, String> before = versions();
        for (int i = 0; i < 20; i++) {
            long done = reconciliations();
            operator.poke("shop/kv");
            eventually(() -> reconciliations() > done);
        }
        assertThat(versions()).isEqualTo(before);
    }

    @Tag("full")
    @Test
    void editsThatRaceStatusPatchesAreAllCaughtUpWith() {
        raceStatusPatches(20);
    }

    @Test
    @Tag("full")
    void manyEditsThatRaceStatusPatchesAreAllCaughtUpWith() {
        raceStatusPatches(200);
    }

    private void raceStatusPatches(int rounds) {
        create(service(SPEC + "env: [{name: ROUND, value: none}]\n"));
        eventually(() -> set("kv-two") != null);
        for (int round = 0; round < rounds; round++) {
            String value = String.valueOf(round);
            // Both a spec that leads to another status, and one more at once.
            update(service -> {
                service.getMetadata().setAnnotations(new TreeMap<>(Map.of("round", value)));
                return service;
            });
            edit("replicas: 2", "replicas: " + (1 + round % 2) + "\nenv: [{name: ROUND, value: '" + value + "'}]");
            eventually(() -> {
                ShardedService now = kv();
                StatefulSet set = set("kv-two");
                return now.getStatus() != null
                        && now.getMetadata().getGeneration().equals(now.getStatus().observedGeneration())
                        && set.getSpec().getTemplate().getSpec().getContainers().getFirst().getEnv().stream()
                                .anyMatch(env -> env.getName().equals("ROUND") && value.equals(env.getValue()));
            });
        }
    }

    @Test
    void whatPodsNeedBesideTheServiceIsAppliedAndTakenAwayAgain() {
        String more = """
                pod:
                  labels: {team: cart}
                  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [
                    {matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [a, b]}]}]}}}
                  initContainers: [{name: fetch, image: i, resources: {limits: {cpu: 500m, memory: 64Mi}}}]
                  sidecars: [{name: proxy, image: p, resources: {limits: {cpu: 200m, memory: 64Mi}}}]
                service: {type: NodePort, annotations: {example.com/a: b}}
                podDisruptionBudget: {maxUnavailable: 50%}
                networkPolicy: {from: [{podSelector: {matchLabels: {role: web}}}]}
                """;
        create(service(SPEC + more));
        eventually(() -> set("kv-two") != null && "True".equals(condition("PlanFeasible").getStatus()));
        var template = set("kv-two").getSpec().getTemplate();
        assertThat(template.getMetadata().getLabels()).containsEntry("team", "cart");
        assertThat(template.getSpec().getInitContainers()).extracting(each -> each.getName()).containsExactly("fetch",
                "proxy");
        var service = client.services().inNamespace("shop").withName("kv").get();
        assertThat(service.getSpec().getType()).isEqualTo("NodePort");
        assertThat(service.getMetadata().getAnnotations()).containsEntry("example.com/a", "b");
        var budgets = client.policy().v1().podDisruptionBudget().inNamespace("shop").withName("kv");
        var policies = client.network().v1().networkPolicies().inNamespace("shop").withName("kv");
        assertThat(budgets.get().getSpec().getMaxUnavailable().getStrVal()).isEqualTo("50%");
        assertThat(policies.get().getSpec().getIngress().getFirst().getFrom()).hasSize(1);
        update(kv -> {
            kv.setSpec(service(SPEC + "podDisruptionBudget: {enabled: false}\nnetworkPolicy: {enabled: false}\n")
                    .getSpec());
            return kv;
        });
        eventually(() -> budgets.get() == null && policies.get() == null
                && set("kv-two").getSpec().getTemplate().getSpec().getInitContainers().isEmpty());
        // Once more from what the caches have: nothing of it was changed underneath.
        eventually(() -> !"InvalidSpec".equals(condition("Degraded").getReason()));
        update(kv -> {
            kv.setSpec(service(SPEC + "pod: {sidecars: [{name: proxy, resources: {limits: {cpu: 2, memory: 1Mi}}}]}\n")
                    .getSpec());
            return kv;
        });
        eventually(() -> "InvalidSpec".equals(condition("PlanFeasible").getReason())
                && condition("PlanFeasible").getMessage().contains("'proxy' asks for 2 CPUs, a whole number"));
    }

    @Test
    void podsThatLieOtherwiseThanPlannedAreNamed() {
        create(service(SPEC));
        eventually(() -> set("kv-two") != null && status() != null);
        int cpus = status().plan().classes().getFirst().podCPUs();
        answers.put("kv-two-0", report(8, 0, "8", true));
        answers.put("kv-two-1", report(8, 16, "24", true));
        run("kv-two-0", "a", cpus);
        run("kv-two-1", "a", cpus);
        eventually(() -> "True".equals(condition("TopologyAligned").getStatus()) && status().pods().size() == 2);
        assertThat(status().pods()).allMatch(pod -> pod.problem() == null);

        answers.put("kv-two-1", report(8, 16, "0-15,24-30", true));
        // One look for all of it: beside a busy machine an answer may be late, and the condition Unknown for a while.
        eventually(() -> condition("TopologyAligned") instanceof Condition aligned
                && "CpusetMismatch".equals(aligned.getReason()) && "False".equals(aligned.getStatus())
                && aligned.getMessage().contains("kv-two-1")
                && aligned.getMessage().contains("CPUs 0-30 are 31, 9 planned"));
        eventually(() -> status().pods().getFirst().name().equals("kv-two-1"));

        answers.put("kv-two-1", report(8, 4, "12", true));
        eventually(() -> condition("TopologyAligned").getMessage().contains("those of kv-two-0"));

        answers.put("kv-two-1", report(8, 16, "24", true));
        eventually(() -> "True".equals(condition("TopologyAligned").getStatus()));
        // As where a mesh adds its proxy to pods.
        client.pods().inNamespace("shop").withName("kv-two-0").withGracePeriod(0).delete();
        run(new PodBuilder(running("kv-two-0", "a", cpus)).editSpec()
                .addNewContainer().withName("proxy").withImage("none").endContainer().endSpec().build(), "Burstable");
        eventually(() -> "NotGuaranteed".equals(condition("TopologyAligned").getReason()));
    }

    @Test
    void aNodeThatRefusesPodsIsSetAsideForLongerEachTime() {
        create(service(SPEC));
        eventually(() -> set("kv-two") != null && status() != null);
        refuse("kv-two-0", "a");
        eventually(() -> client.nodes().withName("a").get().getMetadata().getLabels()
                .containsKey(Labels.aside("shop", "kv")));
        eventually(() -> client.pods().inNamespace("shop").withName("kv-two-0").get() == null);
        eventually(() -> "TopologyAffinityError".equals(condition("Degraded").getReason()));
        // Pods that go on failing there before the scheduler knows change nothing, and are told once.
        for (int i = 0; i < 5; i++) {
            refuse("kv-two-0", "a");
            eventually(() -> client.pods().inNamespace("shop").withName("kv-two-0").get() == null);
        }
        assertThat(events("NodeSetAside")).hasSize(1);
        assertThat(client.nodes().withName("a").get().getMetadata().getAnnotations().get(Labels.aside("shop", "kv")))
                .startsWith("1 ");
        assertThat(client.nodes().withName("b").get().getMetadata().getLabels())
                .doesNotContainKey(Labels.aside("shop", "kv"));
        assertThat(set("kv-two").getSpec().getTemplate().getSpec().getAffinity().getNodeAffinity()
                .getRequiredDuringSchedulingIgnoredDuringExecution().getNodeSelectorTerms().getFirst()
                .getMatchExpressions().getFirst().getKey()).isEqualTo(Labels.aside("shop", "kv"));
    }

    @Test
    void aTransitionsTimeChangesOnlyWithItsStatus() {
        create(service(SPEC));
        eventually(() -> "True".equals(condition("PlanFeasible").getStatus()));
        String since = condition("PlanFeasible").getLastTransitionTime();
        edit("replicas: 2", "replicas: 1");
        eventually(() -> condition("PlanFeasible").getMessage().contains("1 replica "));
        assertThat(condition("PlanFeasible").getLastTransitionTime()).isEqualTo(since);
    }

    @Test
    void theNextLeaderGoesOnWhereTheLastOneEnded() throws IOException {
        operator.close();
        operator = begin("one", "shop");
        eventually(operator::works);
        create(service(SPEC));
        eventually(() -> set("kv-two") != null && status() != null && status().replicas() == 2);
        quiet();
        OperatorProcess first = operator;
        OperatorProcess second = begin("two", "shop");
        try {
            assertThat(second.works()).isFalse();
            String before = set("kv-two").getMetadata().getResourceVersion();
            first.close();
            eventually(second::works);
            edit("shards: {count: 8}", "shards: {count: 7}");
            operator = second;
            eventually(() -> kv().getMetadata().getGeneration().equals(status().observedGeneration()));
            eventually(() -> !set("kv-two").getMetadata().getResourceVersion().equals(before));
        } finally {
            operator = second;
        }
    }

    /** Pods grow when all shards are hot, when one alone is they do not, and shrink in the end; sizes fit the nodes. */
    @Test
    void podsAreSizedByTheLoad() {
        create(service(SPEC + "autoscaling: {by: Shards, min: 4, max: 15, targetUtilization: 50,"
                + " stabilizationSeconds: 0}\n"));
        eventually(() -> set("kv-two") != null && status() != null);
        int cpus = status().plan().classes().getFirst().podCPUs();
        // Near enough to what is wanted, whichever pod is heard first.
        busy(8, 1.0, 0.46);
        run("kv-two-0", "a", cpus);
        run("kv-two-1", "b", cpus);
        client.apps().statefulSets().inNamespace("shop").withName("kv-two").editStatus(
                set -> new StatefulSetBuilder(set).withNewStatus().withReplicas(2).withReadyReplicas(2).endStatus()
                        .build());
        eventually(() -> "HotShard".equals(condition("Balanced").getReason()));
        assertThat(condition("Balanced").getMessage()).contains("about 100 % busy, the others about 50 %");
        assertThat(shards()).isEqualTo(8);

        busy(8, 0.9, 0.9);
        eventually(() -> shards() == 15);
        eventually(() -> "AllHot".equals(condition("Balanced").getReason()));
        eventually(() -> status().plan().classes().getFirst().podCPUs() == 16);
        assertThat(status().plan().reasons()).anyMatch(reason -> reason.contains("replaces the pods"));

        busy(15, 0.1, 0.1);
        eventually(() -> shards() < 15);
        assertThat(shards()).isBetween(4, 5);
        eventually(() -> "True".equals(condition("PlanFeasible").getStatus()));
    }

    private int shards() {
        return set("kv-two").getSpec().getTemplate().getSpec().getContainers().getFirst().getEnv().stream()
                .filter(env -> env.getName().equals("SOLASTER_ENGINE_SHARDS"))
                .mapToInt(env -> Integer.parseInt(env.getValue())).findFirst().orElse(0);
    }

    /** The first shard of the first pod, and all others. */
    private void busy(int shards, double first, double others) {
        for (String pod : List.of("kv-two-0", "kv-two-1")) {
            String report = report(shards, 0, String.valueOf(shards), true).replace("0.5", String.valueOf(others));
            answers.put(pod, pod.equals("kv-two-0")
                    ? report.replaceFirst("\"utilization\":[0-9.]+", "\"utilization\":" + first)
                    : report);
        }
    }

    // What the tests say of the cluster.

    final ShardedService service(String spec) {
        ShardedService service = Objects.service(spec);
        service.setMetadata(new ObjectMetaBuilder().withName("kv").withNamespace("shop").build());
        return service;
    }

    final <T extends HasMetadata> void create(T object) {
        client.resource(object).create();
    }

    final ShardedService kv() {
        return client.resources(ShardedService.class).inNamespace("shop").withName("kv").get();
    }

    final ShardedServiceStatus status() {
        return kv().getStatus();
    }

    final StatefulSet set(String name) {
        return client.apps().statefulSets().inNamespace("shop").withName(name).get();
    }

    final String configName() {
        return configMap(client);
    }

    /** The ConfigMap that new pods of 'kv-two' read. */
    static String configMap(KubernetesClient client) {
        return client.apps().statefulSets().inNamespace("shop").withName("kv-two").get().getSpec().getTemplate()
                .getSpec().getVolumes().getFirst().getConfigMap().getName();
    }

    final String config() {
        ConfigMap config = set("kv-two") == null
                ? null
                : client.configMaps().inNamespace("shop").withName(configName()).get();
        return config == null ? "" : config.getData().get("application.yml");
    }

    final Condition condition(String type) {
        ShardedServiceStatus status = status();
        return status == null || status.conditions() == null
                ? new Condition()
                : status.conditions().stream().filter(each -> each.getType().equals(type)).findFirst()
                        .orElse(new Condition());
    }

    final List<Event> events(String reason) {
        return client.v1().events().inNamespace("shop").list().getItems().stream()
                .filter(event -> reason.equals(event.getReason())).toList();
    }

    /** Makes a spec of the first one, with one thing changed. */
    final void edit(String before, String after) {
        ShardedService wanted = service(SPEC.replace(before, after));
        update(service -> {
            service.setSpec(wanted.getSpec());
            return service;
        });
    }

    final void annotate(String paused) {
        update(service -> {
            service.getMetadata().setAnnotations(new TreeMap<>(Map.of(ShardedService.PAUSED, paused)));
            return service;
        });
    }

    final void update(UnaryOperator<ShardedService> change) {
        while (true) {
            try {
                client.resource(change.apply(kv())).update();
                return;
            } catch (KubernetesClientException e) {
                if (e.getCode() != 409) {
                    throw e;
                }
            }
        }
    }

    final void scale(int replicas) {
        client.apps().statefulSets().inNamespace("shop").withName("kv-two")
                .edit(set -> new StatefulSetBuilder(set).editSpec().withReplicas(replicas).endSpec().build());
    }

    /** A pod of the StatefulSet, as a kubelet lets it run. */
    final void run(String name, String node, int cpus) {
        run(running(name, node, cpus), "Guaranteed");
    }

    private Pod running(String name, String node, int cpus) {
        Pod pod = Objects.owned(Objects.pod(name, node, String.valueOf(cpus), "8Gi",
                new TreeMap<>(Map.of(ShardedService.LABEL, "kv", Names.CLASS, "two"))), set("kv-two"));
        pod.getMetadata().setUid(name);
        return pod;
    }

    private void run(Pod pod, String quality) {
        Pod made = client.resource(pod).create();
        made.setStatus(new PodBuilder().withNewStatus().withPhase("Running").withQosClass(quality)
                .withPodIP("127.0.0.1").endStatus().build().getStatus());
        client.resource(made).updateStatus();
    }

    /** A pod that a kubelet has refused. */
    final void refuse(String name, String node) {
        Pod pod = Objects.owned(Objects.pod(name, node, "9", "8Gi",
                new TreeMap<>(Map.of(ShardedService.LABEL, "kv", Names.CLASS, "two"))), set("kv-two"));
        pod.setStatus(new PodBuilder().withNewStatus().withPhase("Failed").withReason("TopologyAffinityError")
                .withMessage("Resources cannot be allocated with Topology locality").endStatus().build().getStatus());
        Pod made = client.resource(pod).create();
        made.setStatus(pod.getStatus());
        try {
            client.resource(made).updateStatus();
        } catch (KubernetesClientException e) {
            // The operator has collected it already.
            assertThat(e.getCode()).isIn(404, 409);
        }
    }

    /** What a pod answers with. */
    static String report(int shards, int firstCpu, String housekeeping, boolean pinned) {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < shards; i++) {
            all.add("{\"id\":%d,\"cpu\":%d,\"numaNode\":%d,\"state\":\"running\",\"utilization\":0.5}".formatted(i,
                    firstCpu + i, (firstCpu + i) / 16));
        }
        return """
                {"engine":"main","state":"healthy","problems":[],"impairments":[],"transport":"epoll",
                "transportReason":"","plan":{"pinned":%s,"spin":false,"housekeeping":"%s","reasons":[]},
                "shards":[%s],"groups":[],"servers":[],"later":1}""".formatted(pinned, housekeeping,
                String.join(",", all));
    }

    final long reconciliations() {
        return operator.reconciliations();
    }

    /** Waits until what was begun is done. */
    final void quiet() {
        long[] last = {-1};
        eventually(() -> {
            long now = reconciliations();
            operator.poke("shop/kv");
            eventually(() -> reconciliations() > now);
            Map<String, String> versions = versions();
            boolean same = last[0] == versions.hashCode();
            last[0] = versions.hashCode();
            return same;
        });
    }

    final Map<String, String> versions() {
        Map<String, String> versions = new TreeMap<>();
        List<HasMetadata> all = new ArrayList<>();
        all.addAll(client.resources(ShardedService.class).inNamespace("shop").list().getItems());
        all.addAll(client.apps().statefulSets().inNamespace("shop").list().getItems());
        all.addAll(client.configMaps().inNamespace("shop").list().getItems());
        all.addAll(client.services().inNamespace("shop").list().getItems());
        all.addAll(client.network().v1().networkPolicies().inNamespace("shop").list().getItems());
        all.addAll(client.policy().v1().podDisruptionBudget().inNamespace("shop").list().getItems());
        all.addAll(client.v1().events().inNamespace("shop").list().getItems());
        all.addAll(client.nodes().list().getItems());
        all.forEach(each -> versions.put(each.getKind() + " " + each.getMetadata().getName(),
                each.getMetadata().getResourceVersion()));
        return versions;
    }

    /** What an operator measures, as text. */
    static String metrics(OperatorProcess operator) {
        try (var metrics = URI.create("http://localhost:" + operator.port() + "/metrics").toURL().openStream()) {
            return new String(metrics.readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static void eventually(BooleanSupplier condition) {
        eventually(Duration.ofSeconds(60), condition);
    }

    static void eventually(Duration patience, BooleanSupplier condition) {
        long end = System.nanoTime() + patience.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("within %s", patience).isLessThan(end);
            try {
                Thread.sleep(10);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
