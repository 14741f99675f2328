package io.solaster.streams.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicReference;

import io.solaster.engine.env.TimeSource;
import org.junit.jupiter.api.Test;

final class WatchCellTest {
    private long now;
    private final WatchCell.Watchdog watchdog = new WatchCell.Watchdog(() -> now);

    @Test
    void aCallThatEndsInTimeIsLeftAlone() {
        WatchCell cell = watchdog.watch(10, true);
        for (int i = 0; i < 3; i++) {
            cell.begin();
            cell.look(now += 8);
            assertThat(cell.end()).isFalse();
        }
        assertThat(cell.isRunning()).isFalse();
    }

    @Test
    void aCallThatTakesTooLongIsInterruptedAndTheFlagCleared() {
        WatchCell cell = watchdog.watch(10, true);
        cell.begin();
        cell.look(now);
        cell.look(now + 9);
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        cell.look(now + 10);
        assertThat(Thread.currentThread().isInterrupted()).isTrue();
        assertThat(cell.end()).isTrue();
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        cell.look(now + 100);
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void ofOthersItIsToldOnce() {
        WatchCell cell = watchdog.watch(10, false);
        cell.begin();
        cell.look(0);
        cell.look(10);
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        assertThat(cell.end()).isTrue();
        cell.begin();
        assertThat(cell.end()).isFalse();
    }

    /** Calls end at the very moment at which they are stopped, again and again; never is a flag left. */
    @Test
    void noInterruptComesAfterTheCall() throws InterruptedException {
        WatchCell.Watchdog real = new WatchCell.Watchdog(TimeSource.SYSTEM);
        WatchCell cell = real.watch(1, true);
        AtomicReference<String> wrong = new AtomicReference<>();
        Thread looks = new Thread(() -> {
            while (!real.isClosed()) {
                cell.look(System.nanoTime());
            }
        });
        looks.start();
        int[] stopped = new int[1];
        Thread calls = new Thread(() -> {
            for (int i = 0; i < 200_000; i++) {
                cell.begin();
                for (int spin = i & 127; spin > 0; spin--) {
                    Thread.onSpinWait();
                }
                stopped[0] += cell.end() ? 1 : 0;
                if (Thread.currentThread().isInterrupted()) {
                    wrong.set("interrupted behind call " + i);
                    return;
                }
            }
            for (int i = 0; i < 1000; i++) {
                if (Thread.currentThread().isInterrupted()) {
                    wrong.set("interrupted after all calls");
                }
            }
        });
        calls.start();
        calls.join();
        real.close();
        looks.join();
        assertThat(wrong).hasNullValue();
        assertThat(stopped[0]).isPositive();
    }

    @Test
    void aWatchdogThatSleepsIsWokenByACall() throws InterruptedException {
        WatchCell.Watchdog real = new WatchCell.Watchdog(TimeSource.SYSTEM);
        WatchCell cell = real.watch(1_000_000, true);
        Thread thread = new Thread(real);
        thread.setDaemon(true);
        thread.start();
        for (int i = 0; i < 3; i++) {
            PluginRig.eventually(real::sleeps);
            cell.begin();
            PluginRig.eventually(() -> Thread.currentThread().isInterrupted());
            assertThat(cell.end()).isTrue();
        }
        real.close();
        thread.join();
    }
}
