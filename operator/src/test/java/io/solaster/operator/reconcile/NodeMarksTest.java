package io.solaster.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.solaster.operator.Objects;
import io.solaster.operator.api.Labels;
import io.solaster.operator.apply.Names;
import io.solaster.operator.reconcile.nodes.NodeMarks;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Nodes are set aside for longer each time, and given back. */
class NodeMarksTest {
    private final MemoryApi api = new MemoryApi(1000);
    private final KubernetesClient client = api.client("test");
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final NodeMarks marks = new NodeMarks(client, () -> now);

    @BeforeEach
    void node() {
        client.resource(Objects.node("a", 8, "7", "8Gi", new TreeMap<>(Map.of("mine", "stays")))).create();
    }

    @AfterEach
    void close() {
        client.close();
        api.close();
    }

    private Node a() {
        return client.nodes().withName("a").get();
    }

    private Duration aside() {
        return Duration.between(now, marks.setAside(a(), "shop", "kv"));
    }

    @Test
    void eachTimeIsTwiceAsLongUpToAnHour() {
        for (int minutes : new int[]{1, 2, 4, 8, 16, 32, 60, 60}) {
            assertThat(aside()).isEqualTo(Duration.ofMinutes(minutes));
            now = now.plus(Duration.ofMinutes(minutes));
            marks.sweep(List.of(a()));
            assertThat(NodeMarks.aside(List.of(a()), "shop", "kv")).isEmpty();
        }
        assertThat(a().getMetadata().getLabels()).containsEntry("mine", "stays");
    }

    @Test
    void itIsNotLongerWhileItLasts() {
        assertThat(aside()).isEqualTo(Duration.ofMinutes(1));
        now = now.plusSeconds(30);
        assertThat(aside()).isEqualTo(Duration.ofSeconds(30));
        assertThat(marks.sweep(List.of(a()))).isEqualTo(now.plusSeconds(30));
        assertThat(NodeMarks.aside(List.of(a()), "shop", "kv")).containsExactly(a().getMetadata().getName());
        assertThat(NodeMarks.aside(List.of(a()), "shop", "other")).isEmpty();
    }

    /** Pods that are refused one after the other are told of sooner than what was written on the node. */
    @Test
    void aLateCacheSetsNoNodeAsideTwice() {
        Node late = a();
        Instant until = marks.setAside(late, "shop", "kv");
        long before = api.writes();
        now = now.plusSeconds(1);
        assertThat(marks.setAside(late, "shop", "kv")).isEqualTo(until);
        assertThat(api.writes()).isEqualTo(before);
        // Others have marks of their own.
        assertThat(marks.setAside(late, "shop", "other")).isEqualTo(until.plusSeconds(1));
        // What somebody has taken away is put there again.
        client.nodes().withName("a").edit(node -> {
            node.getMetadata().getLabels().remove(Labels.aside("shop", "kv"));
            node.getMetadata().getAnnotations().remove(Labels.aside("shop", "kv"));
            return node;
        });
        assertThat(aside()).isEqualTo(Duration.ofMinutes(1));
    }

    @Test
    void aLabelGoesAWhileAfterNobodyNeedsIt() {
        client.nodes().withName("a").edit(node -> {
            node.getMetadata().getLabels().put(Names.CLASS, "two");
            return node;
        });
        marks.unlabel(List.of(a()), Set.of("two"));
        marks.unlabel(List.of(a()), Set.of());
        now = now.plus(Duration.ofMinutes(9));
        marks.unlabel(List.of(a()), Set.of());
        assertThat(a().getMetadata().getLabels()).containsEntry(Names.CLASS, "two");
        // Needed meanwhile: the time begins anew.
        marks.unlabel(List.of(a()), Set.of("two"));
        now = now.plus(Duration.ofMinutes(9));
        marks.unlabel(List.of(a()), Set.of());
        assertThat(a().getMetadata().getLabels()).containsEntry(Names.CLASS, "two");
        now = now.plus(Duration.ofMinutes(10));
        marks.unlabel(List.of(a()), Set.of());
        assertThat(a().getMetadata().getLabels()).doesNotContainKey(Names.CLASS).containsEntry("mine", "stays");
    }

    /** Several services are looked at at once, and a cache is late. */
    @Test
    void aNodeIsGivenItsLabelOnce() {
        Node late = a();
        long before = api.requests();
        for (int i = 0; i < 3; i++) {
            marks.classes(Map.of("a", "two"), Set.of("two"), List.of(late));
        }
        assertThat(api.requests()).isEqualTo(before + 1);
        assertThat(a().getMetadata().getLabels()).containsEntry(Names.CLASS, "two");
        client.nodes().withName("a").edit(node -> {
            node.getMetadata().getLabels().remove(Names.CLASS);
            return node;
        });
        marks.classes(Map.of("a", "two"), Set.of("two"), List.of(a()));
        assertThat(a().getMetadata().getLabels()).containsEntry(Names.CLASS, "two");
        api.failing(exchange -> 503);
        Node other = Objects.node("b", 8, "7", "8Gi", new TreeMap<>());
        other.getMetadata().setResourceVersion("1");
        assertThatThrownBy(() -> marks.classes(Map.of("b", "two"), Set.of("two"), List.of(other)))
                .isInstanceOf(KubernetesClientException.class);
        api.failing(exchange -> null);
        client.resource(Objects.node("b", 8, "7", "8Gi", new TreeMap<>())).create();
        marks.classes(Map.of("b", "two"), Set.of("two"), List.of(other));
        assertThat(client.nodes().withName("b").get().getMetadata().getLabels()).containsEntry(Names.CLASS, "two");
    }

    @Test
    void whoMayOnlyReadNodesTakesNoLabels() {
        client.nodes().withName("a").edit(node -> {
            node.getMetadata().getLabels().put(Names.CLASS, "two");
            return node;
        });
        NodeMarks reads = new NodeMarks(client, () -> now, false);
        reads.unlabel(List.of(a()), Set.of());
        now = now.plus(Duration.ofHours(1));
        reads.unlabel(List.of(a()), Set.of());
        assertThat(a().getMetadata().getLabels()).containsEntry(Names.CLASS, "two");
    }

    @Test
    void afterALongWhileItBeginsAnew() {
        aside();
        now = now.plus(Duration.ofHours(3));
        marks.sweep(List.of(a()));
        assertThat(a().getMetadata().getAnnotations()).doesNotContainKey(Labels.aside("shop", "kv"));
        assertThat(aside()).isEqualTo(Duration.ofMinutes(1));
    }
}
