package io.solaster.config.pool;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What holds for a pool whose endpoints speak HTTP.
 *
 * @param version what is spoken with them; they must know it
 * @param host what the Host header says where a request does not, such as orders.example, with a port if it needs
 *            one; encrypted connections ask for that name too. By default the host of the URL where that is not the
 *            pool's name, else the discovery's name where endpoints are addresses, else the endpoint's
 */
public record PoolHttpConfig(@DefaultValue("http-1-1") Version version, @Nullable String host) {

    /** What an empty configuration gives. */
    public static PoolHttpConfig defaults() {
        return of(Version.HTTP_1_1);
    }

    /** This version; all else as an empty configuration gives. */
    public static PoolHttpConfig of(Version version) {
        return new PoolHttpConfig(version, null);
    }

    /** This with another name in the Host header. */
    public PoolHttpConfig withHost(@Nullable String newHost) {
        return new PoolHttpConfig(version, newHost);
    }

    /** A version of HTTP. */
    public enum Version {
        /** HTTP/1.1, one request at a time on a connection. */
        HTTP_1_1,
        /** HTTP/2, many requests at a time on a connection: agreed on with the encryption (ALPN), else taken for granted. */
        HTTP_2
    }
}
