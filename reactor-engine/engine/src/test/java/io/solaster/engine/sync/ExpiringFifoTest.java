package io.solaster.engine.sync;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeoutException;

import io.solaster.engine.Engines;
import org.junit.jupiter.api.Test;

class ExpiringFifoTest extends OnShard {

    @Test
    void keepsTheOrderAndHandsOutWhatIsLeft() {
        onShard(() -> {
            AbortSource abort = new AbortSource();
            Queue<Object> expired = new ConcurrentLinkedQueue<>();
            ExpiringFifo<String> fifo = new ExpiringFifo<>((item, why) -> expired.addAll(List.of(item, why)));
            fifo.add("a");
            fifo.add("b", Patience.until(abort));
            fifo.add("c", LONG);
            assertThat(fifo.peek()).isEqualTo("a");
            abort.abort(CAUSE);
            assertThat(expired).containsExactly("b", CAUSE);
            assertThat(fifo.size()).isEqualTo(2);
            assertThat(List.of(fifo.poll(), fifo.poll())).containsExactly("a", "c");
            assertThat(fifo.poll()).isNull();
            assertThat(fifo.peek()).isNull();
            assertThat(fifo.isEmpty()).isTrue();
        });
    }

    @Test
    void anItemLeavesFromAnywhereWhenItsTimeIsOver() {
        Queue<String> expired = new ConcurrentLinkedQueue<>();
        ExpiringFifo<String> fifo = onShard(() -> {
            ExpiringFifo<String> made = new ExpiringFifo<>((item, why) -> {
                assertThat(why).isInstanceOf(TimeoutException.class);
                expired.add(item);
            });
            made.add("first", LONG);
            made.add("middle", SHORT);
            made.add("taken", LONG);
            made.add("last", Patience.of(Duration.ofMillis(3)));
            return made;
        });
        Engines.until("two have expired", () -> expired.size() == 2);
        assertThat(expired).containsExactly("middle", "last");
        onShard(() -> assertThat(List.of(fifo.poll(), fifo.poll())).containsExactly("first", "taken"));
    }

    @Test
    void theCallbackMayUseTheQueue() {
        onShard(() -> {
            AbortSource abort = new AbortSource();
            Queue<String> seen = new ConcurrentLinkedQueue<>();
            @SuppressWarnings("unchecked")
            ExpiringFifo<String>[] fifo = new ExpiringFifo[1];
            fifo[0] = new ExpiringFifo<>((item, why) -> {
                seen.add(item);
                if (item.equals("a")) {
                    seen.add("polled " + fifo[0].poll());
                    fifo[0].add("again");
                }
            });
            for (String item : List.of("a", "b", "c")) {
                fifo[0].add(item, Patience.until(abort));
            }
            abort.abort();
            assertThat(seen).containsExactly("a", "polled b", "c");
            assertThat(fifo[0].poll()).isEqualTo("again");
            fifo[0].add("over", Patience.of(Duration.ZERO));
            assertThat(seen).endsWith("over");
            assertThat(fifo[0].isEmpty()).isTrue();
        });
    }

    @Test
    void belongsToItsShard() {
        ExpiringFifo<String> fifo = onShard(() -> new ExpiringFifo<>((item, why) -> {}));
        assertBelongsToItsShard("an expiring queue", () -> fifo.add("x"), fifo::peek, fifo::poll, fifo::size);
    }
}
