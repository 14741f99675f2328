package io.solaster.config.pool;

import java.time.Duration;

import io.solaster.config.value.Range;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What finds the endpoints of a pool.
 *
 * @param type who is asked
 * @param name what is asked for: a host name, an SRV name, a Kubernetes Service, a service of Spring Cloud
 * @param port the port of what was found, where the answer holds none
 * @param namespace the Kubernetes namespace; the pod's own by default
 * @param refresh how often it is asked again where the answer does not say, at the latest
 * @param minRefresh how often it is asked again at the most
 */
public record DiscoveryConfig(@DefaultValue("none") Type type, @Nullable String name,
        @DefaultValue("0") @Range(min = 0, max = 65_535) int port, @Nullable String namespace,
        @DefaultValue("30s") Duration refresh, @DefaultValue("1s") Duration minRefresh) {

    /** What an empty configuration gives. */
    public static DiscoveryConfig defaults() {
        return of(Type.NONE, null, 0);
    }

    /** Asks so. */
    public static DiscoveryConfig of(Type type, @Nullable String name, int port) {
        return new DiscoveryConfig(type, name, port, null, Duration.ofSeconds(30), Duration.ofSeconds(1));
    }

    /** Who is asked for endpoints. */
    public enum Type {
        /** Nobody: endpoints are named in the configuration, and looked up when they are connected to. */
        NONE,
        /** DNS, for the addresses of a name (A, AAAA). */
        DNS,
        /** DNS, for the hosts, ports, weights and priorities of a service (SRV). */
        SRV,
        /** The Kubernetes API, for the EndpointSlices of a Service. */
        KUBERNETES,
        /** Spring Cloud's DiscoveryClient. */
        SPRING
    }
}
