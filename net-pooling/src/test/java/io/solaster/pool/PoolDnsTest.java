package io.solaster.pool;

import static io.solaster.pool.TestEngines.get;
import static io.solaster.pool.TestEngines.until;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.DiscoveryConfig;
import io.solaster.pool.connect.Connectors;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.discovery.DnsDiscovery;
import io.solaster.pool.discovery.DnsResolver;
import io.solaster.pool.discovery.DnsServer;
import org.junit.jupiter.api.Test;

/** A pool whose endpoints DNS tells: what it says counts, and what it fails to say cuts nobody off. */
final class PoolDnsTest extends Rig {
    private static final String HOST = "orders.example";
    private static final String FIRST = "127.0.0.1";
    private static final String SECOND = "127.0.0.2";

    PoolDnsTest() {
        super(Transport.AUTO);
    }

    @Test
    void followsANameThatChangesAndGoesOnWhereDnsIsEmptyOrFails() {
        Backend one = backend("a");
        Backend two = Backend.start(engine, "b", SECOND, one.port());
        open.add(two);
        DnsServer dns = new DnsServer();
        open.add(dns);
        dns.addresses(HOST, 0, FIRST);
        Discovery discovery = DnsDiscovery.addresses(engine, DnsResolver.on(engine, dns::askBriefly),
                new DiscoveryConfig(DiscoveryConfig.Type.DNS, HOST, one.port(), null, Duration.ofMillis(50),
                        Duration.ofMillis(5)));
        pool(new Lines(false), discovery, Connectors.of(engine, config, Rig::resolve, null));
        assertThat(ask(0, "x")).isEqualTo("a x");
        CompletableFuture<String> underWay = asking(0, LONG, "hold");
        until("it is under way", () -> one.held() == 1);

        dns.addresses(HOST, 0, SECOND);
        until("requests go there", () -> ask(0, "x").equals("b x") && ask(1, "x").equals("b x"));
        assertThat(underWay).as("what was under way is not cut").isNotDone();
        one.release();
        assertThat(get(underWay)).isEqualTo("a hold");
        until("nothing goes to the old address", () -> Sockets.to(FIRST, one.port()) == 0);
        assertThat(stats(0).closed(CloseReason.REMOVED)).isPositive();

        dns.addresses(HOST, 0);
        assertGoesOn(dns);
        dns.error(HOST, DnsRecordType.A, DnsResponseCode.SERVFAIL);
        assertGoesOn(dns);
        dns.silent(HOST, DnsRecordType.A);
        assertGoesOn(dns);

        dns.addresses(HOST, 0, FIRST, SECOND);
        until("both are there", () -> upstream.stats().stream().mapToLong(each -> each.members.get()).sum() == 2);
        until("the first is asked again", () -> ask(0, "x").equals("a x"));
        assertNothingLeaked(one.port());
    }

    /** Until DNS was asked a few times. */
    private void assertGoesOn(DnsServer dns) {
        int asked = dns.asked(HOST, DnsRecordType.A);
        until("it was asked again", () -> dns.asked(HOST, DnsRecordType.A) >= asked + 3);
        assertThat(ask(0, "y")).isEqualTo("b y");
        assertThat(upstream.members()).containsExactly(Endpoint.of(SECOND, dnsPort()));
    }

    private int dnsPort() {
        return upstream.members().getFirst().port();
    }
}
