package io.solaster.operator.helm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigBinder;
import io.solaster.config.check.ConfigReport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.yaml.snakeyaml.Yaml;

/** A service by its chart, without the operator. */
class ServiceChartTest {
    /** The demo's image, wherever it was pushed to. */
    static final String DEMO = """
            image: {repository: registry.example/solaster-demo, tag: "1"}
            solaster:
              servers:
                kv: {protocol: resp, host: 0.0.0.0, port: 6380}
                web: {protocol: http, host: 0.0.0.0, port: 8080}
            """;
    private static final String SIDECAR = """
            [{name: proxy, image: a, resources: {requests: {cpu: 250m, memory: 64Mi}, limits: {cpu: 250m, memory: 64Mi}}}]
            """;

    static Stream<String> options() {
        return Stream.of("", "workload: Deployment", "replicas: 0", "cpus: 14\nmemory: 56Gi\nhugePages: 28Gi",
                "solaster: null", "solaster: {servers: null}", "ports: [{name: kv, containerPort: 1, protocol: UDP}]",
                "ports: [{name: kv, containerPort: 1}, {name: management, containerPort: 8081}]",
                "managementPort: 9000", "hotReload: false", "application: {spring: {main: {banner-mode: 'off'}}}",
                "ingress: {enabled: true, className: nginx, port: web, annotations: {a: b}, hosts: [{host: a.example},"
                        + " {host: b.example, paths: [{path: /x, pathType: Exact}]}], tls: [{secretName: s}]}",
                "serviceMonitor: {enabled: true, interval: 1m, labels: {release: prometheus}}",
                "podDisruptionBudget: {maxUnavailable: 25%}",
                "podDisruptionBudget: {enabled: false}\nnetworkPolicy: {enabled: false}",
                "networkPolicy: {from: [{podSelector: {}}], managementFrom: [], egress: [{}]}",
                "seccomp: {type: Localhost, localhostProfile: profiles/io-uring.json}",
                "serviceAccount: {create: false}", "serviceAccount: {name: kv, annotations: {a: b}, automount: true}",
                "service: {type: LoadBalancer, annotations: {a: b}}",
                "env: [{name: A, value: b}, {name: MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE, value: health}]\n"
                        + "envFrom: [{secretRef: {name: s}}]",
                "volumes: [{name: s, secret: {secretName: s}}]\nvolumeMounts: [{name: s, mountPath: /s}]",
                "volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}]\n"
                        + "volumeRetention: Delete",
                "sidecars: " + SIDECAR, "initContainers: " + SIDECAR, "podSecurityContext: {fsGroup: 10001}",
                "securityContext: {runAsUser: 10001}", "jvm: {heapPercent: 25, options: [-XX:+UseZGC]}",
                "podAnnotations: {a: b}\npodLabels: {c: d}\npriorityClassName: p\nschedulerName: s\n"
                        + "nodeSelector: {pool: big}\ntolerations: [{key: a}]\naffinity: {nodeAffinity: {}}\n"
                        + "imagePullSecrets: [{name: s}]",
                "topologySpreadConstraints: [{maxSkew: 2, topologyKey: zone, whenUnsatisfiable: DoNotSchedule,"
                        + " labelSelector: {matchLabels: {app.kubernetes.io/instance: kv}}}]",
                "image: {digest: sha256:" + "0".repeat(64) + "}", "nameOverride: a\nfullnameOverride: b",
                "fullnameOverride: a23456789-123456789-123456789-12345678",
                "termination: {secondsBeforeDrain: 0, secondsAfterDrain: 0}", "probes: {startupSeconds: 31}",
                "tests: {image: registry.example/curl}", "global: {a: b}");
    }

    @ParameterizedTest
    @MethodSource("options")
    void whatItMakesIsGuaranteedRestrictedAndSelected(String values) {
        List<HasMetadata> all = Chart.SERVICE.render(DEMO, values);
        new Manifest(all).check();
        assertThat(all).extracting(HasMetadata::getKind).doesNotContain("HorizontalPodAutoscaler", "ShardedService");
    }

