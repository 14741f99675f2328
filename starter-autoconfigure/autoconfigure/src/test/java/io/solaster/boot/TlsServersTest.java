package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.solaster.boot.actuate.SolasterHealthAutoConfiguration;
import io.solaster.boot.actuate.SolasterWatchAutoConfiguration;
import io.solaster.boot.actuate.meters.SolasterMetricsAutoConfiguration;
import io.solaster.http.HttpHandler;
import io.solaster.spring.server.ServerLifecycle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundleRegistry;
import org.springframework.boot.ssl.SslStoreBundle;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** Servers that encrypt by bundles of Spring Boot's: by host, while bundles change, and in health and meters. */
class TlsServersTest {

    private static ApplicationContextRunner runner(Path directory, String... bundles) throws Exception {
        ApplicationContextRunner runner = new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                        SolasterHttpAutoConfiguration.class, SolasterWatchAutoConfiguration.class,
                        SolasterHealthAutoConfiguration.class, SolasterMetricsAutoConfiguration.class,
                        SslAutoConfiguration.class))
                .withBean(MeterRegistry.class, SimpleMeterRegistry::new)
                .withBean("web", HttpHandler.class, () -> (request, response) -> response.send("here"))
                .withPropertyValues("solaster.engine.shards=1", "solaster.engine.pinning=never",
                        "solaster.servers.web.protocol=http", "solaster.servers.web.port=0",
                        "solaster.servers.web.ssl-bundle=" + bundles[0], "solaster.servers.web.tls.provider=jdk");
        for (String each : bundles) {
            Certificates.make(directory, each);
            runner = runner.withPropertyValues(
                    "spring.ssl.bundle.jks." + each + ".keystore.location=file:" + directory.resolve(each + ".p12"),
                    "spring.ssl.bundle.jks." + each + ".keystore.password=changeit");
        }
        return runner;
    }

    private static String shown(AssertableApplicationContext context, SSLContext trusting, String name)
            throws IOException {
        int port = context.getBean(ServerLifecycle.class).server("web").orElseThrow().port();
        try (Socket socket = trusting.getSocketFactory().createSocket("127.0.0.1", port)) {
            SSLSocket tls = (SSLSocket) socket;
            SSLParameters parameters = tls.getSSLParameters();
            parameters.setServerNames(List.of(new SNIHostName(name)));
            tls.setSSLParameters(parameters);
            tls.startHandshake();
            return ((X509Certificate) tls.getSession().getPeerCertificates()[0]).getSubjectX500Principal().getName();
        }
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> certificate(AssertableApplicationContext context) {
        Health health = (Health) context.getBean("solasterHealthIndicator", HealthIndicator.class).health(true);
        Map<String, Object> web = (Map<String, Object>) ((Map<String, Object>) health.getDetails().get("servers"))
                .get("web");
        return ((List<Map<String, Object>>) ((Map<String, Object>) web.get("tls")).get("certificates")).getFirst();
    }

    private static double count(MeterRegistry registry, String name, String... tags) {
        return registry.get("solaster.server.tls." + name).tags("server", "web").tags(tags).functionCounter().count();
    }

    @Test
    void hosts_have_bundles_of_their_own(@TempDir Path directory) throws Exception {
        KeyStore server = Certificates.make(directory, "server");
        KeyStore shop = Certificates.make(directory, "shop");
        runner(directory, "server", "shop")
                .withPropertyValues("solaster.servers.web.tls.server-names.shop=*.shop.example")
                .run(context -> {
                    assertThat(shown(context, Certificates.client(server, false), "localhost")).isEqualTo("CN=server");
                    assertThat(shown(context, Certificates.client(shop, false), "eu.shop.example"))
                            .isEqualTo("CN=shop");
                });
        runner(directory, "server").withPropertyValues("solaster.servers.web.tls.server-names.shop=shop.example")
                .run(context -> assertThat(context).getFailure().rootCause()
                        .hasMessageContaining("solaster.servers.web.tls.server-names").hasMessageContaining("'shop'"));
    }

    @Test
    void a_bundle_that_changes_is_in_force_unless_it_is_no_good(@TempDir Path directory) throws Exception {
        KeyStore server = Certificates.make(directory, "server");
        KeyStore other = Certificates.make(directory, "other");
        runner(directory, "server").run(context -> {
            SslBundleRegistry bundles = context.getBean(SslBundleRegistry.class);
            MeterRegistry registry = context.getBean(MeterRegistry.class);
            context.getBeansOfType(MeterBinder.class).values().forEach(each -> each.bindTo(registry));
            assertThat(shown(context, Certificates.client(server, false), "localhost")).isEqualTo("CN=server");
            assertThat(certificate(context)).containsEntry("status", "WARN").containsEntry("bundle", "server")
                    .as("those of tests are good for a week");

            bundles.updateBundle("server", SslBundle.of(SslStoreBundle.of(other, "changeit", null)));
            assertThat(shown(context, Certificates.client(other, false), "localhost")).isEqualTo("CN=other");
            assertThat(certificate(context)).containsEntry("subjects", List.of("CN=other"))
                    .doesNotContainKey("problem");

            bundles.updateBundle("server", SslBundle.of(SslStoreBundle.of(server, "wrong", null)));
            bundles.updateBundle("server", SslBundle.of(SslStoreBundle.NONE));
            assertThat(shown(context, Certificates.client(other, false), "localhost")).isEqualTo("CN=other");
            assertThat(certificate(context)).containsEntry("subjects", List.of("CN=other")).containsKey("problem");
            assertThat(count(registry, "updates", "outcome", "applied")).isEqualTo(1);
            assertThat(count(registry, "updates", "outcome", "refused")).isEqualTo(2);
            assertThat(registry.get("solaster.server.tls.certificate.expires").gauge().value())
                    .isBetween(1.0, 7.0 * 24 * 3600);
            assertThat(count(registry, "handshakes", "result", "succeeded")).isPositive();
            assertThat(count(registry, "handshakes", "result", "failed")).isZero();
        });
    }

    @Test
    void what_was_counted_stays_while_servers_are_not_bound(@TempDir Path directory) throws Exception {
        KeyStore server = Certificates.make(directory, "server");
        runner(directory, "server").run(context -> {
            MeterRegistry registry = context.getBean(MeterRegistry.class);
            context.getBeansOfType(MeterBinder.class).values().forEach(each -> each.bindTo(registry));
            ServerLifecycle servers = context.getBean(ServerLifecycle.class);
            shown(context, Certificates.client(server, false), "localhost");
            // The shard counts after it has told the client.
            ThreeShards.until("the first is counted", () -> count(registry, "handshakes", "result", "succeeded") == 1);
            servers.stop();
            assertThat(count(registry, "handshakes", "result", "succeeded")).isEqualTo(1);
            assertThat(registry.get("solaster.server.tls.certificate.expires").gauge().value()).isPositive();
            servers.start();
            shown(context, Certificates.client(server, false), "localhost");
            ThreeShards.until("both are counted", () -> count(registry, "handshakes", "result", "succeeded") == 2);
        });
    }
}
