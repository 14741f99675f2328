package io.solaster.boot.web;

import io.solaster.config.value.ByteSize;
import io.solaster.spring.web.SolasterReactiveWebServerFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.cloud.CloudPlatform;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.boot.web.server.autoconfigure.ServerProperties.ForwardHeadersStrategy;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;
import org.springframework.util.unit.DataSize;

/** Puts in force what {@code server.*} says beyond what Spring Boot's customizer for all reactive servers does. */
final class ServerPropertiesCustomizer
        implements
            WebServerFactoryCustomizer<SolasterReactiveWebServerFactory>,
            Ordered {
    private static final Logger log = LoggerFactory.getLogger(ServerPropertiesCustomizer.class);

    private final ServerProperties properties;
    private final Environment environment;

    ServerPropertiesCustomizer(ServerProperties properties, Environment environment) {
        this.properties = properties;
        this.environment = environment;
    }

    /** As Spring Boot's own: whoever wants the last word comes after. */
    @Override
    public int getOrder() {
        return 0;
    }

    @Override
    public void customize(SolasterReactiveWebServerFactory factory) {
        factory.setUseForwardHeaders(usesForwardHeaders());
        factory.setServerHeader(properties.getServerHeader());
        Binder binder = Binder.get(environment);
        // Only if it is said: Spring Boot's own default would stand above solaster.web.http.max-header-size.
        binder.bind("server.max-http-request-header-size", DataSize.class).ifBound(size -> factory
                .setHttp(factory.getHttp().withMaxHeaderSize(new ByteSize(size.toBytes()))));
        binder.bind("server.netty", Bindable.mapOf(String.class, String.class))
                .ifBound(netty -> log.debug("server.netty.* is for Reactor Netty, and ignored: {}", netty.keySet()));
    }

    /** Unless it is said, behind the proxies of a platform that is known for them. */
    private boolean usesForwardHeaders() {
        ForwardHeadersStrategy strategy = properties.getForwardHeadersStrategy();
        if (strategy == null) {
            CloudPlatform platform = CloudPlatform.getActive(environment);
            return platform != null && platform.isUsingForwardHeaders();
        }
        return strategy == ForwardHeadersStrategy.NATIVE;
    }
}
