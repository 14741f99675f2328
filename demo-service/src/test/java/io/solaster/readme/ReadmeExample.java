package io.solaster.readme;

import io.solaster.http.HttpHandler;
import io.solaster.http.route.Router;
import io.solaster.store.Store;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What the front page shows; not among the packages that the demo scans. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
class ReadmeExample {

    // Answers the server 'web', on the shard that owns the connection.
    @Bean
    Router web(Store store) {
        return Router.builder()
                .get("/hello/{name}", (request, response) -> response.send("Hello, " + request.pathParam("name")))
                .get("/kv/{key}", HttpHandler.async((request, response) -> store.strings().get(request.pathParam("key"))
                        .thenAccept(value -> response.send(value == null ? new byte[0] : value))))
                .build();
    }
}
