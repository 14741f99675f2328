package io.solaster.pool.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.UnknownHostException;
import java.time.Duration;
import java.util.function.Consumer;

import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.DiscoveryConfig;
import io.solaster.engine.Engine;
import io.solaster.pool.Endpoint;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What DNS says comes to be the endpoints, and what it fails to say changes nothing. */
class DnsDiscoveryTest {
    private static final String HOST = "orders.example";
    private static final String SERVICE = "_http._tcp.orders.example";

    private final DnsServer server = new DnsServer();
    private final Found found = new Found();
    private Engine engine;
    private Discovery discovery;

    @BeforeEach
    void start() {
        engine = Engine.start(
                EngineConfig.defaults().withShards(2).withPinning(Pinning.NEVER).withTransport(Transport.NIO));
    }

    @AfterEach
    void stop() {
        discovery.close();
        engine.close();
        server.close();
    }

    private void addresses(Duration refresh) {
        addresses(refresh, server::ask);
    }

    /** Where the server falls silent, which is found by waiting. */
    private void briefly(Duration refresh) {
        addresses(refresh, server::askBriefly);
    }

    private void addresses(Duration refresh, Consumer<DnsNameResolverBuilder> ask) {
        discovery = DnsDiscovery.addresses(engine, DnsResolver.on(engine, ask),
                config(DiscoveryConfig.Type.DNS, HOST, 8080, refresh));
        discovery.start(found);
    }

    private void services(Duration refresh) {
        discovery = DnsDiscovery.services(engine, DnsResolver.on(engine, server::ask),
                config(DiscoveryConfig.Type.SRV, SERVICE, 0, refresh));
        discovery.start(found);
    }

    private static DiscoveryConfig config(DiscoveryConfig.Type type, String name, int port, Duration refresh) {
        return new DiscoveryConfig(type, name, port, null, refresh, Duration.ofMillis(5));
    }

    @Test
    void eachAddressIsAnEndpoint() {
        server.addresses(HOST, 600, "10.0.0.2", "10.0.0.1").addresses6(HOST, 600, "fd00::1");
        addresses(Duration.ofHours(1));
        found.until("10.0.0.1:8080", "10.0.0.2:8080", "[fd00:0:0:0:0:0:0:1]:8080");
        assertThat(discovery.name()).isEqualTo("dns " + HOST);
    }

    @Test
    void changesAreToldOnceTheyRunOut() {
        server.addresses(HOST, 0, "10.0.0.1");
        addresses(Duration.ofHours(1));
        found.until("10.0.0.1:8080");
        server.addresses(HOST, 0, "10.0.0.2", "10.0.0.1");
        found.until("10.0.0.1:8080", "10.0.0.2:8080");
        server.addresses(HOST, 3600, "10.0.0.3");
        found.until("10.0.0.3:8080");
        assertThat(found.found).as("what stays the same is told once").hasSize(3);
        assertThat(found.failures).isEmpty();
    }

    @Test
    void anAnswerThatLastsIsAskedForAtLatestAfterTheRefresh() {
        server.addresses(HOST, 86_400, "10.0.0.1");
        addresses(Duration.ofMillis(10));
        found.until("10.0.0.1:8080");
        server.addresses(HOST, 86_400, "10.0.0.2");
        found.until("10.0.0.2:8080");
    }

    @Test
    void itIsAskedAtOnceWhenSomebodyWantsTo() {
        server.addresses(HOST, 86_400, "10.0.0.1");
        addresses(Duration.ofDays(1));
        found.until("10.0.0.1:8080");
        server.addresses(HOST, 86_400, "10.0.0.2");
        discovery.refresh();
        found.until("10.0.0.2:8080");
    }

    @Test
    void anEmptyAnswerChangesNothingAndIsTold() {
        server.addresses(HOST, 0, "10.0.0.1");
        addresses(Duration.ofHours(1));
        found.until("10.0.0.1:8080");
        server.addresses(HOST, 0);
        found.untilFailed();
        assertThat(found.failures.getLast()).isInstanceOf(UnknownHostException.class);
        found.until("10.0.0.1:8080");
        server.addresses(HOST, 0, "10.0.0.2");
        found.until("10.0.0.2:8080");
        assertThat(found.found).hasSize(2);
    }

