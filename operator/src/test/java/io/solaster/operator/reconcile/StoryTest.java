package io.solaster.operator.reconcile;

import static io.solaster.operator.reconcile.OperatorContract.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.KubernetesList;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.apply.Names;
import io.solaster.operator.reconcile.watch.Cluster;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * The README's way from an installed operator to a planned and aligned service, and through a refused one: the outputs are
 * those of the operator on the example with two sockets.
 */
class StoryTest {
    private static final Path README = Path.of("../README.md");
    private static final Path EXAMPLE = Path.of("examples/smt-server");
    private static final String APPLY = "kubectl apply -f operator/examples/smt-server/";
    private static final String SAID = "shardedservice.solaster.io/kv ";
    private static final YAMLMapper YAML = new YAMLMapper();

    private final MemoryApi api = new MemoryApi(1000);
    private final KubernetesClient client = api.client("test");
    private final KubernetesClient operators = api.client("operator");
    private final List<String> told = new ArrayList<>();
    private final Map<Integer, Integer> numa = new ConcurrentHashMap<>();
    private HttpServer pods;
    private OperatorProcess operator;

    @AfterEach
    void stop() {
        operator.close();
        pods.stop(0);
        operators.close();
        client.close();
        api.close();
    }

    @Test
    void theReadmeShowsWhatHappens() throws IOException {
        api.know("topology.node.k8s.io/v1alpha2/noderesourcetopologies", "NodeResourceTopology");
        for (String file : List.of("nodes", "topologies", "pods")) {
            KubernetesList list = Serialization.unmarshal(Files.readString(EXAMPLE.resolve(file + ".yaml")),
                    KubernetesList.class);
            for (HasMetadata each : list.getItems()) {
                if (each instanceof GenericKubernetesResource topology) {
                    client.genericKubernetesResources(Cluster.TOPOLOGIES).resource(topology).create();
                } else {
                    client.resource(each).create();
                }
            }
        }
        client.resource(example("profiles", TopologyProfile.class)).create();
        pods();
        operator = new OperatorProcess(operators,
                new OperatorOptions(Set.of("shop"), "", "", "first", 0, Duration.ofMillis(200), 4),
                pod -> URI
                        .create("http://localhost:" + pods.getAddress().getPort() + "/" + pod.getMetadata().getName()),
                InstantSource.system(), OperatorContract.QUICK);
        operator.start();

        command(APPLY + "service.yaml", List.of(SAID + "created"));
        client.resource(example("service", ShardedService.class)).create();
        eventually(() -> kv().at("/status/replicas").asInt() == 4);
        // What the StatefulSet's controller and the kubelets would do.
        run(0, "server-1");
        run(1, "server-1");
        run(2, "server-2");
        run(3, "server-3");
        client.apps().statefulSets().inNamespace("shop").withName("kv-big")
                .editStatus(set -> new StatefulSetBuilder(set)
                        .editOrNewStatus().withReplicas(4).withReadyReplicas(4).endStatus().build());
        eventually(() -> "True".equals(condition("TopologyAligned")) && "True".equals(condition("Ready")));
        // Until all pods are seen, what is planned for them counts beside those that are.
        eventually(() -> kv().at("/status/plan/reasons/1").asText().startsWith("Fits after the loss of a node"));
        command("kubectl get shardedservices -n shop", table());
        command("kubectl get shardedservice kv -n shop -o json | jq -r '.status.plan.reasons[]'", reasons());

        command("kubectl patch shardedservice kv -n shop --type merge -p '{\"spec\":{\"replicas\":10}}'",
                List.of(SAID + "patched"));
        client.resources(ShardedService.class).inNamespace("shop").withName("kv").patch(
                PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"replicas\":10}}");
        eventually(() -> "False".equals(condition("PlanFeasible"))
                && kv().at("/status/observedGeneration").asInt() == 2);
        command("kubectl get shardedservices -n shop", table());
        command("kubectl get shardedservice kv -n shop -o json | jq -r '.status.plan.reasons[]'", reasons());
        assertThat(client.apps().statefulSets().inNamespace("shop").withName("kv-big").get().getSpec().getReplicas())
                .isEqualTo(4);

        String readme = Files.readString(README);
        String block = "```console\n" + String.join("\n", told) + "\n```";
        Matcher written = Pattern.compile("(?s)```console\n\\$ " + Pattern.quote(APPLY) + ".*?\n```").matcher(readme);
        assertThat(written.find()).isTrue();
        if (System.getProperty("generate") != null) {
            Files.writeString(README, readme.substring(0, written.start()) + block + readme.substring(written.end()));
            return;
        }
        assertThat(written.group()).isEqualTo(block);
    }

