package io.solaster.operator.helm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.apply.Manifests;
import io.solaster.operator.inventory.ClusterObjects;
import io.solaster.operator.inventory.Inventory;
import io.solaster.operator.plan.Planner;
import org.junit.jupiter.api.Test;

/**
 * What pods of the demo are given, by the operator and by the chart alone, as the demo's own tests start it with: see
 * PodIT there.
 */
class DemoPodTest {
    private static final Path FILE = Path.of("../demo-service/src/test/resources/pods.yaml");
    private static final String SERVERS = """
            solaster:
              servers:
                kv: {protocol: resp, host: 0.0.0.0, port: 6380}
                web: {protocol: http, host: 0.0.0.0, port: 8080}
            """;

    @Test
    void theDemosTestsStartItAsPodsDo() throws IOException {
        ShardedService service = Objects.service("""
                image: registry.example/solaster-demo:1
                shards: {count: 2}
                memory: {perShard: 256Mi}
                config:
                """ + SERVERS.indent(2));
        service.getMetadata().setUid("0");
        List<HasMetadata> made = Manifests.of(service, Planner.plan(Inventory.of(new ClusterObjects(
                List.of(Objects.node("a", 32, "30", "128Gi", new TreeMap<>())), List.of(), List.of(), List.of(), null,
                List.of(Objects.twoBy16()))), List.of(service)).getFirst(), false);
        List<HasMetadata> charted = Chart.SERVICE.render(ServiceChartTest.DEMO, "cpus: 3\nmemory: 512Mi\n" + SERVERS);
        String text = "# Made from the operator and the chart: mvn -pl operator test -Dgenerate -Dtest=DemoPodTest\n"
                + Serialization.asYaml(Map.of("pods", List.of(pod("operator", made), pod("chart", charted))));
        if (System.getProperty("generate") != null) {
            Files.createDirectories(FILE.getParent());
            Files.writeString(FILE, text);
        }
        // Tells the lines that differ.
        assertThat(FILE).as("%s is out of date: mvn -pl operator test -Dgenerate", FILE).hasContent(text);
    }

    private static Map<String, Object> pod(String name, List<HasMetadata> all) {
        PodSpec pod = Chart.only(all, StatefulSet.class).getSpec().getTemplate().getSpec();
        Container container = pod.getContainers().getFirst();
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("name", name);
        Map<String, String> environment = new TreeMap<>();
        container.getEnv().forEach(each -> environment.put(each.getName(), each.getValue()));
        facts.put("environment", environment);
        facts.put("mounted", container.getVolumeMounts().stream()
                .filter(mount -> mount.getName().equals("solaster-config")).findFirst().orElseThrow().getMountPath());
        facts.put("files", Chart.only(all, ConfigMap.class).getData());
        facts.put("managementPort", container.getPorts().stream().filter(port -> port.getName().equals("management"))
                .findFirst().orElseThrow().getContainerPort());
        facts.put("probes", List.of(container.getStartupProbe().getHttpGet().getPath(),
                container.getLivenessProbe().getHttpGet().getPath(),
                container.getReadinessProbe().getHttpGet().getPath()));
        return facts;
    }
}
