package io.solaster.operator.helm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.solaster.operator.Cel;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.ShardedServiceSpec;
import io.solaster.operator.apply.Manifests;
import io.solaster.operator.inventory.ClusterObjects;
import io.solaster.operator.inventory.Inventory;
import io.solaster.operator.plan.Planner;
import io.solaster.operator.plan.ServicePlan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A service by its chart, as one ShardedService. */
class ShardedServiceChartTest {
    private static final String OPERATOR = ServiceChartTest.DEMO + "operator: {enabled: true}\n";

    private static final String PLATFORM = """
            podLabels: {team: cart}
            podAnnotations: {example.com/a: b}
            affinity:
              nodeAffinity:
                requiredDuringSchedulingIgnoredDuringExecution:
                  nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: In, values: [nvme]}]}]
            initContainers: [{name: i, image: i, resources: {limits: {cpu: 500m, memory: 64Mi}}}]
            sidecars: [{name: p, image: p, resources: {limits: {cpu: 200m, memory: 64Mi}}}]
            service: {type: LoadBalancer, annotations: {example.com/c: d}}
            podDisruptionBudget: {maxUnavailable: 25%}
            networkPolicy:
              from: [{podSelector: {matchLabels: {role: web}}}]
              egress: [{to: [{podSelector: {}}]}]
            """;

    static Stream<String> options() {
        return Stream.of("", "workload: Deployment\noperator: {rollout: {surge: 1, strategy: Canary}}",
                "cpus: 14\nmemory: 56Gi\nhugePages: 28Gi", "operator: {shards: {mode: PerNuma, min: 2, max: 14}}",
                "operator: {shards: {mode: FillNode}}",
                "operator: {autoscaling: {min: 1, max: 5, targetUtilization: 50}}",
                "nodeSelector: {pool: big}\ntolerations: [{key: a, operator: Exists}]\n"
                        + "operator: {placement: {shardPer: Thread, numa: Split, backend: DRA, sharedCPUs: 2,"
                        + " onAffinityError: Stop, afterNodeLoss: Require}}",
                "operator: {mode: Plan, paused: true}", "hotReload: false\nvolumeRetention: Delete",
                "volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}]",
                "volumes: [{name: s, secret: {secretName: s}}]\nvolumeMounts: [{name: s, mountPath: /s}]",
                "env: [{name: A, value: b}]\nenvFrom: [{secretRef: {name: s}}]\njvm: {options: [-XX:+UseZGC]}",
                "imagePullSecrets: [{name: s}]\npriorityClassName: p\nschedulerName: s",
                "serviceAccount: {create: false}", "seccomp: {type: Localhost, localhostProfile: a.json}",
                "solaster: {strict: true}\napplication: {spring: {application: {name: kv}}}",
                "ingress: {enabled: true, hosts: [{host: a.example}]}", PLATFORM,
                "podDisruptionBudget: {enabled: false}\nnetworkPolicy: {enabled: false}\nservice: {type: NodePort}");
    }

    @ParameterizedTest
    @MethodSource("options")
    void theDefinitionAcceptsWhatItMakes(String values) throws Exception {
        List<HasMetadata> all = Chart.SERVICE.render(OPERATOR, values);
        new Manifest(all).check();
        assertThat(all).extracting(HasMetadata::getKind).contains("ShardedService").isSubsetOf("ShardedService",
                "ServiceAccount", "Ingress", "Pod");
        String yaml = Serialization.asYaml(Chart.named(all, "ShardedService", "kv-solaster-service"));
        JsonNode schema = Schemas.definition("shardedservices.solaster.io");
        assertThat(Schemas.wrong(schema.at("/properties/spec"),
                Serialization.asYaml(Serialization.unmarshal(yaml, JsonNode.class).get("spec")))).isEmpty();
        assertThat(Cel.broken("shardedservices.solaster.io", yaml)).isEmpty();
    }

    @Test
    void theValuesMeanTheSameWithTheOperator() {
        ShardedServiceSpec spec = spec(
                "cpus: 4\nmemory: 8Gi\nhugePages: 4Gi\njvm: {heapPercent: 25, options: [-XX:+UseZGC]}");
        assertThat(spec.shards().count()).isEqualTo(4);
        assertThat(spec.memory().perShard().getNumericalAmount().longValue()).isEqualTo(2L << 30);
        assertThat(spec.memory().hugePages().getNumericalAmount().longValue()).isEqualTo(1L << 30);
        assertThat(spec.memory().heapShare()).isEqualTo(0.25);
        assertThat(spec.rollout().hotReload()).isTrue();
        assertThat(spec.replicas()).isEqualTo(1);
        assertThat(spec.config().at("/solaster/servers/kv/port").asInt()).isEqualTo(6380);
        assertThat(spec.ports()).extracting(port -> port.getName() + " " + port.getContainerPort())
                .containsExactly("kv 6380", "web 8080", "management 8081");
        assertThat(spec.env()).extracting(EnvVar::getName, EnvVar::getValue)
                .containsExactly(tuple("JAVA_TOOL_OPTIONS", "-XX:+UseZGC"));
        assertThat(spec.volumeMounts()).extracting(VolumeMount::getMountPath).containsExactly("/tmp");
        assertThat(spec.securityContext().getReadOnlyRootFilesystem()).isTrue();
    }

