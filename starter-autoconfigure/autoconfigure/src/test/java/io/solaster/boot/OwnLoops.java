package io.solaster.boot;

import java.time.Duration;

import org.springframework.http.client.ReactorResourceFactory;

/**
 * Reactor Netty's own threads, for contexts in which it does not run on the shards: without the two seconds of quiet that it
 * would have before they end.
 */
public final class OwnLoops {
    private OwnLoops() {}

    public static ReactorResourceFactory make() {
        ReactorResourceFactory resources = new ReactorResourceFactory();
        resources.setUseGlobalResources(false);
        resources.setShutdownQuietPeriod(Duration.ZERO);
        return resources;
    }
}
