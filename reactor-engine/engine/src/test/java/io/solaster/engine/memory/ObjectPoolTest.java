package io.solaster.engine.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;

import com.sun.management.ThreadMXBean;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.engine.Engine;
import io.solaster.engine.WrongShardException;
import org.junit.jupiter.api.Test;

class ObjectPoolTest {
    private static final MemoryHome HERE = _ -> {};

    private final ObjectPool<StringBuilder> pool = new ObjectPool<>(HERE, "texts", StringBuilder::new, 3, true);

    @Test
    void whatWasGivenBackLastIsTakenNext() {
        StringBuilder first = pool.take();
        StringBuilder second = pool.take();
        assertThat(second).isNotSameAs(first);
        pool.give(first);
        pool.give(second);
        assertThat(pool.ready()).isEqualTo(2);
        assertThat(pool.take()).isSameAs(second);
        assertThat(pool.take()).isSameAs(first);
        assertThat(pool.made()).isEqualTo(2);
    }

    @Test
    void itKeepsNoMoreThanItMay() {
        List<StringBuilder> taken = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            taken.add(pool.take());
        }
        taken.forEach(pool::give);
        assertThat(pool.ready()).isEqualTo(3);
        pool.clear();
        assertThat(pool.ready()).isZero();
        assertThat(pool.take()).isNotIn(taken);
        assertThat(pool.made()).isEqualTo(101);
    }

    @Test
    void itGrowsToWhatItKeeps() {
        ObjectPool<int[]> large = new ObjectPool<>(HERE, "numbers", () -> new int[1], 1000, true);
        List<int[]> taken = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            taken.add(large.take());
        }
        taken.forEach(large::give);
        assertThat(large.ready()).isEqualTo(1000);
        for (int i = 999; i >= 0; i--) {
            assertThat(large.take()).isSameAs(taken.get(i));
        }
        assertThat(large.made()).isEqualTo(1000);
    }

    @Test
    void oneThatIsGivenBackTwiceIsRefused() {
        StringBuilder one = pool.take();
        pool.give(one);
        assertThatIllegalStateException().isThrownBy(() -> pool.give(one))
                .withMessageMatching(
                        "pool 'texts' was given java.lang.StringBuilder@\\w+ twice; give an object back once.*");
        assertThat(pool.ready()).isEqualTo(1);
        // One that looks the same is another.
        pool.give(new StringBuilder());
        assertThat(pool.take()).isNotSameAs(one);
        assertThat(pool.take()).isSameAs(one);
        pool.give(one);
    }

    @Test
    void aMakerThatFailsChangesNothing() {
        ObjectPool<Object> failing = new ObjectPool<>(HERE, "none", () -> {
            throw new OutOfMemoryError("no");
        }, 1, false);
        assertThatThrownBy(failing::take).isInstanceOf(OutOfMemoryError.class);
        assertThat(failing.made()).isZero();
        assertThatIllegalArgumentException().isThrownBy(() -> new ObjectPool<>(HERE, "none", Object::new, 0, false))
                .withMessage("pool 'none' keeps 0 objects; give 1 or more");
    }

    @Test
    void aSteadyStateAllocatesNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        ObjectPool<byte[]> bytes = new ObjectPool<>(HERE, "bytes", () -> new byte[1000], 4, false);
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 5; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 100_000; i++) {
                byte[] one = bytes.take();
                bytes.give(one);
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        // Not per object: the JVM may do something of its own meanwhile.
        assertThat(least).isLessThan(10_000);
        assertThat(bytes.made()).isEqualTo(1);
    }

    private static <T> T give(ObjectPool<T> pool, T object) {
        pool.give(object);
        return object;
    }

    @Test
    void anotherShardIsRefusedByName() {
        try (Engine engine = Engine.start(EngineConfig.defaults().withShards(2).withPinning(Pinning.NEVER))) {
            ObjectPool<StringBuilder> home = engine
                    .submitTo(0, () -> engine.shard(0).memory().pool("texts", StringBuilder::new, 3)).join();
            StringBuilder one = engine.submitTo(0, home::take).join();
            assertThatThrownBy(() -> engine.submitTo(1, () -> give(home, one)).join())
                    .isInstanceOf(CompletionException.class).cause().isInstanceOf(WrongShardException.class)
                    .hasMessageContaining("pool 'texts' belongs to shard 0").hasMessageContaining("shard 1")
                    .hasMessageContaining("Engine.submitTo(0, ...)");
            assertThatThrownBy(home::take).isInstanceOf(WrongShardException.class);
            assertThatThrownBy(() -> engine.shard(0).memory()).isInstanceOf(WrongShardException.class);
            engine.submitTo(0, () -> give(home, one)).join();
            assertThat(engine.submitTo(0, home::take).join()).isSameAs(one);
        }
    }
}
