package io.solaster.operator.reconcile;

import static io.solaster.operator.reconcile.OperatorContract.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;

import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaimTemplate;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.AsyncBody.Consumer;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.solaster.operator.Objects;
import io.solaster.operator.api.Labels;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.apply.Names;
import io.solaster.operator.helm.Chart;
import io.solaster.operator.reconcile.watch.Cluster;
import io.solaster.operator.reconcile.watch.NodeAccess;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The operator as its chart installs it on a real API server that asks who may what: with the token of the chart's
 * ServiceAccount, the rights of the chart's roles, and the options of the chart's Deployment. Nothing that it asks for may
 * be forbidden.
 */
@EnabledIf(value = RealCluster.IS_THERE, disabledReason = RealCluster.MISSING)
class RightsOnClusterTest {
    private static final String ACCOUNT = "kv-solaster-operator";
    private static final Set<String> INSTALLED = Set.of("ServiceAccount", "Role", "RoleBinding", "ClusterRole",
            "ClusterRoleBinding", "ConfigMap");

    /** How the chart may be installed. */
    private enum Mode {
        CLUSTER(""), LISTED("watch: {namespaces: [shop, bank]}"), SELECTED(
                "watch: {namespaceSelector: keep=yes}"), READING("nodes: {access: Read}"), NAMESPACED(
                        "rbac: {scope: Namespaced}\nwatch: {namespaces: [shop, bank]}"), NAMESPACED_READING(
                                NAMESPACED.values + "\nnodes: {access: Read}"), DECLARED(NAMESPACED.values
                                        + """

                                                nodes:
                                                  access: Declared
                                                  profiles:
                                                  - name: two
                                                    nodes: 2
                                                    spec:
                                                      nodeSelector: {pool: big}
                                                      sockets: 2
                                                      numaNodes: [{cpus: 0-15, memory: 64Gi}, {cpus: 16-31, memory: 64Gi}]
                                                      reservedCPUs: 0-1
                                                      kubelet: {cpuManagerPolicy: static, topologyManagerPolicy: single-numa-node, topologyManagerScope: pod}
                                                """);

        private final String values;

        Mode(String values) {
            this.values = values;
        }

        boolean labels() {
            return this == CLUSTER || this == LISTED || this == SELECTED || this == NAMESPACED;
        }
    }

    /** Kinds that not every cluster has: those that are missing are there for as long as the tests run. */
    private static final List<String> KINDS = List.of("monitoring.coreos.com v1 ServiceMonitor Namespaced",
            "topology.node.k8s.io v1alpha2 NodeResourceTopology Cluster", "resource.k8s.io v1 ResourceSlice Cluster",
            "resource.k8s.io v1 ResourceClaim Namespaced", "resource.k8s.io v1 ResourceClaimTemplate Namespaced");
    private static final List<CustomResourceDefinition> DEFINED = new ArrayList<>();

    private final Set<String> forbidden = new ConcurrentSkipListSet<>();
    private final List<HasMetadata> installed = new ArrayList<>();
    private KubernetesClient client;
    private KubernetesClient operators;
    private OperatorProcess operator;

    @BeforeAll
    static void define() {
        try (KubernetesClient definer = RealCluster.connect("test")) {
            for (String kind : KINDS) {
                String[] words = kind.split(" ");
                if (!definer.supports(words[0] + "/" + words[1], words[2])) {
                    CustomResourceDefinition definition = definition(words[0], words[1], words[2], words[3]);
                    DEFINED.add(definition);
                    definer.resource(definition).create();
                    eventually(() -> definer.supports(words[0] + "/" + words[1], words[2]));
                }
            }
        }
    }

    private static CustomResourceDefinition definition(String group, String version, String kind, String scope) {
        String plural = kind.toLowerCase(Locale.ROOT).replaceAll("y$", "ie") + "s";
        return Objects.yaml("""
                metadata:
                  name: %2$s.%1$s
                  annotations: {api-approved.kubernetes.io: "unapproved, for tests of the operator's rights"}
                spec:
                  group: %1$s
                  scope: %5$s
                  names: {kind: %3$s, plural: %2$s}
                  versions:
                  - name: %4$s
                    served: true
                    storage: true
                    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
                """.formatted(group, plural, kind, version, scope), CustomResourceDefinition.class);
    }

