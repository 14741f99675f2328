package io.solaster.operator.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.solaster.config.value.CpuSet;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.apply.Names;
import io.solaster.operator.apply.Revision;
import io.solaster.operator.observe.PodReport;
import io.solaster.operator.observe.Traffic;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.Verdict;
import io.solaster.operator.rollout.RolloutState.Phase;
import org.junit.jupiter.api.Test;

/** What is decided, step by step, without a cluster. */
class CourseTest {
    private static final ServicePlan PLAN = new ServicePlan("shop", "kv", Verdict.Feasible, "", 0, 0, 0, 0,
            Verdict.Feasible, List.of(), List.of());

    private static final PodReport REPORT = new PodReport(0, CpuSet.EMPTY, CpuSet.EMPTY, CpuSet.EMPTY, false, null,
            "/actuator/shards answers 404");

    private final List<Pod> pods = new ArrayList<>();
    private final Map<String, Traffic> traffic = new HashMap<>();
    private final Map<String, Integer> replicas = new TreeMap<>(Map.of("kv-big", 4));
    private Instant now = Instant.parse("2026-11-21T12:00:00Z");
    private String image = "1";
    private String rollout = "{canary: {warmupSeconds: 0}}";
    private long generation = 1;
    private RolloutState state = RolloutState.of("u");
    private Course course;
    private Scene scene;

    private Scene look() {
        List<Workload> workloads = new ArrayList<>();
        replicas.forEach((name, count) -> workloads.add(java.util.Objects.requireNonNull(Workload.of(
                new StatefulSetBuilder().withNewMetadata().withName(name).addToLabels(Names.CLASS, name)
                        .endMetadata().withNewSpec().withReplicas(count).withNewUpdateStrategy()
                        .withType("RollingUpdate").endUpdateStrategy().withNewTemplate().withNewMetadata()
                        .endMetadata().withNewSpec().addNewContainer().withName("service").withImage(image)
                        .endContainer().endSpec().endTemplate().endSpec().build(),
                PLAN))));
        ShardedService service = Objects.service("image: a\nrollout: " + rollout + "\n");
        return new Scene(generation, "", Settings.of(service.getSpec()), workloads, "kv-config-1", "a: b", pods,
                pod -> REPORT, pod -> traffic.get(pod.getMetadata().getName()), now);
    }

    private RolloutState step(Duration later) {
        now = now.plus(later);
        scene = look();
        course = new Course(scene);
        state = course.next(state);
        return state;
    }

    private void run(String workload, int ordinal, boolean ready, int restarts) {
        String revision = look().workloads().stream().filter(each -> each.name().equals(workload)).findFirst()
                .orElseThrow().revision();
        String name = workload + "-" + ordinal;
        pods.removeIf(pod -> pod.getMetadata().getName().equals(name));
        pods.add(new PodBuilder().withNewMetadata().withName(name).withUid(name + revision)
                .addToLabels(Names.CLASS, workload).addToAnnotations(Names.REVISION, revision).endMetadata()
                .withNewSpec().endSpec().withNewStatus().withPhase("Running").addNewCondition().withType("Ready")
                .withStatus(ready ? "True" : "False").endCondition().addNewContainerStatus()
                .withRestartCount(restarts).endContainerStatus().endStatus().build());
    }

    private void settle() {
        replicas.forEach((name, count) -> {
            for (int i = 0; i < count; i++) {
                run(name, i, true, 0);
            }
        });
        step(Duration.ZERO);
        assertThat(state.good()).hasSameSizeAs(replicas);
        assertThat(state.attempt()).isNull();
    }

    private void change(String newImage) {
        image = newImage;
        generation++;
        step(Duration.ZERO);
    }

    @Test
    void whatNeverHeldIsNothingToComeBackTo() {
        run("kv-big", 0, true, 0);
        step(Duration.ZERO);
        assertThat(state.good()).isEmpty();
        change("2");
        assertThat(state.attempt()).isNull();
        assertThat(image(0)).isEqualTo("2");
    }

    private String image(int workload) {
        HasMetadata object = new Shape(scene, state, course.changed(state))
                .of(scene.workloads().stream().map(Workload::object).toList()).get(workload);
        return java.util.Objects.requireNonNull(Revision.template(object)).getSpec().getContainers().getFirst()
                .getImage();
    }

    @Test
    void theDeadlineBeginsAnewWithEachPodThatIsReady() {
        rollout = "{deadlineSeconds: 60}";
        settle();
        change("2");
        for (int i = 3; i >= 1; i--) {
            step(Duration.ofSeconds(59));
            run("kv-big", i, true, 0);
            step(Duration.ZERO);
        }
        assertThat(state.failure()).isNull();
        step(Duration.ofSeconds(61));
        assertThat(state.failure().message()).contains("3 of 4 pods").contains("within 60 s");
    }

    @Test
    void podsThatAreStartedAgainAndAgainEndItAtOnce() {
        rollout = "{}";
        settle();
        change("2");
        run("kv-big", 3, false, 2);
        step(Duration.ofSeconds(1));
        assertThat(state.failure()).isNull();
        run("kv-big", 3, false, 3);
        step(Duration.ofSeconds(1));
        assertThat(state.failure().message()).isEqualTo("kv-big-3 was started again 3 times and is not ready");
    }

