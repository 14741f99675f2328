package io.solaster.pool.connect;

import io.netty.util.NetUtil;
import io.solaster.config.pool.DiscoveryConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.pool.Endpoint;
import org.jspecify.annotations.Nullable;

/**
 * What an endpoint is called in a Host header and in TLS: the configured name, else what discovery was asked for where it
 * found a mere address, else the endpoint's own name; that of a Unix domain socket is {@code localhost}. Any thread.
 *
 * @param given by configuration, perhaps with a port; null for none
 * @param discovered what discovery is asked for, without a port; null where there is no discovery
 */
public record ServerName(@Nullable String given, @Nullable String discovered) {
    /** The endpoint's own. */
    public static final ServerName OWN = new ServerName(null, null);
    private static final String LOCAL = "localhost";

    /** As a pool's configuration says. */
    public static ServerName of(PoolConfig config) {
        return new ServerName(config.protocol() == PoolConfig.Protocol.HTTP ? config.http().host() : null,
                discovered(config.discovery()));
    }

    private static @Nullable String discovered(DiscoveryConfig discovery) {
        String name = discovery.name();
        if (name == null) {
            return null;
        }
        return switch (discovery.type()) {
            case NONE -> null;
            case DNS, SPRING -> withoutDot(name);
            // Of "_http._tcp.orders.example" the host is what follows the service and its protocol.
            case SRV -> withoutDot(name.replaceFirst("^(?:_[^.]*\\.)+", ""));
            case KUBERNETES -> discovery.namespace() == null ? name : name + "." + discovery.namespace();
        };
    }

    private static String withoutDot(String name) {
        return name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    }

    /** This with another name that is given. */
    public ServerName withGiven(@Nullable String newGiven) {
        return new ServerName(newGiven, discovered);
    }

    /** What the Host header says: with a port, unless it is one that goes without saying. */
    public String authority(Endpoint endpoint) {
        if (given != null) {
            return given;
        }
        if (endpoint.isUnix()) {
            return LOCAL;
        }
        String host = discovered != null && isAddress(endpoint.host()) ? discovered : endpoint.bracketedHost();
        return endpoint.port() == 80 || endpoint.port() == 443 ? host : host + ":" + endpoint.port();
    }

    /** What TLS asks for, and what the certificate must name: no port, no brackets. */
    public String host(Endpoint endpoint) {
        if (given != null) {
            return hostOf(given);
        }
        if (endpoint.isUnix()) {
            return LOCAL;
        }
        return discovered != null && isAddress(endpoint.host()) ? discovered : endpoint.host();
    }

    /** The host of {@code host}, {@code host:port} or {@code [address]:port}. */
    private static String hostOf(String authority) {
        if (authority.startsWith("[")) {
            return authority.substring(1, Math.max(1, authority.indexOf(']')));
        }
        int colon = authority.indexOf(':');
        return colon < 0 ? authority : authority.substring(0, colon);
    }

    private static boolean isAddress(String host) {
        return NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host);
    }
}