    @Test
    void itIsWellFormedAndCanBePackaged(@TempDir Path directory) {
        assertThat(Chart.SERVICE.helm().lint().strict().call().isFailed()).isFalse();
        Chart.SERVICE.helm().packageIt().withDestination(directory).call();
        assertThat(directory).isDirectoryContaining("glob:**/solaster-service-*.tgz");
    }

    @Test
    void everyValueIsInTheSchemaAndEveryKeyOfTheSchemaInTheValues() throws IOException {
        Schemas.keysAreThoseOfTheValues(Chart.SERVICE, List.of("global"));
    }

    @Test
    void itMakesWhatAServiceNeeds() {
        assertThat(Chart.SERVICE.render(DEMO)).extracting(each -> each.getKind() + " " + each.getMetadata().getName())
                .containsExactlyInAnyOrder("StatefulSet kv-solaster-service", "Service kv-solaster-service",
                        "Service kv-solaster-service-headless", "ConfigMap kv-solaster-service-config",
                        "ServiceAccount kv-solaster-service", "PodDisruptionBudget kv-solaster-service",
                        "NetworkPolicy kv-solaster-service", "Pod kv-solaster-service-test");
    }

    @Test
    void theConfigurationIsMountedWholeAndBindsAsItIsWritten() {
        List<HasMetadata> all = Chart.SERVICE.render(DEMO, """
                solaster: {engine: {checks: off, shutdown-timeout: 1500ms, groups: {reports: {shares: 1000000}}}}
                application: {spring: {application: {name: kv}}}
                """);
        String text = Chart.only(all, ConfigMap.class).getData().get("application.yml");
        Map<String, Object> tree = new Yaml().load(text);
        assertThat(tree).containsOnlyKeys("solaster", "spring");
        ConfigReport report = ConfigBinder.read(new Binder(new MapConfigurationPropertySource(Schemas.flat(tree))));
        assertThat(report.errors()).isEmpty();
        SolasterConfig config = report.config();
        assertThat(config.servers()).containsOnlyKeys("kv", "web");
        assertThat(config.engine().groups().get("reports").shares()).isEqualTo(1_000_000);
        assertThat(config.engine().shutdownTimeout()).hasMillis(1500);
        PodSpec pod = Chart.only(all, StatefulSet.class).getSpec().getTemplate().getSpec();
        assertThat(pod.getVolumes()).anySatisfy(
                volume -> assertThat(volume.getConfigMap().getName()).isEqualTo("kv-solaster-service-config"));
        assertThat(pod.getTerminationGracePeriodSeconds()).isEqualTo(5 + 2 + 10);
        assertThat(env(pod)).containsEntry("SPRING_CONFIG_ADDITIONAL_LOCATION", "optional:file:/etc/solaster/config/")
                .containsEntry("SPRING_LIFECYCLE_TIMEOUT_PER_SHUTDOWN_PHASE", "2s");
    }

    @ParameterizedTest
    @CsvSource({"20s, 35", "2m, 135", "1500, 17", "0s, 15"})
    void theGracePeriodFollowsFromTheDrain(String timeout, long seconds) {
        assertThat(pod("solaster: {engine: {shutdown-timeout: " + timeout + "}}").getTerminationGracePeriodSeconds())
                .isEqualTo(seconds);
    }

    @Test
    void theDrainIsTheEnginesWhereNothingIsSaid() {
        ConfigReport report = ConfigBinder.read(new Binder(new MapConfigurationPropertySource(Map.of())));
        assertThat(pod("").getTerminationGracePeriodSeconds())
                .isEqualTo(report.config().engine().shutdownTimeout().toSeconds() + 15);
    }

    @Test
    void heapAndBuffersFitTheMemory() {
        assertThat(env(pod("cpus: 4\nmemory: 8Gi\njvm: {options: [-XX:+UseSerialGC]}")).get("JAVA_TOOL_OPTIONS"))
                .contains("-XX:ActiveProcessorCount=4", "-Xms4096m -Xmx4096m", "-XX:MaxDirectMemorySize=3072m")
                .endsWith("-XX:+UseSerialGC").doesNotContain("UseLargePages");
        assertThat(env(pod("memory: 8Gi\nhugePages: 4Gi")).get("JAVA_TOOL_OPTIONS")).contains("-XX:+UseLargePages");
        assertThat(env(pod("memory: 8Gi\nhugePages: 4095Mi")).get("JAVA_TOOL_OPTIONS"))
                .doesNotContain("UseLargePages");
    }