    @Test
    void aCanaryMayFailItsProbeForAWhileButNotAgainAndAgain() {
        settle();
        change("2");
        run("kv-big", 3, true, 0);
        assertThat(step(Duration.ofSeconds(1)).attempt().phase()).isEqualTo(Phase.OBSERVING);
        for (int i = 0; i < 3; i++) {
            run("kv-big", 3, false, 0);
            assertThat(step(Duration.ofSeconds(100)).attempt().phase()).isEqualTo(Phase.LAPSED);
            run("kv-big", 3, true, 0);
            assertThat(step(Duration.ofSeconds(100)).attempt().phase()).isEqualTo(Phase.OBSERVING);
        }
        run("kv-big", 3, false, 0);
        step(Duration.ofSeconds(1));
        assertThat(state.failure().message()).contains("were before, 4 times").contains("kv-big-3 is not ready");
    }

    private void blind(String onNoReports) {
        rollout = "{canary: {warmupSeconds: 0" + onNoReports + "}}";
        settle();
        change("2");
        run("kv-big", 3, true, 0);
        assertThat(step(Duration.ofSeconds(1)).attempt().phase()).isEqualTo(Phase.OBSERVING);
        step(Duration.ofSeconds(299));
        assertThat(course.progressing.message())
                .endsWith("1 of 1 canaries do not report: kv-big-3: /actuator/shards answers 404.");
        assertThat(course.degraded).isNull();
    }

    @Test
    void canariesOfWhichNothingIsKnownHoldTheOthersUp() {
        blind("");
        step(Duration.ofSeconds(1));
        assertThat(state.attempt().phase()).isEqualTo(Phase.OBSERVING);
        assertThat(course.degraded.reason()).isEqualTo("CanaryUnreported");
        assertThat(course.degraded.message()).startsWith("1 of 1 canaries do not report: kv-big-3")
                .contains("onNoReports to promote or roll-back");
        assertThat(course.events).extracting(Stage.Note::reason).containsExactly("CanaryHeld");
        assertThat(image(0)).as("the partition keeps the others").isEqualTo("2");
        step(Duration.ofDays(1));
        assertThat(state.attempt().phase()).isEqualTo(Phase.OBSERVING);
        assertThat(course.degraded).isNotNull();
        assertThat(course.events).as("told once").isEmpty();
        // It reports at last, though of no request.
        traffic.put("kv-big-3", Traffic.NONE);
        step(Duration.ofSeconds(1));
        assertThat(state.attempt().phase()).isEqualTo(Phase.ROLLING);
        assertThat(course.degraded).isNull();
        assertThat(course.events.getFirst().message()).contains("errors and latency tell nothing, with 0 requests");
    }

    @Test
    void aCanaryThatReportsAtLastIsJudgedByWhatItHasAnswered() {
        blind("");
        step(Duration.ofSeconds(1));
        traffic.put("kv-big-3", new Traffic(1000, 500, new TreeMap<>()));
        step(Duration.ofSeconds(1));
        assertThat(state.failure().message()).contains("500 of 1000 requests (50 %) failed");
    }

    @Test
    void canariesOfWhichNothingIsKnownArePromotedWhereThatIsAsked() {
        blind(", onNoReports: promote");
        step(Duration.ofSeconds(1));
        assertThat(state.attempt().phase()).isEqualTo(Phase.ROLLING);
        assertThat(course.events.getFirst().message())
                .contains("1 of 1 canaries do not report: kv-big-3: /actuator/shards answers 404. All pods follow");
    }

    @Test
    void canariesOfWhichNothingIsKnownAreTakenBackWhereThatIsAsked() {
        blind(", onNoReports: roll-back");
        step(Duration.ofSeconds(1));
        assertThat(state.failure().message()).startsWith("1 of 1 canaries do not report");
        assertThat(course.events.getFirst().reason()).isEqualTo("RolledBack");
        assertThat(image(0)).isEqualTo("1");
    }

    @Test
    void thoseThatReportSpeakForTheOthersAndThatIsTold() {
        rollout = "{canary: {pods: 2, warmupSeconds: 0}}";
        settle();
        change("2");
        run("kv-big", 3, true, 0);
        run("kv-big", 2, true, 0);
        traffic.put("kv-big-3", new Traffic(1000, 0, new TreeMap<>()));
        step(Duration.ofSeconds(1));
        step(Duration.ofSeconds(300));
        assertThat(state.attempt().phase()).isEqualTo(Phase.ROLLING);
        assertThat(course.events.getFirst().message()).contains("1 of 2 canaries do not report: kv-big-2");
    }

    @Test
    void aCanaryThatStaysAwayEndsIt() {
        settle();
        change("2");
        run("kv-big", 3, true, 0);
        step(Duration.ofSeconds(1));
        pods.removeIf(pod -> pod.getMetadata().getName().equals("kv-big-3"));
        assertThat(step(Duration.ofSeconds(1)).attempt().phase()).isEqualTo(Phase.LAPSED);
        step(Duration.ofSeconds(180));
        assertThat(state.failure().message()).contains("0 of 1 canaries are ready, and were before");
    }

