package io.solaster.operator.helm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.solaster.operator.Objects;
import io.solaster.operator.inventory.ClusterObjects;
import io.solaster.operator.inventory.Inventory;
import io.solaster.operator.plan.Planner;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.Verdict;
import io.solaster.operator.reconcile.watch.DeclaredNodes;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The operator by its chart. */
class OperatorChartTest {
    private static final String IMAGE = "image: {repository: registry.example/solaster-operator}\n";
    private static final Path SOURCES = Path.of("src/main/java/io/solaster/operator");

    private static final String DECLARED = """
            rbac: {scope: Namespaced}
            watch: {namespaces: [shop]}
            nodes:
              access: Declared
              profiles:
              - name: big
                nodes: 6
                spec:
                  nodeSelector: {pool: big}
                  numaNodes: [{cpus: 0-15, memory: 64Gi}, {cpus: 16-31, memory: 64Gi}]
                  reservedCPUs: 0,16
                  kubelet: {cpuManagerPolicy: static, topologyManagerPolicy: single-numa-node}
              - {name: small, nodes: 2, spec: {numaNodes: [{cpus: 0-7, memory: 16Gi}], reservedCPUs: "0"}}
            """;

    static Stream<String> options() {
        return Stream.of("", "replicas: 1", "watch: {namespaces: [shop, bank]}",
                "watch: {namespaceSelector: 'solaster=enabled'}",
                "rbac: {scope: Namespaced}\nwatch: {namespaces: [shop, bank]}", "rbac: {create: false}",
                "rbac: {scope: Namespaced}\nwatch: {namespaces: [shop]}\nnodes: {access: Read}", DECLARED,
                "rbac: {scope: Namespaced}\nwatch: {namespaces: [shop]}\nnodes: {access: Declared, configMap: a}",
                "seccompProfile: {enabled: true, labels: {a: b}}",
                "serviceAccount: {create: false, name: there}", "serviceAccount: {annotations: {a: b}}",
                "port: 9000\nreportInterval: 5\nthreads: 2", "resources: {cpu: 250m, memory: 1Gi}",
                "podDisruptionBudget: {enabled: false}\nnetworkPolicy: {enabled: false}",
                "networkPolicy: {from: [], egress: [{}]}",
                "serviceMonitor: {enabled: true, labels: {a: b}}\nprometheusRule: {enabled: true, labels: {a: b}}\n"
                        + "dashboard: {enabled: true}",
                "jvmOptions: [-XX:MaxRAMPercentage=60]\nenv: [{name: A, value: b}]",
                "podAnnotations: {a: b}\npodLabels: {c: d}\npriorityClassName: p\nnodeSelector: {a: b}\n"
                        + "tolerations: [{key: a}]\naffinity: {nodeAffinity: {}}\nimagePullSecrets: [{name: s}]",
                "nameOverride: a\nfullnameOverride: b", "image: {digest: sha256:" + "0".repeat(64) + "}",
                "tests: {image: registry.example/curl}", "global: {a: b}");
    }

    @ParameterizedTest
    @MethodSource("options")
    void whatItMakesIsGuaranteedRestrictedAndSelected(String values) {
        new Manifest(Chart.OPERATOR.render(IMAGE, values)).check();
    }

