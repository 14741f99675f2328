package io.solaster.store;

/** What one client is answered about subscriptions is what redis-server answers. */
class PubSubDifferentialTest extends ComparedWithRedis {
    /** Behind a command that is answered by several messages stand as many that have one reply, to read them all. */
    private static final String SEQUENCES = """
            SUBSCRIBE a; SUBSCRIBE a; SUBSCRIBE a b a c; PING; PING x; PING x y; UNSUBSCRIBE b; UNSUBSCRIBE b; UNSUBSCRIBE nope; GET a; RESET; PING; PING; PING; PING
            SUBSCRIBE; PSUBSCRIBE; SSUBSCRIBE; PUBLISH a; PUBLISH a b c; SPUBLISH a; UNSUBSCRIBE; PUNSUBSCRIBE; SUNSUBSCRIBE; UNSUBSCRIBE a b; PUNSUBSCRIBE a; SUNSUBSCRIBE a; PUBLISH a x; SPUBLISH a x; PUBLISH "" ""; PING
            PSUBSCRIBE a*; PSUBSCRIBE [; SUBSCRIBE ""; UNSUBSCRIBE ""; PUNSUBSCRIBE [; PUNSUBSCRIBE; PUNSUBSCRIBE; GET a
            SSUBSCRIBE a; PING; SUNSUBSCRIBE; SSUBSCRIBE {a}b {a}c; PING; SUNSUBSCRIBE {a}b; RESET; PING; PING; PING; PING
            PUBSUB; PUBSUB foo; PUBSUB CHANNELS; PUBSUB CHANNELS a b; PUBSUB CHANNELS x*; PUBSUB NUMSUB; PUBSUB NUMSUB a b a; PUBSUB NUMPAT; PUBSUB NUMPAT x; PUBSUB SHARDCHANNELS; PUBSUB SHARDCHANNELS x; PUBSUB SHARDCHANNELS x y; PUBSUB SHARDNUMSUB; PUBSUB SHARDNUMSUB a
            COMMAND INFO subscribe unsubscribe psubscribe punsubscribe ssubscribe sunsubscribe publish spublish; COMMAND INFO pubsub|channels pubsub|numsub pubsub|numpat pubsub|shardchannels pubsub|shardnumsub pubsub|help; COMMAND GETKEYS PUBLISH a b; COMMAND GETKEYS SPUBLISH a b; COMMAND GETKEYS SSUBSCRIBE a
            """;

    PubSubDifferentialTest() {
        super(SEQUENCES);
    }
}