    @AfterAll
    static void undefine() {
        try (KubernetesClient definer = RealCluster.administrator()) {
            DEFINED.forEach(each -> definer.resource(each).delete());
        }
    }

    @BeforeEach
    void start() {
        client = RealCluster.connect("test");
        for (String name : new String[]{"shop", "bank"}) {
            client.namespaces().withName(name).edit(namespace -> {
                namespace.getMetadata().getLabels().put("keep", "yes");
                return namespace;
            });
        }
        client.resource(Objects.twoBy16()).create();
        for (String node : List.of("a", "b")) {
            client.resource(Objects.node(node, 32, "30", "128Gi",
                    new TreeMap<>(Map.of("kubernetes.io/hostname", node)))).create();
        }
    }

    @AfterEach
    void stop() {
        if (operator != null) {
            operator.close();
            operators.close();
        }
        client.resources(ResourceClaimTemplate.class).inNamespace("bank").delete();
        installed.forEach(each -> client.resource(each).delete());
        client.close();
        RealCluster.clean();
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void theChartPermitsAllThatTheOperatorDoes(Mode mode) throws IOException {
        install(mode);
        eventually(operator::works);
        for (String namespace : List.of("shop", "bank")) {
            create("kv", namespace, OperatorContract.SPEC.replace("replicas: 2", "replicas: 1"));
            eventually(() -> set(namespace) != null && kv(namespace).getStatus() != null
                    && kv(namespace).getStatus().replicas() == 1);
        }
        if (mode.labels()) {
            assertThat(client.nodes().withName("a").get().getMetadata().getLabels()).containsEntry(Names.CLASS, "two");
        }
        // A refused pod is deleted; its node is set aside, or that is told.
        refuse("kv-two-0");
        eventually(() -> client.pods().inNamespace("shop").withName("kv-two-0").get() == null);
        if (mode.labels()) {
            eventually(() -> client.nodes().withName("a").get().getMetadata().getLabels()
                    .containsKey(Labels.aside("shop", "kv")));
        }
        eventually(() -> !client.v1().events().inNamespace("shop").list().getItems().isEmpty());
        // What somebody else has done is repaired: an object that is gone, and one that is changed.
        client.configMaps().inNamespace("shop").withName(OperatorContract.configMap(client)).delete();
        eventually(() -> client.configMaps().inNamespace("shop").withName(OperatorContract.configMap(client))
                .get() != null);
        client.apps().statefulSets().inNamespace("bank").withName("kv-two").scale(3);
        eventually(() -> set("bank").getSpec().getReplicas() == 1);
        // Another image and another configuration; without a port there is no Service.
        edit("bank", OperatorContract.SPEC.replace("replicas: 2", "replicas: 1").replace("kv:2.0", "kv:3")
                .replace("epoll", "nio").replace("ports: [{name: resp, containerPort: 6379}]", ""));
        eventually(() -> set("bank").getSpec().getTemplate().getSpec().getContainers().getFirst().getImage()
                .endsWith("kv:3"));
        eventually(() -> client.services().inNamespace("bank").withName("kv").get() == null);
        // A Deployment, with autoscaling.
        create("web", "bank", OperatorContract.SPEC.replace("replicas: 2",
                "workload: Deployment\nautoscaling: {min: 1, max: 1}"));
        eventually(() -> client.apps().deployments().inNamespace("bank").withName("web-two").get() != null);
        // What Prometheus scrapes, and what a driver hands out CPUs by.
        eventually(() -> client.genericKubernetesResources(Cluster.MONITORS).inNamespace("bank").withName("web")
                .get() != null);
        if (mode != Mode.DECLARED) {
            claim();
        }
        operator.close();
        assertThat(forbidden).isEmpty();
        assertThat(client.leases().inNamespace("shop").withName("solaster-operator").get().getSpec()
                .getHolderIdentity()).as("given back").isNullOrEmpty();
        assertThat(may("", "nodes", "list")).isEqualTo(mode != Mode.DECLARED);
        assertThat(may("", "nodes", "patch")).isEqualTo(mode.labels());
        assertThat(may("", "secrets", "get")).isFalse();
    }

    /** A service whose CPUs a driver hands out, and a node where it does. */
    private void claim() {
        HasMetadata node = Objects.node("c", 32, "32", "128Gi", new TreeMap<>(Map.of("kubernetes.io/hostname", "c")));
        HasMetadata slice = Objects.slice("c", "16");
        for (HasMetadata each : List.of(node, slice)) {
            client.resource(each).create();
            installed.add(each);
        }
        create("claims", "bank", OperatorContract.SPEC.replace("replicas: 2", "replicas: 1")
                + "placement: {backend: DRA}\n");
        eventually(
                () -> client.resources(ResourceClaimTemplate.class).inNamespace("bank").list().getItems().size() == 1);
        client.resources(ResourceClaimTemplate.class).inNamespace("bank").delete();
        eventually(
                () -> client.resources(ResourceClaimTemplate.class).inNamespace("bank").list().getItems().size() == 1);
    }

    /** What people may do who may edit or view a namespace. */
    @Test
    void peopleMayEditAndViewServices() throws IOException {
        install(Mode.CLUSTER);
        for (String role : List.of("edit", "view")) {
            client.resource(new ServiceAccountBuilder().withNewMetadata().withName(role).withNamespace("shop")
                    .endMetadata().build()).serverSideApply();
            HasMetadata binding = new RoleBindingBuilder().withNewMetadata().withName(role).withNamespace("shop")
                    .endMetadata().withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole",
                            "shop-" + ACCOUNT + "-" + role)
                    .addNewSubject("", "ServiceAccount", role, "shop").build();
            client.resource(binding).serverSideApply();
            installed.add(binding);
        }
        try (KubernetesClient editor = as("edit"); KubernetesClient viewer = as("view")) {
            ShardedService service = named("kv", "shop", OperatorContract.SPEC);
            editor.resource(service).create();
            eventually(() -> set("shop") != null);
            editor.resources(ShardedService.class).inNamespace("shop").withName("kv").scale(1);
            eventually(() -> set("shop").getSpec().getReplicas() == 1);
            assertThat(viewer.resources(ShardedService.class).inNamespace("shop").list().getItems()).hasSize(1);
            assertThatThrownBy(() -> viewer.resources(ShardedService.class).inNamespace("shop").withName("kv").delete())
                    .isInstanceOfSatisfying(KubernetesClientException.class,
                            refusal -> assertThat(refusal.getCode()).isEqualTo(403));
            editor.resources(ShardedService.class).inNamespace("shop").withName("kv").delete();
        }
    }

