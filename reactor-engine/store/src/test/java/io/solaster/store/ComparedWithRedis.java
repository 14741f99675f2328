package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Replies to sequences that are written down are redis-server's, over one shard and over two, in RESP2 and RESP3. */
abstract class ComparedWithRedis {
    @RegisterExtension
    static final RedisComparison redis = new RedisComparison();

    private final String sequences;

    /** @param sequences one a line, as {@link RedisComparison#commands} reads them */
    ComparedWithRedis(String sequences) {
        this.sequences = sequences;
    }

    @ParameterizedTest(name = "{0} shard(s), RESP{1}")
    @MethodSource("io.solaster.store.RedisComparison#shardsAndProtocols")
    final void repliesToWhatIsWrittenDownAreRedis(int shards, String protocol) {
        assertThat(sequences.lines())
                .allSatisfy(line -> compare(shards, protocol, RedisComparison.commands(line), true));
    }

    /** As {@link RedisComparison#compare}, where no other comparison does. */
    void compare(int shards, String protocol, List<String[]> commands, boolean single) {
        redis.compare(shards, protocol, commands, single);
    }
}
