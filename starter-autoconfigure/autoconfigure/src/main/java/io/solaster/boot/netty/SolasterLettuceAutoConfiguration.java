package io.solaster.boot.netty;

import io.lettuce.core.RedisClient;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import io.lettuce.core.resource.NettyCustomizer;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.engine.Engine;
import io.solaster.spring.ShardSchedulers;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.data.redis.autoconfigure.ClientResourcesBuilderCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Hands the shards to Lettuce: its sockets, its computation and its timers. Where Spring Boot makes the
 * {@link ClientResources}, they are customized, else they are made here.
 */
@AutoConfiguration(after = SolasterAutoConfiguration.class, afterName = "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration")
@ConditionalOnClass(RedisClient.class)
@ConditionalOnBean(Engine.class)
@ConditionalOnBooleanProperty(name = "solaster.libraries.lettuce", matchIfMissing = true)
public final class SolasterLettuceAutoConfiguration {

    @Bean(destroyMethod = "shutdown")
    @ConditionalOnMissingBean
    ClientResources solasterClientResources(Engine engine, ObjectProvider<NettyCustomizer> customizers) {
        ShardNettyCustomizer.silenceLettuce();
        DefaultClientResources.Builder builder = DefaultClientResources.builder();
        runOnShards(builder, engine, customizers);
        return builder.build();
    }

    private static void runOnShards(ClientResources.Builder builder, Engine engine,
            ObjectProvider<NettyCustomizer> customizers) {
        ShardSchedulers.refuseBlocking();
        ColocatedShards shards = new ColocatedShards(engine);
        ChannelTypes channels = ChannelTypes.of(engine);
        builder.eventLoopGroupProvider(new ShardEventLoopGroupProvider(shards, engine.shards().size()))
                .eventExecutorGroup(shards).timer(new ShardTimer(shards))
                .addressResolverGroup(new DnsAddressResolverGroup(new DnsNameResolverBuilder()
                        .datagramChannelType(channels.datagram()).socketChannelType(channels.stream())))
                .nettyCustomizer(new ShardNettyCustomizer(engine.transport().kind(),
                        customizers.orderedStream().toList()));
    }

    /** What Spring Boot and Spring Data make. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({ClientResourcesBuilderCustomizer.class, LettuceConnectionFactory.class})
    static class SpringData {

        /** Before those of the application, which so have the last word. */
        @Bean
        @Order(Ordered.HIGHEST_PRECEDENCE)
        ClientResourcesBuilderCustomizer solasterClientResourcesCustomizer(Engine engine,
                ObjectProvider<NettyCustomizer> customizers) {
            ShardNettyCustomizer.silenceLettuce();
            return builder -> runOnShards(builder, engine, customizers);
        }

        @Bean
        @ConditionalOnMissingBean
        EarlyRedisConnections solasterEarlyRedisConnections(ObjectProvider<LettuceConnectionFactory> factories) {
            return new EarlyRedisConnections(factories);
        }
    }
}