    @Test
    void errorsAndSilenceChangeNothingAndAreTold() {
        server.addresses(HOST, 0, "10.0.0.1");
        briefly(Duration.ofHours(1));
        found.until("10.0.0.1:8080");
        server.error(HOST, DnsRecordType.A, DnsResponseCode.NXDOMAIN).error(HOST, DnsRecordType.AAAA,
                DnsResponseCode.NXDOMAIN);
        found.untilFailed();
        server.error(HOST, DnsRecordType.A, DnsResponseCode.SERVFAIL);
        found.untilFailed();
        server.silent(HOST, DnsRecordType.A).silent(HOST, DnsRecordType.AAAA);
        found.untilFailed();
        assertThat(found.found).hasSize(1);
        server.addresses(HOST, 0, "10.0.0.1", "10.0.0.9");
        found.until("10.0.0.1:8080", "10.0.0.9:8080");
    }

    @Test
    void ofTwoFamiliesOneMayFallSilentAndKeepsItsAddresses() {
        server.addresses(HOST, 0, "10.0.0.1").addresses6(HOST, 0, "fd00::1");
        briefly(Duration.ofHours(1));
        found.until("10.0.0.1:8080", "[fd00:0:0:0:0:0:0:1]:8080");
        server.silent(HOST, DnsRecordType.AAAA).addresses(HOST, 0, "10.0.0.2");
        found.until("10.0.0.2:8080", "[fd00:0:0:0:0:0:0:1]:8080");
        server.addresses6(HOST, 0);
        found.until("10.0.0.2:8080");
    }

    @Test
    void aServerThatIsDownAtTheStartIsHeardOnceItIsUp() {
        server.silent(HOST, DnsRecordType.A).silent(HOST, DnsRecordType.AAAA);
        briefly(Duration.ofMillis(20));
        found.untilFailed();
        assertThat(found.found).isEmpty();
        server.addresses(HOST, 600, "10.0.0.1");
        found.until("10.0.0.1:8080");
    }

    @Test
    void servicesHavePortsWeightsAndPriorities() {
        server.services(SERVICE, 600, "20 5 8082 c.example", "10 0 8081 b.example", "10 60 8080 a.example");
        services(Duration.ofHours(1));
        found.until("a.example:8080", "b.example:8081", "c.example:8082");
        assertThat(found.last()).containsExactly(new Endpoint("a.example", 8080, 60, 0, null, -1),
                new Endpoint("b.example", 8081, 1, 0, null, -1), new Endpoint("c.example", 8082, 5, 1, null, -1));
    }

    @Test
    void greatWeightsKeepTheirProportion() {
        server.services(SERVICE, 600, "0 60000 80 a.example", "0 30000 80 b.example", "0 1 80 c.example");
        services(Duration.ofHours(1));
        found.until("a.example:80", "b.example:80", "c.example:80");
        assertThat(found.last()).extracting(Endpoint::weight).containsExactly(1000, 500, 1);
    }

    @Test
    void aServiceThatIsDecidedlyNotThereKeepsWhatWasFound() {
        server.services(SERVICE, 0, "0 0 80 a.example");
        services(Duration.ofHours(1));
        found.until("a.example:80");
        server.services(SERVICE, 0, "0 0 0 .");
        found.untilFailed();
        assertThat(found.failures.getLast()).hasMessageContaining(SERVICE + " has no hosts in DNS");
        assertThat(found.found).hasSize(1);
    }

    @Test
    void whoIsClosedTellsNothing() {
        server.addresses(HOST, 0, "10.0.0.1");
        addresses(Duration.ofHours(1));
        found.until("10.0.0.1:8080");
        discovery.close();
        int before = found.found.size();
        server.addresses(HOST, 0, "10.0.0.2");
        discovery.refresh();
        Found other = new Found();
        Discovery next = DnsDiscovery.addresses(engine, DnsResolver.on(engine, server::ask),
                config(DiscoveryConfig.Type.DNS, HOST, 8080, Duration.ofHours(1)));
        next.start(other);
        other.until("10.0.0.2:8080");
        next.close();
        assertThat(found.found).hasSize(before);
    }
}
