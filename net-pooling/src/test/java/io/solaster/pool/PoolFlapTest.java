package io.solaster.pool;

import static io.solaster.pool.TestEngines.until;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.RequestsConfig;
import io.solaster.pool.PoolException.Reason;
import io.solaster.testkit.chaos.FaultProxy;
import org.junit.jupiter.api.Test;

/** An endpoint that goes and comes each second, while requests go on. */
final class PoolFlapTest extends Rig {

    PoolFlapTest() {
        super(Transport.AUTO);
    }

    @Test
    void losesNoRequestAndIsThereEachTimeThatTheEndpointIs() {
        FaultProxy proxy = before(backend("a"));
        config = Changed.with(config, "requests",
                Changed.with(RequestsConfig.defaults(), "retries", 0, "backoff", Duration.ofMillis(10)));
        pool(false, proxy);
        List<CompletableFuture<String>> asked = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            askForAWhile(asked);
            untilAnswered(0);
            untilAnswered(1);
            down(proxy);
            askForAWhile(asked);
            until("it is seen", () -> stats(0).open.get() + stats(1).open.get() == 0);
            proxy.listen();
        }
        untilAnswered(0);
        untilAnswered(1);
        assertThat(failures(asked).keySet()).isSubsetOf(Reason.CONNECT_FAILED, Reason.CONNECTION_LOST);
        assertThat(asked).anyMatch(each -> !each.isCompletedExceptionally());
        long failed = stats(0).connectFailures.get() + stats(1).connectFailures.get();
        assertThat(failed).isPositive();
        // Doubled pauses: an absence takes a few tries, not one a request.
        assertThat(failed).isLessThan(200);
        assertNothingLeaked(port(proxy));
    }

    private void askForAWhile(List<CompletableFuture<String>> asked) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(300);
        until("a while has passed", () -> {
            asked.addAll(askAll(2, LONG));
            return System.nanoTime() - end > 0;
        });
    }
}
