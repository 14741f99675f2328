package io.solaster.spring.pool;

import java.net.URI;

import org.jspecify.annotations.Nullable;

/** What the URL of a request through a pool says beside its path. Any thread. */
public final class PoolUrl {

    private PoolUrl() {}

    /**
     * The host of a URL, with its port unless that goes without saying; null where it is the pool's name, or there is none.
     *
     * @param pool whose name in a URL stands for its endpoints
     */
    public static @Nullable String host(URI uri, String pool) {
        String authority = uri.getRawAuthority();
        if (authority == null) {
            return null;
        }
        // java.net knows no host with an underscore, as names of pools and services may have one.
        String all = authority.substring(authority.lastIndexOf('@') + 1);
        int colon = all.lastIndexOf(':');
        boolean hasPort = colon > all.lastIndexOf(']');
        String host = hasPort ? all.substring(0, colon) : all;
        if (host.isEmpty() || host.equalsIgnoreCase(pool)) {
            return null;
        }
        String port = hasPort ? all.substring(colon + 1) : "";
        String usual = "https".equalsIgnoreCase(uri.getScheme()) ? "443" : "80";
        return port.isEmpty() || port.equals(usual) ? host : host + ":" + port;
    }
}
