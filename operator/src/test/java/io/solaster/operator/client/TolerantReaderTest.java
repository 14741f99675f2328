package io.solaster.operator.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

import com.fasterxml.jackson.core.type.TypeReference;
import io.fabric8.kubernetes.api.model.DefaultKubernetesResourceList;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeList;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodList;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.WatchEvent;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.solaster.operator.api.ShardedService;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Of what an API server tells, all is read that can be, and of the rest it is known whose it is. */
class TolerantReaderTest {
    private final KubernetesSerialization serialization = TolerantSerialization.make(object -> false);

    private DefaultKubernetesResourceList<ShardedService> services(String... specs) {
        StringBuilder items = new StringBuilder();
        for (int i = 0; i < specs.length; i++) {
            items.append(i == 0 ? "" : ",").append("""
                    {"apiVersion":"solaster.io/v1alpha1","kind":"ShardedService","metadata":{"name":"s%d",
                    "namespace":"shop","uid":"u%d","resourceVersion":"%d","generation":3},%s}""".formatted(i, i, i,
                    specs[i]));
        }
        String text = "{\"kind\":\"ShardedServiceList\",\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[" + items
                + "]}";
        return serialization.unmarshal(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)),
                new TypeReference<DefaultKubernetesResourceList<ShardedService>>() {});
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "\"spec\":{\"image\":\"a\",\"ports\":[{\"containerPort\":3000000000}]} | spec.ports[0].containerPort: 3000000000",
            "\"spec\":{\"image\":\"a\",\"autoscaling\":{\"max\":3000000000}} | spec.autoscaling.max: 3000000000",
            "\"spec\":{\"image\":\"a\",\"mode\":\"Later\"} | spec.mode: Later",
            "\"spec\":{\"image\":\"a\",\"drifft\":\"mend\"} | spec.drifft: mend (this version of the operator",
            "\"spec\":{\"image\":\"a\",\"shards\":[8]} | spec.shards",
            "\"spec\":{\"image\":\"a\",\"volumeClaimTemplates\":[{\"metadata\":{\"generation\":\"x\"}}]} | spec.volumeClaimTemplates[0].metadata.generation: x",
            "\"spec\":{\"image\":\"a\",\"replicas\":1.5e300} | spec.replicas",
            "\"spec\":{\"image\":\"a\",\"memory\":{\"perShard\":\"1e999999999\"}} | spec.memory.perShard: 1e999999999 (write a quantity",
            "\"spec\":{\"image\":\"a\",\"memory\":{\"perShard\":\"1e-999999999\"}} | spec.memory.perShard: 1e-999999999",
            "\"spec\":{\"image\":\"a\",\"memory\":{\"perShard\":\"lots\"}} | spec.memory.perShard: lots",
            "\"spec\":{\"image\":\"a\",\"pod\":{\"sidecars\":[{\"resources\":{\"limits\":{\"cpu\":\"1e999999999\"}}}]}} | spec.pod.sidecars[0].resources.limits.cpu: 1e999999999",
            "\"spec\":\"hello\" | spec: hello", "\"spec\":[] | spec"})
    void oneServiceThatCannotBeReadStandsAlone(String wrong, String told) {
        var read = services("\"spec\":{\"image\":\"a\"}", wrong, "\"spec\":{\"image\":\"c\"}").getItems();
        assertThat(read).extracting(each -> each.getMetadata().getName()).containsExactly("s0", "s1", "s2");
        assertThat(read.get(0)).satisfies(each -> assertThat(Unreadable.of(each)).isEmpty());
        assertThat(read.get(2).getSpec().image()).isEqualTo("c");
        assertThat(Unreadable.of(read.get(1))).startsWith(told);
        assertThat(read.get(1).getMetadata().getUid()).isEqualTo("u1");
        assertThat(read.get(1).getMetadata().getGeneration()).isEqualTo(3);
        assertThat(Unreadable.of(serialization.clone(read.get(1)))).as("of a copy").startsWith(told);
    }

    @Test
    void aStatusThatALaterVersionWroteIsNoReason() {
        ShardedService read = services("\"spec\":{\"image\":\"a\"},\"status\":{\"replicas\":2,\"mood\":\"good\"}")
                .getItems().getFirst();
        assertThat(Unreadable.of(read)).isEmpty();
        assertThat(read.getStatus().replicas()).isEqualTo(2);
    }

    /** As deep as an API server takes it. */
    @ParameterizedTest
    @ValueSource(ints = {300, 9_000})
    void whatIsNestedTooDeepStandsAlone(int depth) {
        String deep = "\"spec\":{\"image\":\"b\",\"config\":" + "{\"a\":".repeat(depth) + "1" + "}".repeat(depth) + "}";
        var read = services("\"spec\":{\"image\":\"a\"}", deep, "\"spec\":{\"image\":\"c\"}").getItems();
        assertThat(Unreadable.of(read.get(1))).contains("nested deeper than");
        assertThat(read.get(2).getSpec().image()).isEqualTo("c");
    }

    @Test
    void aLongNameEndsNoList() {
        String long_ = "\"spec\":{\"image\":\"b\",\"config\":{\"" + "a".repeat(100_000) + "\":1}}";
        var read = services(long_, "\"spec\":{\"image\":\"c\"}").getItems();
        assertThat(read.get(1).getSpec().image()).isEqualTo("c");
    }

    @Test
    void otherKindsAreReadAsFarAsTheyCanBe() {
        PodList pods = serialization.unmarshal("""
                {"apiVersion":"v1","kind":"PodList","metadata":{},"items":[
                {"metadata":{"name":"a","namespace":"shop","labels":{"app":"x"}},"spec":{"nodeName":"n",
                "priority":3000000000,"containers":[{"name":"c"}]}},
                {"metadata":{"name":"b","namespace":"shop"},"spec":7},{"metadata":{"name":"c"},"spec":{}}]}""",
                PodList.class);
        assertThat(pods.getItems()).hasSize(3);
        assertThat(Unreadable.of(pods.getItems().get(0))).startsWith("spec.priority: 3000000000");
        assertThat(pods.getItems().get(0).getSpec().getNodeName()).isEqualTo("n");
        assertThat(pods.getItems().get(0).getMetadata().getLabels()).containsEntry("app", "x");
        assertThat(pods.getItems().get(1).getSpec().getContainers()).isEmpty();
        NodeList nodes = serialization.unmarshal("""
                {"kind":"NodeList","metadata":{},"items":[{"metadata":{"name":"a","generation":"x"},"status":"none"},
                {"metadata":{"name":"b"}}]}""", NodeList.class);
        assertThat(nodes.getItems()).extracting(Node::getStatus).doesNotContainNull();
        assertThat(Unreadable.of(nodes.getItems().getFirst())).contains("metadata.generation: x").contains("status");
        assertThat(Unreadable.of(nodes.getItems().getLast())).isEmpty();
    }

    @Test
    void watchesGoOn() {
        WatchEvent event = serialization.unmarshal("""
                {"type":"MODIFIED","object":{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"a"},
                "spec":{"replicas":3000000000,"serviceName":"s"}}}""", WatchEvent.class);
        assertThat(event.getType()).isEqualTo("MODIFIED");
        assertThat(((StatefulSet) event.getObject()).getSpec().getServiceName()).isEqualTo("s");
        assertThat(Unreadable.of((HasMetadata) event.getObject())).startsWith("spec.replicas: 3000000000");
    }

    /** It is as long as the object itself, and caches hold all of them. */
    @Test
    void whoHasSetWhichFieldIsKeptWhereItIsAskedFor() {
        KubernetesSerialization some = TolerantSerialization
                .make(object -> object.getMetadata().getName().equals("asked"));
        String pod = """
                {"kind":"Pod","apiVersion":"v1","metadata":{"name":"%s","managedFields":[{"manager":"kubelet",
                "operation":"Update","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{}}}]},"spec":{}}""";
        PodList list = some.unmarshal("{\"kind\":\"PodList\",\"items\":[" + pod.formatted("a") + ","
                + pod.formatted("asked") + "]}", PodList.class);
        assertThat(list.getItems().getFirst().getMetadata().getManagedFields()).isEmpty();
        assertThat(list.getItems().getLast().getMetadata().getManagedFields()).hasSize(1);
        for (String event : List.of("{\"type\":\"ADDED\",\"object\":%s}", "{\"object\":%s,\"type\":\"ADDED\"}")) {
            assertThat(metadata(some, event.formatted(pod.formatted("a"))).getManagedFields()).isEmpty();
            assertThat(metadata(some, event.formatted(pod.formatted("asked"))).getManagedFields()).hasSize(1);
        }
        assertThat(some.unmarshal(pod.formatted("a"), Pod.class).getMetadata().getManagedFields())
                .as("of what was asked for by name").hasSize(1);
    }

    private static ObjectMeta metadata(KubernetesSerialization serialization, String event) {
        return ((HasMetadata) serialization.unmarshal(event, WatchEvent.class).getObject()).getMetadata();
    }

    /** API servers write the kind first; nothing says that they must. */
    @ParameterizedTest
    @ValueSource(strings = {"{\"type\":\"ADDED\",\"object\":{\"kind\":\"Node\",\"apiVersion\":\"v1\",%s}}",
            "{\"type\":\"ADDED\",\"object\":{\"apiVersion\":\"v1\",\"kind\":\"Node\",%s}}",
            "{\"object\":{%s,\"kind\":\"Node\",\"apiVersion\":\"v1\"},\"type\":\"ADDED\"}",
            "{\"type\":\"ADDED\",\"object\":{%s,\"kind\":\"Node\",\"apiVersion\":\"v1\"}}"})
    void eventsAreReadInAnyOrder(String event) {
        for (String status : List.of("", ",\"status\":{\"capacity\":{\"cpu\":\"8\"}}")) {
            Node node = (Node) serialization.unmarshal(event.formatted("\"metadata\":{\"name\":\"a\"}" + status),
                    WatchEvent.class).getObject();
            assertThat(node.getMetadata().getName()).isEqualTo("a");
            assertThat(node.getApiVersion()).isEqualTo("v1");
            assertThat(node.getStatus().getCapacity()).hasSize(status.isEmpty() ? 0 : 1);
            assertThat(Unreadable.of(node)).isEmpty();
        }
    }

    /** A watch that ends for good would take its informer with it, and the process. */
    @ParameterizedTest
    @ValueSource(strings = {"{\"type\":\"ADDED\",\"object\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metad", "{}",
            "{\"type\":\"ADDED\"}", "{\"type\":\"ADDED\",\"object\":7}", "[]", "null", "\"\"",
            "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}"})
    void whatIsNoEventHasAllListedAnew(String line) {
        WatchEvent event = serialization.unmarshal(line, WatchEvent.class);
        assertThat(event.getType()).isEqualTo("ERROR");
        assertThat(((Status) event.getObject()).getCode()).isEqualTo(410);
    }
}
