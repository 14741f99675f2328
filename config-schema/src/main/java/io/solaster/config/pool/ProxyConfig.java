package io.solaster.config.pool;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What stands between us and the endpoints of a pool.
 *
 * @param type what it speaks
 * @param address its host and port
 * @param username who we are to it; none by default
 * @param password what proves that; none by default
 * @param proxyProtocol whether a connection begins with the PROXY protocol, which tells the endpoint who asks
 */
public record ProxyConfig(@DefaultValue("none") Type type, @Nullable String address, @Nullable String username,
        @Nullable String password, @DefaultValue("none") ProxyProtocol proxyProtocol) {

    /** What an empty configuration gives: no proxy. */
    public static ProxyConfig defaults() {
        return new ProxyConfig(Type.NONE, null, null, null, ProxyProtocol.NONE);
    }

    /** Everything but the password, which must not reach a log. */
    @Override
    public String toString() {
        return "ProxyConfig[type=" + type + ", address=" + address + ", username=" + username + ", password="
                + (password == null ? "none" : "******") + ", proxyProtocol=" + proxyProtocol + "]";
    }

    /** What a proxy speaks. */
    public enum Type {
        /** There is no proxy. */
        NONE,
        /** HTTP's CONNECT. */
        HTTP,
        /** SOCKS 4. */
        SOCKS4,
        /** SOCKS 5. */
        SOCKS5
    }

    /** The PROXY protocol, as HAProxy defines it. */
    public enum ProxyProtocol {
        /** Nothing is told. */
        NONE,
        /** One line of text. */
        V1,
        /** A binary header. */
        V2
    }
}