    private void install(Mode mode) throws IOException {
        List<HasMetadata> chart = Chart.OPERATOR.render("image: {repository: a}", mode.values);
        for (HasMetadata each : chart) {
            if (INSTALLED.contains(each.getKind())) {
                if (each.getMetadata().getNamespace() == null && !each.getKind().startsWith("Cluster")) {
                    each.getMetadata().setNamespace("shop");
                }
                client.resource(each).forceConflicts().serverSideApply();
                installed.add(each);
            }
        }
        operators = as(ACCOUNT);
        operator = new OperatorProcess(operators, options(chart), pod -> null, InstantSource.system(),
                OperatorContract.QUICK);
        operator.start();
    }

    /** Those that the chart's Deployment sets. */
    private static OperatorOptions options(List<HasMetadata> chart) {
        Map<String, String> env = new TreeMap<>();
        chart.stream().filter(Deployment.class::isInstance).map(Deployment.class::cast).findFirst().orElseThrow()
                .getSpec().getTemplate().getSpec().getContainers().getFirst().getEnv().stream()
                .filter(each -> each.getValue() != null)
                .forEach((EnvVar each) -> env.put(each.getName(), each.getValue()));
        Set<String> namespaces = new TreeSet<>(List.of(env.getOrDefault("OPERATOR_NAMESPACES", "").split(",")));
        namespaces.remove("");
        return new OperatorOptions(namespaces, env.getOrDefault("OPERATOR_NAMESPACE_SELECTOR", ""),
                env.get("OPERATOR_LEASE_NAMESPACE"), "one", 0, Duration.ofMillis(200), 2,
                NodeAccess.valueOf(env.get("OPERATOR_NODES")), env.getOrDefault("OPERATOR_PROFILES", ""));
    }

