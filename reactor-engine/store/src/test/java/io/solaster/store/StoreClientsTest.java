package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import io.lettuce.core.KeyValue;
import io.lettuce.core.LettuceFutures;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.solaster.testkit.peer.RedisServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPooled;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;
import redis.clients.jedis.params.SetParams;

/** The clients that people use, and Redis's own programs. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class StoreClientsTest {
    @Parameter
    int shards;

    private int port() {
        return StoreFixture.of(shards).port();
    }

    @Test
    void lettuceWorksOverResp3() {
        RedisClient client = RedisClient.create(
                RedisURI.builder().withHost("127.0.0.1").withPort(port()).withClientName("lettuce-test").build());
        try (StatefulRedisConnection<String, String> connection = client.connect();
                StatefulRedisConnection<byte[], byte[]> binary = client.connect(ByteArrayCodec.INSTANCE)) {
            var redis = connection.sync();
            assertThat(redis.ping()).isEqualTo("PONG");
            redis.flushall();
            assertThat(redis.set("a", "1")).isEqualTo("OK");
            assertThat(redis.get("a")).isEqualTo("1");
            assertThat(redis.get("nothing")).isNull();
            Map<String, String> values = new HashMap<>();
            for (int i = 0; i < 100; i++) {
                values.put("key" + i, "value" + i);
            }
            assertThat(redis.mset(values)).isEqualTo("OK");
            List<KeyValue<String, String>> read = redis.mget(values.keySet().toArray(String[]::new));
            assertThat(read).allSatisfy(kv -> assertThat(kv.getValue()).isEqualTo(values.get(kv.getKey())));
            assertThat(redis.set("t", "x", SetArgs.Builder.ex(Duration.ofMinutes(5)))).isEqualTo("OK");
            assertThat(redis.ttl("t")).isBetween(298L, 300L);
            assertThat(redis.incrby("n", 41)).isEqualTo(41);
            assertThat(redis.clientList()).contains("name=lettuce-test").contains("resp=3");
            assertThat(redis.clientGetname()).isEqualTo("lettuce-test");
            assertThat(redis.info()).contains("redis_version:7.0.15");
            assertThat(redis.commandCount()).isEqualTo(redis.command().size());
            assertThat(redis.configGet("*max*")).containsKey("maxclients");
            assertThat(redis.dbsize()).isEqualTo(103);

            var async = connection.async();
            List<RedisFuture<?>> replies = new ArrayList<>();
            for (int i = 0; i < 5000; i++) {
                replies.add(async.incr("counter" + i % 10));
            }
            assertThat(LettuceFutures.awaitAll(Duration.ofSeconds(20), replies.toArray(RedisFuture[]::new))).isTrue();
            assertThat(redis.get("counter7")).isEqualTo("500");

            byte[] bytes = new byte[70_000];
            ByteBuffer.wrap(bytes).putLong(0x0d0a00ff0d0a24L).putLong(60_000, -1);
            assertThat(binary.sync().set(new byte[]{0, '\r', '\n', -1}, bytes)).isEqualTo("OK");
            assertThat(binary.sync().get(new byte[]{0, '\r', '\n', -1})).isEqualTo(bytes);
            assertThat(binary.sync().del(new byte[]{0, '\r', '\n', -1})).isEqualTo(1);
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(5));
        }
    }

    @Test
    void jedisWorksOverResp2PipelinedAndPooled() throws Exception {
        try (Jedis jedis = new Jedis("127.0.0.1", port())) {
            assertThat(jedis.ping()).isEqualTo("PONG");
            jedis.flushAll();
            assertThat(jedis.set("a", "1", SetParams.setParams().px(300_000))).isEqualTo("OK");
            assertThat(jedis.pttl("a")).isBetween(290_000L, 300_000L);
            assertThat(jedis.append("a", "2")).isEqualTo(2);
            assertThat(jedis.mget("a", "b")).containsExactly("12", null);
            assertThat(jedis.type("a")).isEqualTo("string");
            assertThat(jedis.info("server")).contains("redis_version:7.0.15");
            List<Response<Long>> replies = new ArrayList<>();
            try (Pipeline pipeline = jedis.pipelined()) {
                for (int i = 0; i < 3000; i++) {
                    pipeline.set("k" + i, Integer.toString(i));
                    replies.add(pipeline.incr("k" + i));
                }
                pipeline.sync();
            }
            for (int i = 0; i < 3000; i++) {
                assertThat(replies.get(i).get()).isEqualTo(i + 1);
            }
            assertThat(jedis.dbSize()).isEqualTo(3001);
        }
        try (JedisPooled pool = new JedisPooled("127.0.0.1", port())) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                threads.add(Thread.startVirtualThread(() -> {
                    for (int n = 0; n < 200; n++) {
                        pool.incr("pooled");
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(pool.get("pooled")).isEqualTo("1200");
        }
    }

    @Test
    void redisCliWorks() throws Exception {
        String cli = RedisServer.program("redis-cli");
        assertThat(run(cli, "-p", Integer.toString(port()), "set", "cli", "a b")).isEqualTo("OK\n");
        assertThat(run(cli, "-3", "-p", Integer.toString(port()), "get", "cli")).isEqualTo("a b\n");
        assertThat(run(cli, "-p", Integer.toString(port()), "config", "get", "save")).isEqualTo("save\n\n");
        assertThat(run(cli, "-p", Integer.toString(port()), "del", "cli")).isEqualTo("1\n");
    }

    @Test
    void redisBenchmarkWorks() throws Exception {
        String benchmark = RedisServer.program("redis-benchmark");
        String output = run(benchmark, "-p", Integer.toString(port()), "-t", "set,get,incr,mset", "-P", "16", "-n",
                "20000", "-r", "1000", "-q");
        assertThat(output).contains("SET:").contains("GET:").contains("INCR:").contains("MSET (10 keys):")
                .doesNotContainIgnoringCase("error").doesNotContainIgnoringCase("warning");
    }

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output;
    }
}
