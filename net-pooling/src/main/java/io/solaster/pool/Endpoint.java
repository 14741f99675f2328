package io.solaster.pool;

import io.solaster.config.pool.EndpointConfig;
import org.jspecify.annotations.Nullable;

/**
 * One place that connections go to. Two with the same {@link #address} are the same endpoint, though all else differs.
 * Immutable; any thread.
 *
 * @param host a name or an address, an IPv6 one without brackets
 * @param port from 1 to 65535
 * @param weight its share of the requests, from 1
 * @param priority 0 is asked first; a greater one stands by
 * @param zone where it stands; null where nobody says
 * @param numaNode the NUMA node that its network card hangs on; -1 where that does not matter
 */
public record Endpoint(String host, int port, int weight, int priority, @Nullable String zone, int numaNode) {

    public Endpoint {
        if (host.isEmpty() || port < 1 || port > 65_535) {
            throw new IllegalArgumentException("'" + host + ":" + port
                    + "' is no endpoint: write a host and a port from 1 to 65535");
        }
        if (weight < 1) {
            throw new IllegalArgumentException("endpoint " + host + ":" + port + " has weight " + weight
                    + ": write 1 or more");
        }
    }

    /** An endpoint of weight 1 and priority 0. */
    public static Endpoint of(String host, int port) {
        return new Endpoint(host, port, 1, 0, null, -1);
    }

    /**
     * An endpoint as it is written in configuration.
     *
     * @throws IllegalArgumentException if its address is not a host and a port
     */
    public static Endpoint of(EndpointConfig config) {
        String address = config.address();
        int colon = address.lastIndexOf(':');
        try {
            int port = Integer.parseInt(address.substring(colon + 1));
            String host = address.substring(0, Math.max(colon, 0));
            boolean bracketed = host.startsWith("[") && host.endsWith("]");
            if (!bracketed && host.indexOf(':') >= 0) {
                throw new IllegalArgumentException("endpoint '" + address + "': write an IPv6 address in brackets");
            }
            return new Endpoint(bracketed ? host.substring(1, host.length() - 1) : host, port, config.weight(),
                    config.priority(), config.zone(), config.numaNode());
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("endpoint '" + address + "' has no port: write host:port", e);
        }
    }

    /** What makes it this endpoint and no other: {@code host:port}. */
    public String address() {
        return bracketedHost() + ":" + port;
    }

    /** The host as it stands before a port: an IPv6 address in brackets. */
    public String bracketedHost() {
        return host.indexOf(':') < 0 ? host : "[" + host + "]";
    }

    @Override
    public String toString() {
        return address();
    }
}
