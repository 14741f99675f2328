package io.solaster.config.server;

import java.time.Duration;

import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Which proxies in front of a server say whose connections they pass on, by the PROXY protocol (versions 1 and 2).
 *
 * @param trusted the addresses of those proxies, with commas between them, such as '10.0.0.0/8, fd00::/8, 192.0.2.7': each of
 *            their connections begins with a header, which names the client; none by default. Whoever else sends one is
 *            disconnected. A connection by a Unix domain socket counts as one from 127.0.0.1
 * @param timeout how long the header may take
 */
public record ProxyProtocolConfig(@DefaultValue("") String trusted, @DefaultValue("5s") Duration timeout) {

    /** What an empty configuration gives. */
    public static ProxyProtocolConfig defaults() {
        return new ProxyProtocolConfig("", Duration.ofSeconds(5));
    }
}
