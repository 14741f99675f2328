package io.solaster.demo;

import io.solaster.engine.Engine;
import io.solaster.spring.PlanBanner;
import io.solaster.spring.server.ServerLifecycle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.event.ApplicationStartedEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;

/** All of it comes from the starter and application.yml. */
@SpringBootApplication(proxyBeanMethods = false)
public final class DemoApplication {
    private static final Logger log = LoggerFactory.getLogger(DemoApplication.class);

    private DemoApplication() {}

    public static void main(String[] args) {
        SpringApplication.run(DemoApplication.class, args);
    }

    /** Says what was planned, once it runs. */
    @Bean
    ApplicationListener<ApplicationStartedEvent> planBanner(ObjectProvider<Engine> engine,
            ObjectProvider<ServerLifecycle> servers) {
        return started -> engine.ifAvailable(running -> servers
                .ifAvailable(bound -> log.info("\n{}", PlanBanner.of(running, bound.servers()))));
    }
}
