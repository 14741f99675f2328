package io.solaster.boot.web;

import io.solaster.spring.web.ShardWebServer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.actuate.autoconfigure.web.server.ManagementPortType;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.web.server.reactive.context.ReactiveWebServerApplicationContext;
import org.springframework.context.ApplicationListener;

/** Warns of management that is served by the shards themselves: it would not answer when they do not. */
final class ManagementOnShardsWarning implements ApplicationListener<ApplicationReadyEvent> {
    private static final Logger log = LoggerFactory.getLogger(ManagementOnShardsWarning.class);

    @Override
    public void onApplicationEvent(ApplicationReadyEvent event) {
        if (event.getApplicationContext() instanceof ReactiveWebServerApplicationContext context
                && context.getWebServer() instanceof ShardWebServer
                && ManagementPortType.get(context.getEnvironment()) == ManagementPortType.SAME) {
            log.warn("Management is served by the shards, on the application's port: it would not answer while they are"
                    + " stuck; set management.server.port to a port of its own");
        }
    }
}
