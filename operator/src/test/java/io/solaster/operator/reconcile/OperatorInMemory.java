package io.solaster.operator.reconcile;

import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.ShardedServiceStatus;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** An operator and its API server in memory, and what becomes of the service shop/kv. */
abstract class OperatorInMemory {
    final MemoryApi api = new MemoryApi(1000);
    final KubernetesClient client = api.client("test");
    KubernetesClient operators;
    OperatorProcess operator;

    @BeforeEach
    void connect() {
        operators = MemoryApi.client("operator", door());
    }

    /** Starts an operator for the namespace shop, on a cluster of one node, whose pods answer nothing. */
    final void startOnOneNode(InstantSource clock) throws IOException {
        client.resource(Objects.twoBy16()).create();
        client.resource(Objects.node("a", 32, "30", "128Gi", new TreeMap<>(Map.of("kubernetes.io/hostname", "a"))))
                .create();
        operator = new OperatorProcess(operators,
                new OperatorOptions(Set.of("shop"), "", "", "first", 0, Duration.ofSeconds(1), 4), pod -> null, clock,
                OperatorContract.QUICK);
        operator.start();
    }

    /** The port by which the operator comes to the API server. */
    int door() {
        return api.port();
    }

    @AfterEach
    void stop() throws IOException {
        operator.close();
        operators.close();
        client.close();
        api.close();
    }

    /** Changes the service whatever the operator writes meanwhile. */
    final void change(Consumer<ShardedService> change) {
        client.resources(ShardedService.class).inNamespace("shop").withName("kv").edit(kv -> {
            change.accept(kv);
            return kv;
        });
    }

    final ShardedService kv() {
        return client.resources(ShardedService.class).inNamespace("shop").withName("kv").get();
    }

    final StatefulSet set() {
        return client.apps().statefulSets().inNamespace("shop").withName("kv-two").get();
    }

    final Condition condition(String type) {
        ShardedServiceStatus status = kv().getStatus();
        return status == null || status.conditions() == null
                ? new Condition()
                : status.conditions().stream().filter(each -> each.getType().equals(type)).findFirst()
                        .orElse(new Condition());
    }
}