    @Test
    void aPodWithoutTheOperatorRunsAsOneThatItMakes() {
        ShardedService service = Objects.service("image: registry.example/solaster-demo:1\n"
                + "shards: {count: 8}\nmemory: {perShard: 1Gi, heapShare: 0.25}\n"
                + "config: {solaster: {engine: {shutdown-timeout: 30s}}}\n");
        ServicePlan plan = Planner.plan(Inventory.of(new ClusterObjects(
                List.of(Objects.node("a", 32, "30", "128Gi", new TreeMap<>())), List.of(), List.of(), List.of(), null,
                List.of(Objects.twoBy16()))), List.of(service)).getFirst();
        PodSpec theirs = Chart.only(Manifests.of(service, plan, false), StatefulSet.class).getSpec().getTemplate()
                .getSpec();
        PodSpec ours = Chart
                .only(Chart.SERVICE.render(ServiceChartTest.DEMO, "solaster: {engine: {shutdown-timeout: 30s}}\n"
                        + "jvm: {heapPercent: 25}\nmemory: 8Gi\ncpus: " + plan.classes().getFirst().podCpus()),
                        StatefulSet.class)
                .getSpec().getTemplate().getSpec();
        assertThat(ours.getTerminationGracePeriodSeconds()).isEqualTo(theirs.getTerminationGracePeriodSeconds());
        assertThat(ours.getSecurityContext()).isEqualTo(theirs.getSecurityContext());
        assertThat(ours.getEnableServiceLinks()).isEqualTo(theirs.getEnableServiceLinks());
        assertThat(ServiceChartTest.env(theirs)).containsAllEntriesOf(ServiceChartTest.env(ours));
        Container one = ours.getContainers().getFirst();
        Container other = theirs.getContainers().getFirst();
        assertThat(one.getResources()).isEqualTo(other.getResources());
        assertThat(one.getStartupProbe()).isEqualTo(other.getStartupProbe());
        assertThat(one.getLivenessProbe()).isEqualTo(other.getLivenessProbe());
        assertThat(one.getReadinessProbe()).isEqualTo(other.getReadinessProbe());
        assertThat(one.getLifecycle()).isEqualTo(other.getLifecycle());
        assertThat(one.getVolumeMounts()).extracting(VolumeMount::getMountPath)
                .containsAll(other.getVolumeMounts().stream().map(VolumeMount::getMountPath).toList());
    }

    @Test
    void whatAPlatformTeamAddsIsHandedOn() {
        ShardedServiceSpec spec = spec(PLATFORM);
        assertThat(spec.pod().labels()).containsEntry("team", "cart");
        assertThat(spec.pod().annotations()).containsEntry("example.com/a", "b");
        assertThat(spec.pod().affinity().getNodeAffinity()).isNotNull();
        assertThat(spec.pod().initContainers()).extracting(Container::getName).containsExactly("i");
        assertThat(spec.pod().sidecars()).extracting(Container::getName).containsExactly("p");
        assertThat(spec.service().type()).isEqualTo(ShardedServiceSpec.ServiceType.LoadBalancer);
        assertThat(spec.service().annotations()).containsEntry("example.com/c", "d");
        assertThat(spec.podDisruptionBudget().maxUnavailable().getStrVal()).isEqualTo("25%");
        assertThat(spec.networkPolicy().enabled()).isTrue();
        assertThat(spec.networkPolicy().from()).hasSize(1);
        assertThat(spec.networkPolicy().managementFrom()).hasSize(1);
        assertThat(spec.networkPolicy().egress()).hasSize(1);
        assertThat(spec("networkPolicy: {enabled: false}").networkPolicy().enabled()).isFalse();
    }

    @Test
    void memoryIsSharedOutOverTheShardsThatThereMayBe() {
        assertThat(spec("memory: 28Gi\noperator: {shards: {mode: PerNuma, max: 14}}").memory().perShard()
                .getNumericalAmount().longValue()).isEqualTo(2L << 30);
        assertThat(spec("memory: 28Gi\noperator: {shards: {count: 7}}").memory().perShard().getNumericalAmount()
                .longValue()).isEqualTo(4L << 30);
    }

    @Test
    void autoscalingStandsInsteadOfReplicas() {
        ShardedServiceSpec spec = spec("operator: {autoscaling: {max: 5}}");
        assertThat(spec.replicas()).isNull();
        assertThat(spec.autoscaling().max()).isEqualTo(5);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            topologySpreadConstraints: [{maxSkew: 1}]              | topologySpreadConstraints: a ShardedService has none
            operator: {shards: {count: 0}}                         | /operator/shards/count
            operator: {shards: {cout: 2}}                          | cout
            operator: {placement: {numa: Both}}                    | /operator/placement/numa
            env: [{name: MANAGEMENT_SERVER_PORT, value: '1'}]      | env: MANAGEMENT_SERVER_PORT is the chart's
            """)
    void whatIsWrongIsRefusedByName(String values, String message) {
        assertThat(Chart.SERVICE.refusal(OPERATOR, "{" + values + "}")).contains(message);
    }

    private static ShardedServiceSpec spec(String values) {
        HasMetadata made = Chart.named(Chart.SERVICE.render(OPERATOR, values), "ShardedService", "kv-solaster-service");
        return Serialization.unmarshal(Serialization.asYaml(made), ShardedService.class).getSpec();
    }
}
