package io.solaster.boot.sample;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.resource.ClientResources;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
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

    @RestController
    static class Controller {
        private final WebClient names;
        private final StatefulRedisConnection<String, String> redis;

        Controller(WebClient.Builder web, @Value("${greetings.names}") String names, RedisClient redis) {
            this.names = web.baseUrl(names).build();
            this.redis = redis.connect();
        }

        @GetMapping("/greet/{id}")
        Mono<String> greet(@PathVariable String id) {
            return names.get().uri("/{id}", id).retrieve().bodyToMono(String.class)
                    .flatMap(name -> redis.reactive().incr("visits:" + id).map(n -> name + ", visit " + n));
        }
    }
}
