package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import io.lettuce.core.Consumer;
import io.lettuce.core.Range;
import io.lettuce.core.RedisBusyException;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XAddArgs;
import io.lettuce.core.XAutoClaimArgs;
import io.lettuce.core.XGroupCreateArgs;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.XReadArgs.StreamOffset;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.models.stream.ClaimedMessages;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.params.XAddParams;
import redis.clients.jedis.params.XAutoClaimParams;
import redis.clients.jedis.params.XPendingParams;
import redis.clients.jedis.params.XReadGroupParams;
import redis.clients.jedis.params.XReadParams;
import redis.clients.jedis.resps.StreamEntry;
import redis.clients.jedis.resps.StreamGroupInfo;
import redis.clients.jedis.resps.StreamPendingEntry;

/** Streams by the clients that people use: what these make of our answers, over RESP3 and RESP2. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class StreamClientsTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    @Parameter
    int shards;

    private int port() {
        return StoreFixture.of(shards).port();
    }

    @Test
    void lettuceReadsAcknowledgesAndClaims() throws Exception {
        RedisClient client = RedisClient
                .create(RedisURI.builder().withHost("127.0.0.1").withPort(port()).withTimeout(LONG).build());
        try (StatefulRedisConnection<String, String> connection = client.connect();
                StatefulRedisConnection<String, String> waiting = client.connect()) {
            var redis = connection.sync();
            redis.flushall();
            String first = redis.xadd("orders", Map.of("article", "tea"));
            String second = redis.xadd("orders", new XAddArgs().maxlen(100), Map.of("article", "milk"));
            assertThat(redis.xlen("orders")).isEqualTo(2);
            assertThat(redis.xrange("orders", Range.unbounded())).extracting(StreamMessage::getId)
                    .containsExactly(first, second);
            assertThat(redis.xrevrange("orders", Range.unbounded())).extracting(message -> message.getBody())
                    .containsExactly(Map.of("article", "milk"), Map.of("article", "tea"));

            assertThat(redis.xgroupCreate(StreamOffset.from("orders", "0"), "tills")).isEqualTo("OK");
            assertThatThrownBy(() -> redis.xgroupCreate(StreamOffset.from("orders", "0"), "tills"))
                    .isInstanceOf(RedisBusyException.class);
            assertThat(redis.xgroupCreate(StreamOffset.from("made", "$"), "g", XGroupCreateArgs.Builder.mkstream()))
                    .isEqualTo("OK");
            Consumer<String> ada = Consumer.from("tills", "ada");
            List<StreamMessage<String, String>> read = redis.xreadgroup(ada, XReadArgs.Builder.count(1),
                    StreamOffset.lastConsumed("orders"));
            assertThat(read).singleElement().satisfies(message -> {
                assertThat(message.getStream()).isEqualTo("orders");
                assertThat(message.getId()).isEqualTo(first);
            });
            assertThat(redis.xpending("orders", "tills").getCount()).isEqualTo(1);
            assertThat(redis.xpending("orders", ada, Range.unbounded(), io.lettuce.core.Limit.from(10)))
                    .singleElement().satisfies(pending -> assertThat(pending.getConsumer()).isEqualTo("ada"));

            ClaimedMessages<String, String> claimed = redis.xautoclaim("orders",
                    XAutoClaimArgs.Builder.xautoclaim(Consumer.from("tills", "bob"), Duration.ZERO, "0"));
            assertThat(claimed.getMessages()).extracting(StreamMessage::getId).containsExactly(first);
            assertThat(redis.xack("orders", "tills", first)).isEqualTo(1);
            assertThat(redis.xack("orders", "tills", first)).isZero();

            RedisFuture<List<StreamMessage<String, String>>> next = waiting.async().xreadgroup(ada,
                    XReadArgs.Builder.block(LONG), StreamOffset.lastConsumed("orders"));
            assertThat(next.get(1, TimeUnit.MINUTES)).extracting(StreamMessage::getId).containsExactly(second);
            RedisFuture<List<StreamMessage<String, String>>> blocked = waiting.async().xread(
                    XReadArgs.Builder.block(LONG), StreamOffset.from("orders", second));
            String third = redis.xadd("orders", Map.of("article", "jam"));
            assertThat(blocked.get(1, TimeUnit.MINUTES)).extracting(StreamMessage::getId).containsExactly(third);

            assertThat(redis.xinfoGroups("orders")).hasSize(1);
            assertThat(redis.xinfoConsumers("orders", "tills")).hasSize(2);
            assertThat(redis.xinfoStream("orders")).contains("last-generated-id", third);
            assertThat(redis.xtrim("orders", 1)).isEqualTo(2);
            assertThat(redis.xdel("orders", third)).isEqualTo(1);
            assertThat(redis.xgroupDestroy("orders", "tills")).isTrue();
            assertThat(redis.type("orders")).isEqualTo("stream");
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(5));
        }
    }

    @Test
    void jedisReadsAcknowledgesAndClaims() {
        try (Jedis jedis = new Jedis("127.0.0.1", port(), 60_000)) {
            jedis.flushAll();
            StreamEntryID first = jedis.xadd("orders", StreamEntryID.NEW_ENTRY, Map.of("article", "tea"));
            StreamEntryID second = jedis.xadd("orders", Map.of("article", "milk"), XAddParams.xAddParams().maxLen(100));
            assertThat(jedis.xlen("orders")).isEqualTo(2);
            assertThat(jedis.xrange("orders", (StreamEntryID) null, null, 10)).extracting(StreamEntry::getID)
                    .containsExactly(first, second);

            assertThat(jedis.xgroupCreate("orders", "tills", new StreamEntryID(0, 0), false)).isEqualTo("OK");
            List<Map.Entry<String, List<StreamEntry>>> read = jedis.xreadGroup("tills", "ada",
                    XReadGroupParams.xReadGroupParams().count(10).block(60_000),
                    Map.of("orders", StreamEntryID.XREADGROUP_UNDELIVERED_ENTRY));
            assertThat(read).singleElement().satisfies(stream -> assertThat(stream.getValue())
                    .extracting(StreamEntry::getFields)
                    .containsExactly(Map.of("article", "tea"), Map.of("article", "milk")));
            assertThat(jedis.xpending("orders", "tills").getTotal()).isEqualTo(2);
            assertThat(jedis.xpending("orders", "tills", XPendingParams.xPendingParams().count(10)))
                    .extracting(StreamPendingEntry::getID).containsExactly(first, second);
            assertThat(jedis.xack("orders", "tills", first)).isEqualTo(1);
            assertThat(jedis.xautoclaim("orders", "tills", "bob", 0, new StreamEntryID(0, 0),
                    XAutoClaimParams.xAutoClaimParams().count(10)).getValue()).extracting(StreamEntry::getID)
                    .containsExactly(second);
            assertThat(jedis.xinfoGroups("orders")).singleElement()
                    .satisfies(group -> assertThat(group.getPending()).isEqualTo(1))
                    .extracting(StreamGroupInfo::getName).isEqualTo("tills");
            assertThat(jedis.xinfoStream("orders").getLength()).isEqualTo(2);
            assertThat(jedis.xread(XReadParams.xReadParams().count(1), Map.of("orders", first))).singleElement()
                    .satisfies(stream -> assertThat(stream.getValue()).extracting(StreamEntry::getID)
                            .containsExactly(second));
            assertThat(jedis.xdel("orders", first, second)).isEqualTo(2);
        }
    }
}