    @Test
    void itIsWellFormedAndIsPackagedWithItsDefinitions(@TempDir Path directory) throws Exception {
        assertThat(Chart.OPERATOR.helm().lint().strict().call().isFailed()).isFalse();
        Chart.OPERATOR.helm().packageIt().withDestination(directory).call();
        Path archive;
        try (Stream<Path> files = Files.list(directory)) {
            archive = files.findFirst().orElseThrow();
        }
        Process tar = new ProcessBuilder("tar", "tzf", archive.toString()).redirectErrorStream(true).start();
        String listed = new String(tar.getInputStream().readAllBytes(), UTF_8);
        assertThat(tar.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(listed).contains("crds/shardedservices.solaster.io.yaml", "crds/topologyprofiles.solaster.io.yaml",
                "files/alerts.yaml", "files/dashboard.json", "values.schema.json");
    }

    @Test
    void everyValueIsInTheSchemaAndEveryKeyOfTheSchemaInTheValues() throws IOException {
        Schemas.keysAreThoseOfTheValues(Chart.OPERATOR, List.of("global"));
    }

    @Test
    void twoReplicasRunAndOneOfThemWorks() {
        Deployment deployment = Chart.only(Chart.OPERATOR.render(IMAGE), Deployment.class);
        assertThat(deployment.getSpec().getReplicas()).isEqualTo(2);
        Container container = deployment.getSpec().getTemplate().getSpec().getContainers().getFirst();
        assertThat(container.getImage()).isEqualTo("registry.example/solaster-operator:0.1.0-SNAPSHOT");
        assertThat(container.getArgs()).containsExactly("run");
        assertThat(container.getEnv()).anyMatch(
                env -> env.getName().equals("OPERATOR_LEASE_NAMESPACE") && env.getValue().equals("shop"));
        assertThat(container.getEnv()).anyMatch(env -> env.getName().equals("POD_NAME")
                && env.getValueFrom().getFieldRef().getFieldPath().equals("metadata.name"));
    }

    @Test
    void whatItTellsTheOperatorTheOperatorReads() throws IOException {
        String command = Files.readString(SOURCES.resolve("command/RunCommand.java"));
        List<HasMetadata> all = Chart.OPERATOR.render(IMAGE, "watch: {namespaces: [a, b]}");
        List<EnvVar> env = Chart.only(all, Deployment.class).getSpec().getTemplate().getSpec().getContainers()
                .getFirst().getEnv();
        assertThat(env).anyMatch(each -> each.getName().equals("OPERATOR_NAMESPACES") && each.getValue().equals("a,b"));
        for (EnvVar each : env) {
            assertThat(command).contains(each.getName().equals("POD_NAME")
                    ? "\"POD_NAME\""
                    : "${env:" + each.getName() + ":");
        }
        String reconciled = Files.readString(SOURCES.resolve("reconcile/Endpoints.java"));
        assertThat(reconciled).contains("\"/livez\"", "\"/readyz\"", "\"/metrics\"");
    }

    @Test
    void whatItsAlertsAndDashboardAskForTheOperatorMeasures() throws IOException {
        String measured = Files.readString(SOURCES.resolve("reconcile/OperatorProcess.java"))
                + Files.readString(SOURCES.resolve("reconcile/OperatorMeters.java"));
        String asked = Files.readString(Chart.OPERATOR.file("files/alerts.yaml"))
                + Files.readString(Chart.OPERATOR.file("files/dashboard.json"));
        TreeSet<String> names = new TreeSet<>();
        Pattern.compile("solaster_operator_[a-z_]+").matcher(asked).results().forEach(each -> names.add(each.group()));
        assertThat(names).hasSizeGreaterThan(3)
                // A counter is asked for as a total.
                .allSatisfy(name -> assertThat(measured)
                        .contains('"' + name.replaceFirst("_total$", "").replace('_', '.') + '"'));
        assertThat(asked).contains("verdict=\"Infeasible\"", "verdict=\\\"Unproven\\\"", "state=\"RolledBack\"",
                "state=\"Stuck\"");
    }

    @Test
    void theAlertsAreSoundRules(@TempDir Path directory) throws Exception {
        List<HasMetadata> all = Chart.OPERATOR.render(IMAGE, "prometheusRule: {enabled: true}");
        GenericKubernetesResource rule = (GenericKubernetesResource) Chart.named(all, "PrometheusRule",
                "kv-solaster-operator");
        Map<String, Object> spec = rule.get("spec");
        String text = Serialization.asYaml(spec);
        assertThat(text).contains("job=\\\"kv-solaster-operator\\\"", "{{ $value }}")
                .doesNotContain("OPERATOR\\\"");
        Assumptions.assumeTrue(Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(each -> Files.isExecutable(Path.of(each, "promtool"))), "promtool is not installed");
        Path file = Files.writeString(directory.resolve("alerts.yaml"), text);
        Process check = new ProcessBuilder("promtool", "check", "rules", file.toString()).redirectErrorStream(true)
                .start();
        String said = new String(check.getInputStream().readAllBytes(), UTF_8);
        assertThat(check.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(check.exitValue()).as(said).isZero();
        assertThat(said).contains("8 rules found");
    }

    @Test
    void theNodesThatItDeclaresAreThoseThatTheOperatorReads() {
        List<HasMetadata> all = Chart.OPERATOR.render(IMAGE, DECLARED);
        ConfigMap nodes = (ConfigMap) Chart.named(all, "ConfigMap", "kv-solaster-operator-nodes");
        List<EnvVar> env = Chart.only(all, Deployment.class).getSpec().getTemplate().getSpec().getContainers()
                .getFirst().getEnv();
        assertThat(env).anyMatch(each -> each.getName().equals("OPERATOR_NODES") && each.getValue().equals("Declared"))
                .anyMatch(each -> each.getName().equals("OPERATOR_PROFILES")
                        && each.getValue().equals("shop/kv-solaster-operator-nodes"));
        ClusterObjects declared = DeclaredNodes.of("shop/kv-solaster-operator-nodes", nodes);
        assertThat(declared.nodes()).hasSize(8);
        assertThat(declared.nodes().getFirst().getStatus().getAllocatable().get("cpu")).hasToString("30");
        ServicePlan plan = Planner.plan(Inventory.of(declared),
                List.of(Objects.service("image: kv\nreplicas: 2\nshards: {count: 8}\n"))).getFirst();
        assertThat(plan.verdict()).isEqualTo(Verdict.Unproven);
        assertThat(plan.classes().getFirst().source()).isEqualTo("Declared");
    }

    @Test
    void theSeccompProfileAllowsWhatTheDefaultDoesAndIoUring() throws IOException {
        ConfigMap seccomp = Chart.only(Chart.OPERATOR.render(IMAGE, "seccompProfile: {enabled: true}"),
                ConfigMap.class);
        JsonNode profile = new ObjectMapper().readTree(seccomp.getData().get("io-uring.json"));
        assertThat(profile.path("defaultAction").asText()).isEqualTo("SCMP_ACT_ERRNO");
        assertThat(profile.path("architectures")).hasSize(2);
        TreeSet<String> always = new TreeSet<>();
        profile.path("syscalls").forEach(rule -> {
            if (rule.path("action").asText().equals("SCMP_ACT_ALLOW") && !rule.has("args")) {
                rule.path("names").forEach(name -> always.add(name.asText()));
            }
        });
        assertThat(always).contains("io_uring_setup", "io_uring_enter", "io_uring_register", "epoll_wait", "futex",
                "mmap", "sched_setaffinity", "mbind", "eventfd2", "accept4", "execve");
        assertThat(always).doesNotContain("mount", "umount2", "unshare", "setns", "ptrace", "bpf", "perf_event_open",
                "kexec_load", "init_module", "finit_module", "keyctl", "userfaultfd", "open_by_handle_at", "reboot",
                "clone", "clone3", "socket", "personality", "pivot_root", "process_vm_writev", "syslog", "swapon");
    }

    @Test
    void theDashboardIsFoundByGrafanasSidecar() {
        ConfigMap dashboard = Chart.only(Chart.OPERATOR.render(IMAGE, "dashboard: {enabled: true}"), ConfigMap.class);
        assertThat(dashboard.getMetadata().getLabels()).containsEntry("grafana_dashboard", "1");
        assertThatCode(() -> new ObjectMapper().readTree(dashboard.getData().get("solaster-operator.json")))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            image: {repository: ""}                                     | image.repository is empty: build the image from
            replicas: -1                                                | /replicas
            watch: {namespaces: [A]}                                    | /watch/namespaces/0
            watch: {namespaces: [a], namespaceSelector: b=c}            | watch.namespaces (a) stands beside watch.namespaceSelector 'b=c'
            rbac: {scope: Namespaced}                                   | rbac.scope: Namespaced needs to know the namespaces
            nodes: {access: Declared}                                   | nodes.access: Declared needs nodes.profiles
            nodes: {access: Declared, configMap: a}                     | set rbac.scope to Namespaced
            nodes: {configMap: a}                                       | stands beside nodes.access 'Label'
            nodes: {access: Declared, profiles: [{name: a}]}            | /nodes/profiles/0
            nodes: {access: Some}                                       | /nodes/access
            rbac: {scope: Some}                                         | /rbac/scope
            resources: {cpu: "1", memory: 1Gi}                          | /resources/cpu
            port: 0                                                     | /port
            imag: {}                                                    | imag
            """)
    void whatIsWrongIsRefusedByName(String values, String message) {
        assertThat(Chart.OPERATOR.refusal(IMAGE, "{" + values + "}")).contains(message);
    }

    @Test
    void theReadmesValuesAreAccepted() throws IOException {
        Schemas.yamlOfTheReadme("solaster-operator")
                .forEach(values -> new Manifest(Chart.OPERATOR.render(values)).check());
    }
}
