package io.solaster.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

import io.solaster.spring.server.ServerLifecycle;
import io.solaster.testkit.chaos.Direction;
import io.solaster.testkit.chaos.FaultProxy;
import io.solaster.testkit.chaos.FaultProxy.Effect;
import io.solaster.testkit.chaos.Faults;
import io.solaster.testkit.check.Calls.Command;
import io.solaster.testkit.check.History;
import io.solaster.testkit.check.History.Recorder;
import io.solaster.testkit.check.Linearizability;
import io.solaster.testkit.check.Models;
import io.solaster.testkit.check.Verdict;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisConnectionException;

/** The second of the guide's three tests: the network between a client and the store is cut, and heals. */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT, properties = {"solaster.servers.kv.port=0",
        "solaster.servers.web.port=0",
        "solaster.engine.shards=2", "solaster.engine.pinning=never"})
final class PartitionTest {
    private static final int PATIENT_MILLIS = 60_000;
    private static final int HASTY_MILLIS = 100;

    private final History<Command, Object> history = new History<>();

    @Autowired
    ServerLifecycle servers;

    @Test
    void a_call_whose_answer_is_lost_has_happened_once_or_not_at_all() {
        InetSocketAddress server = new InetSocketAddress("127.0.0.1", servers.server("kv").orElseThrow().port());
        try (FaultProxy proxy = FaultProxy.before(server, 42); Jedis near = client(server)) {
            Recorder<Command, Object> beside = history.record("beside the server");
            Recorder<Command, Object> behind = history.record("behind the network");
            try (Jedis far = client(proxy.address())) {
                visit(far, behind);
                visit(near, beside);
                proxy.set(Direction.TO_CLIENT, Faults.NONE.cut());
                far.getConnection().setSoTimeout(HASTY_MILLIS);
                assertThatThrownBy(() -> visit(far, behind)).isInstanceOf(JedisConnectionException.class);
                // A busy server may answer later than that.
                long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENT_MILLIS);
                while (proxy.count(Effect.LOST_BYTES) == 0) {
                    assertThat(System.nanoTime() - end).as("the answer is lost").isNegative();
                    Thread.onSpinWait();
                }
                visit(near, beside);
            }
            proxy.heal();
            try (Jedis again = client(proxy.address())) {
                visit(again, history.record("behind the network, healed"));
            }
            assertThat(proxy.count(Effect.LOST_BYTES)).isPositive();
        }
        Verdict<Command, Object> verdict = Linearizability.of(Models.strings()).check(history);
        assertThat(verdict.isLinearizable()).as(verdict.toString()).isTrue();
    }

    private static Jedis client(InetSocketAddress address) {
        return new Jedis(address.getHostString(), address.getPort(), PATIENT_MILLIS);
    }

    private static void visit(Jedis client, Recorder<Command, Object> recorder) {
        int call = recorder.call(Command.of("INCR", "partitioned"));
        try {
            recorder.answer(call, client.incr("partitioned"));
        } catch (JedisConnectionException e) {
            recorder.giveUp(call); // it may have happened, or not: the checker tries both
            throw e;
        }
    }
}
