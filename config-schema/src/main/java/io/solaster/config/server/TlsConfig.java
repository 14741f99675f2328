package io.solaster.config.server;

import java.time.Duration;
import java.util.Map;

import io.solaster.config.value.Range;
import io.solaster.config.value.TlsProvider;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How a server encrypts, where it has an SSL bundle.
 *
 * @param provider what does TLS: OpenSSL by netty-tcnative, the JDK, or the first of them that is there
 * @param serverNames further SSL bundles, by their names, each with the host names that it is for, with commas between them,
 *            such as 'shop.example, *.shop.example'; a client that asks for another name, or for none, gets 'ssl-bundle'
 * @param unknownNames what becomes of a client that asks for a name that no bundle here is for
 * @param handshakeTimeout how long a handshake may take, from the connection's first moment
 * @param handshakesPerTurn how many handshakes each shard begins in one turn of its loop; others wait, and the shard serves its
 *            connections between them
 * @param maxHandshakes how many handshakes each shard has under way at once; connections beyond that are closed
 * @param tickets whether clients get session tickets, with which they come back without a full handshake on any shard; the JDK
 *            always gives them
 * @param ticketRotation how often the key of tickets is replaced; older keys are good for as long as sessions are. The JDK
 *            replaces its own each session-timeout
 * @param sessionCacheSize how many sessions are remembered for clients without tickets, over all shards
 * @param sessionTimeout how long a session may be resumed
 * @param expiryWarning how long before a certificate expires there is a warning, once a day
 */
public record TlsConfig(@DefaultValue("auto") TlsProvider provider, @DefaultValue Map<String, String> serverNames,
        @DefaultValue("default") UnknownNames unknownNames,
        @DefaultValue("10s") Duration handshakeTimeout,
        @DefaultValue("1") @Range(min = 1, max = 1024) int handshakesPerTurn,
        @DefaultValue("1024") @Range(min = 1, max = 1 << 20) int maxHandshakes,
        @DefaultValue("true") boolean tickets, @DefaultValue("1h") Duration ticketRotation,
        @DefaultValue("20000") @Range(min = 1, max = 10_000_000) int sessionCacheSize,
        @DefaultValue("1h") Duration sessionTimeout, @DefaultValue("14d") Duration expiryWarning) {

    /** What an empty configuration gives. */
    public static TlsConfig defaults() {
        return new TlsConfig(TlsProvider.AUTO, Map.of(), UnknownNames.DEFAULT, Duration.ofSeconds(10), 1, 1024, true,
                Duration.ofHours(1), 20_000, Duration.ofHours(1), Duration.ofDays(14));
    }

    /** This with other SSL bundles for hosts, by the bundles' names. */
    public TlsConfig withServerNames(Map<String, String> newServerNames) {
        return new TlsConfig(provider, newServerNames, unknownNames, handshakeTimeout, handshakesPerTurn, maxHandshakes,
                tickets, ticketRotation, sessionCacheSize, sessionTimeout, expiryWarning);
    }

    /** What becomes of a client that asks for a name that no bundle is for. */
    public enum UnknownNames {
        /** The server shows its default certificate. */
        DEFAULT,
        /** The server refuses the handshake, as {@code unrecognized_name}. */
        REFUSE
    }
}