    @Test
    void eachWorkloadHasItsCanariesAndAllMustHold() {
        replicas.put("kv-small", 3);
        rollout = "{canary: {percent: 50, warmupSeconds: 0}}";
        settle();
        change("2");
        run("kv-big", 3, true, 0);
        run("kv-big", 2, true, 0);
        step(Duration.ofSeconds(1));
        assertThat(course.progressing.message()).isEqualTo("2 of 4 canaries are ready.");
        List<HasMetadata> shaped = new Shape(scene, state, course.changed(state))
                .of(scene.workloads().stream().map(Workload::object).toList());
        assertThat(shaped).extracting(each -> ((StatefulSet) each).getSpec().getUpdateStrategy().getRollingUpdate()
                .getPartition()).containsExactly(2, 1);
        run("kv-small", 2, true, 0);
        run("kv-small", 1, true, 0);
        assertThat(step(Duration.ofSeconds(1)).attempt().phase()).isEqualTo(Phase.OBSERVING);
        // One falls short: both go back.
        run("kv-small", 1, true, 1);
        step(Duration.ofSeconds(1));
        assertThat(state.failure().targets()).containsOnlyKeys("kv-big", "kv-small");
        assertThat(image(0)).isEqualTo("1");
        assertThat(image(1)).isEqualTo("1");
    }

    @Test
    void aWorkloadThatComesLaterIsMadeAsTheSpecSaysAndIsProvenByItself() {
        settle();
        replicas.put("kv-small", 1);
        step(Duration.ofSeconds(1));
        assertThat(state.attempt()).isNull();
        run("kv-small", 0, true, 0);
        assertThat(step(Duration.ofSeconds(1)).good()).containsOnlyKeys("kv-big", "kv-small");
        replicas.remove("kv-small");
        assertThat(step(Duration.ofSeconds(1)).good()).containsOnlyKeys("kv-big");
    }

    @Test
    void errorsOfARollingReplacementAreHeldAgainstWhatWasBefore() {
        rollout = "{}";
        for (int i = 0; i < 4; i++) {
            traffic.put("kv-big-" + i, new Traffic(1000, 1, new TreeMap<>()));
        }
        settle();
        change("2");
        traffic.put("kv-big-3", new Traffic(400, 0, new TreeMap<>()));
        run("kv-big", 3, true, 0);
        step(Duration.ofSeconds(10));
        assertThat(state.failure()).isNull();
        traffic.put("kv-big-3", new Traffic(800, 80, new TreeMap<>()));
        step(Duration.ofSeconds(10));
        assertThat(state.failure().message()).contains("80 of 800 requests (10 %) failed")
                .contains("4 of 4000 requests (0.10 %)");
    }

    @Test
    void theSameGenerationIsHeldHoweverItsPlanChanges() {
        rollout = "{deadlineSeconds: 60}";
        settle();
        change("2");
        step(Duration.ofSeconds(61));
        assertThat(state.failure()).isNotNull();
        // Such as another size of pods, since a node has gone.
        image = "2 larger";
        step(Duration.ofSeconds(1));
        assertThat(state.failure()).isNotNull();
        assertThat(image(0)).isEqualTo("1");
        generation++;
        step(Duration.ofSeconds(1));
        assertThat(state.attempt()).isNotNull();
    }

    @Test
    void whatIsNotTakenBackByItselfIsToldAndWaits() {
        rollout = "{canary: {warmupSeconds: 0}, autoReturn: false}";
        settle();
        change("2");
        run("kv-big", 3, true, 0);
        step(Duration.ofSeconds(1));
        run("kv-big", 3, true, 1);
        step(Duration.ofSeconds(500));
        assertThat(course.degraded.reason()).isEqualTo("CanaryFails");
        assertThat(course.degraded.message()).contains("was started again while it was observed");
        assertThat(state.attempt().phase()).isEqualTo(Phase.OBSERVING);
    }

    @Test
    void aDeploymentOfOnePodKeepsItBesideItsCanary() {
        Deployment deployment = Objects.yaml("""
                metadata: {name: kv-big, labels: {solaster.io/topology-class: kv-big}}
                spec:
                  replicas: 1
                  selector: {matchLabels: {a: b}}
                  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: service, image: "1"}]}}
                """, Deployment.class);
        Workload workload = java.util.Objects.requireNonNull(Workload.of(deployment, PLAN));
        assertThat(((Deployment) workload.lending(workload.wanted(), 0)).getSpec().getReplicas()).isEqualTo(1);
        Deployment canary = (Deployment) workload.canary(1);
        assertThat(canary.getMetadata().getName()).isEqualTo("kv-big-canary");
        assertThat(canary.getSpec().getTemplate().getMetadata().getLabels()).containsEntry("solaster.io/track",
                "canary");
        assertThat(Rollouts.isCanary(canary)).isTrue();
        assertThat(Rollouts.lent(workload.lending(workload.wanted(), 1))).isEqualTo(1);
    }
}
