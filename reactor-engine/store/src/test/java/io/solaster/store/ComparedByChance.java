package io.solaster.store;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** So are replies to commands that chance draws. */
abstract class ComparedByChance extends ComparedWithRedis {
    private final long seed;
    private final int trials;
    private final Function<Draw, List<String[]>> trial;

    /**
     * @param trials how many the full build makes; an ordinary one makes the first half of them
     * @param trial draws the commands of one
     */
    ComparedByChance(String sequences, long seed, int trials, Function<Draw, List<String[]>> trial) {
        super(sequences);
        this.seed = seed;
        this.trials = trials;
        this.trial = trial;
    }

    @ParameterizedTest(name = "{0} shard(s), RESP{1}")
    @MethodSource("io.solaster.store.RedisComparison#shardsAndProtocols")
    final void repliesToChanceAreRedis(int shards, String protocol) {
        check(shards, protocol, trials / 2);
    }

    @Tag("full")
    @ParameterizedTest(name = "{0} shard(s), RESP{1}")
    @MethodSource("io.solaster.store.RedisComparison#shardsAndProtocols")
    final void repliesToMoreChanceAreRedis(int shards, String protocol) {
        check(shards, protocol, trials);
    }

    private void check(int shards, String protocol, int some) {
        Property.check(seed, some, draw -> compare(shards, protocol, trial.apply(draw), false));
    }

    /** So many commands, each drawn by itself. */
    static List<String[]> commands(Draw draw, int count, Function<Draw, String[]> command) {
        List<String[]> commands = new ArrayList<>();
        draw.repeat(count, _ -> {
            String[] next = draw.from(command);
            commands.add(next);
        });
        return commands;
    }
}
