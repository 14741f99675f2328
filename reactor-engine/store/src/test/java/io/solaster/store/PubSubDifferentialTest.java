package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What one client is answered about subscriptions is what redis-server answers. */
class PubSubDifferentialTest {
    @RegisterExtension
    static final RedisComparison redis = new RedisComparison();

    /** Behind a command that is answered by several messages stand as many that have one reply, to read them all. */
    private static final String SEQUENCES = """
            SUBSCRIBE a; SUBSCRIBE a; SUBSCRIBE a b a c; PING; PING x; PING x y; UNSUBSCRIBE b; UNSUBSCRIBE b; UNSUBSCRIBE nope; GET a; RESET; PING; PING; PING; PING
            SUBSCRIBE; PSUBSCRIBE; SSUBSCRIBE; PUBLISH a; PUBLISH a b c; SPUBLISH a; UNSUBSCRIBE; PUNSUBSCRIBE; SUNSUBSCRIBE; UNSUBSCRIBE a b; PUNSUBSCRIBE a; SUNSUBSCRIBE a; PUBLISH a x; SPUBLISH a x; PUBLISH "" ""; PING
            PSUBSCRIBE a*; PSUBSCRIBE [; SUBSCRIBE ""; UNSUBSCRIBE ""; PUNSUBSCRIBE [; PUNSUBSCRIBE; PUNSUBSCRIBE; GET a
            SSUBSCRIBE a; PING; SUNSUBSCRIBE; SSUBSCRIBE {a}b {a}c; PING; SUNSUBSCRIBE {a}b; RESET; PING; PING; PING; PING
            PUBSUB; PUBSUB foo; PUBSUB CHANNELS; PUBSUB CHANNELS a b; PUBSUB CHANNELS x*; PUBSUB NUMSUB; PUBSUB NUMSUB a b a; PUBSUB NUMPAT; PUBSUB NUMPAT x; PUBSUB SHARDCHANNELS; PUBSUB SHARDCHANNELS x; PUBSUB SHARDCHANNELS x y; PUBSUB SHARDNUMSUB; PUBSUB SHARDNUMSUB a
            COMMAND INFO subscribe unsubscribe psubscribe punsubscribe ssubscribe sunsubscribe publish spublish; COMMAND INFO pubsub|channels pubsub|numsub pubsub|numpat pubsub|shardchannels pubsub|shardnumsub pubsub|help; COMMAND GETKEYS PUBLISH a b; COMMAND GETKEYS SPUBLISH a b; COMMAND GETKEYS SSUBSCRIBE a
            """;

    @ParameterizedTest(name = "{0} shard(s), RESP{1}")
    @MethodSource("io.solaster.store.RedisComparison#shardsAndProtocols")
    void repliesToWhatIsWrittenDownAreRedis(int shards, String protocol) {
        assertThat(SEQUENCES.lines())
                .allSatisfy(line -> redis.compare(shards, protocol, RedisComparison.commands(line), true));
    }
}
