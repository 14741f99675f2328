package io.solaster.boot.cache;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.Serializable;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.SolasterStoreAutoConfiguration;
import io.solaster.boot.ThreeShards;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.store.Store;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cache.Cache;
import org.springframework.cache.Cache.ValueRetrievalException;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.concurrent.ConcurrentMapCacheManager;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.publisher.Mono;

/** {@code spring.cache.type: solaster}, as an application has it. */
class StoreCacheTest {
    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                    SolasterStoreAutoConfiguration.class, SolasterCacheAutoConfiguration.class,
                    CacheAutoConfiguration.class))
            .withPropertyValues("solaster.engine.shards=2", "solaster.engine.pinning=never",
                    "spring.cache.type=solaster")
            .withUserConfiguration(Caching.class);

    record Book(String title) implements Serializable {}

    @Configuration(proxyBeanMethods = false)
    @EnableCaching
    static class Caching {
        @Bean
        Books books() {
            return new Books();
        }
    }

    static class Books {
        private final AtomicInteger asked = new AtomicInteger();

        public int asked() {
            return asked.get();
        }

        @Cacheable("books")
        public @Nullable Book byTitle(String title) {
            asked.incrementAndGet();
            return title.isEmpty() ? null : new Book(title);
        }

        @Cacheable("books")
        public Mono<Book> later(String title) {
            return Mono.fromSupplier(() -> new Book(title + asked.incrementAndGet()));
        }

        @CacheEvict(cacheNames = "books", allEntries = true)
        public void forgetAll() {}
    }

    private static Cache cache(CacheManager manager, String name) {
        return Objects.requireNonNull(manager.getCache(name));
    }

    @Test
    void what_was_computed_lies_in_the_store_and_is_not_computed_again() {
        runner.run(context -> {
            Books books = context.getBean(Books.class);
            Store store = context.getBean(Store.class);
            for (int i = 0; i < 3; i++) {
                assertThat(books.byTitle("Dune")).isEqualTo(new Book("Dune"));
                assertThat(books.byTitle("")).isNull();
            }
            assertThat(books.asked()).isEqualTo(2);
            assertThat(store.strings().get("books::Dune").join()).isNotEmpty();
            assertThat(store.set("books::Dune").timeToLive().join()).isNull();
            books.forgetAll();
            assertThat(store.size()).isZero();
            assertThat(books.byTitle("Dune")).isEqualTo(new Book("Dune"));
            assertThat(books.asked()).isEqualTo(3);
        });
    }

    @Test
    void what_returns_a_Mono_is_cached_on_a_shard_too() {
        runner.run(context -> {
            Books books = context.getBean(Books.class);
            Engine engine = context.getBean(Engine.class);
            Store store = context.getBean(Store.class);
            for (String title : new String[]{"a", "b", "c", "d", "e", "f"}) {
                Book first = engine.submitStageTo(0, CallOptions.DEFAULTS, () -> books.later(title).toFuture())
                        .get(60, TimeUnit.SECONDS);
                ThreeShards.until("the value is put, which nobody waited for",
                        () -> store.set("books::" + title).exists().join());
                assertThat(engine.submitStageTo(1, CallOptions.DEFAULTS, () -> books.later(title).toFuture())
                        .get(60, TimeUnit.SECONDS)).isEqualTo(first);
            }
            assertThat(books.asked()).isEqualTo(6);
        });
    }

    @Test
    void times_to_live_are_those_of_the_cache_or_of_all() {
        runner.withPropertyValues("spring.cache.solaster.time-to-live=1h",
                "spring.cache.solaster.times-to-live.short=10m", "spring.cache.solaster.key-prefix=app:")
                .run(context -> {
                    CacheManager caches = context.getBean(CacheManager.class);
                    Store store = context.getBean(Store.class);
                    cache(caches, "short").put("k", "v");
                    cache(caches, "other").put("k", "v");
                    assertThat(store.set("app:short::k").timeToLive().join()).isBetween(Duration.ofMinutes(8),
                            Duration.ofMinutes(10));
                    assertThat(store.set("app:other::k").timeToLive().join()).isBetween(Duration.ofMinutes(50),
                            Duration.ofHours(1));
                });
    }

    @Test
    void a_cache_does_what_Spring_promises() {
        runner.run(context -> {
            Cache cache = cache(context.getBean(CacheManager.class), "c");
            assertThat(cache.get("k")).isNull();
            assertThat(cache.putIfAbsent("k", 1)).isNull();
            assertThat(Objects.requireNonNull(cache.putIfAbsent("k", 2)).get()).isEqualTo(1);
            assertThat(cache.get("k", Integer.class)).isEqualTo(1);
            cache.put("null", null);
            assertThat(Objects.requireNonNull(cache.get("null")).get()).isNull();
            assertThat(cache.evictIfPresent("k")).isTrue();
            assertThat(cache.evictIfPresent("k")).isFalse();
            assertThat(cache.invalidate()).isTrue();
            assertThat(cache.invalidate()).isFalse();
            assertThat(cache.<String>get("k", () -> "computed")).isEqualTo("computed");
            assertThat(cache.<String>get("k", () -> "again")).isEqualTo("computed");
            assertThatThrownBy(() -> cache.get("x", () -> {
                throw new IllegalStateException("broken");
            })).isInstanceOf(ValueRetrievalException.class).hasRootCauseMessage("broken");
            assertThat(cache.<String>get("x", () -> "mended")).isEqualTo("mended");
            assertThat(cache.retrieve("x").get(60, TimeUnit.SECONDS)).hasFieldOrPropertyWithValue("value", "mended");
            assertThat(cache.retrieve("y").get(60, TimeUnit.SECONDS)).isNull();
            assertThatThrownBy(() -> cache.put("k", new Object())).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("java.lang.Object cannot be cached");
            assertThatThrownBy(() -> cache.put(new Object(), "v")).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("no toString()");
        });
    }

    @Test
    void many_who_ask_at_once_compute_once() {
        runner.run(context -> {
            Cache cache = cache(context.getBean(CacheManager.class), "c");
            AtomicInteger computed = new AtomicInteger();
            CountDownLatch begun = new CountDownLatch(1);
            CompletableFuture<String> result = new CompletableFuture<>();
            CompletableFuture<String> first = cache.retrieve("k", () -> {
                computed.incrementAndGet();
                begun.countDown();
                return result;
            });
            assertThat(begun.await(60, TimeUnit.SECONDS)).isTrue();
            CompletableFuture<String> second = cache.retrieve("k", () -> {
                computed.incrementAndGet();
                return result;
            });
            result.complete("value");
            assertThat(first.get(60, TimeUnit.SECONDS)).isEqualTo("value");
            assertThat(second.get(60, TimeUnit.SECONDS)).isEqualTo("value");
            assertThat(computed).hasValue(1);
        });
    }

    @Test
    void only_named_caches_are_there_where_names_are_given() {
        runner.withPropertyValues("spring.cache.cache-names=a,b").run(context -> {
            CacheManager caches = context.getBean(CacheManager.class);
            assertThat(caches.getCacheNames()).containsExactlyInAnyOrder("a", "b");
            assertThat(caches.getCache("c")).isNull();
        });
    }

    @Test
    void an_application_may_write_values_its_own_way() {
        runner.withBean(CacheCodec.class, () -> new CacheCodec() {
            @Override
            public byte[] encode(Object value) {
                return value.toString().getBytes(UTF_8);
            }

            @Override
            public Object decode(byte[] bytes) {
                return new String(bytes, UTF_8);
            }
        }).run(context -> {
            cache(context.getBean(CacheManager.class), "c").put("k", "plain");
            assertThat(context.getBean(Store.class).strings().get("c::k").join()).asString().isEqualTo("plain");
        });
    }

    @Test
    void another_type_or_another_manager_wins() {
        runner.withPropertyValues("spring.cache.type=simple").run(context -> assertThat(context)
                .getBean(CacheManager.class).isInstanceOf(ConcurrentMapCacheManager.class));
        runner.withBean("own", CacheManager.class, ConcurrentMapCacheManager::new)
                .run(context -> assertThat(context).hasSingleBean(CacheManager.class).hasBean("own"));
    }

    @Test
    void a_time_that_is_none_is_named() {
        runner.withPropertyValues("spring.cache.solaster.time-to-live=0s")
                .run(context -> assertThat(context).hasFailed()
                        .getFailure().rootCause()
                        .hasMessageContaining("spring.cache.solaster.time-to-live: PT0S given"));
    }
}
