package io.solaster.boot.actuate;

import io.netty.channel.EventLoopGroup;
import io.solaster.engine.Engine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.web.server.ManagementPortType;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.reactor.netty.NettyWebServer;
import org.springframework.boot.web.server.reactive.context.ReactiveWebServerApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.http.client.ReactorResourceFactory;

/** Warns of management that is served by the shards themselves: it would not answer when they do not. */
final class SharedPortWarning implements ApplicationListener<ApplicationReadyEvent> {
    private static final Logger log = LoggerFactory.getLogger(SharedPortWarning.class);

    private final EventLoopGroup shards;
    private final ObjectProvider<ReactorResourceFactory> resources;

    SharedPortWarning(Engine engine, ObjectProvider<ReactorResourceFactory> resources) {
        this.shards = engine.eventLoopGroup();
        this.resources = resources;
    }

    @Override
    public void onApplicationEvent(ApplicationReadyEvent event) {
        if (event.getApplicationContext() instanceof ReactiveWebServerApplicationContext context
                && context.getWebServer() instanceof NettyWebServer
                && ManagementPortType.get(context.getEnvironment()) == ManagementPortType.SAME
                && resources.stream().anyMatch(this::isOnShards)) {
            log.warn("Management is served by the shards, on the application's port: it would not answer while they are"
                    + " stuck; set management.server.port to a port of its own");
        }
    }

    private boolean isOnShards(ReactorResourceFactory factory) {
        return factory.isRunning() && factory.getLoopResources().onServer(true).equals(shards);
    }
}