    /** A client with the token of a ServiceAccount in 'shop', and nothing else of who runs the test. */
    private KubernetesClient as(String account) {
        ServiceAccount there = client.serviceAccounts().inNamespace("shop").withName(account).get();
        installed.add(there);
        String token = client.serviceAccounts().inNamespace("shop").withName(account)
                .tokenRequest(new TokenRequestBuilder().withNewSpec().withExpirationSeconds(3600L).endSpec().build())
                .getStatus().getToken();
        Config mine = client.getConfiguration();
        Config theirs = new ConfigBuilder(Config.empty()).withMasterUrl(mine.getMasterUrl())
                .withTrustCerts(mine.isTrustCerts())
                .withDisableHostnameVerification(mine.isDisableHostnameVerification())
                .withCaCertData(mine.getCaCertData()).withCaCertFile(mine.getCaCertFile()).withOauthToken(token)
                .withNamespace("shop").withRequestRetryBackoffLimit(0).build();
        return new KubernetesClientBuilder().withConfig(theirs)
                .withHttpClientBuilderConsumer(builder -> builder.addOrReplaceInterceptor("forbidden", new Refusals()))
                .build();
    }

    /** Writes down what is forbidden. */
    private final class Refusals implements Interceptor {
        @Override
        public void after(HttpRequest request, HttpResponse<?> response, Consumer<List<ByteBuffer>> consumer) {
            look(request, response);
        }

        @Override
        public CompletableFuture<Boolean> afterFailure(BasicBuilder builder,
                HttpResponse<?> response, RequestTags tags) {
            look(response.request(), response);
            return Interceptor.super.afterFailure(builder, response, tags);
        }

        private void look(HttpRequest request, HttpResponse<?> response) {
            if (response.code() == 403) {
                forbidden.add(request == null ? "?" : request.method() + " " + request.uri());
            }
        }
    }

    private boolean may(String group, String resource, String verb) {
        var review = new SubjectAccessReviewBuilder().withNewSpec()
                .withUser("system:serviceaccount:shop:" + ACCOUNT).withNewResourceAttributes().withGroup(group)
                .withResource(resource).withVerb(verb).endResourceAttributes().endSpec().build();
        return Boolean.TRUE.equals(
                client.authorization().v1().subjectAccessReview().create(review).getStatus().getAllowed());
    }

    private ShardedService named(String name, String namespace, String spec) {
        ShardedService service = Objects.service(spec);
        service.setMetadata(new ObjectMetaBuilder().withName(name).withNamespace(namespace).build());
        return service;
    }

    private void create(String name, String namespace, String spec) {
        client.resource(named(name, namespace, spec)).create();
    }

    private void edit(String namespace, String spec) {
        // Until the operator has not written its status meanwhile.
        eventually(() -> {
            ShardedService there = kv(namespace);
            there.setSpec(Objects.service(spec).getSpec());
            try {
                client.resource(there).update();
                return true;
            } catch (KubernetesClientException e) {
                assertThat(e.getCode()).isEqualTo(409);
                return false;
            }
        });
    }

    private ShardedService kv(String namespace) {
        return client.resources(ShardedService.class).inNamespace(namespace).withName("kv").get();
    }

    private StatefulSet set(String namespace) {
        return client.apps().statefulSets().inNamespace(namespace).withName("kv-two").get();
    }

    private void refuse(String name) {
        Pod pod = Objects.owned(Objects.pod(name, "a", "9", "8Gi",
                new TreeMap<>(Map.of(ShardedService.LABEL, "kv", Names.CLASS, "two"))), set("shop"));
        client.resource(pod).create();
        client.pods().inNamespace("shop").withName(name).editStatus(there -> new PodBuilder(there).editOrNewStatus()
                .withPhase("Failed").withReason("TopologyAffinityError").endStatus().build());
    }
}
