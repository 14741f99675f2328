package io.solaster.operator.reconcile;

import static io.solaster.operator.reconcile.OperatorContract.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

import com.sun.net.httpserver.HttpExchange;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.solaster.operator.Objects;
import io.solaster.operator.api.Labels;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.apply.Names;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Whatever happens to connections, watches, the API server or the clock: the operator catches up. */
class OperatorEnduresTest extends OperatorInMemory {
    private final Wire wire = new Wire(api.port());
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.now());

    @Override
    int door() {
        return wire.port();
    }

    @BeforeEach
    void start() throws IOException {
        client.resource(Objects.twoBy16()).create();
        for (String node : List.of("a", "b")) {
            client.resource(
                    Objects.node(node, 32, "30", "128Gi", new TreeMap<>(Map.of("kubernetes.io/hostname", node))))
                    .create();
        }
        operator = new OperatorProcess(operators,
                new OperatorOptions(Set.of("shop"), "", "", "first", 0, Duration.ofMillis(200), 4), pod -> null,
                now::get, OperatorContract.QUICK);
        operator.start();
        ShardedService service = Objects.service(OperatorContract.SPEC);
        service.setMetadata(new ObjectMetaBuilder().withName("kv").withNamespace("shop").build());
        client.resource(service).create();
        eventually(() -> set() != null && kv().getStatus() != null && kv().getStatus().replicas() == 2);
    }

    @AfterEach
    @Override
    void stop() throws IOException {
        super.stop();
        wire.close();
    }

    private void replicas(int replicas) {
        ShardedService wanted = Objects
                .service(OperatorContract.SPEC.replace("replicas: 2", "replicas: " + replicas));
        while (true) {
            ShardedService now = kv();
            now.setSpec(wanted.getSpec());
            try {
                client.resource(now).update();
                return;
            } catch (KubernetesClientException e) {
                assertThat(e.getCode()).isEqualTo(409);
            }
        }
    }

    private void followsEdits() {
        replicas(1);
        eventually(() -> set().getSpec().getReplicas() == 1);
        replicas(2);
        eventually(() -> set().getSpec().getReplicas() == 2);
        eventually(() -> kv().getMetadata().getGeneration().equals(kv().getStatus().observedGeneration()));
    }

    private static boolean operators(HttpExchange exchange) {
        return "operator".equals(exchange.getRequestHeaders().getFirst("User-Agent"));
    }

    private void refused(String pod) {
        client.resource(Objects.owned(Objects.pod(pod, "a", "9", "8Gi",
                new TreeMap<>(Map.of(ShardedService.LABEL, "kv", Names.CLASS, "two"))), set())).create();
        client.pods().inNamespace("shop").withName(pod).editStatus(there -> new PodBuilder(there).editOrNewStatus()
                .withPhase("Failed").withReason("TopologyAffinityError").endStatus().build());
    }

    @Test
    void aRefusalOutlivesItsPodUntilTheNodeIsSetAside() {
        AtomicInteger tries = new AtomicInteger();
        AtomicBoolean fails = new AtomicBoolean(true);
        api.failing(request -> fails.get() && operators(request) && request.getRequestMethod().equals("PATCH")
                && request.getRequestURI().getPath().endsWith("/nodes/a") && tries.incrementAndGet() > 0 ? 500 : null);
        refused("kv-two-0");
        eventually(() -> tries.get() > 0);
        client.pods().inNamespace("shop").withName("kv-two-0").withGracePeriod(0).delete();
        // Nothing but what was noted of the pod can have it tried so often.
        int before = tries.get();
        eventually(() -> tries.get() > before + 2);
        fails.set(false);
        eventually(() -> client.nodes().withName("a").get().getMetadata().getLabels()
                .containsKey(Labels.aside("shop", "kv")));
    }

    @Test
    void watchesThatBreakAgainAndAgain() {
        for (int i = 0; i < 5; i++) {
            int before = wire.accepted();
            wire.cut();
            replicas(1 + i % 2);
            int wanted = 1 + i % 2;
            eventually(() -> set().getSpec().getReplicas() == wanted);
            assertThat(wire.accepted()).isGreaterThan(before);
        }
        followsEdits();
    }

    @Test
    void whatChangedWhileNobodyCouldBeReached() {
        wire.down(true);
        replicas(1);
        client.configMaps().inNamespace("shop").withName(OperatorContract.configMap(client)).delete();
        client.nodes().withName("b").delete();
        wire.down(false);
        eventually(() -> set().getSpec().getReplicas() == 1);
        eventually(() -> client.configMaps().inNamespace("shop").withName(OperatorContract.configMap(client))
                .get() != null);
        eventually(() -> condition("PlanFeasible").getMessage().contains("1 replica "));
        assertThat(operator.port()).isPositive();
    }

    @Test
    void aServiceThatWasDeletedAndMadeAnewMeanwhile() {
        String before = kv().getMetadata().getUid();
        wire.down(true);
        client.resources(ShardedService.class).inNamespace("shop").withName("kv").delete();
        ShardedService service = Objects.service(OperatorContract.SPEC.replace("replicas: 2", "replicas: 1"));
        service.setMetadata(new ObjectMetaBuilder().withName("kv").withNamespace("shop").build());
        client.resource(service).create();
        assertThat(kv().getMetadata().getUid()).isNotEqualTo(before);
        wire.down(false);
        eventually(() -> set() != null && set().getSpec().getReplicas() == 1 && kv().getStatus() != null
                && kv().getStatus().observedGeneration() != null);
    }

    @Tag("full")
    @Test
    void versionsThatAreGone() {
        for (int i = 0; i < 3; i++) {
            wire.down(true);
            replicas(1 + i % 2);
            client.configMaps().inNamespace("shop").withName(OperatorContract.configMap(client)).delete();
            // Where watches would go on from, the API server has forgotten.
            api.forget();
            wire.down(false);
            int wanted = 1 + i % 2;
            eventually(() -> set().getSpec().getReplicas() == wanted);
            eventually(() -> client.configMaps().inNamespace("shop").withName(OperatorContract.configMap(client))
                    .get() != null);
            followsEdits();
        }
    }

    @Test
    void watchesThatAreRefusedAsGone() {
        AtomicInteger gone = new AtomicInteger();
        api.failing(exchange -> String.valueOf(exchange.getRequestURI().getQuery()).contains("watch=true")
                && gone.incrementAndGet() <= 20 ? 410 : null);
        wire.cut();
        eventually(() -> gone.get() > 20);
        followsEdits();
    }

    @Test
    void anApiServerThatIsAwayAndComesBack() {
        int port = api.away();
        api.back(port);
        followsEdits();
        client.configMaps().inNamespace("shop").withName(OperatorContract.configMap(client)).delete();
        eventually(() -> client.configMaps().inNamespace("shop").withName(OperatorContract.configMap(client))
                .get() != null);
    }

    @Tag("full")
    @Test
    void anApiServerThatIsOverloaded() {
        AtomicInteger asked = new AtomicInteger();
        api.failing(exchange -> operators(exchange) && asked.incrementAndGet() <= 30
                ? asked.get() % 2 == 0 ? 429 : 503
                : null);
        wire.cut();
        followsEdits();
    }

    @Tag("full")
    @Test
    void anApiServerThatIsSlow() {
        AtomicInteger slowed = new AtomicInteger();
        api.failing(exchange -> {
            if (operators(exchange)) {
                slowed.incrementAndGet();
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(150));
            }
            return null;
        });
        wire.cut();
        followsEdits();
        assertThat(slowed).hasPositiveValue();
    }

    /** As one does that is behind the others: what was there before comes again, as if it were new. */
    @Test
    void watchesThatRepeatOldVersions() {
        String service = api.peek("solaster.io/v1alpha1/shardedservices", "shop/kv").toString();
        String set = api.peek("apps/v1/statefulsets", "shop/kv-two").toString();
        String node = api.peek("v1/nodes", "/a").toString();
        client.resources(ShardedService.class).inNamespace("shop").withName("kv").patch(
                PatchContext.of(PatchType.JSON_MERGE),
                "{\"spec\":{\"replicas\":1,\"image\":\"registry.example/kv:3\"}}");
        eventually(() -> image().endsWith("kv:3"));
        eventually(() -> kv().getMetadata().getGeneration().equals(kv().getStatus().observedGeneration()));
        long before = operator.reconciliations();
        api.say("solaster.io/v1alpha1/shardedservices", "{\"type\":\"MODIFIED\",\"object\":" + service + "}");
        eventually(() -> operator.reconciliations() > before);
        api.say("apps/v1/statefulsets", "{\"type\":\"MODIFIED\",\"object\":" + set + "}");
        api.say("v1/nodes", "{\"type\":\"MODIFIED\",\"object\":" + node + "}");
        for (int i = 0; i < 3; i++) {
            assertThat(image()).endsWith("kv:3");
            long done = operator.reconciliations();
            operator.poke("shop/kv");
            eventually(() -> operator.reconciliations() > done);
        }
        assertThat(image()).endsWith("kv:3");
        assertThat(set().getSpec().getReplicas()).isEqualTo(1);
        followsEdits();
    }

    private String image() {
        return set().getSpec().getTemplate().getSpec().getContainers().getFirst().getImage();
    }

    /** What a list leaves out seems to be gone: nothing is deleted or made anew for it, and what comes back is as before. */
    @Tag("full")
    @Test
    void listsThatLeaveObjectsOut() {
        String before = set().getMetadata().getUid();
        String config = OperatorContract.configMap(client);
        for (String which : List.of("apps/v1/statefulsets .*", "v1/(configmaps|services) .*", "v1/nodes .*",
                "solaster.io/v1alpha1/.*", ".*")) {
            api.omit(key -> key.matches(which));
            api.forget();
            wire.cut();
            long done = operator.reconciliations();
            operator.poke("shop/kv");
            eventually(() -> operator.reconciliations() > done || which.contains("solaster") || which.equals(".*"));
            operator.sweep();
            api.omit(key -> false);
            api.forget();
            wire.cut();
            followsEdits();
            assertThat(set().getMetadata().getUid()).isEqualTo(before);
            assertThat(client.configMaps().inNamespace("shop").withName(config).get()).isNotNull();
        }
    }

    @Test
    void conflictsWhereverTheyCome() {
        AtomicInteger conflicts = new AtomicInteger();
        api.failing(exchange -> operators(exchange) && List.of("PATCH", "POST").contains(exchange.getRequestMethod())
                && conflicts.incrementAndGet() % 3 != 0 && conflicts.get() < 30 ? 409 : null);
        followsEdits();
        assertThat(conflicts).hasPositiveValue();
    }

    @Test
    void aClockThatIsSetBackOrForth() {
        refused("kv-two-0");
        eventually(() -> client.nodes().withName("a").get().getMetadata().getLabels()
                .containsKey(Labels.aside("shop", "kv")));
        // As if the machine had been years ahead: what it noted then does not hold for years.
        now.set(now.get().minus(Duration.ofDays(1000)));
        eventually(() -> {
            // A look that began before may have set it aside once more, for minutes.
            now.set(now.get().plus(Duration.ofMinutes(3)));
            operator.sweep();
            return !client.nodes().withName("a").get().getMetadata().getLabels()
                    .containsKey(Labels.aside("shop", "kv"));
        });
        followsEdits();
        now.set(now.get().plus(Duration.ofDays(3000)));
        followsEdits();
        refused("kv-two-1");
        eventually(() -> client.nodes().withName("a").get().getMetadata().getLabels()
                .containsKey(Labels.aside("shop", "kv")));
    }
}