    @Test
    void theJvmGetsTheFlagsThatTheEngineAsksFor() throws IOException {
        String pom = Files.readString(Path.of("../pom.xml"));
        String flags = pom.replaceAll("(?s).*<solaster.jvm.flags>(.*)</solaster.jvm.flags>.*", "$1");
        assertThat(env(pod("")).get("JAVA_TOOL_OPTIONS")).contains(flags.split(" "));
    }

    @Test
    void portsAreThoseOfTheServersUnlessTheyAreListed() {
        assertThat(ports("")).containsExactly("kv 6380", "web 8080", "management 8081");
        assertThat(ports("ports: [{name: x, containerPort: 7}]")).containsExactly("x 7", "management 8081");
        assertThat(ports("solaster: {servers: {a_long_name_of_a_server: {protocol: http, port: '7'}}}"))
                .containsExactly("a-long-name-of 7", "kv 6380", "web 8080", "management 8081");
        List<HasMetadata> none = Chart.SERVICE.render("image: {repository: a, tag: b}");
        assertThat(none).filteredOn(Service.class::isInstance).extracting(each -> each.getMetadata().getName())
                .containsExactly("kv-solaster-service-headless");
        assertThat(Chart.only(none, NetworkPolicy.class).getSpec().getIngress()).hasSize(2)
                .allMatch(rule -> !rule.getFrom().isEmpty());
    }

    private static List<String> ports(String values) {
        return pod(values).getContainers().getFirst().getPorts().stream()
                .map(port -> port.getName() + " " + port.getContainerPort()).toList();
    }

    @Test
    void claimsAreSeenByTheContainerWhereNothingElseIsSaid() {
        String claims = "volumeClaimTemplates: [{metadata: {name: data}, spec: {}}]\n";
        assertThat(pod(claims).getContainers().getFirst().getVolumeMounts())
                .anyMatch(mount -> mount.getName().equals("data") && mount.getMountPath().equals("/data/data"));
        assertThat(pod(claims + "volumeMounts: [{name: data, mountPath: /x}]").getContainers().getFirst()
                .getVolumeMounts()).filteredOn(mount -> mount.getName().equals("data")).singleElement()
                .matches(mount -> mount.getMountPath().equals("/x"));
    }

    @Test
    void aChangeReplacesPodsOnlyWhereItIsNotReloaded() {
        assertThat(Chart.only(Chart.SERVICE.render(DEMO), StatefulSet.class).getSpec().getTemplate().getMetadata()
                .getAnnotations()).isEmpty();
        assertThat(hash("")).isEqualTo(hash("replicas: 3")).isNotEqualTo(hash("solaster: {strict: true}"))
                .isNotEqualTo(hash("application: {debug: true}"));
    }

    private static String hash(String values) {
        return Chart.only(Chart.SERVICE.render(DEMO, "hotReload: false", values), StatefulSet.class).getSpec()
                .getTemplate().getMetadata().getAnnotations().get("solaster.io/config");
    }

    @Test
    void aDeploymentNeedsNoFurtherCpusToRoll() {
        List<HasMetadata> all = Chart.SERVICE.render(DEMO, "workload: Deployment");
        assertThat(all).noneMatch(StatefulSet.class::isInstance);
        Deployment deployment = Chart.only(all, Deployment.class);
        assertThat(deployment.getSpec().getStrategy().getRollingUpdate().getMaxSurge().getIntVal()).isZero();
    }

