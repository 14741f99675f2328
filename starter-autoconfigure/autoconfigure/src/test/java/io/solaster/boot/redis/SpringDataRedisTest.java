package io.solaster.boot.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.solaster.boot.ThreeShards;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.store.RespProtocol;
import io.solaster.store.Store;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisReactiveAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisRepositoriesAutoConfiguration;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.context.annotation.Configuration;
import org.springframework.dao.DataAccessException;
import org.springframework.data.annotation.Id;
import org.springframework.data.geo.Distance;
import org.springframework.data.geo.Metrics;
import org.springframework.data.geo.Point;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.stream.Consumer;
import org.springframework.data.redis.connection.stream.MapRecord;
import org.springframework.data.redis.connection.stream.ReadOffset;
import org.springframework.data.redis.connection.stream.RecordId;
import org.springframework.data.redis.connection.stream.StreamOffset;
import org.springframework.data.redis.core.RedisCallback;
import org.springframework.data.redis.core.RedisHash;
import org.springframework.data.redis.core.RedisOperations;
import org.springframework.data.redis.core.RedisTemplate;
import org.springframework.data.redis.core.ScanOptions;
import org.springframework.data.redis.core.SessionCallback;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.data.redis.core.TimeToLive;
import org.springframework.data.redis.core.ZSetOperations.TypedTuple;
import org.springframework.data.redis.core.index.Indexed;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.data.redis.listener.ChannelTopic;
import org.springframework.data.redis.listener.PatternTopic;
import org.springframework.data.redis.listener.RedisMessageListenerContainer;
import org.springframework.data.redis.repository.configuration.EnableRedisRepositories;
import org.springframework.data.redis.serializer.RedisSerializer;
import org.springframework.data.redis.stream.StreamMessageListenerContainer;
import org.springframework.data.redis.stream.StreamMessageListenerContainer.StreamMessageListenerContainerOptions;
import org.springframework.data.repository.CrudRepository;
import org.springframework.session.FindByIndexNameSessionRepository;
import org.springframework.session.Session;
import org.springframework.session.SessionRepository;
import org.springframework.session.data.redis.RedisIndexedSessionRepository;
import org.springframework.session.data.redis.RedisSessionRepository;
import org.springframework.session.data.redis.config.ConfigureNotifyKeyspaceEventsAction;
import org.springframework.session.events.SessionCreatedEvent;
import org.springframework.session.events.SessionDeletedEvent;
import org.springframework.session.events.SessionExpiredEvent;

