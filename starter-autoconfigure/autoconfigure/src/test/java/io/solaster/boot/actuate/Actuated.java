package io.solaster.boot.actuate;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import io.solaster.engine.Engine;
import io.solaster.spring.server.ServerLifecycle;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.context.annotation.ImportCandidates;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/** An application with a RESP server and Actuator on a port of its own, and a client for it. */
public final class Actuated implements AutoCloseable {
    final ConfigurableApplicationContext context;
    private final HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(60)).build();

    private Actuated(ConfigurableApplicationContext context) {
        this.context = context;
    }

    /** What only other tests need of the class path: to look at all of it takes most of a start's time. */
    private static final String BUT_SERVERS = autoConfigurationsOf("org.springframework.boot.r2dbc.",
            "org.springframework.boot.data.", "org.springframework.boot.persistence.",
            "org.springframework.boot.transaction.", "org.springframework.boot.grpc.",
            "org.springframework.boot.opentelemetry.", "org.springframework.boot.micrometer.tracing.",
            "org.springframework.cloud.");
    /** The same and, of the two reactive servers, Tomcat. */
    public static final String BUT_NETTY = BUT_SERVERS + ",org.springframework.boot.tomcat.autoconfigure.actuate.web"
            + ".server.TomcatReactiveManagementContextAutoConfiguration,org.springframework.boot.tomcat.autoconfigure"
            + ".reactive.TomcatReactiveWebServerAutoConfiguration";

    private static String autoConfigurationsOf(String... packages) {
        return ImportCandidates.load(AutoConfiguration.class, Actuated.class.getClassLoader()).getCandidates().stream()
                .filter(name -> Arrays.stream(packages).anyMatch(name::startsWith)).collect(Collectors.joining(","));
    }

    static Actuated start(WebApplicationType type, String... properties) {
        return start(type, Application.class, properties);
    }

    /** @param more a configuration beside the automatic one */
    static Actuated start(WebApplicationType type, Class<?> more, String... properties) {
        SpringApplication application = new SpringApplication(Application.class, more);
        application.setWebApplicationType(type);
        application.setRegisterShutdownHook(false);
        application.setDefaultProperties(Map.of("solaster.engine.shards", "2", "solaster.engine.pinning", "never",
                "solaster.engine.transport", "nio", "solaster.servers.kv.protocol", "resp", "solaster.servers.kv.port",
                "0", "server.port", "0", "management.server.port", "0",
                "management.endpoints.web.exposure.include", "*", "spring.main.banner-mode", "off"));
        List<String> args = new ArrayList<>();
        args.add("--spring.autoconfigure.exclude=" + (type == WebApplicationType.REACTIVE ? BUT_NETTY : BUT_SERVERS));
        for (String property : properties) {
            args.add("--" + property);
        }
        return new Actuated(application.run(args.toArray(String[]::new)));
    }

    Engine engine() {
        return context.getBean(Engine.class);
    }

    ServerLifecycle servers() {
        return context.getBean(ServerLifecycle.class);
    }

    int kv() {
        return servers().server("kv").orElseThrow().port();
    }

    String url(String path) {
        return "http://127.0.0.1:" + context.getEnvironment().getProperty("local.management.port") + "/actuator/"
                + path;
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(URI.create(url(path))).timeout(Duration.ofSeconds(60)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> get(String path, String accept) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(URI.create(url(path))).timeout(Duration.ofSeconds(60))
                .header("Accept", accept).build(), HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> post(String path, String json) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(URI.create(url(path))).timeout(Duration.ofSeconds(60))
                .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(json)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    @Override
    public void close() {
        client.close();
        context.close();
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {}
}
