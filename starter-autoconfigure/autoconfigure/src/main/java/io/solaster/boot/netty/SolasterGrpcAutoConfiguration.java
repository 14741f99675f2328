package io.solaster.boot.netty;

import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.config.SolasterConfig;
import io.solaster.engine.Engine;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.grpc.client.GrpcChannelBuilderCustomizer;
import org.springframework.grpc.server.ServerBuilderCustomizer;

/**
 * Hands the shards to gRPC's Netty transport. Spring's servers and channels are put on them before the application's
 * customizers, which so have the last word; sockets in the file system keep threads of their own.
 */
@AutoConfiguration(after = SolasterAutoConfiguration.class)
@ConditionalOnClass({NettyServerBuilder.class, NettyChannelBuilder.class})
@ConditionalOnBean(Engine.class)
@ConditionalOnBooleanProperty(name = "solaster.libraries.grpc", matchIfMissing = true)
public final class SolasterGrpcAutoConfiguration {
    private static final String UNIX = "unix:";

    @Bean
    @ConditionalOnMissingBean
    GrpcOnShards solasterGrpc(Engine engine, SolasterConfig config) {
        return new GrpcOnShards(engine, config.libraries().grpcHandlers());
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(ServerBuilderCustomizer.class)
    static class Server {

        @Bean
        @Order(Ordered.HIGHEST_PRECEDENCE)
        @ConditionalOnMissingBean(name = "solasterGrpcServerCustomizer")
        ServerBuilderCustomizer<NettyServerBuilder> solasterGrpcServerCustomizer(GrpcOnShards shards,
                Environment environment) {
            boolean local = environment.getProperty("spring.grpc.server.address", "").startsWith(UNIX);
            return server -> {
                if (!local) {
                    shards.on(server);
                }
            };
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(GrpcChannelBuilderCustomizer.class)
    static class Client {

        @Bean
        @Order(Ordered.HIGHEST_PRECEDENCE)
        @ConditionalOnMissingBean(name = "solasterGrpcChannelCustomizer")
        GrpcChannelBuilderCustomizer<NettyChannelBuilder> solasterGrpcChannelCustomizer(GrpcOnShards shards,
                Environment environment) {
            return (target, channel) -> {
                String address = environment.getProperty("spring.grpc.client.channel." + target + ".target", target);
                if (!address.startsWith(UNIX)) {
                    shards.on(channel);
                }
            };
        }
    }
}
