package io.solaster.boot.web;

import java.io.IOException;
import java.util.Map;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.SolasterReactorAutoConfiguration;
import io.solaster.boot.netty.SolasterReactorNettyAutoConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.http.codec.autoconfigure.CodecsAutoConfiguration;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.reactor.autoconfigure.ReactorAutoConfiguration;
import org.springframework.boot.reactor.netty.autoconfigure.NettyReactiveWebServerAutoConfiguration;
import org.springframework.boot.webflux.autoconfigure.HttpHandlerAutoConfiguration;
import org.springframework.boot.webflux.autoconfigure.WebFluxAutoConfiguration;
import org.springframework.boot.webflux.autoconfigure.error.ErrorWebFluxAutoConfiguration;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/**
 * A small WebFlux application in a process of its own, as {@code http.sh --only webflux} starts it: {@code WebFluxHost
 * server port transport}. Server is {@code reactor-netty}, with one event loop of its own; {@code shards}, Reactor Netty
 * on the shards; or {@code solaster}. The application is the same for all. Ends with its standard input.
 */
@Configuration(proxyBeanMethods = false)
@ImportAutoConfiguration({SolasterAutoConfiguration.class, SolasterReactorAutoConfiguration.class,
        SolasterWebAutoConfiguration.class, SolasterReactorNettyAutoConfiguration.class, ReactorAutoConfiguration.class,
        JacksonAutoConfiguration.class, CodecsAutoConfiguration.class, NettyReactiveWebServerAutoConfiguration.class,
        HttpHandlerAutoConfiguration.class, WebFluxAutoConfiguration.class, ErrorWebFluxAutoConfiguration.class})
class WebFluxHost {
    private static final Map<String, Map<String, Object>> SERVERS = Map.of("reactor-netty",
            Map.of("solaster.enabled", false), "shards", Map.of("solaster.web.server", "none"), "solaster",
            Map.of("solaster.web.server", "solaster"));

    /** What the other servers' JSON is made of, too. */
    record Item(int id, String name, boolean available) {}

    @RestController
    static class Controller {
        private int id;

        @GetMapping(path = "/plaintext", produces = MediaType.TEXT_PLAIN_VALUE)
        Mono<String> plaintext() {
            return Mono.just("Hello, World!");
        }

        @GetMapping("/json")
        Mono<Item> json() {
            return Mono.just(new Item(id++, "item", true));
        }

        @GetMapping("/users/{id}")
        String user(@PathVariable String id) {
            return id;
        }
    }

    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws IOException {
        Map<String, Object> server = SERVERS.get(args[0]);
        if (server == null) {
            throw new IllegalArgumentException("'" + args[0] + "': want one of " + SERVERS.keySet());
        }
        System.setProperty("reactor.netty.ioWorkerCount", "1");
        new SpringApplicationBuilder(WebFluxHost.class).web(WebApplicationType.REACTIVE).properties(server)
                .properties("server.address=127.0.0.1", "server.port=" + args[1], "solaster.engine.shards=1",
                        "solaster.engine.pinning=never", "solaster.engine.transport=" + args[2],
                        "spring.main.banner-mode=off", "logging.level.root=warn", "spring.jmx.enabled=false")
                .run();
        System.out.println("ready");
        while (System.in.read() >= 0) {
            // Nothing is asked of it.
        }
        System.exit(0);
    }
}
