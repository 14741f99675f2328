package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;

import io.solaster.store.shard.StoreShard;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.Parameter;

/** Clients beside each other on the shared store over so many shards, which is empty as each test begins. */
abstract class ManyClientsTest {
    private static final Duration GENEROUS = Duration.ofMinutes(2);

    @Parameter
    int shards;

    StoreFixture store;
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

    @BeforeEach
    final void empty() {
        store = StoreFixture.of(shards);
        store.connectEmpty().close();
    }

    /** However it ended, nobody's keys are watched or locked any more. */
    @AfterEach
    final void nothingIsLeft() {
        for (int shard = 0; shard < shards; shard++) {
            int each = shard;
            StoreFixture.await("no key is watched or locked", () -> store.servers().on(each, _ -> {
                StoreShard part = StoreFixture.parts(store.store()).part(each);
                return part.watches().count() == 0 && part.locks().isFree();
            }).join());
        }
    }

    interface Work {
        void with(RespClient client, Random random);
    }

    /** Has clients work beside each other; what one of them throws fails the test. */
    final void inParallel(int clients, Work work) throws InterruptedException {
        List<Thread> threads = IntStream.range(0, clients).mapToObj(i -> Thread.ofVirtual().start(() -> {
            try (RespClient client = store.connect()) {
                work.with(client, new Random(i));
            } catch (Throwable failure) {
                failures.add(failure);
            }
        })).toList();
        for (Thread thread : threads) {
            assertThat(thread.join(GENEROUS)).as("it has ended").isTrue();
        }
        assertThat(failures).isEmpty();
    }
}
