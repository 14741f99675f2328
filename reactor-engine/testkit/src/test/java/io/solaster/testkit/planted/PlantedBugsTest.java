package io.solaster.testkit.planted;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.time.Duration;
import java.util.function.BiConsumer;

import io.solaster.testkit.gen.Property;
import io.solaster.testkit.gen.PropertyFailure;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The kit finds what is wrong, and nothing where the same is right. */
class PlantedBugsTest {
    private static final long SEED = 20_261_122;
    private static final int SEEDS = 1_000;
    private static final int FEW = 10;
    private static final Duration SHRINKING = Duration.ofMillis(300);

    enum Bug {
        LOST_WAKE_UP(LostWakeUp::run, "submitted, and never run"), ANSWER_TO_THE_WRONG_REQUEST(WrongAnswer::run,
                "Not linearizable"), STALE_READ_AFTER_FAILOVER(StaleRead::run,
                        "Not linearizable"), LOST_ACKNOWLEDGEMENT(LostAcknowledgement::run,
                                "acknowledged, and lost"), TORN_TAIL_TRUSTED(TornTail::run, "never appended"), LEAK(
                                        Leak::run,
                                        "bytes that nobody released"), DEADLOCK_OF_PERMITS(DeadlockOfPermits::run,
                                                "calls that ended"), EARLY_TIMER(EarlyTimer::run,
                                                        "a lease's end"), ORDER_LOST_BETWEEN_SHARDS(OrderLost::run,
                                                                "overtaken"), SLOT_OWNED_TWICE(SlotOwnedTwice::run,
                                                                        "Not linearizable"), RETRY_OF_WHAT_IS_NOT_IDEMPOTENT(
                                                                                RetriedTwice::run,
                                                                                "Not linearizable"), STALL(Stall::run,
                                                                                        "a request's wait");

        private final BiConsumer<World, Boolean> service;
        private final String told;

        Bug(BiConsumer<World, Boolean> service, String told) {
            this.service = service;
            this.told = told;
        }

        void run(int seeds, boolean isThere) {
            Property.check(SEED, seeds, SHRINKING, draw -> World.run(draw, world -> service.accept(world, isThere)));
        }
    }

    @ParameterizedTest
    @EnumSource
    void isFound(Bug bug) {
        assertThat(catchThrowable(() -> bug.run(SEEDS, true))).isInstanceOf(PropertyFailure.class)
                .hasMessageContaining(bug.told);
    }

    @ParameterizedTest
    @EnumSource
    void isGoneWhereItWasMended(Bug bug) {
        bug.run(FEW, false);
    }

    @Tag("full")
    @ParameterizedTest
    @EnumSource
    void isGoneFromEverySeedWhereItWasMended(Bug bug) {
        bug.run(SEEDS, false);
    }
}
