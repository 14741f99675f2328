package io.solaster.spring.pool;

import java.util.List;
import java.util.Map;
import java.util.Objects;

import io.solaster.config.pool.DiscoveryConfig;
import io.solaster.engine.Engine;
import io.solaster.pool.Endpoint;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.discovery.PolledDiscovery;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;

/**
 * The instances of a service, as Spring Cloud's {@code DiscoveryClient} knows them. It blocks, so that it is asked on
 * {@code Offload}. What an instance's metadata call {@code weight}, {@code priority} and {@code zone} is taken as such.
 */
public final class SpringCloudDiscovery {

    private SpringCloudDiscovery() {}

    /** Asks for the service that is configured, as often as it is. Where it knows of none, what it knew before holds. */
    public static Discovery of(Engine engine, DiscoveryClient client, DiscoveryConfig config) {
        String service = Objects.requireNonNull(config.name(), "name");
        return new PolledDiscovery(engine, "spring " + service, config, () -> engine.offload().call(() -> {
            List<ServiceInstance> instances = client.getInstances(service);
            if (instances == null || instances.isEmpty()) {
                throw new IllegalStateException(client.description() + " knows no instance of '" + service + "'");
            }
            return new PolledDiscovery.Answer(
                    instances.stream().map(instance -> endpoint(instance, config.port())).toList(), null);
        }));
    }

    private static Endpoint endpoint(ServiceInstance instance, int port) {
        Map<String, String> metadata = instance.getMetadata() == null ? Map.of() : instance.getMetadata();
        return new Endpoint(instance.getHost(), instance.getPort() > 0 ? instance.getPort() : port,
                Math.max(1, number(metadata.get("weight"), 1)), Math.max(0, number(metadata.get("priority"), 0)),
                metadata.get("zone"), -1);
    }

    private static int number(@Nullable String text, int otherwise) {
        return text != null && text.matches("[0-9]{1,6}") ? Integer.parseInt(text) : otherwise;
    }
}