    @Test
    void furtherContainersGetWhatIsSafe() {
        Container proxy = pod("sidecars: " + SIDECAR).getContainers().getLast();
        assertThat(proxy.getName()).isEqualTo("proxy");
        assertThat(proxy.getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
    }

    @Test
    void anIngressLeadsToThePortThatIsNamed() {
        Ingress ingress = Chart.only(Chart.SERVICE.render(DEMO,
                "ingress: {enabled: true, port: web, hosts: [{host: a.example}]}"), Ingress.class);
        assertThat(ingress.getSpec().getRules()).singleElement().satisfies(rule -> assertThat(
                rule.getHttp().getPaths().getFirst().getBackend().getService().getPort().getName()).isEqualTo("web"));
    }

    @Test
    void aBudgetMayBeAPart() {
        assertThat(Chart.only(Chart.SERVICE.render(DEMO, "podDisruptionBudget: {maxUnavailable: 25%}"),
                PodDisruptionBudget.class).getSpec().getMaxUnavailable().getStrVal()).isEqualTo("25%");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            image: {repository: ""}                                        | image.repository is empty: set it to where
            image: {tag: ""}                                               | image.tag is empty
            image: {tag: "a b"}                                            | /image/tag
            cpus: 3.5                                                      | /cpus
            cpus: 0                                                        | /cpus
            memory: 2G                                                     | /memory
            hugePages: 1.5Gi                                               | /hugePages
            workload: DaemonSet                                            | /workload
            workload: Deployment, volumeClaimTemplates: [{metadata: {name: a}, spec: {}}] | volumeClaimTemplates: a Deployment has none
            replica: 2                                                     | replica
            solaster: {engine: {shards: many}}                             | /solaster/engine/shards
            solaster: {engine: {shard: 2}}                                 | shard
            solaster: {servers: {kv: {protocol: resp, port: 70000}}}       | /solaster/servers/kv/port
            solaster: {servers: {kv: {protocol: resp, port: "${PORT}"}}}   | solaster.servers.kv.port: '${PORT}' is no number
            solaster: {servers: {kv: {protocol: resp, port: 8081}}}        | managementPort: 8081 is the port of 'kv', too
            solaster: {engine: {shutdown-timeout: PT20S}}                  | solaster.engine.shutdown-timeout
            application: {solaster: {strict: true}}                        | application.solaster: this configuration belongs
            env: [{name: JAVA_TOOL_OPTIONS, value: -Xmx1g}]                | env: JAVA_TOOL_OPTIONS is the chart's
            volumeMounts: [{name: s, mountPath: /s, subPath: x}]           | volumeMounts: 's' has a subPath
            seccomp: {type: Localhost}                                     | seccomp.localhostProfile is empty
            seccomp: {type: Unconfined}                                    | /seccomp/type
            ingress: {enabled: true, port: nope}                           | ingress.port: there is no port 'nope'; there are kv, web
            fullnameOverride: Upper                                        | /fullnameOverride
            operator: {mode: Perhaps}                                      | /operator/mode
            sidecars: [{name: p, image: a}]                                | sidecars: container 'p' has a request of
            sidecars: [{name: p, resources: {limits: {cpu: 250m, memory: 1Gi}, requests: {cpu: 250m}}}] | for memory; make them equal
            sidecars: [{name: p, resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 1, memory: 1Gi}}}] | container 'p' asks for 1 CPUs
            initContainers: [{name: p, resources: {limits: {cpu: "2", memory: 1Gi}, requests: {cpu: "2", memory: 1Gi}}}] | initContainers: container 'p' asks for 2 CPUs
            """)
    void whatIsWrongIsRefusedByName(String values, String message) {
        assertThat(Chart.SERVICE.refusal(DEMO, "{" + values + "}")).contains(message);
    }

    @Test
    void anOldClusterIsRefused() {
        assertThat(catchThrowable(() -> Chart.SERVICE.template("1.29.0", DEMO)))
                .hasMessageContaining("1.30");
    }

    @Test
    void theReadmesValuesAreAccepted() throws IOException {
        Schemas.yamlOfTheReadme("solaster-service")
                .forEach(values -> new Manifest(Chart.SERVICE.render(values)).check());
    }

    private static PodSpec pod(String values) {
        return Chart.only(Chart.SERVICE.render(DEMO, values), StatefulSet.class).getSpec().getTemplate().getSpec();
    }

    static Map<String, String> env(PodSpec pod) {
        return pod.getContainers().getFirst().getEnv().stream().filter(each -> each.getValue() != null)
                .collect(Collectors.toMap(EnvVar::getName, EnvVar::getValue));
    }
}
