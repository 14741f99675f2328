package io.solaster.boot.netty;

import io.rsocket.transport.netty.client.TcpClientTransport;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.LoopResources;

/** Offers RSocket's transports on the shards. */
@AutoConfiguration(after = SolasterReactorNettyAutoConfiguration.class)
@ConditionalOnClass({TcpClientTransport.class, HttpClient.class})
@ConditionalOnBean(LoopResources.class)
@ConditionalOnBooleanProperty(name = "solaster.libraries.rsocket", matchIfMissing = true)
public final class SolasterRSocketAutoConfiguration {

    @Bean
    @ConditionalOnMissingBean
    RSocketTransports solasterRSocketTransports(LoopResources loops) {
        return new RSocketTransports(loops);
    }
}
