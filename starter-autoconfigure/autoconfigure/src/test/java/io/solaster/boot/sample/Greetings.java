package io.solaster.boot.sample;

import java.util.HashMap;
import java.util.Map;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.resource.ClientResources;
import io.solaster.spring.ShardScope;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Mono;

@SpringBootApplication
class Greetings {
    @Bean(destroyMethod = "shutdown")
    RedisClient redis(ClientResources shards, @Value("${greetings.redis}") String uri) {
        return RedisClient.create(shards, uri);
    }

    @Component
    @ShardScope
    static class Names {
        // Each shard has its own, which nobody else touches: nothing to lock.
        private final Map<String, String> known = new HashMap<>();
        private final WebClient web;

        Names(WebClient.Builder web, @Value("${greetings.names}") String url) {
            this.web = web.baseUrl(url).build();
        }

        public Mono<String> of(String id) {
            return Mono.justOrEmpty(known.get(id)).switchIfEmpty(web.get().uri("/{id}", id).retrieve()
                    .bodyToMono(String.class).doOnNext(name -> known.put(id, name)));
        }
    }

    @RestController
    static class Controller {
        private final Names names;
        private final StatefulRedisConnection<String, String> redis;

        Controller(Names names, RedisClient redis) {
            this.names = names;
            this.redis = redis.connect();
        }

        @GetMapping("/greet/{id}")
        Mono<String> greet(@PathVariable String id) {
            return names.of(id).flatMap(name -> redis.reactive().incr("visits:" + id).map(n -> name + ", visit " + n));
        }
    }
}
