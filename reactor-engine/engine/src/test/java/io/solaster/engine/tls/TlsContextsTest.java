package io.solaster.engine.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.OpenSsl;
import io.solaster.config.Changed;
import io.solaster.config.server.ServerConfig.ClientAuth;
import io.solaster.config.server.TlsConfig;
import io.solaster.config.value.TlsProvider;
import io.solaster.engine.env.Environment;
import io.solaster.engine.env.ForwardingEnvironment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What is in force when key material changes, and time goes on. */
final class TlsContextsTest {
    private static final TlsConfig JDK = Changed.with(TlsConfig.defaults(), "provider", TlsProvider.JDK);

    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.now().plus(Duration.ofHours(1)));
    private final Environment environment = new ForwardingEnvironment(Environment.SYSTEM) {
        @Override
        public InstantSource wallClock() {
            return now::get;
        }
    };
    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(TlsContexts.class);

    @BeforeEach
    void listen() {
        logged.start();
        logger.setLevel(Level.INFO);
        logger.setAdditive(false);
        logger.addAppender(logged);
    }

    @AfterEach
    void listenNoMore() {
        logger.detachAppender(logged);
        logger.setAdditive(true);
        logger.setLevel(null);
    }

    private TlsContexts contexts(TlsConfig config, KeyMaterial material) {
        return new TlsContexts("solaster.servers.web", config, ClientAuth.NONE,
                () -> ApplicationProtocolConfig.DISABLED, "web", Map.of("web", material), environment);
    }

    private List<String> lines(Level level) {
        // As the appender does.
        synchronized (logged) {
            return logged.list.stream().filter(each -> each.getLevel() == level)
                    .map(ILoggingEvent::getFormattedMessage).toList();
        }
    }

    @Test
    void materialThatIsNoGoodChangesNothingAndSaysSo() {
        TestKeys one = TestKeys.of("one.example");
        TlsContexts contexts = contexts(JDK, one.material());
        KeyMaterial mixed = KeyMaterial.of(one.key(), List.of(TestKeys.of("two.example").certificate()));
        assertThat(contexts.update("web", () -> mixed)).isFalse();
        assertThat(contexts.update("web", () -> TestKeys.expired().material())).isFalse();
        assertThat(contexts.update("web", () -> KeyMaterial.ofFactories(null, null))).isFalse();
        assertThat(contexts.update("web", () -> {
            throw new IllegalStateException("no PEM");
        })).isFalse();
        assertThat(contexts.update("another", one::material)).isFalse();
        ServerCertificate inForce = contexts.certificates().getFirst();
        assertThat(inForce.subjects()).containsExactly("CN=one.example");
        assertThat(inForce.problem()).isEqualTo("no PEM");
        assertThat(inForce.refusedUpdates()).isEqualTo(4);
        assertThat(lines(Level.ERROR)).hasSize(4)
                .allMatch(line -> line.contains("solaster.servers.web: the updated SSL bundle 'web' is no good")
                        && line.contains("CN=one.example"))
                .anyMatch(line -> line.contains("the private key is not that of the certificate"))
                .anyMatch(line -> line.contains("is expired or not yet good"))
                .anyMatch(line -> line.contains("there is no private key"));
        assertThat(contexts.update("web", () -> TestKeys.of("two.example").material())).isTrue();
        inForce = contexts.certificates().getFirst();
        assertThat(inForce.subjects()).containsExactly("CN=two.example");
        assertThat(inForce.problem()).isNull();
        assertThat(inForce.updates()).isOne();
    }

    @Test
    void noSuitesInCbcModeAreOfferedUnlessTheMaterialNamesThem() {
        KeyMaterial material = TestKeys.of("one.example").material();
        for (TlsProvider provider : new TlsProvider[]{TlsProvider.JDK, TlsProvider.AUTO}) {
            TlsConfig config = Changed.with(JDK, "provider", provider);
            assertThat(contexts(config, material).cipherSuites())
                    .contains("TLS_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")
                    .noneMatch(suite -> suite.contains("_CBC_") || suite.startsWith("TLS_RSA_"));
        }
        String named = "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA";
        assertThat(contexts(JDK, material.withOptions(null, List.of(named))).cipherSuites()).containsExactly(named);
    }

    @Test
    void nothingStartsWithoutAKey() {
        assertThatIllegalArgumentException().isThrownBy(() -> contexts(JDK, KeyMaterial.ofFactories(null, null)))
                .withMessageContaining("SSL bundle 'web'").withMessageContaining("give a certificate and its key");
        assertThatIllegalArgumentException().isThrownBy(() -> contexts(
                Changed.with(JDK, "serverNames", Map.of("shop", "shop.example")),
                TestKeys.of("one.example").material())).withMessageContaining("no key material 'shop'");
    }

    @Test
    void anExpiredCertificateIsShownWhereThereIsNoBetterOne() {
        TlsContexts contexts = contexts(JDK, TestKeys.expired().material());
        assertThat(lines(Level.WARN)).singleElement().asString().contains("has expired");
        assertThat(contexts.certificates().getFirst().expiresSoon()).isTrue();
        assertThat(contexts.update("web", () -> TestKeys.expired().material())).isTrue();
    }

    @Test
    void aCertificateThatExpiresSoonIsNamedOnceADay() {
        TlsContexts contexts = contexts(JDK, TestKeys.of("one.example").material());
        assertThat(contexts.certificates().getFirst().expiresSoon()).isFalse();
        assertThat(lines(Level.WARN)).isEmpty();
        now.set(now.get().plus(Duration.ofDays(20)));
        for (int i = 0; i < 3; i++) {
            assertThat(contexts.certificates().getFirst().expiresSoon()).isTrue();
        }
        assertThat(lines(Level.WARN)).singleElement().asString().contains("expires in", "CN=one.example", "renew it");
        now.set(now.get().plus(Duration.ofDays(1)));
        contexts.certificates();
        assertThat(lines(Level.WARN)).hasSize(2);
    }

    @Test
    void theChoiceIsLoggedWithItsReason() {
        contexts(JDK, TestKeys.of("one.example").material());
        assertThat(lines(Level.INFO)).singleElement().asString()
                .contains("TLS by JDK " + Runtime.version().feature() + " (configured)", "CN=one.example");
        TlsChoice auto = TlsChoice.of(TlsProvider.AUTO);
        if (OpenSsl.isAvailable()) {
            assertThat(auto.provider()).isEqualTo(TlsProvider.OPENSSL);
            assertThat(auto.reason()).isEqualTo("netty-tcnative is there");
        } else {
            assertThat(auto.provider()).isEqualTo(TlsProvider.JDK);
            assertThat(auto.reason()).startsWith("netty-tcnative ");
            assertThatIllegalArgumentException().isThrownBy(() -> TlsChoice.of(TlsProvider.OPENSSL))
                    .withMessageContaining("add io.netty:netty-tcnative-boringssl-static");
        }
    }
}
