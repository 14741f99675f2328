package io.solaster.pool.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DnsResolverTest {
    private static final String HOST = "orders.example";

    private final DnsServer server = new DnsServer();
    private Engine engine;

    @AfterEach
    void stop() {
        if (engine != null) {
            engine.close();
        }
        server.close();
    }

    private DnsResolver resolver(Transport transport) {
        assumeTrue(transport != Transport.EPOLL || Epoll.isAvailable(), "no epoll here");
        assumeTrue(transport != Transport.IO_URING || IoUring.isAvailable(), "no io_uring here");
        engine = Engine
                .start(EngineConfig.defaults().withShards(2).withPinning(Pinning.NEVER).withTransport(transport));
        return DnsResolver.on(engine, server::ask);
    }

    @ParameterizedTest
    @EnumSource(value = Transport.class, names = {"NIO", "EPOLL", "IO_URING"})
    void findsAllAddressesOfAName(Transport transport) throws Exception {
        DnsResolver resolver = resolver(transport);
        server.addresses(HOST, 60, "10.0.0.1", "10.0.0.2").addresses6(HOST, 60, "fd00::1");
        assertThat(get(resolver.resolve(HOST))).extracting(InetAddress::getHostAddress)
                .containsExactlyInAnyOrder("10.0.0.1", "10.0.0.2", "fd00:0:0:0:0:0:0:1");
        assertThat(get(resolver.resolve(HOST))).extracting(InetAddress::getHostName).containsOnly(HOST);
    }

    @Test
    void answersOnTheShardThatAsks() throws Exception {
        DnsResolver resolver = resolver(Transport.NIO);
        server.addresses(HOST, 60, "10.0.0.1");
        assertThat((int) get(engine.submitStageTo(1, CallOptions.DEFAULTS,
                () -> resolver.resolve(HOST).thenApply(found -> Shard.current().id())))).isEqualTo(1);
        assertThat((int) get(engine.submitStageTo(1, CallOptions.DEFAULTS,
                () -> resolver.resolve("10.0.0.7").thenApply(found -> Shard.current().id())))).isEqualTo(1);
    }

    @Test
    void anAddressIsItsOwnAnswer() throws Exception {
        DnsResolver resolver = resolver(Transport.NIO);
        assertThat(get(resolver.resolve("10.1.2.3"))).extracting(InetAddress::getHostAddress)
                .containsExactly("10.1.2.3");
        assertThat(get(resolver.resolve("fd00::7"))).extracting(InetAddress::getHostAddress)
                .containsExactly("fd00:0:0:0:0:0:0:7");
        assertThat(server.asked("10.1.2.3", DnsRecordType.A)).isZero();
    }

    @Test
    void whatIsStillGoodIsNotAskedForAgain() throws Exception {
        DnsResolver resolver = resolver(Transport.NIO);
        server.addresses(HOST, 60, "10.0.0.1").addresses6(HOST, 60, "fd00::1");
        List<InetAddress> first = get(resolver.resolve(HOST));
        assertThat(get(resolver.resolve(HOST))).hasSameElementsAs(first);
        assertThat(server.asked(HOST, DnsRecordType.A)).isEqualTo(1);
    }

    @Test
    void whatServersNoLongerAnswerStillHolds() throws Exception {
        DnsResolver resolver = resolver(Transport.NIO);
        server.addresses(HOST, 0, "10.0.0.1");
        List<InetAddress> first = get(resolver.resolve(HOST));
        server.silent(HOST, DnsRecordType.A).silent(HOST, DnsRecordType.AAAA);
        assertThat(get(resolver.resolve(HOST))).isEqualTo(first);
        server.error(HOST, DnsRecordType.A, DnsResponseCode.SERVFAIL).error(HOST, DnsRecordType.AAAA,
                DnsResponseCode.SERVFAIL);
        assertThat(get(resolver.resolve(HOST))).isEqualTo(first);
    }

    @Test
    void aNameThatIsGoneIsGone() throws Exception {
        DnsResolver resolver = resolver(Transport.NIO);
        assertThatThrownBy(() -> get(resolver.resolve("nobody.example"))).isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(UnknownHostException.class).hasMessageContaining("nobody.example");
        server.addresses(HOST, 0, "10.0.0.1");
        get(resolver.resolve(HOST));
        server.error(HOST, DnsRecordType.A, DnsResponseCode.NXDOMAIN).error(HOST, DnsRecordType.AAAA,
                DnsResponseCode.NXDOMAIN);
        assertThatThrownBy(() -> get(resolver.resolve(HOST))).hasCauseInstanceOf(UnknownHostException.class);
    }

    @Test
    void namesOfTheHostsFileNeedNoServer() throws Exception {
        DnsResolver resolver = resolver(Transport.NIO);
        assertThat(get(resolver.resolve("localhost"))).isNotEmpty().allMatch(InetAddress::isLoopbackAddress);
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.get(60, TimeUnit.SECONDS);
    }
}
