package io.solaster.boot.readme;

import java.util.HashMap;
import java.util.Map;

import io.solaster.engine.Shard;
import io.solaster.spring.OnShard;
import io.solaster.spring.ShardScope;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.service.annotation.GetExchange;
import org.springframework.web.service.registry.ImportHttpServices;
import reactor.core.publisher.Mono;

/** The code of the front page, which {@link FrontPageTest} runs. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@ImportHttpServices(group = "forecast", types = Box.Forecast.class)
@Import({Box.Tickets.class, Box.Office.class})
class Box {

    // begin
    @Component
    @ShardScope // one instance per core
    static class Tickets {
        private final Map<String, Integer> sold = new HashMap<>(); // one thread touches it: no lock, no atomic

        @OnShard(key = "#event") // runs on the core that owns the event, wherever it is called
        public Mono<Integer> sell(String event) {
            return Mono.just(sold.merge(event, 1, Integer::sum));
        }
    }

    interface Forecast { // @ImportHttpServices(group = "forecast", types = Forecast.class)
        @GetExchange("/forecast/{event}")
        String of(@PathVariable String event);
    }

    @RestController
    record Office(Tickets tickets, Forecast forecast) {

        @PostMapping("/tickets/{event}")
        Mono<String> buy(@PathVariable String event) {
            return tickets.sell(event).map(seat -> "seat " + seat);
        }

        @GetMapping("/weather/{event}")
        Mono<String> weather(@PathVariable String event) {
            // Blocking code, as it stands: it parks a virtual thread of this core, and the core goes on.
            return Mono.fromFuture(Shard.current().fork(() -> forecast.of(event)).future());
        }
    }
    // end
}
