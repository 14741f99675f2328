package io.solaster.boot.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoopGroup;
import io.solaster.engine.Engine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.client.ReactorResourceFactory;
import reactor.netty.resources.LoopResources;

/** Whoever lets the shards serve management is told what that means. */
@ExtendWith(OutputCaptureExtension.class)
final class SharedPortWarningTest {
    private static final String WARNING = "Management is served by the shards";

    @Test
    void is_given_where_shards_serve_management_on_the_shared_port(CapturedOutput output) {
        try (Actuated it = Actuated.start(WebApplicationType.REACTIVE, OnShards.class, "management.server.port=")) {
            assertThat(it.engine().isStopping()).isFalse();
            assertThat(output).contains(WARNING).contains("set management.server.port to a port of its own");
        }
    }

    @Test
    void is_not_given_on_a_port_of_its_own_nor_where_others_serve(CapturedOutput output) {
        try (Actuated own = Actuated.start(WebApplicationType.REACTIVE, OnShards.class);
                Actuated tomcat = Actuated.start(WebApplicationType.SERVLET, "management.server.port=")) {
            assertThat(own.engine()).isNotSameAs(tomcat.engine());
            assertThat(output).doesNotContain(WARNING);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OnShards {
        @Bean
        ReactorResourceFactory reactorResourceFactory(Engine engine) {
            EventLoopGroup shards = engine.eventLoopGroup();
            ReactorResourceFactory factory = new ReactorResourceFactory();
            factory.setUseGlobalResources(false);
            factory.setLoopResources(useNative -> shards);
            return factory;
        }
    }
}
