package io.solaster.config.pool;

import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What holds for a pool whose endpoints speak HTTP.
 *
 * @param version what is spoken with them; they must know it
 */
public record PoolHttpConfig(@DefaultValue("http-1-1") Version version) {

    /** What an empty configuration gives. */
    public static PoolHttpConfig defaults() {
        return new PoolHttpConfig(Version.HTTP_1_1);
    }

    /** A version of HTTP. */
    public enum Version {
        /** HTTP/1.1, one request at a time on a connection. */
        HTTP_1_1,
        /** HTTP/2, many requests at a time on a connection: agreed on with the encryption (ALPN), else taken for granted. */
        HTTP_2
    }
}