    private static <T extends HasMetadata> T example(String file, Class<T> type) throws IOException {
        return Serialization.unmarshal(Files.readString(EXAMPLE.resolve(file + ".yaml")), type);
    }

    private void command(String line, List<String> output) {
        told.add("$ " + line);
        told.addAll(output);
    }

    private JsonNode kv() {
        return api.peek("solaster.io/v1alpha1/shardedservices", "shop/kv");
    }

    private String condition(String type) {
        for (JsonNode each : kv().at("/status/conditions")) {
            if (each.path("type").asText().equals(type)) {
                return each.path("status").asText();
            }
        }
        return "";
    }

    private List<String> reasons() {
        List<String> reasons = new ArrayList<>();
        kv().at("/status/plan/reasons").forEach(each -> reasons.add(each.asText()));
        return reasons;
    }

    private void pods() throws IOException {
        pods = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        pods.createContext("/", exchange -> {
            int pod = Integer.parseInt(exchange.getRequestURI().getPath().replaceAll(".*-", ""));
            // On server-1, the second one lies behind the first.
            int first = 2 + 32 * numa.getOrDefault(pod, 0) + (pod == 1 ? 14 : 0);
            byte[] body = OperatorContract.report(14, first, "", true).replaceAll("\"numaNode\":\\d+",
                    "\"numaNode\":" + numa.getOrDefault(pod, 0)).getBytes(UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        pods.start();
    }

    /** A pod of the plan's on the first NUMA node that has room, and what Node Feature Discovery says then. */
    private void run(int pod, String node) {
        client.genericKubernetesResources(Cluster.TOPOLOGIES).withName(node).edit(topology -> {
            List<Map<String, Object>> zones = topology.get("zones");
            for (int zone = 0; zone < zones.size(); zone++) {
                @SuppressWarnings("unchecked")
                Map<String, Object> cpu = ((List<Map<String, Object>>) zones.get(zone).get("resources")).getFirst();
                int available = Integer.parseInt((String) cpu.get("available"));
                if (available >= 30) {
                    cpu.put("available", String.valueOf(available - 30));
                    numa.put(pod, zone);
                    break;
                }
            }
            return topology;
        });
        assertThat(numa).containsKey(pod);
        client.resource(new PodBuilder(Objects.owned(Objects.pod("kv-big-" + pod, node, "30", "56Gi",
                new TreeMap<>(Map.of(ShardedService.LABEL, "kv", Names.CLASS, "big"))),
                client.apps().statefulSets().inNamespace("shop").withName("kv-big").get())).editStatus()
                .withQosClass("Guaranteed").withPodIP("127.0.0.1").endStatus().build()).create();
    }

    /** As kubectl prints the columns of the definition, but for the age. */
    private List<String> table() throws IOException {
        JsonNode columns = YAML
                .readTree(Path.of("../helm/solaster-operator/crds/shardedservices.solaster.io.yaml").toFile())
                .at("/spec/versions/0/additionalPrinterColumns");
        List<String> head = new ArrayList<>(List.of("NAME"));
        List<String> row = new ArrayList<>(List.of("kv"));
        for (JsonNode column : columns) {
            if (column.path("priority").asInt() == 0 && !column.path("type").asText().equals("date")) {
                head.add(column.path("name").asText().toUpperCase(Locale.ROOT));
                row.add(value(kv(), column.path("jsonPath").asText()));
            }
        }
        StringBuilder first = new StringBuilder();
        StringBuilder second = new StringBuilder();
        for (int i = 0; i < head.size(); i++) {
            int width = Math.max(head.get(i).length(), row.get(i).length()) + 3;
            first.append(head.get(i)).append(" ".repeat(width - head.get(i).length()));
            second.append(row.get(i)).append(" ".repeat(width - row.get(i).length()));
        }
        return List.of(first.toString().stripTrailing(), second.toString().stripTrailing());
    }

    /** As much of JSONPath as the columns use. */
    private static String value(JsonNode object, String path) {
        JsonNode at = object;
        Matcher step = Pattern.compile("\\.(\\w+)(?:\\[\\?\\(@\\.(\\w+)==\"(\\w+)\"\\)])?").matcher(path);
        while (step.find()) {
            at = at.path(step.group(1));
            if (step.group(2) != null) {
                JsonNode found = YAML.createObjectNode();
                for (JsonNode each : at) {
                    if (each.path(step.group(2)).asText().equals(step.group(3))) {
                        found = each;
                    }
                }
                at = found;
            }
        }
        return at.asText();
    }
}
