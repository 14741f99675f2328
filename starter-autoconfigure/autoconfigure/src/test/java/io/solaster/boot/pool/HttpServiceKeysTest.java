package io.solaster.boot.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntFunction;

import io.solaster.boot.OwnLoops;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.spring.pool.PoolKey;
import io.solaster.spring.pool.PoolKeySource;
import io.solaster.spring.pool.PooledConnector;
import io.solaster.spring.pool.PooledRequestFactory;
import io.solaster.spring.pool.Pools;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.http.client.autoconfigure.HttpClientAutoConfiguration;
import org.springframework.boot.http.client.autoconfigure.imperative.ImperativeHttpClientAutoConfiguration;
import org.springframework.boot.http.client.autoconfigure.reactive.ReactiveHttpClientAutoConfiguration;
import org.springframework.boot.http.client.autoconfigure.service.HttpServiceClientPropertiesAutoConfiguration;
import org.springframework.boot.restclient.autoconfigure.RestClientAutoConfiguration;
import org.springframework.boot.restclient.autoconfigure.service.HttpServiceClientAutoConfiguration;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.webclient.autoconfigure.WebClientAutoConfiguration;
import org.springframework.boot.webclient.autoconfigure.service.ReactiveHttpServiceClientAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.web.bind.annotation.CookieValue;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.client.RestClient;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.service.annotation.GetExchange;
import org.springframework.web.service.registry.HttpServiceGroup;
import org.springframework.web.service.registry.ImportHttpServices;
import reactor.core.publisher.Mono;

/** Requests of declared clients go where their keys say, and are refused at the start where they would have none. */
@ExtendWith(OutputCaptureExtension.class)
final class HttpServiceKeysTest {
    private static final List<Backend> backends = new ArrayList<>();

    @BeforeAll
    static void start() throws Exception {
        for (String name : List.of("a", "b", "c")) {
            backends.add(new Backend(name));
        }
    }

    @AfterAll
    static void stop() {
        backends.forEach(Backend::close);
    }

    interface Users {
        @GetExchange("/name")
        String plain();
    }

    interface Keyed {
        @GetExchange("/name")
        String alone(@PoolKey String user);

        @GetExchange("/{path}")
        String beside(@PoolKey @RequestHeader("X-User") long user, @PathVariable String path);
    }

    interface KeyedAndReactive {
        @GetExchange("/name")
        Mono<String> alone(@PoolKey String user);
    }

    interface Marked {
        @GetExchange("/name")
        String header(@RequestHeader("X-Tenant") String tenant);

        @GetExchange("/name")
        String cookie(@CookieValue("session") String session);
    }

    @Configuration(proxyBeanMethods = false)
    @ImportHttpServices(group = "users", types = Users.class)
    static class Plain {}

    @Configuration(proxyBeanMethods = false)
    @ImportHttpServices(group = "users", types = Keyed.class)
    static class WithKeys {}

    @Configuration(proxyBeanMethods = false)
    @ImportHttpServices(group = "users", types = KeyedAndReactive.class, clientType = HttpServiceGroup.ClientType.WEB_CLIENT)
    static class WithKeysOfWebClient {}

    @Configuration(proxyBeanMethods = false)
    @ImportHttpServices(group = "users", types = Marked.class)
    static class WithMarks {}

    @Configuration(proxyBeanMethods = false)
    static class Source {
        @Bean
        PoolKeySource everybody() {
            return (pool, method, uri, headers) -> pool + method + uri.getPath();
        }
    }