/** Spring Data Redis and Spring Session unchanged, with Lettuce, against a server of the store. */
final class SpringDataRedisTest {
    private static final Engine engine = Engine
            .start(EngineConfig.defaults().withShards(2).withPinning(Pinning.NEVER));
    private static Store store;
    private static TcpServer server;

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class,
                    DataRedisReactiveAutoConfiguration.class, DataRedisRepositoriesAutoConfiguration.class,
                    CacheAutoConfiguration.class))
            .withPropertyValues("spring.data.redis.host=127.0.0.1", "spring.data.redis.port=" + server.port())
            .withUserConfiguration(Application.class);

    @Configuration(proxyBeanMethods = false)
    @EnableCaching
    @EnableRedisRepositories(considerNestedRepositories = true)
    static class Application {}

    @RedisHash("people")
    record Person(@Id String id, String name, @Indexed String city, @TimeToLive @Nullable Long seconds) {}

    interface People extends CrudRepository<Person, String> {
        List<Person> findByCity(String city);
    }

    @BeforeAll
    static void serve() {
        ServerConfig config = ServerConfig.of("resp", 0);
        store = Store.on(engine);
        server = TcpServer.bind(engine, "kv", config, new RespProtocol(store, config));
    }

    @AfterAll
    static void stop() {
        server.close();
        engine.close();
    }

    @BeforeEach
    void clear() {
        store.removeAll("").join();
    }

    @Test
    void a_template_speaks_of_all_types() {
        runner.run(context -> {
            StringRedisTemplate redis = context.getBean(StringRedisTemplate.class);
            redis.opsForValue().set("s", "v", Duration.ofMinutes(1));
            assertThat(redis.getExpire("s")).isBetween(1L, 60L);
            assertThat(redis.opsForValue().setIfAbsent("s", "w")).isFalse();
            assertThat(redis.opsForValue().getAndExpire("s", Duration.ofHours(1))).isEqualTo("v");
            redis.opsForValue().multiSet(Map.of("a", "1", "b", "2", "c", "3"));
            assertThat(redis.opsForValue().multiGet(List.of("a", "b", "none"))).containsExactly("1", "2", null);
            assertThat(redis.opsForValue().increment("a", 41)).isEqualTo(42);
            assertThat(redis.opsForValue().setBit("bits", 7, true)).isFalse();
            redis.opsForHash().putAll("h", Map.of("x", "1", "y", "2"));
            assertThat(redis.opsForHash().increment("h", "x", 1.5)).isEqualTo(2.5);
            assertThat(redis.opsForHash().entries("h")).containsOnlyKeys("x", "y");
            redis.opsForList().rightPushAll("l", "a", "b", "c");
            assertThat(redis.opsForList().range("l", 0, -1)).containsExactly("a", "b", "c");
            assertThat(redis.opsForList().rightPopAndLeftPush("l", "other")).isEqualTo("c");
            assertThat(redis.opsForList().leftPop("l", Duration.ofSeconds(30))).isEqualTo("a");
            redis.opsForSet().add("t", "1", "2", "3");
            redis.opsForSet().add("u", "2", "3", "4");
            assertThat(redis.opsForSet().intersect("t", "u")).containsExactlyInAnyOrder("2", "3");
            assertThat(redis.opsForSet().unionAndStore("t", "u", "both")).isEqualTo(4);
            redis.opsForZSet().add("z", Set.of(TypedTuple.of("one", 1.0), TypedTuple.of("two", 2.0)));
            assertThat(redis.opsForZSet().rangeWithScores("z", 0, -1)).containsExactly(TypedTuple.of("one", 1.0),
                    TypedTuple.of("two", 2.0));
            assertThat(redis.opsForZSet().unionAndStore("z", "z", "zz")).isEqualTo(2);
            redis.opsForGeo().add("g", Map.of("Palermo", new Point(13.361389, 38.115556), "Catania",
                    new Point(15.087269, 37.502669)));
            assertThat(Objects.requireNonNull(
                    redis.opsForGeo().distance("g", "Palermo", "Catania", Metrics.KILOMETERS)))
                    .extracting(Distance::getValue).isEqualTo(166.2742);
            redis.opsForHyperLogLog().add("hll", "a", "b", "a");
            assertThat(redis.opsForHyperLogLog().size("hll")).isEqualTo(2);
            try (var keys = redis.scan(ScanOptions.scanOptions().match("?").build())) {
                assertThat(keys.stream()).contains("s", "a", "h", "l", "t", "z", "g");
            }
            assertThat(redis.type("z").code()).isEqualTo("zset");
            redis.rename("a", "renamed");
            assertThat(redis.delete(List.of("renamed", "b", "none"))).isEqualTo(2);
            assertThat(redis.getRequiredConnectionFactory().getConnection().serverCommands().info("memory"))
                    .containsKey("used_memory");
        });
    }

    @Test
    void pipelines_are_answered_in_order() {
        runner.run(context -> {
            StringRedisTemplate redis = context.getBean(StringRedisTemplate.class);
            assertThat(redis.executePipelined(new SessionCallback<@Nullable Object>() {
                @Override
                @SuppressWarnings("unchecked")
                public <K, V> @Nullable Object execute(RedisOperations<K, V> operations) throws DataAccessException {
                    RedisOperations<String, String> strings = (RedisOperations<String, String>) operations;
                    for (int i = 0; i < 100; i++) {
                        strings.opsForValue().set("k" + i, "v" + i);
                        strings.opsForValue().get("k" + i);
                    }
                    return null;
                }
            })).hasSize(200).contains("v0", "v99");
        });
    }

    @Test
    void a_transaction_takes_effect_at_once_or_not_at_all() {
        runner.run(context -> {
            StringRedisTemplate redis = context.getBean(StringRedisTemplate.class);
            redis.opsForValue().set("a", "1");
            SessionCallback<List<Object>> transfer = new SessionCallback<>() {
                @Override
                @SuppressWarnings("unchecked")
                public <K, V> List<Object> execute(RedisOperations<K, V> operations) throws DataAccessException {
                    RedisOperations<String, String> strings = (RedisOperations<String, String>) operations;
                    strings.watch("a");
                    String before = strings.opsForValue().get("a");
                    if (Objects.equals(before, "2")) {
                        redis.opsForValue().set("a", "changed by somebody else");
                    }
                    strings.multi();
                    strings.opsForValue().set("a", "2");
                    strings.opsForValue().increment("b");
                    return strings.exec();
                }
            };
            assertThat(redis.execute(transfer)).containsExactly(true, 1L);
            assertThat(redis.execute(transfer)).isEmpty();
            assertThat(redis.opsForValue().get("b")).isEqualTo("1");
        });
    }

    @Test
    void repositories_keep_objects_and_find_them_by_index() {
        runner.run(context -> {
            People people = context.getBean(People.class);
            people.saveAll(List.of(new Person("1", "Ann", "Oslo", null), new Person("2", "Bob", "Rome", 3600L),
                    new Person("3", "Cy", "Oslo", null)));
            assertThat(people.findByCity("Oslo")).extracting(Person::name).containsExactlyInAnyOrder("Ann", "Cy");
            people.save(new Person("3", "Cy", "Rome", null));
            assertThat(people.findByCity("Rome")).extracting(Person::name).containsExactlyInAnyOrder("Bob", "Cy");
            assertThat(people.count()).isEqualTo(3);
            people.deleteById("2");
            assertThat(people.findById("2")).isEmpty();
            assertThat(people.findById("1")).map(Person::city).isEqualTo(Optional.of("Oslo"));
            assertThat(store.set("people:1").type().join()).isEqualTo("hash");
        });
    }

    @Test
    void its_caches_are_kept_and_cleared() {
        runner.withPropertyValues("spring.cache.type=redis", "spring.cache.redis.time-to-live=1h").run(context -> {
            Cache cache = Objects.requireNonNull(context.getBean(CacheManager.class).getCache("books"));
            cache.put("k", "v");
            ThreeShards.until("it is put, which Spring does not wait for", () -> cache.get("k") != null);
            assertThat(cache.get("k", String.class)).isEqualTo("v");
            assertThat(cache.<String>get("l", () -> "loaded")).isEqualTo("loaded");
            cache.clear();
            ThreeShards.until("all are gone", () -> store.size() == 0);
        });
    }

    @Test
    void messages_reach_the_listeners_of_a_container() {
        runner.run(context -> {
            StringRedisTemplate redis = context.getBean(StringRedisTemplate.class);
            BlockingQueue<String> heard = new LinkedBlockingQueue<>();
            RedisMessageListenerContainer container = container(context);
            try {
                container.addMessageListener((message, _) -> heard.add("by name: " + message),
                        new ChannelTopic("news"));
                container.addMessageListener((message, _) -> heard.add("by pattern: " + message),
                        new PatternTopic("n*"));
                ThreeShards.until("both listen", () -> redis.convertAndSend("news", "?") == 2L);
                redis.convertAndSend("news", "hello");
                ThreeShards.until("both have heard it",
                        () -> heard.contains("by name: hello") && heard.contains("by pattern: hello"));
            } finally {
                container.destroy();
            }
        });
    }

    @Test
    void entries_of_streams_reach_the_listeners_of_a_container() {
        runner.run(context -> {
            StringRedisTemplate redis = context.getBean(StringRedisTemplate.class);
            redis.opsForStream().add("orders", Map.of("article", "tea"));
            assertThat(redis.opsForStream().createGroup("orders", ReadOffset.from("0"), "tills")).isEqualTo("OK");
            BlockingQueue<MapRecord<String, String, String>> heard = new LinkedBlockingQueue<>();
            var container = StreamMessageListenerContainer.create(
                    context.getBean(RedisConnectionFactory.class), StreamMessageListenerContainerOptions.builder()
                            .pollTimeout(Duration.ofMillis(500)).build());
            container.receive(Consumer.from("tills", "ada"), StreamOffset.create("orders", ReadOffset.lastConsumed()),
                    entry -> {
                        heard.add(entry);
                        redis.opsForStream().acknowledge("tills", entry);
                    });
            container.start();
            try {
                assertThat(take(heard)).containsEntry("article", "tea");
                RecordId milk = redis.opsForStream().add("orders", Map.of("article", "milk"));
                assertThat(take(heard)).containsEntry("article", "milk");
                ThreeShards.until("both are acknowledged", () -> Objects
                        .requireNonNull(redis.opsForStream().pending("orders", "tills"))
                        .getTotalPendingMessages() == 0);
                assertThat(redis.opsForStream().info("orders").lastGeneratedId())
                        .isEqualTo(Objects.requireNonNull(milk).getValue());
            } finally {
                container.stop();
            }
        });
    }

    private static Map<String, String> take(BlockingQueue<MapRecord<String, String, String>> heard)
            throws InterruptedException {
        return Objects.requireNonNull(heard.poll(1, TimeUnit.MINUTES), "nothing came within a minute").getValue();
    }

    private static RedisMessageListenerContainer container(AssertableApplicationContext context) {
        RedisMessageListenerContainer container = new RedisMessageListenerContainer();
        container.setConnectionFactory(context.getBean(RedisConnectionFactory.class));
        container.afterPropertiesSet();
        container.start();
        return container;
    }

    @Test
    void a_lock_is_let_go_by_its_owner_only() {
        runner.run(context -> {
            StringRedisTemplate redis = context.getBean(StringRedisTemplate.class);
            RedisScript<Boolean> release = RedisScript.of("""
                    if redis.call('GET', KEYS[1]) == ARGV[1] then
                      redis.call('DEL', KEYS[1])
                      return true
                    end
                    return false""", Boolean.class);
            assertThat(redis.opsForValue().setIfAbsent("lock", "me", Duration.ofMinutes(1))).isTrue();
            assertThat(redis.opsForValue().setIfAbsent("lock", "you", Duration.ofMinutes(1))).isFalse();
            assertThat(redis.execute(release, List.of("lock"), "you")).isFalse();
            assertThat(redis.execute(release, List.of("lock"), "me")).isTrue();
            assertThat(redis.hasKey("lock")).isFalse();
        });
    }

    @SuppressWarnings("unchecked")
    private static RedisOperations<String, Object> template(AssertableApplicationContext context) {
        return (RedisOperations<String, Object>) context.getBean("redisTemplate");
    }

    @Test
    void sessions_are_kept() {
        runner.run(context -> keepsSessions(new RedisSessionRepository(template(context))));
    }

    @Test
    void sessions_are_found_by_user_and_tell_of_their_end() {
        runner.run(context -> {
            RedisConnectionFactory connections = context.getBean(RedisConnectionFactory.class);
            RedisTemplate<String, Object> redis = new RedisTemplate<>();
            redis.setConnectionFactory(connections);
            redis.setKeySerializer(RedisSerializer.string());
            redis.setHashKeySerializer(RedisSerializer.string());
            redis.afterPropertiesSet();
            try (RedisConnection connection = connections.getConnection()) {
                new ConfigureNotifyKeyspaceEventsAction().configure(connection);
            }
            RedisIndexedSessionRepository sessions = new RedisIndexedSessionRepository(redis);
            BlockingQueue<Object> events = new LinkedBlockingQueue<>();
            sessions.setApplicationEventPublisher(events::add);
            sessions.afterPropertiesSet();
            RedisMessageListenerContainer listeners = new RedisMessageListenerContainer();
            listeners.setConnectionFactory(connections);
            listeners.addMessageListener(sessions, List.of(new ChannelTopic(sessions.getSessionDeletedChannel()),
                    new ChannelTopic(sessions.getSessionExpiredChannel()),
                    new PatternTopic(sessions.getSessionCreatedChannelPrefix() + "*")));
            listeners.afterPropertiesSet();
            listeners.start();
            try {
                keepsSessions(sessions);
                assertThat(events.poll(20, TimeUnit.SECONDS)).isInstanceOf(SessionCreatedEvent.class);
                assertThat(events.poll(20, TimeUnit.SECONDS)).isInstanceOf(SessionDeletedEvent.class);
                expires(sessions, events);
            } finally {
                listeners.destroy();
                sessions.destroy();
                redis.execute((RedisCallback<@Nullable Object>) connection -> {
                    connection.serverCommands().setConfig("notify-keyspace-events", "");
                    return null;
                });
            }
        });
    }

    private static <S extends Session> void expires(FindByIndexNameSessionRepository<S> sessions,
            BlockingQueue<Object> events) throws InterruptedException {
        S session = sessions.createSession();
        session.setAttribute(FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME, "ann");
        session.setMaxInactiveInterval(Duration.ofSeconds(1));
        sessions.save(session);
        assertThat(events.poll(20, TimeUnit.SECONDS)).isInstanceOf(SessionCreatedEvent.class);
        assertThat(sessions.findByPrincipalName("ann")).containsOnlyKeys(session.getId());
        assertThat(events.poll(20, TimeUnit.SECONDS)).isInstanceOfSatisfying(SessionExpiredEvent.class,
                expired -> assertThat(expired.getSessionId()).isEqualTo(session.getId()));
        assertThat(sessions.findById(session.getId())).isNull();
        assertThat(sessions.findByPrincipalName("ann")).isEmpty();
    }

    private static <S extends Session> void keepsSessions(SessionRepository<S> sessions) {
        S session = sessions.createSession();
        session.setAttribute("user", "ann");
        sessions.save(session);
        assertThat(Objects.requireNonNull(sessions.findById(session.getId())).<String>getAttribute("user"))
                .isEqualTo("ann");
        session.changeSessionId();
        sessions.save(session);
        assertThat(sessions.findById(session.getId())).isNotNull();
        sessions.deleteById(session.getId());
        assertThat(sessions.findById(session.getId())).isNull();
    }
}
