package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands that wait for entries of streams, whose keys and clients may lie on any shard. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class StreamBlockingTest extends ClientTest {
    private final List<RespClient> others = new ArrayList<>();

    @AfterEach
    void nobodyIsLeft() {
        others.forEach(RespClient::close);
        StoreFixture.await("nobody waits", () -> client.call("INFO", "clients").contains("blocked_clients:0"));
    }

    /** A client that has sent a command and waits. */
    private RespClient blocked(String command) {
        RespClient other = store.connect();
        int before = others.size();
        others.add(other);
        other.send(command.split(" ", -1));
        StoreFixture.await(command + " waits",
                () -> client.call("INFO", "clients").contains("blocked_clients:" + (before + 1)));
        return other;
    }

    private String call(String command) {
        return client.call(command.split(" ", -1));
    }

    @Test
    void allWhoReadGetWhatHasComeSinceAndNoMoreThanTheyAskedFor() {
        call("XADD s 1-1 a 1");
        RespClient last = blocked("XREAD BLOCK 0 STREAMS s $");
        RespClient later = blocked("XREAD BLOCK 0 STREAMS s 5-1");
        RespClient one = blocked("XREAD COUNT 1 BLOCK 0 STREAMS s 1-1");
        RespClient two = blocked("XREAD BLOCK 60000 STREAMS {s}t s 0 $");
        call("MULTI");
        call("XADD s 2-1 b 2");
        call("XADD s 3-1 c 3");
        call("EXEC");
        String both = "*1|*2|$1|s|*2|*2|$3|2-1|*2|$1|b|$1|2|*2|$3|3-1|*2|$1|c|$1|3";
        assertThat(last.reply()).isEqualTo(both);
        assertThat(two.reply()).isEqualTo(both);
        assertThat(one.reply()).isEqualTo("*1|*2|$1|s|*1|*2|$3|2-1|*2|$1|b|$1|2");
        call("XADD s 6-1 d 4");
        assertThat(later.reply()).isEqualTo("*1|*2|$1|s|*1|*2|$3|6-1|*2|$1|d|$1|4");
    }

    @Test
    void anEntryGoesToOneConsumerOfAGroup() {
        call("XGROUP CREATE s g $ MKSTREAM");
        RespClient first = blocked("XREADGROUP GROUP g a BLOCK 0 STREAMS s >");
        RespClient second = blocked("XREADGROUP GROUP g b BLOCK 0 STREAMS s >");
        call("XADD s 1-1 a 1");
        assertThat(first.reply()).isEqualTo("*1|*2|$1|s|*1|*2|$3|1-1|*2|$1|a|$1|1");
        call("XADD s 2-1 b 2");
        assertThat(second.reply()).isEqualTo("*1|*2|$1|s|*1|*2|$3|2-1|*2|$1|b|$1|2");
        assertThat(call("XPENDING s g")).isEqualTo("*4|:2|$3|1-1|$3|2-1|*2|*2|$1|a|$1|1|*2|$1|b|$1|1");
    }

    @Test
    void whoWaitsForAGroupThatIsGoneIsTold() {
        for (String end : List.of("DEL s", "XGROUP DESTROY s g", "SET s x", "FLUSHALL", "FLUSHDB", "SWAPDB 0 3",
                "PEXPIRE s 1")) {
            call("SELECT 5");
            call("SET another 1");
            call("SELECT 0");
            call("DEL s");
            call("XGROUP CREATE s g $ MKSTREAM");
            RespClient waits = blocked("XREADGROUP GROUP g a BLOCK 0 STREAMS s >");
            call(end);
            assertThat(waits.reply()).as(end).matches("-(NOGROUP|WRONGTYPE|UNBLOCKED).*");
            others.remove(waits);
            waits.close();
        }
    }

    @Test
    void aWakeUpInVainIsNotAnsweredAndTheTimeoutStays() {
        call("XGROUP CREATE s g $ MKSTREAM");
        RespClient waits = blocked("XREAD BLOCK 300 STREAMS s 9-9");
        long begun = System.nanoTime();
        while (System.nanoTime() - begun < 250_000_000L) {
            call("XADD s 1-1 a b");
            call("DEL s");
        }
        assertThat(waits.reply()).isEqualTo("*-1");
    }
}