    private static void with(Class<?> application, Consumer<AssertableApplicationContext> test, String... properties) {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                        SolasterPoolsAutoConfiguration.class, SolasterRestClientAutoConfiguration.class,
                        SolasterWebClientAutoConfiguration.class, HttpClientAutoConfiguration.class,
                        ImperativeHttpClientAutoConfiguration.class, ReactiveHttpClientAutoConfiguration.class,
                        HttpServiceClientPropertiesAutoConfiguration.class, RestClientAutoConfiguration.class,
                        HttpServiceClientAutoConfiguration.class, WebClientAutoConfiguration.class,
                        ReactiveHttpServiceClientAutoConfiguration.class))
                .withUserConfiguration(application).withBean(ReactorResourceFactory.class, OwnLoops::make)
                .withPropertyValues("solaster.engine.shards=1", "solaster.engine.pinning=never",
                        "solaster.engine.transport=nio", "solaster.pools.users.endpoints=" + String.join(",",
                                backends.stream().map(Backend::address).toList()))
                .withPropertyValues(properties).run(test::accept);
    }

    /** Each key has one backend, and keys have several. */
    private static void assertGoesByKeys(IntFunction<String> call) {
        Set<String> all = new HashSet<>();
        for (int key = 0; key < 30; key++) {
            String first = call.apply(key);
            for (int again = 0; again < 5; again++) {
                assertThat(call.apply(key)).isEqualTo(first);
            }
            all.add(first);
        }
        assertThat(all).hasSize(3);
    }

    @Test
    void an_argument_is_the_key() {
        with(WithKeys.class, context -> {
            Keyed users = context.getBean(Keyed.class);
            assertGoesByKeys(key -> users.alone("user-" + key));
            assertGoesByKeys(key -> users.beside(key, "name"));
        }, "solaster.pools.users.balancing.algorithm=ring-hash");
    }

    @Test
    void also_of_web_client() {
        with(WithKeysOfWebClient.class, context -> {
            KeyedAndReactive users = context.getBean(KeyedAndReactive.class);
            assertGoesByKeys(key -> users.alone("user-" + key).block());
        }, "solaster.pools.users.balancing.algorithm=maglev");
    }

    @Test
    void a_header_or_a_cookie_is_the_key() {
        with(WithMarks.class, context -> {
            Marked users = context.getBean(Marked.class);
            assertGoesByKeys(key -> users.header("tenant-" + key));
        }, "solaster.pools.users.balancing.algorithm=maglev", "solaster.pools.users.balancing.key=header:x-tenant");
        with(WithMarks.class, context -> {
            Marked users = context.getBean(Marked.class);
            assertGoesByKeys(key -> users.cookie("session-" + key));
        }, "solaster.pools.users.balancing.algorithm=ring-hash", "solaster.pools.users.balancing.key=cookie:session");
    }

    @Configuration(proxyBeanMethods = false)
    @ImportHttpServices(group = "users", types = Users.class)
    static class PlainWithSource extends Source {}

    @Test
    void a_bean_finds_the_key() {
        with(PlainWithSource.class, context -> {
            Users users = context.getBean(Users.class);
            String first = users.plain();
            for (int i = 0; i < 20; i++) {
                assertThat(users.plain()).isEqualTo(first);
            }
        }, "solaster.pools.users.balancing.algorithm=ring-hash");
    }

    @Test
    void a_client_by_hand_names_the_key() {
        with(Source.class, context -> {
            Pools pools = context.getBean(Pools.class);
            RestClient rest = RestClient.builder().baseUrl("http://users")
                    .requestFactory(PooledRequestFactory.of(pools, "users"))
                    .build();
            assertGoesByKeys(key -> rest.get().uri("/name").attribute(PoolKey.ATTRIBUTE, key).retrieve()
                    .body(String.class));
            WebClient web = WebClient.builder().baseUrl("http://users")
                    .clientConnector(PooledConnector.of(pools, "users"))
                    .build();
            assertGoesByKeys(key -> web.get().uri("/name").attribute(PoolKey.ATTRIBUTE, key).retrieve()
                    .bodyToMono(String.class).block());
        }, "solaster.pools.users.balancing.algorithm=ring-hash");
    }

    @Test
    void requests_that_would_have_no_key_are_refused_at_the_start() {
        with(Plain.class, context -> assertThat(context.getStartupFailure()).rootCause()
                .hasMessageContaining("solaster.pools.users.balancing.algorithm").hasMessageContaining("Users.plain")
                .hasMessageContaining("@PoolKey").hasMessageContaining("header:<name>")
                .hasMessageContaining("PoolKeySource"), "solaster.pools.users.balancing.algorithm=ring-hash");
        with(Plain.class, context -> assertThat(context).hasNotFailed());
    }

    @Test
    void clear_text_for_https_is_refused_at_the_start() {
        with(Plain.class, context -> assertThat(context.getStartupFailure()).rootCause()
                .hasMessageContaining("solaster.pools.users.ssl.enabled").hasMessageContaining("clear text"),
                "spring.http.serviceclient.users.base-url=https://users.example");
    }

    @Test
    void keys_of_boot_that_a_pool_takes_no_notice_of_are_named(CapturedOutput output) {
        with(Plain.class, context -> assertThat(context).hasNotFailed(),
                "spring.http.serviceclient.users.read-timeout=3s", "spring.http.clients.redirects=follow");
        assertThat(output).contains("spring.http.serviceclient.users.read-timeout (write"
                + " solaster.pools.users.requests.timeout)").contains("spring.http.clients.redirects");
    }
}
