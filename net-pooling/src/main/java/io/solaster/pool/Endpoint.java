package io.solaster.pool;

import io.solaster.config.pool.EndpointConfig;
import org.jspecify.annotations.Nullable;

/**
 * One place that connections go to. Two with the same {@link #address} are the same endpoint, though all else differs.
 * Immutable; any thread.
 *
 * @param host a name or an address, an IPv6 one without brackets; {@code unix:/path} or {@code unix:@name} for a Unix domain socket
 *            of this machine
 * @param port from 1 to 65535; 0 of a Unix domain socket
 * @param weight its share of the requests, from 1
 * @param priority 0 is asked first; a greater one stands by
 * @param zone where it stands; null where nobody says
 * @param numaNode the NUMA node that its network card hangs on; -1 where that does not matter
 */
public record Endpoint(String host, int port, int weight, int priority, @Nullable String zone, int numaNode) {

    /** What a host begins with that is a Unix domain socket. */
    private static final String UNIX = "unix:";

    public Endpoint {
        boolean unix = host.startsWith(UNIX);
        if (host.isEmpty() || port < (unix ? 0 : 1) || port > (unix ? 0 : 65_535)) {
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
     * A Unix domain socket of this machine, of weight 1 and priority 0.
     *
     * @param name an absolute path, or {@code @} and an abstract name
     */
    public static Endpoint unix(String name) {
        return new Endpoint(UNIX + name, 0, 1, 0, null, -1);
    }

    /**
     * An endpoint as it is written in configuration.
     *
     * @throws IllegalArgumentException if its address is neither a host and a port nor a Unix domain socket
     */
    public static Endpoint of(EndpointConfig config) {
        String address = config.address();
        if (address.startsWith(UNIX)) {
            return new Endpoint(address, 0, config.weight(), config.priority(), config.zone(), config.numaNode());
        }
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

    /** Whether it is a Unix domain socket. */
    public boolean isUnix() {
        return host.startsWith(UNIX);
    }

    /** The path of a Unix domain socket, or {@code @} and its abstract name. */
    public String unixName() {
        return host.substring(UNIX.length());
    }

    /** What makes it this endpoint and no other: {@code host:port}, or {@code unix:/path}. */
    public String address() {
        return isUnix() ? host : bracketedHost() + ":" + port;
    }

    /** The host as it stands before a port: an IPv6 address in brackets. */
    public String bracketedHost() {
        return host.indexOf(':') < 0 || isUnix() ? host : "[" + host + "]";
    }

    @Override
    public String toString() {
        return address();
    }
}
